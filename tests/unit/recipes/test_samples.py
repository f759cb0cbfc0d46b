"""The samples of authoring 3.3, and their kin: one mistake, one problem, at the right place."""

import pytest

HEAD = "name: A\nwhen:\n  - folder.file: {path: in}\ndo:\n"
SEND = "  - mail.send: {to: a@b.fr, subject: x}\n"

SAMPLES = {
    "1 unknown parameter": (
        HEAD + "  - mail.send:\n      to: a@b.fr\n      subjet: Nouvelle\n",
        "RG211",
        "subjet",
        "subject",
    ),
    "2 unknown action": (HEAD + "  - mail.sned: {to: a}\n", "RG210", "mail.sned", "mail.send"),
    "3 missing parameter": (
        HEAD + "  - mail.send:\n      to: a@b.fr\n",
        "RG212",
        "mail.send",
        None,
    ),
    "4 double braces": (
        HEAD + "  - mail.send:\n      to: {{ event.file.name }}\n",
        "RG108",
        "{{ event.file.name }}",
        None,
    ),
    "5 tab": (HEAD + "  - mail.send:\n\tto: a\n", "RG118", "\t", None),
    "6 twice": ("id: a\nname: A\nid: b\ndo:\n" + SEND, "RG109", "id", None),
    "7 time": (
        "name: A\nwhen:\n  - clock.cron:\n      expression: '0 8 * * 1'\n      at: 22h30\ndo:\n"
        + SEND,
        "RG503",
        "22h30",
        '"22:30"',
    ),
    "8 boolean": ("name: A\nenabled: yes\ndo:\n" + SEND, "RG218", "yes", "true"),
    "9 unknown field": (
        "name: A\nwhen:\n  - folder.file: {path: in}\nif: event.fil.size > 10\ndo:\n" + SEND,
        "RG441",
        "fil",
        "file",
    ),
    "10 unknown filter": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: '${{ event.file.name | uper }}'}\n",
        "RG442",
        "uper",
        "upper",
    ),
    "11 asterisk": (
        "name: A\nwhen:\n  - clock.cron:\n      expression: */5 * * * *\ndo:\n" + SEND,
        "RG120",
        "*/5 * * * *",
        None,
    ),
    "12 colon": (
        HEAD + "  - mail.send:\n      to: a@b.fr\n      subject: Rappel: facture\n",
        "RG119",
        ":",
        None,
    ),
    "13 unknown secret": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, password: '${{ secrets.smpt }}'}\n",
        "RG446",
        "smpt",
        "smtp",
    ),
    "14 no dash": (
        "name: A\ndo:\n  mail.send: {to: a@b.fr, subject: x}\n",
        "RG203",
        "mail.send",
        None,
    ),
    "parameter beside its action": (
        HEAD + "  - mail.send:\n    to: a@b.fr\n    subject: x\n",
        "RG227",
        "to",
        None,
    ),
    "two actions in one step": (
        HEAD + "  - mail.flush: {}\n    mail.send: {to: a@b.fr, subject: x}\n",
        "RG206",
        "mail.send",
        None,
    ),
    "no action": (
        HEAD + "  - if: event.file.size > 0\n" + SEND,
        "RG205",
        "if: event.file.size > 0",
        None,
    ),
    "no space after the colon": (HEAD + "  - mail.send:x\n", "RG207", "mail.send:x", None),
    "no colon": (HEAD + "  - mail.flush\n", "RG225", "mail.flush", None),
    "a text as step": (HEAD + "  - Bonjour\n", "RG204", "Bonjour", None),
    "a text as parameters": (HEAD + "  - mail.send: Bonjour\n", "RG226", "Bonjour", None),
    "empty parameters": (HEAD + "  - mail.send:\n", "RG212", "mail.send", None),
    "trigger in do": (HEAD + "  - folder.file: {path: in}\n", "RG222", "folder.file", None),
    "action in when": (
        "name: A\nwhen:\n  - mail.send: {to: a@b.fr, subject: x}\ndo:\n" + SEND,
        "RG222",
        "mail.send",
        None,
    ),
    "unknown trigger": (
        "name: A\nwhen:\n  - folder.fiel: {path: in}\nif: event.file.size > 1\ndo:\n" + SEND,
        "RG214",
        "folder.fiel",
        "folder.file",
    ),
    "synonym": ("nom: A\ndo:\n" + SEND, "RG209", "nom", "name"),
    "synonym of a parameter": (
        HEAD + "  - mail.send: {destinataire: a@b.fr, subject: x}\n",
        "RG211",
        "destinataire",
        "to",
    ),
    "misspelt common key": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x}\n    retires: 3\n",
        "RG213",
        "retires",
        None,
    ),
    "keep for minutes": ("name: A\nkeep: {for: 5m}\ndo:\n" + SEND, "RG515", "5m", None),
    "hold beside nothing sent": (
        HEAD + "  - set: {a: 1}\n    hold: 10m\n",
        "RG513",
        "hold",
        None,
    ),
    "limit of an unknown unit": (
        "name: A\nlimits: {request: 3}\ndo:\n" + SEND,
        "RG514",
        "request",
        "requests",
    ),
    "unknown mode": ("name: A\nconcurrency: {mode: once}\ndo:\n" + SEND, "RG217", "once", None),
    "unknown format": ("rouage: 2\nname: A\ndo:\n" + SEND, "RG223", "2", None),
    "choice": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, urgency: hgih}\n",
        "RG217",
        "hgih",
        "high",
    ),
    "number as choice": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, urgency: 3}\n",
        "RG217",
        "3",
        None,
    ),
    "quoted number": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, size: '3'}\n",
        "RG216",
        "'3'",
        None,
    ),
    "boolean as text": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: true}\n",
        "RG216",
        "true",
        '"true"',
    ),
    "out of bounds": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, size: 99}\n",
        "RG220",
        "99",
        None,
    ),
    "duration": (HEAD + "  - mail.flush: {}\n    timeout: 5 minutes\n", "RG501", "5 minutes", None),
    "duration parameter": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, wait: soon}\n",
        "RG501",
        "soon",
        None,
    ),
    "duration with a newline": (
        HEAD + '  - mail.flush: {}\n    timeout: "5m\\n"\n',
        "RG501",
        '"5m\\n"',
        None,
    ),
    "nested key": (HEAD + "  - mail.flush: {}\n    retry: {time: 3}\n", "RG221", "time", "times"),
    "no value": ("name:\ndo:\n" + SEND, "RG224", "name", None),
    "empty when": ("name: A\nwhen:\ndo:\n" + SEND, "RG224", "when", None),
    "empty do": ("name: A\ndo: []\n", "RG220", "[]", None),
    "step id": (HEAD + "  - mail.flush: {}\n    id: a-b\n", "RG504", "a-b", None),
    "recipe id": ("id: Ma Recette\nname: A\ndo:\n" + SEND, "RG504", "Ma Recette", None),
    "time zone": (
        "name: A\ntimezone: Europe/Pari\ndo:\n" + SEND,
        "RG502",
        "Europe/Pari",
        "Europe/Paris",
    ),
    "time zone of a trigger": (
        "name: A\nwhen:\n  - clock.cron: {expression: '0 8 * * 1', timezone: Mars}\ndo:\n" + SEND,
        "RG502",
        "Mars",
        None,
    ),
    "the trigger's own check": (
        "name: A\nwhen:\n  - clock.cron: {expression: '0 8'}\ndo:\n" + SEND,
        "RG510",
        "'0 8'",
        None,
    ),
    "e-mail": (HEAD + "  - mail.send: {to: durand, subject: x}\n", "RG506", "durand", None),
    "same step id": (
        HEAD + "  - mail.flush: {}\n    id: a\n  - mail.flush: {}\n    id: a\n",
        "RG302",
        "a",
        None,
    ),
    "later step": (
        HEAD
        + "  - set: {x: '${{ steps.sent.message_id }}'}\n"
        + "  - mail.send: {to: a@b.fr, subject: x}\n    id: sent\n",
        "RG301",
        "sent",
        None,
    ),
    "input without value": (
        "name: A\ninputs:\n  who: {type: text}\nwhen:\n  - folder.file: {path: in}\ndo:\n" + SEND,
        "RG304",
        "who",
        None,
    ),
    "default of another type": (
        "name: A\ninputs:\n  days: {type: integer, default: sept}\ndo:\n" + SEND,
        "RG507",
        "sept",
        None,
    ),
    "mixed condition": (
        HEAD + "  - mail.flush: {}\n    if: ${{ event.file.size }} > 3\n",
        None,
        None,
        None,
    ),
    "what only the action knows": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, level: 9}\n",
        "RG509",
        "9",
        None,
    ),
    "web address": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, link: exemple.fr}\n",
        "RG508",
        "exemple.fr",
        None,
    ),
    "empty time": (
        "name: A\nwhen:\n  - clock.cron: {expression: '0 8 * * 1', at: soon}\ndo:\n" + SEND,
        "RG503",
        "soon",
        None,
    ),
    "the trigger's own check, among others": (
        "name: A\nwhen:\n  - clock.cron: {timezone: Europe/Paris, expression: '0 8'}\ndo:\n" + SEND,
        "RG510",
        "'0 8'",
        None,
    ),
    "same trigger id": (
        "name: A\nwhen:\n  - folder.file: {path: a}\n    id: x\n"
        "  - folder.file: {path: b}\n    id: x\ndo:\n" + SEND,
        "RG308",
        "x",
        None,
    ),
    "choice that is not one": (
        "name: A\ninputs:\n  c: {type: choice, choices: [a, b], default: z}\ndo:\n" + SEND,
        "RG507",
        "z",
        None,
    ),
    "unknown input type": (
        "name: A\ninputs:\n  c: {type: texte, default: z}\ndo:\n" + SEND,
        "RG217",
        "texte",
        "text",
    ),
    "a list as text": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: [x]}\n",
        "RG216",
        "[x]",
        None,
    ),
    "a mapping as text": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: {x: y}}\n",
        "RG216",
        "{x: y}",
        None,
    ),
    "missing do": ("name: A\n", "RG215", "name: A", None),
    "a list": ("- mail.flush: {}\n", "RG202", "- mail.flush: {}", None),
    "secret in clear": (
        HEAD + "  - mail.send: {to: a@b.fr, subject: x, password: hunter2}\n",
        "RG703",
        "hunter2",
        None,
    ),
    "cut by a comment": (
        HEAD + "  - mail.send:\n      to: a@b.fr\n      subject: Facture #12\n",
        "RG701",
        "#12",
        None,
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_one_mistake_gives_one_problem_at_its_place(name, codes, check_text):
    text, code, marked, suggestion = SAMPLES[name]
    found = codes(text, known_secrets=["smtp"])
    assert len(found) == 1
    if code is not None:
        assert found == [(code, marked)]
    (problem,) = check_text(text, known_secrets=["smtp"]).problems
    assert problem.facts.get("suggestion") == suggestion


def test_all_independent_mistakes_are_reported_in_order(codes):
    text = (
        "name: A\n"
        "timezone: Paris\n"
        "enabled: oui\n"
        "when:\n"
        "  - folder.file: {pth: in}\n"
        "do:\n"
        "  - mail.send: {to: a@b.fr, subject: '${{ evnt.x }}'}\n"
        "    timeout: soon\n"
    )
    assert [code for code, _ in codes(text)] == ["RG502", "RG218", "RG211", "RG440", "RG501"]


def test_a_mistake_in_a_trigger_does_not_make_its_fields_unknown(codes):
    text = (
        "name: A\nwhen:\n  - folder.fiel: {path: in}\ndo:\n"
        "  - mail.send: {to: a@b.fr, subject: '${{ event.whatever }}'}\n"
    )
    assert [code for code, _ in codes(text)] == ["RG214"]


def test_a_mistake_in_a_step_does_not_make_its_result_unknown(codes):
    text = HEAD + (
        "  - mail.sned: {to: a}\n    id: sent\n"
        "  - mail.send: {to: a@b.fr, subject: '${{ steps.sent.x }} ${{ vars.y }}'}\n"
    )
    assert [code for code, _ in codes(text)] == ["RG210"]


def test_at_most_twenty_problems_are_reported(check_text):
    text = "name: A\ndo:\n" + "  - nothing.here: {}\n" * 50
    assert len(check_text(text).problems) == 20

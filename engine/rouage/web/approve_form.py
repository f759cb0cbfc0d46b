"""What the page of an approval shows: the proof, the form, and what came of it."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.language import Language, Text
from rouage.safety.names import shown as visible
from rouage.web.fields import kind_of, write_field
from rouage.web.pictures import is_picture
from rouage.web.questions import Standing, fields_of, read_answer, shown_files, table_rows
from rouage.web.runs import spoken
from rouage.web.wording import size_of, when

_LONG: Final = 80
_APPROVE: Final = Text("Approve", "Approuver")
_REFUSE: Final = Text("Refuse", "Refuser")
_REASON: Final = Text("Reason or remark (optional)", "Raison ou remarque (facultatif)")
_DOWNLOAD: Final = Text("download", "télécharger")
_FINGERPRINT: Final = Text("SHA-256", "SHA-256")
_YES: Final = Text("yes", "oui")
_NO: Final = Text("no", "non")
_APPROVED_BY: Final = Text("Approved by {by}, {at}", "Approuvé par {by}, le {at}")
_REFUSED_BY: Final = Text("Refused by {by}, {at}", "Refusé par {by}, le {at}")
_DECIDED: Final = Text("Your answer is recorded", "La réponse est enregistrée")
_CLOSED: Final = Text("This question is closed", "Cette question est close")
_UNANSWERED: Final = Text(
    "Nobody answered in time ({at}). It does not count as a yes.",
    "Personne n’a répondu à temps ({at}). Cela ne vaut pas accord.",
)
_GONE: Final = Text(
    "The run ended before anybody answered ({state}).",
    "L’exécution s’est terminée avant toute réponse ({state}).",
)
_WAITING: Final = Text(
    "{count} of {need} answers are in; the others are awaited.",
    "{count} réponse(s) sur {need} ; les autres sont attendues.",
)

_INPUT_TYPES: Final[Mapping[str, str]] = {
    "email": "email",
    "url": "url",
    "phone": "tel",
    "date": "date",
    "time": "time",
    "secret": "password",
}
_INPUT_MODES: Final[Mapping[str, str]] = {
    "number": "decimal",
    "integer": "numeric",
    "money": "decimal",
}
_LARGEST_IMAGE: Final = 10 << 20
"""Larger pictures are downloaded, not shown: the page is read on telephones."""
_AREAS: Final = frozenset({"list", "map"})


def shown_items(question: Mapping[str, Any], language: Language, base: str) -> dict[str, Any]:
    """Return what is shown as proof, and the words around it."""
    files = {one.path: one for one in shown_files(question)}
    items: list[dict[str, Any]] = []
    for item in question.get("show") or ():
        if isinstance(item, Mapping) and item.get("path") in files:
            file = files[item["path"]]
            items.append(
                {
                    "kind": "file",
                    "name": visible(file.name),
                    "size": size_of(file.size, language),
                    "sha256": file.sha256,
                    "link": base + file.sha256,
                    "is_image": is_picture(file.name) and file.size <= _LARGEST_IMAGE,
                }
            )
        elif isinstance(item, Mapping) and "table" in item:
            rows = table_rows(item["table"])
            items.append({"kind": "table", "rows": [[_plain(one) for one in row] for row in rows]})
        else:
            text = item.get("text") if isinstance(item, Mapping) else item
            items.append({"kind": "text", "text": _plain(text)})
    words = {
        "approve": _APPROVE.render(language),
        "refuse": _REFUSE.render(language),
        "reason": _REASON.render(language),
        "download": _DOWNLOAD.render(language),
        "fingerprint": _FINGERPRINT.render(language),
    }
    return {"shown": items, "words": words}


def form_of(
    question: Mapping[str, Any],
    language: Language,
    *,
    given: Mapping[str, str] | None,
    wrong: str | None,
    action: str,
    proof: str,
) -> dict[str, Any]:
    """Return the form; *given* is what was written before, of which *wrong* did not fit."""
    fields = [
        _field(number, name, declared, language, given=given, is_wrong=name == wrong)
        for number, (name, declared) in enumerate(fields_of(question).items())
    ]
    return {
        "action": action,
        "proof": proof,
        "digest": str(question.get("digest", "")),
        "fields": fields,
        "reason": (given or {}).get("reason", ""),
    }


def _field(
    number: int,
    name: str,
    declared: Any,
    language: Language,
    *,
    given: Mapping[str, str] | None,
    is_wrong: bool,
) -> dict[str, Any]:
    facts = spoken(declared, language) if isinstance(declared, Mapping) else {}
    kind = kind_of(declared)
    value = write_field(facts.get("value", facts.get("default")))
    if given is not None:
        value = given.get(f"field.{name}", "")
    rows = 4 if kind in _AREAS or "\n" in value or len(value) > _LONG else 1
    return {
        "id": f"field-{number}",
        "name": f"field.{name}",
        "label": visible(facts.get("label") or name),
        "help": visible(facts.get("help") or ""),
        "value": value,
        "type": _INPUT_TYPES.get(kind, "text"),
        "mode": _INPUT_MODES.get(kind),
        "rows": rows,
        "choices": _choices(kind, facts, value, language),
        "wrong": is_wrong,
    }


def _choices(
    kind: str, facts: Mapping[str, Any], value: str, language: Language
) -> list[tuple[str, str]] | None:
    if kind == "boolean":
        choices = [("true", _YES.render(language)), ("false", _NO.render(language))]
    elif isinstance(facts.get("choices"), list):
        choices = [(write_field(one), _plain(one)) for one in facts["choices"]]
    else:
        return None
    return choices if any(one == value for one, _ in choices) else [("", "–"), *choices]


def outcome_of(standing: Standing, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """Return what came of a question: who decided, when and what."""
    answers = []
    for signal in standing.answers:
        answer = read_answer(signal)
        said = _APPROVED_BY if answer.choice == "approve" else _REFUSED_BY
        at = when(answer.received, zone, language)
        answers.append(
            {
                "sentence": said.render(language, {"by": visible(answer.author), "at": at}),
                "fields": [(visible(name), _plain(value)) for name, value in answer.fields.items()],
                "reason": _plain(answer.reason) if answer.reason else None,
            }
        )
    title = (_DECIDED if answers else _CLOSED).render(language)
    lines = [] if answers else [_why_closed(standing, language, zone)]
    need = standing.question.get("need", 1)
    if answers and standing.wait is not None and isinstance(need, int) and len(answers) < need:
        lines.append(_WAITING.render(language, {"count": len(answers), "need": need}))
    return {"title": title, "heading": title, "answers": answers, "lines": lines}


def _why_closed(standing: Standing, language: Language, zone: ZoneInfo) -> str:
    step = standing.step
    if step is not None and step.state in {"done", "failed"} and step.ended is not None:
        return _UNANSWERED.render(language, {"at": when(step.ended, zone, language)})
    return _GONE.render(language, {"state": standing.run.state})


def _plain(value: Any) -> str:
    return "\n".join(visible(line) for line in write_field(value).splitlines())

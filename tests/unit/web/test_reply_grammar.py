"""Answers by mail: a small grammar that refuses whatever it is not sure of."""

from typing import Any

import pytest

from rouage.flow.answers import AnswerError
from rouage.web.reply_grammar import read_reply

MONEY = {"total": {"type": "money", "label": "Total TTC"}}
TWO: dict[str, Any] = {
    "total": {"type": "money"},
    "days": {"type": "integer", "label": "délai"},
    "note": {"type": "text", "required": False},
}
QUOTED = "\n\nLe mar. 24 nov. 2026 à 10:00, Rouage a écrit :\n> Envoyer ? Répondez oui ou non.\n"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("oui", "approve"),
        ("Oui.", "approve"),
        ("Bonjour,\n\nOui, merci !\n\nCordialement,\nJeanne Petit\n06 00 00 00 00", "approve"),
        ("D’accord" + QUOTED, "approve"),
        ("Yes, thanks\r\n\r\nOn Tue, Rouage wrote:\r\n> no", "approve"),
        ("OK\n\n-- \nnon-smoker", "approve"),
        ("Non", "refuse"),
        ("no\n\nBest regards\nAna", "refuse"),
    ],
)
def test_a_plain_answer_is_understood(text: str, choice: str) -> None:
    reply = read_reply(text, MONEY)
    assert (reply.choice, reply.fields) == (choice, {})


@pytest.mark.parametrize(
    ("text", "fields", "changed"),
    [
        ("oui mais 1 450 EUR", MONEY, {"total": "1 450 EUR"}),
        ("Oui, mais pour 1 450,50 € ." + QUOTED, MONEY, {"total": "1 450,50 €"}),
        ("yes but total ttc: 900", MONEY, {"total": "900"}),
        ("oui mais délai : 30", TWO, {"days": 30}),
        ("yes with note: see you", TWO, {"note": "see you"}),
        ("oui mais oui", {"fine": {"type": "boolean"}}, {"fine": True}),
    ],
)
def test_a_yes_may_change_one_value(text: str, fields: Any, changed: Any) -> None:
    reply = read_reply(text, fields)
    assert (reply.choice, reply.fields) == ("approve", changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        QUOTED,
        "oui ou non ?",
        "oui\nmais pas avant lundi",
        "oui\n\nCordialement\nen fait non",
        "non mais oui",
        "je pense que oui",
        "oui mais demain",
        "oui mais 1 450 EUR et un délai de 30 jours",
        "oui oui non",
        "Réponse automatique : absent jusqu’au 3",
        "https://example.org/approve/token",
    ],
)
def test_whatever_is_not_sure_is_refused_and_says_why(text: str) -> None:
    with pytest.raises(AnswerError) as refused:
        read_reply(text, MONEY)
    assert refused.value.render("fr") != refused.value.render("en")


def test_a_value_must_say_which_field_it_is_where_several_fit() -> None:
    fields = {"net": {"type": "money"}, "gross": {"type": "money"}}
    with pytest.raises(AnswerError) as refused:
        read_reply("oui mais 100", fields)
    assert "net, gross" in refused.value.render("en")
    assert read_reply("oui mais gross : 100", fields).fields == {"gross": "100"}


def test_a_value_must_fit_its_bounds() -> None:
    with pytest.raises(AnswerError):
        read_reply("oui mais 40", {"days": {"type": "integer", "max": 30}})


def test_nothing_can_be_changed_where_nothing_is_asked() -> None:
    with pytest.raises(AnswerError):
        read_reply("oui mais 100", {})

"""`ai.extract` takes each field from its surest source, and says which (features N-18)."""

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.ai import connector
from rouage_connectors.ai.reading import numbers_in, read_value, values_after
from tests.connectors.language_model import KEY, Accounts, Model


@pytest.fixture
async def model():
    async with Model() as started:
        yield started


@pytest.fixture
def call(model, context_for):
    async def make(action, *, key="key-1", **parameters):
        accounts = Accounts({"url": model.url, "model": "m", "api_key": KEY})
        context = context_for(key, accounts=accounts)
        return await run_action(connector, f"ai.{action}", parameters, context)

    return make


INVOICE = """EDF Entreprises\tFacture n° F-2026-031
Date de facture : 12 mars 2026
Total HT            1 208,33 €
Total TTC :
  1 450,00 €
"""
FACTS = {
    "type": "object",
    "properties": {
        "supplier": {"type": "string"},
        "number": {"type": "string"},
        "issued": {"type": "string", "format": "date"},
        "total": {"type": "number"},
    },
    "required": ["supplier", "total"],
}
RULES = {
    "number": "Facture n°",
    "issued": ["Date de facture"],
    "total": ["Net à payer", "total ttc"],
}


async def test_the_model_is_asked_only_for_what_document_and_rules_leave_open(model, call):
    model.answers = ['{"supplier": "EDF Entreprises"}']
    given = {"text": INVOICE, "schema": FACTS, "rules": RULES, "known": {"number": "F-2026-031"}}
    result = await call("extract", **given)
    assert result["data"] == {
        "supplier": "EDF Entreprises",
        "number": "F-2026-031",
        "issued": "2026-03-12",
        "total": 1450,
    }
    assert {name: one["source"] for name, one in result["fields"].items()} == {
        "supplier": "model",
        "number": "document",
        "issued": "rules",
        "total": "rules",
    }
    assert (result["unsure"], result["is_sure"]) == ([], True)
    asked = model.asked[0][1]["response_format"]["json_schema"]["schema"]
    assert [*asked["properties"]] == asked["required"] == ["supplier"]
    again = await call("extract", key="key-2", **given)
    assert (again["data"], again["fields"]) == (result["data"], result["fields"])
    assert len(model.asked) == 1


async def test_nobody_is_asked_when_all_is_known_and_no_account_is_needed(context_for):
    known = {"supplier": "EDF", "number": "1", "issued": "2026-03-12", "total": "1 450,00"}
    given = {"text": "", "schema": FACTS, "known": known}
    result = await run_action(connector, "ai.extract", given, context_for())
    assert result["data"] == {**known, "total": 1450}
    assert {one["confidence"] for one in result["fields"].values()} == {1.0}
    assert (result["model"], result["tokens"], result["is_sure"]) == (None, 0, True)


async def test_without_a_model_what_nothing_finds_is_left_to_a_person(context_for):
    given = {"text": INVOICE, "schema": FACTS, "rules": RULES, "order": ["document", "rules"]}
    result = await run_action(connector, "ai.extract", given, context_for())
    assert result["data"]["supplier"] is None
    assert (result["unsure"], result["is_sure"]) == (["supplier"], False)
    assert result["fields"]["supplier"] == {"source": None, "confidence": 0.0}


async def test_what_a_model_makes_up_is_unsure(model, call):
    model.answers = ['{"supplier": "ENGIE", "total": 1451}']
    result = await call("extract", text=INVOICE, schema=FACTS, known={"number": "1"})
    assert result["unsure"] == ["supplier", "issued", "total"]
    assert result["fields"]["total"] == {"source": "model", "confidence": 0.4}


async def test_a_guess_that_the_model_bears_out_is_sure(model, call):
    model.answers = ['{"supplier": "EDF Entreprises", "issued": "2026-03-12", "total": 1450.0}']
    known = {"number": "F-2026-031", "total": 1450}
    given = {"text": INVOICE, "schema": FACTS, "known": known, "known_from": "text"}
    result = await call("extract", **given)
    assert result["fields"]["total"]["confidence"] == 0.9
    assert result["unsure"] == ["number"]


async def test_two_values_after_the_same_words_are_unsure(context_for):
    text = "Total : 12,50 €\nTotal : 13,00 €\nSous-total : 1 €\n"
    given = {"text": text, "schema": FACTS, "rules": {"total": "Total"}, "order": ["rules"]}
    result = await run_action(connector, "ai.extract", given, context_for())
    assert result["data"]["total"] == 12.5
    assert result["fields"]["total"] == {"source": "rules", "confidence": 0.5}
    alone = {**given, "text": "Total : 12,50 €\nSous-total : 1 €\nTotaux : 3 €\n"}
    result = await run_action(connector, "ai.extract", alone, context_for("key-3"))
    assert result["fields"]["total"] == {"source": "rules", "confidence": 0.9}
    sure = await run_action(
        connector, "ai.extract", {**given, "confidence": 0.5}, context_for("key-2")
    )
    assert "total" not in sure["unsure"]


@pytest.mark.parametrize(
    ("written", "schema", "expected"),
    [
        ("1 450,00 €", {"type": "number"}, 1450),
        ("1\u202f450,5", {"type": "number"}, 1450.5),
        ("1,450.25", {"type": "number"}, 1450.25),
        ("1.450,25", {"type": "number"}, 1450.25),
        ("1,450", {"type": "integer"}, 1450),
        ("2 15,00", {"type": "number"}, 2),
        ("12 1500", {"type": "number"}, 12),
        ("1 234 567,8", {"type": "number"}, 1234567.8),
        ("0,125", {"type": "number"}, 0.125),
        ("12.5", {"type": "integer"}, None),
        ("-3,20", {"type": ["number", "null"]}, -3.2),
        ("le 1er août 2026", {"type": "string", "format": "date"}, "2026-08-01"),
        ("31/02/2026", {"type": "string", "format": "date"}, None),
        ("05.03.2026", {"type": "string", "format": "date"}, "2026-03-05"),
        ("March", {"enum": ["march", "april"]}, "march"),
        ("Oui, merci", {"type": "boolean"}, True),
        ("EDF  Page 1", {"type": "string"}, "EDF"),
        ("", {"type": "string"}, None),
        ("1", {"type": "object"}, None),
    ],
)
def test_values_are_read_as_people_write_them(written, schema, expected):
    assert read_value(written, schema) == expected


def test_a_hostile_text_takes_no_longer_than_its_length():
    for text in ("1 " * 100_000, "1," * 100_000, "Total" * 40_000, "\n" * 200_000, "é" * 200_000):
        assert len(values_after(["total"], text, {"type": "number"})) <= 50
        assert sum(1 for _ in numbers_in(text)) <= 200_000


@pytest.mark.parametrize("rule", [3, {}, [""], [["Total"]], ["a"] * 21])
async def test_a_rule_that_is_none_is_explained(context_for, rule):
    given = {"text": INVOICE, "schema": FACTS, "rules": {"total": rule}, "order": ["rules"]}
    with pytest.raises(StepError, match="“total”"):
        await run_action(connector, "ai.extract", given, context_for())

"""Is this answer to a question one? The same judgement for the run and for who takes answers."""

from typing import Any

import pytest

from rouage.flow.answers import AnswerError, check_answer, check_fields

QUESTION: dict[str, Any] = {"from": [], "digest": "d1", "fields": {}}


def test_a_yes_is_recorded_with_what_was_shown_and_nothing_else() -> None:
    payload: Any = {"choice": "approve", "shown": "d1", "extra": "?", "reason": ""}
    assert check_answer(QUESTION, payload, "ann") == {
        "choice": "approve", "reason": None, "shown": "d1", "fields": {}
    }  # fmt: skip


def test_a_no_needs_no_fields_and_may_say_why() -> None:
    question = {**QUESTION, "fields": {"total": {"type": "number"}}}
    payload: Any = {"choice": "refuse", "reason": "x" * 5000}
    answer = check_answer(question, payload, "ann")
    assert (answer["choice"], answer["fields"]) == ("refuse", {})
    assert len(str(answer["reason"])) == 2000


@pytest.mark.parametrize(
    "payload", [None, "approve", [], {}, {"choice": "maybe"}, {"choice": True}, {"choice": None}]
)
def test_what_says_neither_yes_nor_no_is_no_answer(payload: Any) -> None:
    with pytest.raises(AnswerError) as caught:
        check_answer(QUESTION, payload, "ann")
    assert caught.value.field is None
    assert "refuse" in caught.value.render("fr")


def test_only_those_who_are_asked_may_answer_also_with_a_no() -> None:
    with pytest.raises(AnswerError, match="eve is not among those who may answer: ann, bob"):
        check_answer({**QUESTION, "from": ["ann", "bob"]}, {"choice": "refuse"}, "eve")


def test_an_answer_to_an_older_question_is_refused() -> None:
    with pytest.raises(AnswerError, match="changed since"):
        check_answer(QUESTION, {"choice": "approve", "shown": "d0"}, "ann")


FITS: list[tuple[str, Any]] = [
    ("text", "a"), ("text", "é" * 65_536), ("number", 1), ("number", 1.5), ("integer", 7),
    ("boolean", False), ("date", "2026-11-24"), ("time", "18:30"),
    ("datetime", "2026-11-24T18:30:00+01:00"), ("email", "ann@example.org"),
    ("url", "https://example.org/a?b=c"), ("money", "1 234,56 €"), ("money", "12.50"),
    ("money", 12), ("duration", "2h30m"), ("phone", "+33 6 12 34 56 78"), ("list", [1]),
    ("map", {"a": 1}), ("file", "files/a.pdf"), ("table", "stock.csv"), ("table", [["a"]]),
]  # fmt: skip
UNFIT: list[tuple[str, Any]] = [
    ("text", 7), ("text", "x" * 65_537), ("number", "7"), ("number", True), ("integer", 1.5),
    ("integer", True), ("boolean", "true"), ("boolean", 1), ("date", "24/11/2026"),
    ("date", 20261124), ("time", "soon"), ("datetime", "tomorrow"), ("email", "ann"),
    ("email", "a@b"), ("email", "a b@example.org"), ("url", "ftp://x"), ("url", "javascript:1"),
    ("money", "a lot"), ("duration", "soon"), ("phone", "call me"), ("list", "a"), ("map", []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), FITS)
def test_a_field_takes_what_its_type_wants(kind: str, value: Any) -> None:
    assert check_fields({"it": {"type": kind}}, {"it": value}) == {"it": value}


@pytest.mark.parametrize(("kind", "value"), UNFIT)
def test_a_field_refuses_what_its_type_does_not_want(kind: str, value: Any) -> None:
    with pytest.raises(AnswerError) as caught:
        check_fields({"it": {"type": kind}}, {"it": value})
    assert caught.value.field == "it"
    assert "“it” must be" in caught.value.render("en")


def test_a_field_that_is_not_filled_in_stays_as_it_was_proposed() -> None:
    declared = {
        "total": {"type": "number", "value": 12},
        "note": {"type": "text", "default": "-"},
        "late": {"type": "boolean", "required": False},
    }
    assert check_fields(declared, {}) == {"total": 12, "note": "-", "late": None}


@pytest.mark.parametrize("value", [None, ""])
def test_a_field_that_is_required_must_be_filled_in(value: Any) -> None:
    with pytest.raises(AnswerError, match="“total” must be filled in"):
        check_fields({"total": {"type": "number"}}, {"total": value})


def test_a_field_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(AnswerError, match="“other” is not asked for"):
        check_fields({}, {"other": 1})


@pytest.mark.parametrize(
    ("declared", "value", "complaint"),
    [
        ({"type": "number", "min": 1}, 0, "at least 1"),
        ({"type": "number", "max": 9}, 10, "at most 9"),
        ({"type": "text", "min": 3}, "ab", "at least 3"),
        ({"type": "text", "pattern": "[A-Z]{2}"}, "ab", "form"),
        ({"type": "choice", "choices": ["red", "blue"]}, "green", "one of red, blue"),
    ],
)
def test_a_field_keeps_within_its_bounds(
    declared: dict[str, Any], value: Any, complaint: str
) -> None:
    with pytest.raises(AnswerError, match=complaint):
        check_fields({"it": declared}, {"it": value})

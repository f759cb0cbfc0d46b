import json

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import compile_condition


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("event.file.size > 10", True),
        ("${{ event.file.size > 10 }}", True),
        ("  ${{ event.ok }}  ", True),
        ("${{ '}}' == '}}' }}", True),
        ("event.ok", True),
        ("not event.ok", False),
        ("event.file.name | ends_with('.pdf')", True),
        ("event.text == '${{ x }}'", False),
        ("event.x is defined", False),
    ],
)
def test_a_condition_is_bare_or_wrapped_whole(scope, source, expected):
    assert compile_condition(source).evaluate(scope) is expected


@pytest.mark.parametrize(
    ("source", "code", "offset"),
    [
        ("${{ event.a }} && event.b", "RG408", 0),
        ("${{ event.a }} and ${{ event.b }}", "RG408", 0),
        ("not ${{ event.a }}", "RG408", 4),
        ("${{ event.a", "RG407", 0),
        ("", "RG400", 0),
        ("${{ }}", "RG400", 4),
        ("${{ event.a && b }}", "RG420", 12),
        ("  event.a &&", "RG420", 10),
    ],
)
def test_a_mixture_is_refused(source, code, offset):
    with pytest.raises(ExpressionError) as caught:
        compile_condition(source)
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    "source", ["event.text", "event.file.size", "event.nothing", "event.rows", "'true'", "1"]
)
def test_a_condition_must_be_true_or_false(scope, source):
    with pytest.raises(ExpressionError) as caught:
        compile_condition(source).evaluate(scope)
    assert caught.value.code == "RG455"
    assert "None" not in caught.value.render("fr")


def test_the_record_holds_the_values_that_were_compared(scope):
    source = "event.file.size > 1024 and vars.limit < 400 or (event.rows | length) == 3"
    holds, record = compile_condition(source).explain(scope)
    assert holds is True
    assert record["expression"] == source
    assert record["value"] is True
    assert list(record["values"]) == ["event.file.size", "vars.limit", "event.rows"]
    assert record["values"]["event.file.size"] == 2048
    json.dumps(record)


def test_the_record_leaves_out_what_is_missing_and_shows_the_clock(scope):
    source = "event.x is defined and event.x > 3 or today() | weekday > 5"
    with pytest.raises(ExpressionError):
        compile_condition("event.x > 3").explain(scope)
    holds, record = compile_condition(source).explain(scope)
    assert holds is False
    assert record["values"] == {"today()": "2026-07-31"}


def test_the_record_shows_the_target_of_a_moving_index(scope):
    _, record = compile_condition("event.rows[vars.limit - 400].total > 3").explain(scope)
    assert record["values"]["vars.limit"] == 400


def test_the_record_is_short(scope):
    scope["event"] = {
        "a": "x" * 100_000,
        "b": [["y" * 1_000] * 50] * 50,
        "c": {str(n): n for n in range(99)},
    }
    scope["event"]["d"] = [[[[[[1]]]]]]
    condition = compile_condition("event.a != event.b and event.c != event.d")
    _, record = condition.explain(scope)
    assert len(json.dumps(record)) < 100_000
    assert len(record["values"]["event.a"]) == 200
    assert record["values"]["event.d"] == [[[["…"]]]]


def test_a_condition_says_what_it_is():
    assert repr(compile_condition("${{ a }}")) == "Condition('a')"

"""Habits from JavaScript and other languages get a message of their own (authoring X9)."""

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import compile_expression


@pytest.mark.parametrize(
    ("source", "code", "place", "hint"),
    [
        ("event.a && event.b", "RG420", (8, 2), "and"),
        ("event.a || event.b", "RG420", (8, 2), "or"),
        ("!event.a", "RG420", (0, 1), "not"),
        ("event.a === 1", "RG420", (8, 3), "=="),
        ("event.a !== 1", "RG420", (8, 3), "!="),
        ("event.a <> 1", "RG420", (8, 2), "!="),
        ("event.a ≥ 1", "RG420", (8, 1), ">="),
        ("event.a == True", "RG420", (11, 4), "true"),
        ("event.a == None", "RG420", (11, 4), "null"),
        ("event.a AND event.b", "RG420", (8, 3), "and"),
        ("event.a et event.b", "RG420", (8, 2), "and"),
        ("event.a = 1", "RG421", (8, 1), "=="),
        ("event.a += 1", "RG421", (8, 2), "=="),
        ("event?.a", "RG422", (5, 2), "default"),
        ("event.a ?? 'x'", "RG422", (8, 2), "default"),
        ("event.a ? 1 : 2", "RG423", (8, 1), "else"),
        ("event.a == “abc”", "RG424", (11, 1), "'"),
        ("event.a == ‘abc’", "RG424", (11, 1), "'"),
        ("event.a == « abc »", "RG424", (11, 1), "'"),
        ("`abc`", "RG424", (0, 1), "'"),
        ("event.a.toLowerCase()", "RG426", (8, 12), "lower"),
        ("event.a.split(',')", "RG426", (8, 6), "split"),
        ("event.a ** 2", "RG427", (8, 2), "x * x"),
        ("{'a': 1}", "RG428", (0, 1), "YAML"),
        ("${{ event.a }}", "RG409", (0, 3), None),
        ("{{ event.a }}", "RG409", (0, 2), None),
    ],
)
def test_a_habit_is_named_and_translated(source, code, place, hint):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    error = caught.value
    assert error.code == code
    assert (error.offset, error.length) == place
    if hint:
        assert hint in (error.render_hint("en") or "")
        assert hint in (error.render_hint("fr") or "")


def test_length_is_a_filter(error_of):
    error = error_of("event.text.length > 3")
    assert (error.code, error.offset) == ("RG425", 11)
    assert "| length" in error.render_hint("fr")


def test_a_field_called_length_is_a_field():
    assert compile_expression("event.length").evaluate({"event": {"length": 3}}) == 3


def test_adding_a_number_to_a_text_offers_the_tilde(error_of):
    error = error_of('"n° " + 3')
    assert error.code == "RG451"
    assert "~" in error.render_hint("fr")

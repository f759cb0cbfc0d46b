from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import (
    Expression,
    compile_expression,
    compile_template,
    iter_expressions,
    mask,
    reveal,
)
from rouage.model.secret import Secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${{ event.file.size }}", 2048),
        ("${{event.tags}}", ["x", "y"]),
        ("${{ event.nothing }}", None),
        (" ${{ event.file.size }}", " 2048"),
        ("${{ event.file.size }}\n", "2048\n"),
        ("a ${{ event.file.size }} b ${{ event.ok }} c", "a 2048 b true c"),
        ("${{ 1 }}${{ 2 }}", "12"),
        ("${{ '}}' }}", "}}"),
        ("a ${{ \"}}\" ~ '\\'}}' }} b", "a }}'}} b"),
        ("$${{ event.x }}", "${{ event.x }}"),
        ("a $${{ x }} ${{ 1 }}", "a ${{ x }} 1"),
        ("$ {{ x }} }} {{ $", "$ {{ x }} }} {{ $"),
        ("${ x }", "${ x }"),
        ("${{ today() }}", date(2026, 7, 31)),
        ("le ${{ today() }}", "le 2026-07-31"),
        ("${{ 'a' }} ${{ 'b' }}", "a b"),
    ],
)
def test_a_text_renders(scope, text, expected):
    found = compile_template(text).render(scope)
    assert found == expected
    assert type(found) is type(expected)


def test_values_keep_their_kinds_at_any_depth(scope):
    value: dict[str, Any] = {
        "to": "${{ event.file.name }}",
        "n": 3,
        "deep": [{"size": "${{ event.file.size }}"}, "x", None, ["$${{ y }}"]],
    }
    template = compile_template(value)
    rendered = template.render(scope)
    assert rendered == {
        "to": "FAC-2026-012.pdf",
        "n": 3,
        "deep": [{"size": 2048}, "x", None, ["${{ y }}"]],
    }
    assert list(rendered) == ["to", "n", "deep"]
    assert not template.is_constant
    assert template.render(scope) == rendered


def test_a_constant_is_given_back_without_work():
    value: dict[str, Any] = {"a": [1, "b", {"c": None}], "d": True}
    template = compile_template(value)
    assert template.is_constant
    assert template.render({}) == value
    assert template.render({}) is template.render({})
    assert compile_template("${{ 1 + 1 }}").is_constant
    assert compile_template("n ${{ 1 + 1 }}").render({}) == "n 2"
    assert compile_template(None).render({}) is None


def test_the_data_of_an_event_is_never_read_as_an_expression(scope):
    trap = "${{ secrets.smtp }}"
    scope["event"] = {"name": trap, "rows": [{"a": trap}], trap: trap}
    value: dict[str, Any] = {
        "one": "${{ event.name }}",
        "joined": "<${{ event.name }}>",
        "filtered": "${{ event.name | trim | replace('x', event.name) }}",
        "list": "${{ event.rows }}",
        "json": "${{ event.rows | json | from_json }}",
        "tilde": "${{ event.name ~ '' }}",
        "field": "${{ event['$' ~ '{{ secrets.smtp }}'] }}",
    }
    rendered = compile_template(value).render(scope)
    assert rendered == {
        "one": trap,
        "joined": f"<{trap}>",
        "filtered": trap,
        "list": [{"a": trap}],
        "json": [{"a": trap}],
        "tilde": trap,
        "field": trap,
    }
    assert "hunter2" not in str(reveal(rendered))


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("Total: ${{ event.", "RG407", 7),
        ("a ${{ 'x }} b", "RG403", 6),
        ("a ${{ }} b", "RG400", 5),
        ("ok ${{ 1 }} ${{ 1 + }}", "RG402", 18),
        ("x ${{ event.a | uper }}", "RG442", 16),
    ],
)
def test_a_broken_text_says_where(text, code, offset):
    with pytest.raises(ExpressionError) as caught:
        compile_template(["fine", {"a": text}])
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("text", "code", "advice"),
    [
        ("a ${{ event.tags }}", "RG457", "join"),
        ("a ${{ event.file }}", "RG458", "json"),
        ("a ${{ event.nothing }}", "RG459", "default"),
    ],
)
def test_what_has_no_place_in_a_text_comes_with_advice(scope, text, code, advice):
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).render(scope)
    assert caught.value.code == code
    assert advice in (caught.value.render_hint("fr") or "")


def test_a_text_is_bounded(scope):
    scope["event"]["big"] = "a" * 600_000
    with pytest.raises(ExpressionError) as caught:
        compile_template("${{ event.big }}-${{ event.big }}").render(scope)
    assert caught.value.code == "RG470"


def test_the_expressions_of_a_text_are_listed_with_their_places():
    text = "a ${{ event.x }} $${{ no }} ${{ 1 + }} ${{ '}}' }}"
    first, second, third = iter_expressions(text)
    assert isinstance(first[0], Expression)
    assert text[first[1] :].startswith(first[0].source)
    assert isinstance(second[0], ExpressionError)
    assert second[0].code == "RG402"
    assert text[second[1] :].startswith(" 1 + ")
    assert isinstance(third[0], Expression)
    ((error, start),) = iter_expressions("a ${{ x")
    assert isinstance(error, ExpressionError)
    assert (error.code, error.offset, start) == ("RG407", 2, 0)
    assert iter_expressions("nothing") == []


def test_what_goes_to_the_call_is_clear_and_what_goes_to_the_journal_is_masked(scope):
    value: dict[str, Any] = {
        "secret": Secret("clear", name="s"),
        "decimal": [Decimal("12.00"), Decimal("12.50")],
        "moment": scope["now"],
        "day": date(2026, 7, 31),
        "deep": ({"a": Secret("clear")},),
        "plain": [None, True, 1, 1.5, "x"],
    }
    plain = {
        "decimal": [12, 12.5],
        "moment": "2026-07-31T22:30:00+02:00",
        "day": "2026-07-31",
        "plain": [None, True, 1, 1.5, "x"],
    }
    assert reveal(value) == {**plain, "secret": "clear", "deep": [{"a": "clear"}]}
    assert mask(value) == {**plain, "secret": "•••", "deep": [{"a": "•••"}]}
    assert mask(object()) == "•••"


def test_compiled_parts_say_what_they_are():
    assert repr(compile_expression("1 + 1")) == "Expression('1 + 1')"
    assert repr(compile_template("a")) == "Template('a')"

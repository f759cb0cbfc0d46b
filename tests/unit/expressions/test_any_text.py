"""Whatever is written, only an `ExpressionError` comes out, with a place inside the source."""

import random
from typing import Any

from rouage.errors import ExpressionError
from rouage.expressions import (
    check_expression,
    compile_condition,
    compile_expression,
    compile_template,
    iter_expressions,
    mask,
    reveal,
)
from rouage.expressions.filters import FILTERS

_WORDS = [
    *(
        "event",
        "event.a",
        "event.rows",
        "vars.x",
        "steps.s.t",
        "secrets.k",
        "item",
        "now()",
        "today()",
    ),
    *(
        "1",
        "0",
        "2.5",
        "-3",
        "'abc'",
        "''",
        '"é"',
        "'2026-07-31'",
        "'1 234,5'",
        "true",
        "null",
        "[]",
    ),
    *("+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">=", "in", "not", "and", "or", "like"),
    *(
        "if",
        "else",
        "is",
        "defined",
        "|",
        ".",
        ",",
        "(",
        ")",
        "[",
        "]",
        "[0]",
        ".a",
        "&&",
        "{",
        "}}",
    ),
    *("\u200b", "'", '"', "\\", "$", "é", "😀", "\n", "9" * 30, "1e300", "..", "=", "?", ":"),
    *(f"| {name}" for name in FILTERS),
    *(
        "| replace('a', 'b')",
        "| get('a')",
        "| map('a')",
        "| where('a', 1)",
        "| date('%Y')",
        "('a')",
    ),
    *("| default(1)", "| truncate(3)", "| add_days(1)", "| like('*')", "| extract('{a}b')", "(1)"),
]
_SCOPE: dict[str, Any] = {
    "event": {"a": 1, "rows": [{"a": 1}, {"a": "b"}], "abc": [1.5, None, True]},
    "vars": {"x": "text"},
    "steps": {"s": {"t": {"u": []}}},
    "secrets": {},
    "now": None,
}
_SHAPES: dict[str, Any] = {
    "event": {"type": "object", "properties": {"a": {"type": "number"}, "rows": {"type": "array"}}},
    "vars": {},
    "steps": {},
    "secrets": {},
}


def test_random_words_never_raise_anything_else():
    chance = random.Random(7)  # noqa: S311 - tests need repeatable chance
    evaluated = 0
    for _ in range(8_000):
        source = " ".join(chance.choices(_WORDS, k=chance.randint(1, 7)))
        try:
            value = compile_expression(source).evaluate(_SCOPE)
        except ExpressionError as error:
            _check_error(error, source)
        else:
            evaluated += 1
            mask(value)
            reveal(value)
        for finding in check_expression(
            source, _SHAPES, place=chance.choice(["text", "condition"])
        ):
            assert 0 <= finding.offset <= len(source)
    assert evaluated > 200


def test_random_texts_never_raise_anything_else():
    chance = random.Random(8)  # noqa: S311 - tests need repeatable chance
    for _ in range(2_000):
        words = chance.choices([*_WORDS, "${{", "}}", "$${{", "${{ 1 }}"], k=chance.randint(1, 9))
        source = chance.choice(["", " "]).join(words)
        iter_expressions(source)
        for compiled in (compile_template, compile_condition):
            try:
                compiled(source)
            except ExpressionError as error:
                _check_error(error, source)


def _check_error(error: ExpressionError, source: str) -> None:
    assert 0 <= error.offset <= len(source)
    assert error.length >= 1
    for language in ("en", "fr"):
        said = error.render("fr" if language == "fr" else "en")
        assert said
        assert "<class" not in said
        assert "Text(" not in said

"""What people write into fields, in English and in French."""

from typing import Any

import pytest

from rouage.web.fields import FieldError, read_field, write_field


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "a\r\nb", "a\nb"),
        ("money", "1450 EUR", "1450 EUR"),
        ("number", "1450.5", 1450.5),
        ("number", "1 450,50", 1450.5),
        ("number", "1\u202f450,50", 1450.5),
        ("number", "+3", 3),
        ("integer", " 12 ", 12),
        ("boolean", "Oui", True),
        ("boolean", "off", False),
        ("list", "a\n\n b ", ["a", "b"]),
        ("list", '["a", 1]', ["a", 1]),
        ("map", '{"a": 1}', {"a": 1}),
        ("unheard_of", "x", "x"),
    ],
)
def test_a_text_becomes_the_declared_type(kind: str, text: str, value: Any) -> None:
    assert read_field("f", {"type": kind}, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "NaN"),
        ("number", "1,2,3"),
        ("number", "true"),
        ("number", "many"),
        ("number", "1" * 5000),
        ("integer", "1.5"),
        ("boolean", "maybe"),
        ("list", "[1"),
        ("list", "[" * 100_000),
        ("map", "[1]"),
        ("map", '{"a": Infinity}'),
        ("text", "x" * 70_000),
    ],
)
def test_what_does_not_fit_is_refused_with_its_name(kind: str, text: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_field("amount", {"type": kind}, text)
    assert caught.value.field == "amount"
    assert "« amount »" in caught.value.render("fr")


@pytest.mark.parametrize("value", [None, "a\nb", 12, 1.5, True, ["a", "b"], {"a": [1]}, [1, "x"]])
def test_what_is_written_into_a_field_is_read_back_the_same(value: Any) -> None:
    kinds = {int: "number", float: "number", bool: "boolean", list: "list", dict: "map"}
    kind = kinds.get(type(value), "text")
    assert read_field("f", kind, write_field(value)) == ("" if value is None else value)

"""Personal fields are found by declaration first, then by what they are called."""

import pytest

from rouage.analysis.personal import category_of, personal_fields, personal_inputs


@pytest.mark.parametrize(
    ("name", "owner", "declared", "category"),
    [
        ("email", "", {}, "email"),
        ("contact_point", "", {"format": "email"}, "email"),
        ("body", "", {"x-personal": "text"}, "text"),
        ("badge", "", {"x-personal": True}, "other"),
        ("badge", "", {"x-personal": "a new one"}, "other"),
        ("name", "buyer", {}, "name"),
        ("name", "file", {}, ""),
        ("IBAN", "", {}, "iban"),
        ("total", "", {"type": "number"}, ""),
    ],
)
def test_a_field_has_the_category_that_is_declared_or_named(
    name: str, owner: str, declared: dict[str, object], category: str
) -> None:
    assert category_of(name, owner=owner, declared=declared) == category


def test_fields_are_found_at_any_depth_and_in_lists() -> None:
    schema = {
        "properties": {
            "buyer": {"properties": {"name": {"type": "string"}, "city": {}}},
            "lines": {"type": "array", "items": {"properties": {"phone": {}, "count": {}}}},
            "total": {"type": "number"},
        }
    }
    assert dict(personal_fields(schema)) == {
        "buyer.name": "name",
        "buyer.city": "address",
        "lines.phone": "phone",
    }


def test_what_is_no_schema_has_no_fields() -> None:
    assert list(personal_fields(None)) == []
    assert list(personal_inputs(["email"])) == []


def test_what_a_form_asks_for_counts_by_its_type() -> None:
    fields = {"courriel": {"type": "text"}, "where": {"type": "email"}, "note": {"type": "text"}}
    assert dict(personal_inputs(fields)) == {"courriel": "email", "where": "email"}

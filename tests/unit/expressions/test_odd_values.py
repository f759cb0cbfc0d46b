"""Values that JSON does not give but a scope may hold: they are read, or refused in words."""

from collections import UserDict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import compile_expression, compile_template, mask, reveal
from rouage.model.secret import Secret


class _Name(str):
    __slots__ = ()


def _value(source: str, **scope: object) -> object:
    return compile_expression(source).evaluate(scope)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("v | length", (1, 2), 2),
        ("v | first", (1, 2), 1),
        ("v[1]", [1, 2], 2),
        ("v | length", UserDict(a=1), 1),
        ("v | upper", _Name("a"), "A"),
        ("v ~ ''", _Name("a"), "a"),
        ("v == 'a'", _Name("a"), True),
        ("v == [1, 2]", (1, 2), True),
        ("v | json", MappingProxyType({"a": (1,)}), '{"a": [1]}'),
        ("v == v", MappingProxyType({"a": 1}), True),
        ("1 in v", (1, 2), True),
        ("v ~ ''", Decimal("12.50"), "12.50"),
        ("v ~ ''", 1e16, "1e+16"),
        ("v ~ ''", datetime(2026, 7, 31, 1, tzinfo=UTC), "2026-07-31T01:00:00+00:00"),
        ("[v, 2, 1.5] | sort | first", Decimal("1.2"), Decimal("1.2")),
        ("v < 2", Decimal("1.5"), True),
        ("v > 0.1", Decimal("0.1"), False),
        ("[v, 1.0, 1] | unique | length", Decimal(1), 1),
        ("[true, v, 'a'] | unique | length", 1, 3),
    ],
)
def test_an_odd_value_is_read(source, value, expected):
    assert _value(source, v=value) == expected


@pytest.mark.parametrize(
    ("source", "value", "code"),
    [
        ("v ~ ''", Decimal("1E+100"), "RG472"),
        ("v ~ ''", Decimal("NaN"), "RG472"),
        ("v * 2", Decimal("1E+100"), "RG472"),
        ("v * v", 1e300, "RG472"),
        ("v - v", float("inf"), "RG472"),
        ("v | round", float("nan"), "RG472"),
        ("v | round", 1e60, "RG472"),
        ("v | euros", 1e60, "RG472"),
        ("v == 0.5 or v < ('0,5' | number)", float("nan"), "RG472"),
        ("v + v", Decimal("9E+60"), "RG472"),
        ("v // 3", Decimal("1E+50"), "RG472"),
        ("v ~ ''", object(), "RG457"),
        ("v | upper", object(), "RG460"),
        ("v + 1", object(), "RG450"),
        ("v == v", [[[[[]]]]], None),
        ("v and true", object(), "RG454"),
        ("v[0]", {"a": 1}, "RG463"),
        ("v[w]", {"a": 1}, "RG440"),
        ("v - 1", date(2026, 1, 1), "RG450"),
    ],
)
def test_a_value_beyond_bounds_is_refused(source, value, code):
    if code is None:
        assert _value(source, v=value) is True
        return
    with pytest.raises(ExpressionError) as caught:
        _value(source, v=value)
    assert caught.value.code == code


def test_data_nested_without_end_is_refused():
    nested: list[object] = []
    nested.append(nested)
    for source in ("v == v", "v | json", "v in [v]", "[v] | unique"):
        with pytest.raises(ExpressionError) as caught:
            _value(source, v=nested)
        assert caught.value.code == "RG474"


def test_deep_data_are_cut_for_the_eye_and_refused_for_the_call():
    deep: object = Secret("s")
    for _ in range(900):
        deep = {"a": [deep]}
    assert "…" in str(mask(deep))
    with pytest.raises(ExpressionError) as caught:
        reveal(deep)
    assert caught.value.code == "RG474"


def test_a_moment_without_zone_counts_in_the_zone_of_the_other():
    naive = datetime(2026, 7, 31, 1)  # noqa: DTZ001 - that is the point
    aware = datetime(2026, 7, 31, 1, tzinfo=UTC)
    assert _value("a == b", a=naive, b=aware) is True
    assert _value("a <= b", a=aware, b=naive) is True
    assert _value("a - b", a=aware, b=date(2026, 7, 30)) == pytest.approx(1 + 1 / 24)
    assert _value("b < a", a=aware, b=date(2026, 7, 31)) is True


def test_an_odd_value_leaves_as_json():
    value = {"m": MappingProxyType({"a": Secret("s")}), "n": _Name("x"), "o": object()}
    assert reveal(value) == {"m": {"a": "s"}, "n": "x", "o": "•••"}
    assert mask(value) == {"m": {"a": "•••"}, "n": "x", "o": "•••"}


def test_no_clock_is_said_in_words():
    with pytest.raises(ExpressionError) as caught:
        _value("now()")
    assert caught.value.code == "RG440"


def test_a_template_takes_any_json_like_value():
    template = compile_template(MappingProxyType({"a": ("${{ v }}", 1)}))  # type: ignore[arg-type]
    assert template.render({"v": 2}) == {"a": [2, 1]}

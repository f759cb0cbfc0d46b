"""What is certain is said at load, with its place; what may be right is left alone (X1, X2)."""

from typing import Any

import pytest

from rouage.expressions import check_expression, compile_expression
from rouage.expressions.messages import MESSAGES, hint_of

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_ROW = {"type": "object", "properties": {"total": _NUMBER, "state": _TEXT}}
_SHAPES: dict[str, Any] = {
    "event": {
        "type": "object",
        "properties": {
            "file": {
                "type": "object",
                "properties": {"name": _TEXT, "size": {"type": "integer"}, "folder": _TEXT},
            },
            "ok": {"type": "boolean"},
            "rows": {"type": "array", "items": _ROW},
            "tags": {"type": "array", "items": _TEXT},
            "phone": {"type": ["string", "null"]},
            "headers": {"type": "object", "additionalProperties": _TEXT},
            "mode": {"enum": ["a", "b"]},
            "body": {},
            "free": {"type": "object"},
            "nothing": {"type": "null"},
        },
    },
    "vars": {},
    "inputs": {"type": "object", "properties": {}, "additionalProperties": False},
    "steps": {"type": "object", "properties": {"read": _ROW}},
    "secrets": {"type": "object", "properties": {"smtp": {}}},
}


@pytest.mark.parametrize(
    "source",
    [
        "event.file.size > 10 and event.ok",
        "event.body.anything[3].x | upper",
        "event.headers['X-Y'] | lower",
        "event.headers.accept",
        "event.free.any.thing",
        "vars.x.y + 1",
        "steps.read.total * 2",
        "event.rows | map('total') | sum",
        "(event.rows | first).total + 1",
        "event.rows[0].total + 1",
        "event.rows | where('state', 'paid') | sort('total') | length > 3",
        "event.phone | default('') | upper",
        "event.phone == null",
        "event.mode == 'a'",
        "event.file.size | slug",
        "'Bearer ' ~ secrets.smtp",
        "secrets.smtp | default('x')",
        "today() | date('JJ/MM/AAAA')",
        "(today() | add_days(3)) - today() > 2",
        "today() > '2026-01-01'",
        "event.other_thing | default(1)",
        "event.other_thing is defined",
        "event.tags | join(', ') ~ event.file.size",
        "'a' if event.ok else 3",
        "('a' if event.ok else 3) ~ ''",
        "event.rows | get(0)",
        "event.file | get('size', 0) + 1",
        "'x' in event.tags and 'a' in 'abc' and 'name' in event.file",
        "event.file.name like '*.pdf'",
        "[1, 'a', event.ok]",
        "event[event.file.name]",
        "now() | weekday <= 5",
        "-event.file.size",
    ],
)
def test_what_is_right_passes(source):
    assert check_expression(source, _SHAPES) == []
    assert check_expression(compile_expression(source), _SHAPES) == []


@pytest.mark.parametrize(
    ("source", "code", "place", "suggestion"),
    [
        ("event.fil.size > 10", "RG441", "fil", "file"),
        ("event.file.sizes", "RG441", "sizes", "size"),
        ("evnt.file", "RG440", "evnt", "event"),
        ("trigger.id", "RG440", "trigger", None),
        ("inputs.x", "RG441", "x", None),
        ("steps.reed.total", "RG445", "reed", "read"),
        ("steps['reed']", "RG445", "['reed']", "read"),
        ("secrets.smpt", "RG446", "smpt", "smtp"),
        ("event.file.name | uper", "RG442", "uper", "upper"),
        ("noww()", "RG443", "noww", "now"),
        ("now | iso", "RG429", "now", None),
        ("event.fil | default('')", "RG441", "fil", "file"),
        ("event.rows | map('totl')", "RG441", "'totl'", "total"),
        ("event.tags | map('x')", "RG448", "'x'", None),
        ("event.file.name.length", "RG425", "length", None),
        ("event.tags.name", "RG448", "name", None),
        ("event.headers.content-type", "RG430", "content-type", None),
        ("event.file.name | truncate", "RG444", "truncate", None),
        ("event.file.name | truncate('3')", "RG461", "'3'", None),
        ("event.file.name | truncate(event.tags)", "RG461", "event.tags", None),
        ("event.file.name | hash('md6')", "RG495", "'md6'", None),
        ("today() | date('%Q')", "RG493", "'%Q'", None),
        ("event.file.name | extract('x')", "RG494", "'x'", None),
        ("event.file.name | sum", "RG460", "sum", None),
        ("event.rows | upper", "RG460", "upper", None),
        ("now(3)", "RG444", "now", None),
        ("event.file.name + 3", "RG451", "event.file.name + 3", None),
        ("event.file.name * 3", "RG452", "event.file.name * 3", None),
        ("event.file.name % 3", "RG453", "event.file.name % 3", None),
        ("event.file - 3", "RG450", "event.file - 3", None),
        ("-event.file.name", "RG462", "-event.file.name", None),
        ("event.file.name > 3", "RG456", "event.file.name > 3", None),
        ("event.file.name and event.ok", "RG454", "event.file.name", None),
        ("not event.file.size", "RG454", "event.file.size", None),
        ("1 if event.file.size else 2", "RG454", "event.file.size", None),
        ("'a' ~ event.tags", "RG457", "event.tags", None),
        ("3 in event.file.size", "RG450", "3 in event.file.size", None),
        ("event.tags['a']", "RG448", "['a']", None),
        ("event.tags[event.file.name]", "RG463", "event.file.name", None),
        ("event.file.size[0]", "RG463", "event.file.size[0]", None),
        ("event[event.ok]", "RG463", "event.ok", None),
        ("secrets.smtp == 'x'", "RG480", "secrets.smtp == 'x'", None),
        ("secrets.smtp > 'x'", "RG480", "secrets.smtp > 'x'", None),
        ("'x' in secrets.smtp", "RG480", "'x' in secrets.smtp", None),
        ("secrets.smtp | length", "RG480", "length", None),
        ("secrets.smtp | split(',')", "RG481", "split", None),
        ("(secrets.smtp | upper) == 'X'", "RG480", "(secrets.smtp | upper) == 'X'", None),
        ("event[secrets.smtp]", "RG480", "secrets.smtp", None),
        ("secrets.smtp and event.ok", "RG480", "secrets.smtp", None),
        ("event.file.size == '10'", "RG464", "event.file.size == '10'", None),
        ("1 +", "RG402", "+", None),
    ],
)
def test_a_mistake_is_found_where_it_stands(source, code, place, suggestion):
    (finding,) = check_expression(source, _SHAPES)
    assert finding.code == code
    assert source[finding.offset : finding.offset + finding.length].strip("() ") == place.strip(
        "() "
    )
    assert finding.facts.get("suggestion") == suggestion
    message = MESSAGES[code]
    for language in ("en", "fr"):
        hint = hint_of(code, finding.facts)
        for text in (message.text, hint):
            said = text.render(language, finding.facts) if text else ""
            assert "{" not in said
            assert "frozenset" not in said


def test_every_mistake_of_an_expression_is_found_in_order():
    found = check_expression("event.fil.size > 1 and (evnt.x | uper) == 2", _SHAPES)
    assert [finding.code for finding in found] == ["RG441", "RG440", "RG442"]


def test_a_condition_must_be_boolean_and_test_something():
    def codes(source: str) -> list[tuple[str, str]]:
        found = check_expression(source, _SHAPES, place="condition")
        return [(finding.code, finding.severity) for finding in found]

    assert codes("event.file.name") == [("RG455", "error")]
    assert codes("event.body") == []
    assert codes("event.ok") == []
    assert codes("secrets.smtp") == [("RG480", "error")]
    assert codes("1 == 1") == [("RG499", "warning")]
    assert codes("not true") == [("RG499", "warning")]
    assert codes("1 / 0 == 1") == [("RG490", "error")]
    assert codes("today() == today()") == []


def test_a_text_takes_no_list_object_or_null():
    def codes(source: str) -> list[str]:
        return [item.code for item in check_expression(source, _SHAPES, place="text")]

    assert codes("event.tags") == ["RG457"]
    assert codes("event.file") == ["RG458"]
    assert codes("event.nothing") == ["RG459"]
    assert codes("event.phone") == []
    assert codes("event.body") == []


def test_too_deep_a_tree_is_found_by_the_check():
    (finding,) = check_expression("1" + " + vars.x" * 60, {"vars": {}})
    assert finding.code == "RG412"


def test_a_shape_that_says_nothing_useful_is_any_value():
    shapes: dict[str, Any] = {
        "a": {"type": "unheard-of"},
        "b": {"type": []},
        "c": {"type": 3, "items": 4},
    }
    for source in ("a.b + 1", "b | upper", "c[0].x", "c | first"):
        assert check_expression(source, shapes) == []

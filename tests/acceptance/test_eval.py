"""`rouage eval` evaluates one expression, with or without an event, anywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("1 + 2", 3, "integer"),
        ("1 / 4", 0.25, "number"),
        ("'a' ~ 'b'", "ab", "text"),
        ("1 < 2 and not false", True, "boolean"),
        ("null", None, "null"),
        ("[1, 'x']", [1, "x"], "list"),
        ("Bonjour ${{ 'marie' | title }} !", "Bonjour Marie !", "text"),
        ("${{ 1 + 1 }}", 2, "integer"),
    ],
)
def test_a_value_comes_with_its_type(rouage: Rouage, expression: str, value: Any, kind: str):
    answer = rouage("eval", expression, "--json")
    assert answer.data == {"value": value, "type": kind}
    assert answer.code == 0


def test_an_event_is_read_from_a_file_or_from_standard_input(rouage: Rouage, tmp_path: Path):
    event = {"file": {"name": "été.pdf", "size": 12}}
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    assert rouage("eval", "event.file.name | upper", "--event", "event.json").out == "ÉTÉ.PDF\n"
    piped = rouage("eval", "event.file.size > 10", "--event", "-", stdin=json.dumps(event))
    assert piped.out == "true\n"


def test_a_mistake_is_told_with_its_column(rouage: Rouage):
    answer = rouage("--lang", "fr", "eval", "event.file.name | uper", "--json")
    error = answer.data["error"]
    assert answer.code == 1
    assert set(error) == {"code", "message", "column", "hint"}
    assert error["code"].startswith("RG4")
    assert 1 <= error["column"] <= 22
    human = rouage("--lang", "fr", "eval", "1 +")
    assert human.code == 1
    assert "erreur : " in human.err
    assert "^" in human.err
    assert "Traceback" not in human.err


@pytest.mark.parametrize(
    "event", ["", "{", "nope", '{"a": NaN}', "[" * 100_000, b"\xff\xfe"], ids=repr
)
def test_an_event_that_is_not_json_is_a_wrong_call(rouage: Rouage, event: str | bytes):
    answer = rouage("eval", "1", "--event", "-", stdin=event)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_event_data_is_never_an_expression(rouage: Rouage):
    event = json.dumps({"name": "${{ 1 + 1 }}"})
    assert rouage("eval", "event.name", "--event", "-", stdin=event).out == "${{ 1 + 1 }}\n"


def test_escapes_in_data_do_not_reach_the_terminal(rouage: Rouage):
    event = json.dumps({"name": "a\x1b[2Jb"})
    assert rouage("eval", "event.name", "--event", "-", stdin=event).out == "a\\x1b[2Jb\n"

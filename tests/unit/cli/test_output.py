"""What reaches the terminal is harmless, masked, and still JSON where it should be."""

import io
import json
from typing import Any

import pytest

from rouage.cli.output import Output, one_line, to_json, visible


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def unmasked(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("title\x1b]0;owned\x07", "title\\x1b]0;owned\\x07"),
        ("back\rforward\b", "back\\x0dforward\\x08"),
        ("c1 \x9b31m", "c1 \\x9b31m"),
        ("exe\u202egpj", "exe\\u202egpj"),
        ("latin \udce9", "latin \\xe9"),
        ("keeps\ttabs\nand lines, é ✓", "keeps\ttabs\nand lines, é ✓"),
    ],
)
def test_characters_that_act_on_a_terminal_are_spelled_out(text: str, shown: str):
    assert visible(text) == shown


def test_json_stays_json_and_is_safe_to_show():
    value = {"name": "a\x1b[1m\x9b\u202e\udce9é"}
    text = to_json(value)
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "é" in text
    assert json.loads(text) == value
    text.encode("utf-8")


def test_a_cell_stays_on_one_line_and_within_bounds():
    assert one_line("a\nb\tc") == "a⏎b c"
    assert one_line({"a": [1, None]}) == '{"a": [1, null]}'
    assert len(one_line("x" * 500)) == 200


def test_a_table_is_plain_columns_elsewhere_and_drawn_on_a_terminal():
    plain, drawn = io.StringIO(), Terminal()
    for stream in (plain, drawn):
        output = Output(stream, io.StringIO(), unmasked)
        output.table(["RUN", "STATE"], [["r1", "succeeded"], ["r22", "[red]x\x1b[2J"]])
    assert plain.getvalue() == "RUN  STATE\nr1   succeeded\nr22  [red]x\\x1b[2J\n"
    assert "r22" in drawn.getvalue()
    assert "[red]x\\x1b[2J" in drawn.getvalue()


def test_secrets_are_masked_in_lines_tables_and_data():
    def mask(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("hidden-value", "•••"))

    stream = io.StringIO()
    output = Output(stream, io.StringIO(), mask)
    output.line("it is hidden-value")
    output.data({"key": "hidden-value"})
    output.table(["A"], [["hidden-value"]])
    assert "hidden-value" not in stream.getvalue()
    assert stream.getvalue().count("•••") == 3


def test_our_own_colours_get_through_and_nothing_else():
    stream = io.StringIO()
    Output(stream, io.StringIO(), unmasked).painted("\x1b[31mred\x1b[0m \x1b[2J\x1b]0;x\x07")
    assert stream.getvalue() == "\x1b[31mred\x1b[0m \\x1b[2J\\x1b]0;x\\x07\n"

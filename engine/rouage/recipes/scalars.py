"""What a YAML scalar means, and where each character of its value was written."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from rouage.sdk.json import JSON

_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_DECIMAL: Final = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]{1,3})?|[eE][-+]?[0-9]{1,3})"
)
_LONGEST_NUMBER: Final = 40
_FIRST_OF_CONSTANT: Final = frozenset("~ntTfF")
_FIRST_OF_NUMBER: Final = frozenset("-0123456789")
_HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_BLANK_ESCAPES: Final = frozenset("nrtvfNLP_ \t")


def resolve_plain(text: str) -> JSON:
    """Return the value of an unquoted scalar: stricter than YAML 1.2 (authoring Y5).

    Numbers are those of JSON with at most 15 digits; everything else is text, so that
    postcodes, phones, dates and times stay what was typed.
    """
    first = text[:1]
    if first in _FIRST_OF_NUMBER and len(text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) else text
        return text
    if not first or first in _FIRST_OF_CONSTANT:
        return _CONSTANTS.get(text, text)
    return text


def place_in_scalar(
    lines: Sequence[str],
    marks: tuple[int, int, int, int],
    style: str | None,
    value: str,
    offset: int,
) -> tuple[int, int] | None:
    """Return the 0-based line and column where the character *offset* of *value* was written.

    Folding and indentation add and drop blanks only, so the way back counts the characters
    that are not blank.
    """
    line, column, end_line, _ = marks
    if style is None and line == end_line:
        return line, column + offset
    wanted = sum(not letter.isspace() for letter in value[:offset])
    if value[offset : offset + 1].isspace():
        before = _nth(lines, marks, style, wanted - 1) if wanted else None
        return None if before is None else (before[0], before[1] + before[2])
    found = _nth(lines, marks, style, wanted)
    return None if found is None else found[:2]


def _nth(
    lines: Sequence[str], marks: tuple[int, int, int, int], style: str | None, wanted: int
) -> tuple[int, int, int] | None:
    for number, place in enumerate(_visible(lines, marks, style)):
        if number == wanted:
            return place
    return None


def _visible(
    lines: Sequence[str], marks: tuple[int, int, int, int], style: str | None
) -> Iterator[tuple[int, int, int]]:
    """Give line, column and width of each character that is not blank in the value."""
    start_line, start_column, end_line, end_column = marks
    quote = style if style in {"'", '"'} else None
    first = start_line if style not in {"|", ">"} else start_line + 1
    for number in range(first, min(end_line + 1, len(lines))):
        line = lines[number]
        column = start_column + (quote is not None) if number == start_line else 0
        stop = min(len(line), end_column - (quote is not None)) if number == end_line else len(line)
        while column < stop:
            width, is_blank = _unit(line, column, quote)
            if not is_blank:
                yield number, column, width
            column += width


def _unit(line: str, column: int, quote: str | None) -> tuple[int, bool]:
    """Return how many columns the character at *column* takes, and whether it is blank."""
    letter = line[column]
    if quote == "'" and letter == "'":
        return 2, False
    if quote != '"' or letter != "\\":
        return 1, letter.isspace()
    escaped = line[column + 1 : column + 2]
    if not escaped:
        return 1, True
    digits = _HEX_DIGITS.get(escaped, 0)
    if digits:
        return 2 + digits, _is_blank_code(line[column + 2 : column + 2 + digits])
    return 2, escaped in _BLANK_ESCAPES


def _is_blank_code(digits: str) -> bool:
    try:
        return chr(int(digits, 16)).isspace()
    except (ValueError, OverflowError):
        return False

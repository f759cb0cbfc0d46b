"""Values out of a text: what stands after a label, as the number, the date or the words it is.

Every pattern here is ours and takes time in proportion to the text (security S-19).
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from rouage.sdk import JSON

_LONGEST_VALUE: Final = 200
_MOST_HITS: Final = 50
_BLANKS: Final = " \t\u00a0\u202f\u2009"
_NUMBER: Final = re.compile(
    r"[-+\u2212]?(?:\d{1,3}(?:[\u00a0\u202f\u2009' ]\d{3})+(?!\d)|\d+)(?:[.,]\d+)*"
)
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST: Final = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_NAMED: Final = re.compile(r"(?<!\d)(\d{1,2})(?:er)? ([a-z]{3,10})\.? (\d{4})(?!\d)")
_MONTHS: Final = (
    ("janv", "jan"), ("fevr", "feb"), ("mars", "mar"), ("avr", "apr"), ("mai", "may"),
    ("juin", "jun"), ("juil", "jul"), ("aout", "aug"), ("sept", "sep"), ("oct",),
    ("nov",), ("dec",),
)  # fmt: skip
_YES: Final = frozenset({"oui", "yes", "true", "vrai", "x"})
_NO: Final = frozenset({"non", "no", "false", "faux"})


def folded(text: str) -> str:
    """Return *text* without accents and capitals, each character in its place."""
    return "".join(map(_folded, text))


@lru_cache(maxsize=4_096)
def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFD", character)[:1].lower()[:1]
    return " " if plain in _BLANKS else plain


def values_after(labels: Sequence[str], text: str, schema: Mapping[str, Any]) -> list[JSON]:
    """Return the different values that stand after one of *labels*, in their order."""
    found: list[JSON] = []
    lines = text.splitlines()
    plain = [folded(line) for line in lines]
    for label in labels:
        for number, end in _places(folded(label).strip(), plain):
            rest = lines[number][end:].strip(_BLANKS + ":=.\u2013-")
            if not rest:
                # A table of a PDF often has its values below their names.
                rest = next((line for line in lines[number + 1 : number + 3] if line.strip()), "")
            value = read_value(rest.strip(), schema)
            if value is not None and value not in found:
                found.append(value)
            if len(found) >= _MOST_HITS:
                return found
    return found


def _places(label: str, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where *label* stands as whole words: the number of the line, and its end there."""
    if not label:
        return
    for number, line in enumerate(lines):
        start = line.find(label)
        if start < 0:
            continue
        end = start + len(label)
        before, after = line[max(0, start - 1) : start], line[end : end + 1]
        is_begun = before.isalnum() or before == "-"
        if not is_begun and not (label[-1].isalnum() and after.isalnum()):
            yield number, end


def read_value(text: str, schema: Mapping[str, Any]) -> JSON:
    """Return what *text* begins with, of the kind that *schema* says; None: nothing of it."""
    choices = schema.get("enum")
    if isinstance(choices, list):
        return next((one for one in choices if folded(text).startswith(folded(str(one)))), None)
    kinds = _kinds(schema)
    if kinds & {"number", "integer"}:
        number = next(numbers_in(text[:_LONGEST_VALUE]), None)
        if number is None or (number != int(number) and "number" not in kinds):
            return None
        return int(number) if number == int(number) else number
    if "boolean" in kinds:
        word = folded(text).strip().split(" ", 1)[0].strip(".,;")
        return True if word in _YES else False if word in _NO else None
    if "string" not in kinds:
        return None
    if schema.get("format") == "date":
        found = next(dates_in(text[:_LONGEST_VALUE]), None)
        return None if found is None else found.isoformat()
    return re.split(r"\t|\||  ", text, maxsplit=1)[0].strip()[:_LONGEST_VALUE] or None


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type", "string")
    return {str(one) for one in kind} if isinstance(kind, list) else {str(kind)}


def numbers_in(text: str) -> Iterator[float]:
    """Yield the numbers in *text*, written the French or the English way."""
    for found in _NUMBER.finditer(text):
        yield _number(found[0])


def _number(written: str) -> float:
    sign = -1.0 if written[0] in "-\u2212" else 1.0
    digits = re.sub(r"[^\d.,]", "", written)
    comma, dot = digits.rfind(","), digits.rfind(".")
    mark = max(comma, dot)
    groups = digits.count(digits[mark]) if mark >= 0 else 0
    # Three digits after the only sign are thousands, except after a zero: 1,450 and 0,125.
    is_thousands = min(comma, dot) < 0 and (
        groups > 1 or (len(digits) - mark == 4 and digits[:mark].strip("0") != "")
    )
    whole = digits if mark < 0 or is_thousands else digits[:mark]
    part = "" if mark < 0 or is_thousands else digits[mark + 1 :]
    value = sign * float(f"{re.sub(r'[.,]', '', whole) or '0'}.{part or '0'}")
    return value if math.isfinite(value) else 0.0


def dates_in(text: str) -> Iterator[date]:
    """Yield the dates in *text*: 2026-03-12, 12/03/2026, 12 mars 2026, 12 March 2026."""
    for found in _ISO.finditer(text):
        yield from _date(found[1], found[2], found[3])
    for found in _DAY_FIRST.finditer(text):
        yield from _date(found[3], found[2], found[1])
    for found in _NAMED.finditer(folded(text)):
        for number, names in enumerate(_MONTHS, 1):
            if found[2].startswith(names):
                yield from _date(found[3], str(number), found[1])
                break


def _date(year: str, month: str, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return

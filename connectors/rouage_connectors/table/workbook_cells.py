"""Cells of a workbook: what they say, and how a value is written into one."""

import copy
import json
import re
from datetime import date, datetime, time
from typing import Any, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.extras import require
from rouage_connectors.table.values import as_date, told

LONGEST_CELL: Final = 32_767
MOST_DIGITS: Final = 15
# Formats 14 and 22: spreadsheets show them in the order of their owner's country.
_SHORT_DATE: Final = "mm-dd-yy"
_SHORT_MOMENT: Final = "m/d/yy h:mm"
CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")
FIRST_YEAR: Final = 1901
"""Spreadsheets count days from 1900, and wrongly at first: older dates are texts."""

_LONG_CELL: Final = Text(
    "a cell of a workbook holds {limit} characters at most; this text has {length}",
    "une case d’un classeur contient {limit} caractères au plus ; ce texte en a {length}",
)


def plain(value: Any) -> JSON:
    """Return the value of a cell as recipes get it."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        has_time = value.time() != time()
        return told(value) if has_time else told(value.date())
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**MOST_DIGITS else value
    return str(value)


def put(cell: Any, value: JSON, *, raw: bool) -> None:
    """Write *value* into *cell*: numbers and dates as such, texts never as formulas unless *raw*.

    Raises:
        StepError: the text is too long for a cell.
    """
    if cell.quotePrefix:
        cell.quotePrefix = False
    if value is None or isinstance(value, bool | int | float):
        # A spreadsheet holds 15 digits of a number: a longer one would change.
        is_long = isinstance(value, int) and abs(value) >= 10**MOST_DIGITS
        cell.value = str(value) if is_long else value
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    found = None if raw else as_date(text)
    if found is None:
        put_text(cell, text, raw=raw)
    elif found.year < FIRST_YEAR:
        put_text(cell, text)
    else:
        _put_date(cell, found)


def put_text(cell: Any, text: str, *, raw: bool = False) -> None:
    """Write *text* into *cell*; a formula remains a text unless *raw*."""
    if len(text) > LONGEST_CELL:
        raise StepError(_LONG_CELL, limit=LONGEST_CELL, length=len(text))
    cell.value = CONTROLS.sub("\ufffd", text)
    if raw:
        return
    cell.data_type = "s"
    # So that it stays a text when somebody edits the cell.
    cell.quotePrefix = text[:1] in FORMULA_STARTS and text != ""


def _put_date(cell: Any, found: date | datetime) -> None:
    form, was_date = cell.number_format, cell.is_date
    is_moment = isinstance(found, datetime)
    cell.value = found.replace(tzinfo=None) if isinstance(found, datetime) else found
    if was_date:
        cell.number_format = form
    else:
        cell.number_format = _SHORT_MOMENT if is_moment else _SHORT_DATE


def look_like(cell: Any, other: Any) -> None:
    """Give *cell* the style of *other*."""
    if other.has_style:
        # The one place where openpyxl keeps the whole style of a cell.
        cell._style = copy.copy(other._style)


def move(source: Any, target: Any) -> None:
    """Copy *source* to *target*; references of a formula to cells of its own row follow."""
    target.value = source.value
    if source.data_type == "f" and isinstance(source.value, str):
        translator = require("openpyxl.formula.translate", "table").Translator
        moved = translator(source.value, origin=source.coordinate)
        target.value = moved.translate_formula(target.coordinate)
    target.data_type = source.data_type
    look_like(target, source)
    target.comment = copy.copy(source.comment)
    target.hyperlink = None if source.hyperlink is None else source.hyperlink.target


def clear(cell: Any) -> None:
    """Empty *cell*; its style stays."""
    cell.value = cell.comment = None
    if cell.hyperlink is not None:
        cell.hyperlink = None


def stretched(ref: str, head: int, last: int, by: int) -> str | None:
    """Return the range *ref* with *by* rows more; None if it does not span these rows.

    It begins at the names in the row *head*; *last* is the last row before the change.
    """
    cells = require("openpyxl.utils.cell", "table")
    left, top, right, bottom = cells.range_boundaries(ref)
    if top != head or bottom < last:
        return None
    end = max(bottom, last + by) if by > 0 else bottom + by
    letters = cells.get_column_letter
    # A table object keeps one row even when all are gone.
    return f"{letters(left)}{top}:{letters(right)}{max(end, head + 1)}"

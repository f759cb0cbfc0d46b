"""CSV as spreadsheets write it: recognise it, read it, and write cells that stay harmless.

Nothing in the standard says which encoding, separator or decimal mark a CSV has. French
spreadsheets use semicolons, cp1252 or UTF-8 with a mark at the front, and decimal commas.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.names import shown
from rouage.sdk.json import JSON

SEPARATORS: Final = (";", ",", "\t", "|")
BOM: Final = b"\xef\xbb\xbf"
_CELL_CHARACTERS: Final = 1 << 20

# What makes a spreadsheet take a text for a formula (security S-47), full-width forms too.
_FORMULA: Final = re.compile("[=+\\-@\t\r\n\0＝＋－＠]")
_SIGNED_NUMBER: Final = re.compile(r"[+-]\d{1,30}(?:[.,]\d{1,30})?", re.ASCII)

_UTF16: Final = Text(
    "this table is in UTF-16; save it as CSV UTF-8",
    "ce tableau est en UTF-16 ; enregistrez-le en CSV UTF-8",
)
_UNREADABLE: Final = Text(
    "this is not a readable CSV table: {reason}", "ce n’est pas un tableau CSV lisible : {reason}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How a table is written. `decimal` is the mark between units and tenths."""

    separator: str = ";"
    encoding: str = "utf-8"
    newline: str = "\n"
    decimal: str = ","


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text of *data* and its encoding: UTF-8, or else cp1252.

    Raises:
        StepError: it is UTF-16.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StepError(_UTF16)
    try:
        return data.removeprefix(BOM).decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        # cp1252 leaves five bytes without meaning; one of them must not stop a table.
        return data.decode("cp1252", errors="replace"), "cp1252"


def separator_of(text: str) -> str | None:
    """Return the separator of the first line of *text*, or None if it has one column."""
    line = re.sub(r'"[^"]*"', "", text[:65_536]).partition("\n")[0]
    best = max(SEPARATORS, key=line.count)
    return best if best in line else None


def records(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the records of *text*; empty lines are left out.

    Raises:
        StepError: a quote is not closed, or a cell is too long.
    """
    import csv  # 7 ms that the start of the daemon does not need
    import io

    csv.field_size_limit(_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for record in reader:
            if record:
                yield record
    except csv.Error as error:
        raise StepError(_UNREADABLE, reason=f"{error} ({reader.line_num})") from None


def line_of(cells: Iterable[str], dialect: Dialect) -> str:
    """Return one line of a table, quoted where needed, with its line break."""
    quoted = (_quoted(cell, dialect.separator) for cell in cells)
    return dialect.separator.join(quoted) + dialect.newline


def cell_of(value: JSON, dialect: Dialect, *, raw: bool = False) -> str:
    """Return *value* as a cell: numbers in the dialect's way, texts made harmless unless *raw*."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value, dialect.decimal)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if raw else harmless(text)


def harmless(text: str) -> str:
    """Return *text* so that no spreadsheet takes it for a formula; a signed number is left."""
    text = text.replace("\0", "�")
    if _FORMULA.match(text) is None or _SIGNED_NUMBER.fullmatch(text) is not None:
        return text
    return "'" + text


def encoded_line(line: str, encoding: str) -> bytes:
    """Return *line* as bytes; what *encoding* lacks becomes “?”, odd bytes become escapes."""
    try:
        return line.encode(encoding)
    except UnicodeEncodeError:
        visible = re.sub("[\ud800-\udfff]", lambda found: shown(found.group()), line)
        return visible.encode(encoding, errors="replace")


def rows_as_objects(
    found: Iterator[list[str]], columns: Sequence[str]
) -> Iterator[dict[str, JSON]]:
    """Yield each record by column name; missing cells are empty, extra ones are dropped."""
    for record in found:
        padded = record + [""] * (len(columns) - len(record))
        yield dict(zip(columns, padded, strict=False))


def _number(value: float, decimal: str) -> str:
    text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return text.replace(".", decimal)


def _quoted(cell: str, separator: str) -> str:
    if separator in cell or '"' in cell or "\n" in cell or "\r" in cell or cell != cell.strip():
        return '"' + cell.replace('"', '""') + '"'
    return cell

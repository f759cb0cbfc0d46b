"""Rows at the end of a plain sheet, added to its XML: the rows before them are not parsed.

Opening a workbook of a thousand rows to add one costs a hundred times the row. A sheet without
formulas, filters and table objects needs none of that: the new rows go where the rows end, in
the styles of the last one, and every other part of the file is copied. Whatever is not as plain
as that says so (`NotPlain`), and the whole workbook is opened instead.
"""

import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rouage.sdk import JSON
from rouage.sdk.extras import require
from rouage_connectors.table.columns import Columns, fold
from rouage_connectors.table.rows import Style
from rouage_connectors.table.values import as_date
from rouage_connectors.table.workbook_cells import (
    CONTROLS,
    FIRST_YEAR,
    FORMULA_STARTS,
    LONGEST_CELL,
    MOST_DIGITS,
)
from rouage_connectors.table.workbook_check import check_archive

if TYPE_CHECKING:
    import zipfile

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SEARCHED_ROWS: Final = 50
_DIMENSION: Final = re.compile(rb'(<dimension ref="[A-Z]+\d+:[A-Z]+)\d+(")')
_NOT_PLAIN: Final = (b"<tableParts", b"<autoFilter", b"<f>", b"<f ", b"<f/")
_FIRST_DAY: Final = date(1899, 12, 30).toordinal()
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_DAYS: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


class NotPlain(Exception):  # noqa: N818 - a signal: the whole workbook must be opened
    """The sheet, or a value, needs more than a row of XML."""


class SheetTail:
    """The end of one sheet of the workbook *data*, to which rows are added.

    Raises:
        NotPlain: the sheet needs more than that.
    """

    def __init__(self, data: bytes, file: str, style: Style) -> None:
        import zipfile

        check_archive(data, file)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self._part = _part_of(archive, style.sheet)
                _refuse_formulas(archive)
                self._xml = archive.read(self._part)
                self._read_head(archive)
                self._formats = _formats_of(archive)
        except (KeyError, ValueError, IndexError, SyntaxError, zipfile.BadZipFile) as error:
            raise NotPlain from error
        self._data, self._style = data, style
        self.columns = Columns(self._names, file)
        self._new: list[bytes] = []

    def _read_head(self, archive: "zipfile.ZipFile") -> None:
        """Find the names of the columns, and the last row with its styles."""
        xml = self._xml
        if not all(word in xml for word in (b"<worksheet", b"<row ", b"</sheetData>")):
            raise NotPlain
        end = 0
        for _ in range(_SEARCHED_ROWS):
            found = xml.find(b"</row>", end)
            if found < 0:
                break
            end = found + len(b"</row>")
        head = _parsed(xml[:end] + b"</sheetData></worksheet>")
        shared = _Shared(archive)
        self._head, self._names = _names_in(head.iter(f"{_MAIN}row"), shared)
        start = xml.rfind(b"<row ")
        last = xml[start : xml.rindex(b"</sheetData>")]
        row = next(iter(_parsed(_wrapped(last))))
        self._last = int(row.get("r", ""))
        self._styles: dict[int, str] = {}
        if self._last > self._head:
            cells = {_place(cell): cell for cell in row if _place(cell) < len(self._names)}
            if not any(len(cell) for cell in cells.values()):
                raise NotPlain  # an empty row with borders: the rows end above it
            self._styles = {place: cell.get("s", "") for place, cell in cells.items()}
        elif self._last < self._head:
            raise NotPlain

    def read(self) -> Iterator[Sequence[JSON]]:
        """Say that this knows no rows but the new ones."""
        raise NotPlain

    def change(self, number: int, cells: Mapping[int, JSON]) -> bool:
        """Say that this changes no rows."""
        del number, cells
        raise NotPlain

    def remove(self, numbers: Collection[int]) -> None:
        """Say that this removes no rows."""
        del numbers
        raise NotPlain

    def add(self, cells: Mapping[int, JSON]) -> int:
        """Add a row, which looks like the one above it."""
        self._last += 1
        parts = [f'<row r="{self._last}">']
        for position, name in enumerate(self.columns.names):
            style = self._styles.get(position, "")
            value = cells.get(position)
            if value is not None and self._style.is_raw(name):
                raise NotPlain
            attributes = f'r="{_letters(position)}{self._last}"' + (style and f' s="{style}"')
            content = self._content(value, style)
            if content or style:
                parts.append(f"<c {attributes}{content or '/>'}")
        self._new.append("".join([*parts, "</row>"]).encode("utf-8"))
        return self._last - self._head

    def _content(self, value: JSON, style: str) -> str:
        """Return what follows the attributes of a cell."""
        if value is None:
            return ""
        form = self._format(style)
        if isinstance(value, bool):
            return f' t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return _number_content(value, form)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return _text_content(text, form)

    def _format(self, style: str) -> "_Format":
        if not style:
            return _Format()
        if not style.isdigit() or int(style) >= len(self._formats):
            raise NotPlain
        return self._formats[int(style)]

    def save(self, file: BinaryIO) -> None:
        """Write the workbook: this sheet with its new rows, all other parts as they are."""
        import zipfile

        at = self._xml.rindex(b"</sheetData>")
        front = _DIMENSION.sub(rb"\g<1>%d\g<2>" % self._last, self._xml[:at], count=1)
        sheet = b"".join([front, *self._new, self._xml[at:]])
        with (
            zipfile.ZipFile(io.BytesIO(self._data)) as old,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for part in old.infolist():
                content = sheet if part.filename == self._part else old.read(part)
                new.writestr(part, content, compress_type=zipfile.ZIP_DEFLATED)


class _Format:
    """What the style of a cell means for its value."""

    def __init__(self, *, is_date: bool = False, is_quoted: bool = False) -> None:
        self.is_date, self.is_quoted = is_date, is_quoted


def _number_content(value: float, form: _Format) -> str:
    is_long = isinstance(value, int) and abs(value) >= 10**MOST_DIGITS
    if is_long or form.is_quoted or value - value != 0:  # the last: endless, or no number
        raise NotPlain
    return f"><v>{value!r}</v></c>"


def _text_content(text: str, form: _Format) -> str:
    found = as_date(text)
    if found is not None and found.year >= FIRST_YEAR:
        if not form.is_date:
            raise NotPlain
        return f"><v>{_serial(found)!r}</v></c>"
    if len(text) > LONGEST_CELL or (text[:1] in FORMULA_STARTS and not form.is_quoted):
        raise NotPlain
    clean = escape(CONTROLS.sub("\ufffd", text), quote=False).replace("\r", "&#13;")
    return f' t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'


class _Shared:
    """The texts that cells share, read with the first one that is asked for."""

    def __init__(self, archive: "zipfile.ZipFile") -> None:
        self._archive = archive
        self._texts: list[str] | None = None

    def text(self, number: int) -> str:
        if self._texts is None:
            root = _parsed(self._archive.read("xl/sharedStrings.xml"))
            self._texts = [_text_in(one) for one in root.iter(f"{_MAIN}si")]
        return self._texts[number]


def _parsed(data: bytes) -> Any:
    return require("defusedxml.ElementTree", "table").fromstring(data)


def _wrapped(rows: bytes) -> bytes:
    return b'<x xmlns="%s" xmlns:x14ac="x">%s</x>' % (_MAIN[1:-1].encode(), rows)


def _part_of(archive: "zipfile.ZipFile", wanted: str | None) -> str:
    """Return the name of the part that holds the sheet."""
    book = _parsed(archive.read("xl/workbook.xml"))
    if any(one.get("date1904") in {"1", "true"} for one in book.iter(f"{_MAIN}workbookPr")):
        raise NotPlain
    links = _parsed(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target", "") for one in links}
    for sheet in book.iter(f"{_MAIN}sheet"):
        name = sheet.get("name", "")
        if wanted is None or name == wanted or fold(name) == fold(wanted):
            target = targets[sheet.get(_ID)]
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise NotPlain


def _refuse_formulas(archive: "zipfile.ZipFile") -> None:
    """Refuse where results would be out of date, or a table or a filter would not grow."""
    for part in archive.infolist():
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            xml = archive.read(part)
            if any(word in xml for word in _NOT_PLAIN):
                raise NotPlain


def _names_in(rows: Iterator[Any], shared: _Shared) -> tuple[int, list[str]]:
    """Return the row of the names: the first with two cells, as titles have one."""
    first: tuple[int, list[str]] | None = None
    for row in rows:
        names: list[str] = []
        for cell in row:
            text = _text_of(cell, shared)
            if text:
                names += [""] * (_place(cell) - len(names)) + [text]
        if first is None and names:
            first = int(row.get("r")), names
        if sum(map(bool, names)) > 1:
            return int(row.get("r")), names
    if first is None:
        raise NotPlain
    return first


def _text_of(cell: Any, shared: _Shared) -> str:
    kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v") or ""
    if kind == "s" and value:
        return shared.text(int(value)).strip()
    if kind == "inlineStr":
        return _text_in(cell).strip()
    if value and (kind != "str") and not value.isdigit():
        raise NotPlain  # a name that is a date or a number
    return value.strip()


def _text_in(element: Any) -> str:
    return "".join(one.text or "" for one in element.iter(f"{_MAIN}t"))


def _formats_of(archive: "zipfile.ZipFile") -> list[_Format]:
    root = _parsed(archive.read("xl/styles.xml"))
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in root.iter(f"{_MAIN}numFmt")}
    cells = root.find(f"{_MAIN}cellXfs")
    return [
        _Format(
            is_date=_is_date(one.get("numFmtId", "0"), own),
            is_quoted=one.get("quotePrefix") in {"1", "true"},
        )
        for one in (() if cells is None else cells)
    ]


def _is_date(number: str, own: Mapping[str | None, str]) -> bool:
    if number in own:
        return any(letter in _DAYS.sub("", own[number]).lower() for letter in "dmy")
    return int(number) in _DATE_FORMATS


def _place(cell: Any) -> int:
    """Return the position of a cell, from 0 on, of its name such as C5."""
    place = 0
    for letter in cell.get("r", ""):
        if not letter.isalpha():
            break
        place = place * 26 + ord(letter) - 64
    if not place:
        raise NotPlain
    return place - 1


def _letters(position: int) -> str:
    letters, left = "", position + 1
    while left:
        left, rest = divmod(left - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _serial(found: date | datetime) -> int | float:
    days = found.toordinal() - _FIRST_DAY
    if not isinstance(found, datetime):
        return days
    return days + (found.hour * 3600 + found.minute * 60 + found.second) / 86_400

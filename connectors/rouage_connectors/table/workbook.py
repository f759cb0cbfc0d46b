"""An XLSX workbook: styles, formulas and other sheets stay; what would be lost is refused."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import shown
from rouage_connectors.table.columns import Columns, fold
from rouage_connectors.table.rows import Style
from rouage_connectors.table.values import is_same
from rouage_connectors.table.where import NO_RESULT
from rouage_connectors.table.workbook_cells import (
    clear,
    look_like,
    move,
    plain,
    put,
    put_text,
    stretched,
)
from rouage_connectors.table.workbook_check import check_archive, check_keeps, unreadable

_NEW_SHEET: Final = "Sheet1"
_SEARCHED_ROWS: Final = 50
"""The names of the columns stand in one of the first rows."""

_NO_SHEET: Final = Text(
    "{file} has no sheet “{sheet}”; its sheets are: {sheets}",
    "{file} n’a pas de feuille « {sheet} » ; ses feuilles sont : {sheets}",
)
_TOTALS: Final = Text(
    "the table “{name}” of {file} ends with a row of totals: no row can be added or removed",
    "le tableau « {name} » de {file} finit par une ligne de totaux : aucune ligne ne peut être "
    "ajoutée ni retirée",
)
_TOTALS_HINT: Final = Text(
    "switch the row of totals off in your spreadsheet program",
    "désactivez la ligne de totaux dans votre tableur",
)
_MERGED: Final = Text(
    "{file} has merged cells in the rows that would move",
    "{file} a des cases fusionnées dans les lignes qui bougeraient",
)
_MERGED_HINT: Final = Text(
    "split them in your spreadsheet program", "défusionnez-les dans votre tableur"
)


class WorkbookRows:
    """The rows of one sheet of the workbook with the content *data*; None makes a new one."""

    def __init__(
        self, data: bytes | None, file: str, style: Style, *, writes: bool = False
    ) -> None:
        self._file, self._data, self._results = file, data, None
        if data is None:
            self._book = require("openpyxl", "table").Workbook()
            self._sheet = self._book.active
            self._sheet.title = style.sheet or _NEW_SHEET
            for place, name in enumerate(style.columns, 1):
                put_text(self._sheet.cell(1, place), name)
            self._head, names = 1, list(style.columns)
        else:
            check_archive(data, file)
            if writes:
                check_keeps(data, file)
            self._book = _loaded(data, file)
            self._sheet = self._sheet_of(self._book, style.sheet)
            self._head, names = self._find_names(style)
        self.columns = Columns(names, file)
        self._width = len(names)
        self._count = self._last_row() - self._head
        self._raw = {place for place, name in enumerate(names) if style.is_raw(name)}

    def _sheet_of(self, book: Any, wanted: str | None) -> Any:
        sheets = {one.title: one for one in book.worksheets}
        if wanted is None and sheets:
            return next(iter(sheets.values()))
        for title, sheet in sheets.items():
            if wanted is not None and (title == wanted or fold(title) == fold(wanted)):
                return sheet
        raise StepError(
            _NO_SHEET,
            file=shown(self._file),
            sheet=shown(wanted or ""),
            sheets=shown(", ".join(sheets)[:500]),
        )

    def _find_names(self, style: Style) -> tuple[int, list[str]]:
        """Return the row of the names: the first with two cells, as titles have one."""
        first: tuple[int, list[str]] | None = None
        last = min(self._sheet.max_row, _SEARCHED_ROWS)
        for number in range(1, last + 1):
            cells = [cell.value for cell in self._sheet[number]]
            names = ["" if value is None else str(value).strip() for value in cells]
            while names and not names[-1]:
                names.pop()
            if first is None and names:
                first = number, names
            if sum(map(bool, names)) > 1:
                return number, names
        if first is not None:
            return first
        for place, name in enumerate(style.columns, 1):
            put_text(self._sheet.cell(1, place), name)
        return 1, list(style.columns)

    def _last_row(self) -> int:
        """Return the last row that holds something below the names; empty styled ones do not."""
        for number in range(self._sheet.max_row, self._head, -1):
            for place in range(1, self._width + 1):
                if self._sheet.cell(number, place).value not in {None, ""}:
                    return number
        return self._head

    def read(self) -> Iterator[Sequence[JSON]]:
        """Yield the cells of each row."""
        for number in range(self._head + 1, self._head + self._count + 1):
            cells = (self._sheet.cell(number, place) for place in range(1, self._width + 1))
            yield [self._value(cell) for cell in cells]

    def _value(self, cell: Any) -> JSON:
        if cell.data_type == "f":
            result = plain(self._result_sheet().cell(cell.row, cell.column).value)
            missing: JSON = NO_RESULT
            return missing if result is None else result
        return plain(cell.value)

    def _result_sheet(self) -> Any:
        """Return the sheet with the results that the spreadsheet program left in the file."""
        if self._results is None:
            assert self._data is not None  # noqa: S101 - a new workbook has no formula
            book = _loaded(self._data, self._file, data_only=True)
            self._results = self._sheet_of(book, self._sheet.title)
        return self._results

    def add(self, cells: Mapping[int, JSON]) -> int:
        """Add a row, which looks like the one above it."""
        number = self._head + self._count + 1
        self._stretch(1)
        for position in range(self._width):
            cell = self._sheet.cell(number, position + 1)
            if self._count:
                look_like(cell, self._sheet.cell(number - 1, position + 1))
            if position in cells:
                put(cell, cells[position], raw=position in self._raw)
        self._count += 1
        return self._count

    def change(self, number: int, cells: Mapping[int, JSON]) -> bool:
        """Give a row other cells."""
        is_changed = False
        for position, value in cells.items():
            cell = self._sheet.cell(self._head + number, position + 1)
            present = self._value(cell)
            if present is NO_RESULT or not is_same(present, value):
                put(cell, value, raw=position in self._raw)
                is_changed = True
        return is_changed

    def remove(self, numbers: Collection[int]) -> None:
        """Take rows out: those below move up, within the columns of the table alone."""
        gone = sorted(numbers)
        if not gone:
            return
        self._refuse_merged(self._head + gone[0])
        into = self._head + gone[0]
        left = set(gone)
        for number in range(gone[0], self._count + 1):
            if number not in left:
                self._move_row(self._head + number, into)
                into += 1
        for row in range(into, self._head + self._count + 1):
            for place in range(1, self._width + 1):
                clear(self._sheet.cell(row, place))
        self._stretch(-len(gone))
        self._count -= len(gone)

    def _refuse_merged(self, first: int) -> None:
        for merged in self._sheet.merged_cells.ranges:
            if merged.max_row >= first and merged.min_col <= self._width:
                raise StepError(_MERGED, hint=_MERGED_HINT, file=shown(self._file))

    def _move_row(self, source: int, target: int) -> None:
        for place in range(1, self._width + 1):
            move(self._sheet.cell(source, place), self._sheet.cell(target, place))

    def _stretch(self, by: int) -> None:
        """Let the table object and the filter over these rows follow their number."""
        last = self._head + self._count
        for table in self._sheet.tables.values():
            ref = stretched(table.ref, self._head, last, by)
            if ref is None:
                continue
            if table.totalsRowCount:
                facts = {"name": shown(table.displayName), "file": shown(self._file)}
                raise StepError(_TOTALS, hint=_TOTALS_HINT, **facts)
            table.ref = ref
            if table.autoFilter is not None:
                table.autoFilter.ref = ref
        own = self._sheet.auto_filter
        ref = stretched(own.ref, self._head, last, by) if own.ref else None
        if ref is not None:
            own.ref = ref

    def save(self, file: BinaryIO) -> None:
        """Write the whole workbook."""
        self._book.save(file)


def _loaded(data: bytes, file: str, *, data_only: bool = False) -> Any:
    """Return the workbook in *data*; openpyxl meets broken ones with many kinds of error."""
    openpyxl = require("openpyxl", "table")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what would be lost was refused before
            return openpyxl.load_workbook(BytesIO(data), data_only=data_only)
    except MemoryError:
        raise
    except Exception as error:
        raise unreadable(file) from error

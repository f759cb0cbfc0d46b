"""A CSV file as a whole: lines that nobody changes stay byte for byte as they are."""

import codecs
from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass
from rouage.sdk.tables import (
    BOM,
    Dialect,
    cell_of,
    decoded,
    encoded_line,
    harmless,
    line_of,
    separator_of,
)
from rouage_connectors.table.columns import Columns
from rouage_connectors.table.rows import Style
from rouage_connectors.table.values import (
    DateManner,
    as_date,
    date_manner_of,
    decimal_of,
    is_same,
    read_date,
    read_number,
    told,
)

MOST_BYTES: Final = 64 << 20
_LOOKED_AT: Final = 1_000
"""Rows that tell the manner of a column."""

_TOO_LARGE: Final = Text(
    "{file} is larger than {limit} MiB: start a new table",
    "{file} dépasse {limit} Mio : commencez un nouveau tableau",
)
_UNREADABLE: Final = Text(
    "{file} is not a readable CSV table: {reason}", "{file} n’est pas un CSV lisible : {reason}"
)


@dataclass(slots=True)
class _Record:
    """One record and how it stands in the file; `raw` is None once it was changed."""

    cells: list[str]
    raw: str | None


def new_dialect(style: Style) -> Dialect:
    """Return how a new file is written."""
    encoding = "cp1252" if style.encoding == "cp1252" else "utf-8"
    decimal = style.decimal
    if decimal == "auto":
        decimal = "," if style.separator == ";" else "."
    return Dialect(separator=style.separator, encoding=encoding, decimal=decimal)


def decimal_for(style: Style, separator: str, cells: Iterator[str]) -> str:
    """Return the decimal mark of a file: as told, as its cells show, or as its separator hints."""
    if style.decimal != "auto":
        return style.decimal
    return decimal_of(cells) or ("," if separator == ";" else ".")


def written(value: JSON, dialect: Dialect, manner: DateManner | None, *, raw: bool) -> str:
    """Return *value* as a cell of a column whose dates are written in *manner*."""
    if manner is not None:
        found = as_date(value)
        if found is not None:
            return manner.written(found)
    return cell_of(value, dialect, raw=raw)


class CsvRows:
    """The rows of the CSV file with the content *data*."""

    def __init__(self, data: bytes, file: str, style: Style) -> None:
        if len(data) > MOST_BYTES:
            raise StepError(_TOO_LARGE, file=shown(file), limit=MOST_BYTES >> 20)
        self._file = file
        self._front = BOM if data.startswith(BOM) else b""
        self._before: list[_Record] = []
        self._manners: dict[int, DateManner | None] = {}
        if not data.removeprefix(BOM).strip():
            self._begin(style, has_mark=bool(data) or style.encoding == "utf-8-sig")
        else:
            self._parse(data, style)
        self.columns = Columns(self._names.cells, file)
        names = self.columns.names
        self._raw = {place for place, name in enumerate(names) if style.is_raw(name)}
        # Empty lines stay where they are, and are no rows.
        self._rows = [one for one in self._records if one.cells]

    def _begin(self, style: Style, *, has_mark: bool) -> None:
        self._dialect = new_dialect(style)
        self._front = BOM if has_mark and self._dialect.encoding == "utf-8" else b""
        self._names = _Record([harmless(name) for name in style.columns], None)
        self._records: list[_Record] = []

    def _parse(self, data: bytes, style: Style) -> None:
        text, encoding = decoded(data)
        if encoding == "cp1252":
            # Bytes that mean nothing there come back as they were.
            text = codecs.decode(data, "cp1252", "surrogateescape")
        separator = separator_of(text) or new_dialect(style).separator
        found = list(self._split(text, separator))
        names = next((one for one in found if any(one.cells)), found[0])
        place = found.index(names)
        self._before = found[:place]
        self._names, self._records = names, found[place + 1 :]
        cells = (cell for one in self._records[:_LOOKED_AT] for cell in one.cells)
        self._dialect = Dialect(
            separator=separator,
            encoding=encoding,
            newline="\r\n" if "\r\n" in text else "\n",
            decimal=decimal_for(style, separator, cells),
        )

    def _split(self, text: str, separator: str) -> Iterator[_Record]:
        import csv  # 7 ms that the start of the daemon does not need
        import io

        lines = list(io.StringIO(text, newline=""))
        csv.field_size_limit(1 << 20)
        reader = csv.reader(iter(lines), delimiter=separator, strict=True)
        start = 0
        try:
            for cells in reader:
                raw = "".join(lines[start : reader.line_num])
                start = reader.line_num
                yield _Record(cells, raw)
        except csv.Error as error:
            reason = f"{error} ({reader.line_num})"
            raise StepError(_UNREADABLE, file=shown(self._file), reason=reason) from None

    def read(self) -> Iterator[list[JSON]]:
        """Yield the cells of each row."""
        width = len(self.columns.names)
        orders = [self._manner(position) for position in range(width)]
        for record in self._rows:
            cells = [
                self._typed(text, orders[position])
                for position, text in enumerate(record.cells[:width])
            ]
            yield cells + [None] * (width - len(cells))

    def _typed(self, text: str, manner: DateManner | None) -> JSON:
        text = text.strip()
        if not text:
            return None
        if text[0] == "'" and harmless(text[1:]) == text:
            return text[1:]  # made harmless when it was written
        number = read_number(text, self._dialect.decimal)
        if number is not None:
            return number
        found = read_date(text, manner.order) if manner is not None else None
        return text if found is None else told(found)

    def _manner(self, position: int) -> DateManner | None:
        if position not in self._manners:
            cells = (
                one.cells[position]
                for one in self._records[:_LOOKED_AT]
                if position < len(one.cells)
            )
            self._manners[position] = date_manner_of(cells)
        return self._manners[position]

    def add(self, cells: Mapping[int, JSON]) -> int:
        """Add a row at the end."""
        texts = [""] * len(self.columns.names)
        for position, value in cells.items():
            texts[position] = self._cell(position, value)
        record = _Record(texts, None)
        self._records.append(record)
        self._rows.append(record)
        return len(self._rows)

    def _cell(self, position: int, value: JSON) -> str:
        manner = self._manner(position)
        return written(value, self._dialect, manner, raw=position in self._raw)

    def change(self, number: int, cells: Mapping[int, JSON]) -> bool:
        """Give a row other cells."""
        record = self._rows[number - 1]
        is_changed = False
        for position, value in cells.items():
            record.cells += [""] * (position + 1 - len(record.cells))
            present = self._typed(record.cells[position], self._manner(position))
            if not is_same(present, value):
                record.cells[position] = self._cell(position, value)
                record.raw, is_changed = None, True
        return is_changed

    def remove(self, numbers: Collection[int]) -> None:
        """Take rows out."""
        gone = {id(self._rows[number - 1]) for number in numbers}
        self._records = [one for one in self._records if id(one) not in gone]
        self._rows = [one for one in self._rows if id(one) not in gone]

    def save(self, file: BinaryIO) -> None:
        """Write the whole table."""
        file.write(self._front)
        records = [*self._before, self._names, *self._records]
        for place, record in enumerate(records):
            raw = record.raw
            if raw is None:
                line = line_of(record.cells, self._dialect)
                file.write(self._encoded(line))
                continue
            is_last = place == len(records) - 1
            if not is_last and not raw.endswith(("\n", "\r")):
                raw += self._dialect.newline
            file.write(self._encoded(raw))

    def _encoded(self, line: str) -> bytes:
        if self._dialect.encoding == "cp1252":
            try:
                return line.encode("cp1252", "surrogateescape")
            except UnicodeEncodeError:
                pass
        return encoded_line(line, self._dialect.encoding)

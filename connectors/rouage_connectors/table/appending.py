"""The action `table.append`: rows at the end, in the way the table is already written.

A row of a CSV file is added without reading the rows before it, together with those that other
runs add at that moment; workbooks and databases are opened by a worker process.
"""

import asyncio
import codecs
import itertools
import os
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any, Final, Literal

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import Tail, shown
from rouage.sdk.records import dataclass
from rouage.sdk.tables import (
    BOM,
    Dialect,
    decoded,
    encoded_line,
    harmless,
    line_of,
    records,
    separator_of,
)
from rouage_connectors.table import edits
from rouage_connectors.table.acting import act, foresee
from rouage_connectors.table.columns import Columns
from rouage_connectors.table.csvfile import MOST_BYTES, decimal_for, new_dialect, written
from rouage_connectors.table.declaration import (
    FILE_TITLE,
    LIMITS,
    MOST_ROWS,
    RAW,
    RAW_TITLE,
    SHEET,
    SHEET_TITLE,
    connector,
    kind_of,
    needs_worker,
)
from rouage_connectors.table.office import refuse_open
from rouage_connectors.table.rows import Style
from rouage_connectors.table.undoing import table_undo
from rouage_connectors.table.values import DateManner, date_manner_of

_CHUNK: Final = 256 << 10
_SAMPLE: Final = 200
"""Rows whose cells tell how dates and numbers are written."""

_NO_CELLS: Final = Text("the row has no cell", "la ligne n’a aucune case")
_ONE: Final = Text(
    "give either `row` or `rows`, not both", "donnez soit `row`, soit `rows` : l’un des deux"
)
_NO_LIST: Final = Text(
    "`rows` is a list of rows, each with its cells by column name",
    "`rows` est une liste de lignes, chacune avec ses cases par nom de colonne",
)
_MANY: Final = Text("`rows` holds more than {limit} rows", "`rows` contient plus de {limit} lignes")
_TOO_LARGE: Final = Text(
    "{file} is larger than {limit} MiB: start a new table",
    "{file} dépasse {limit} Mio : commencez un nouveau tableau",
)


@params
class Row:
    """Which table, and the cells of the new row."""

    file: str = param(
        Text(
            "The .csv, .xlsx, .db or .sqlite file; it is made, with its columns, if it is missing.",
            "Le fichier .csv, .xlsx, .db ou .sqlite ; il est créé, avec ses colonnes, s’il "
            "n’existe pas.",
        ),
        title=FILE_TITLE,
        format="path",
        examples=["files/register.csv"],
    )
    row: dict[str, JSON] = param(
        Text("The cells, by column name.", "Les cases, par nom de colonne."),
        title=Text("Row", "Ligne"),
        default={},
        examples=[{"Date": "2026-01-15", "Total": 12.5}],
    )
    rows: JSON = param(
        Text(
            "Several rows at once, in place of `row`.",
            "Plusieurs lignes à la fois, à la place de `row`.",
        ),
        title=Text("Rows", "Lignes"),
        default=None,
        examples=[[{"Date": "2026-01-15"}, {"Date": "2026-01-16"}]],
    )
    sheet: str | None = param(SHEET, title=SHEET_TITLE, default=None, examples=["2026"])
    separator: Literal[";", ",", "tab"] = param(
        Text(
            "Between the cells of a new CSV file; a file that exists keeps its own.",
            "Entre les cases d’un nouveau CSV ; un fichier existant garde le sien.",
        ),
        title=Text("Separator", "Séparateur"),
        default=";",
    )
    encoding: Literal["utf-8-sig", "utf-8", "cp1252"] = param(
        Text(
            "Of a new CSV file. utf-8-sig is what spreadsheets recognise; a file that exists "
            "keeps its own.",
            "D’un nouveau CSV. utf-8-sig est ce que les tableurs reconnaissent ; un fichier "
            "existant garde le sien.",
        ),
        title=Text("Encoding", "Encodage"),
        default="utf-8-sig",
    )
    decimal: Literal["auto", ",", "."] = param(
        Text(
            "The decimal mark of numbers in a CSV; auto is the one that the file shows, else a "
            "comma where the separator is “;”.",
            "Le signe décimal des nombres d’un CSV ; auto prend celui du fichier, sinon une "
            "virgule quand le séparateur est « ; ».",
        ),
        title=Text("Decimal mark", "Signe décimal"),
        default="auto",
    )
    raw: list[str] = param(RAW, title=RAW_TITLE, default=[])


@dataclass(slots=True)
class _Table:
    """What is known of a table while nobody else changes its file."""

    columns: Columns
    dialect: Dialect
    rows: int
    manners: dict[int, DateManner | None] = field(default_factory=dict)


def _rows_of(params: Row) -> list[dict[str, JSON]]:
    """Return the rows to add.

    Raises:
        StepError: there are none, too many, or the file is no table.
    """
    kind_of(params.file)
    if params.row and params.rows is not None:
        raise StepError(_ONE)
    given = [params.row] if params.rows is None else params.rows
    if not isinstance(given, list):
        raise StepError(_NO_LIST)
    rows = [row for row in given if isinstance(row, dict)]
    if len(rows) < len(given):
        raise StepError(_NO_LIST)
    if len(rows) > MOST_ROWS:
        raise StepError(_MANY, limit=MOST_ROWS)
    if not rows or not all(rows):
        raise StepError(_NO_CELLS)
    return rows


def _style(params: Row) -> Style:
    separator = "\t" if params.separator == "tab" else params.separator
    return Style(
        columns=tuple(dict.fromkeys(itertools.chain.from_iterable(_rows_of(params)))),
        sheet=params.sheet,
        raw=tuple(params.raw),
        separator=separator,
        encoding=params.encoding,
        decimal=params.decimal,
        adds_only=True,
    )


async def simulate_append(params: Row, context: Context) -> JSON:
    """Return what `append` would return, touching nothing."""
    rows = _rows_of(params)
    if kind_of(params.file) != "csv":
        told = await foresee(context, params, _style(params), edits.appending(rows), is_new=True)
        return {"row_number": told["row_number"]}

    def look() -> JSON:
        path = context.files.check(params.file, "write")
        if not path.exists():
            path = Path(os.devnull)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        else:
            with context.files.open_read(path) as file:
                descriptor = os.dup(file.fileno())
        try:
            _, told = _compose(params, Tail(descriptor, os.fstat(descriptor).st_size, {}))
        finally:
            os.close(descriptor)
        return {"row_number": told[0]}

    return await asyncio.to_thread(look)


@connector.action(
    "append",
    title=Text("Add rows to a table", "Ajouter des lignes à un tableau"),
    about=Text(
        "Add a row, or several, at the end of a table.",
        "Ajoute une ligne, ou plusieurs, à la fin d’un tableau.",
    ),
    effect="local",
    unit="rows",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "row_number": {
                "type": "integer",
                "description": "Of the last row; 1 for the first row below the names",
            }
        },
        "required": ["row_number"],
    },
    example={"file": "files/register.xlsx", "row": {"Name": "${{ event.file.name }}"}},
    describe=Text("add a row to {file}", "ajouter une ligne à {file}"),
    simulate=simulate_append,
    undo=table_undo(adds=True),
    isolated=needs_worker,
    limits=LIMITS,
)
async def append(params: Row, context: Context) -> JSON:
    """Add rows at the end of a table; those that arrive together are synced together."""
    rows = _rows_of(params)
    if kind_of(params.file) != "csv":
        told = await act(context, params, _style(params), edits.appending(rows), is_new=True)
        return {"row_number": told["row_number"]}
    path = str(context.files.check(params.file, "write"))

    def compose(tail: Tail) -> tuple[bytes, Any]:
        refuse_open(path)
        return _compose(params, tail)

    noted: Any = await context.files.append(params.file, compose, key=context.idempotency_key)
    context.wrote(path)
    # A step that was noted by an earlier version told the number alone.
    return {"row_number": noted[0] if isinstance(noted, list) else noted}


def _compose(params: Row, tail: Tail) -> tuple[bytes, Any]:
    """Return the bytes of the rows as the present file needs them, and the number of the last."""
    table: _Table | None = tail.memory.get("table")
    front, is_new = b"", False
    if table is None:
        table = _read(params, tail)
        if table is None:
            table, is_new = _new(params), True
            names = [harmless(column) for column in table.columns.names]
            front = encoded_line(line_of(names, table.dialect), table.dialect.encoding)
            if params.encoding == "utf-8-sig" and not tail.size:
                front = BOM + front
    lines = [
        encoded_line(line_of(_cells(params, row, table), table.dialect), table.dialect.encoding)
        for row in _rows_of(params)
    ]
    if not tail.ends_line and not front:
        front = table.dialect.newline.encode()
    table.rows += len(lines)
    tail.memory["table"] = table
    # Undoing takes the rows out, and leaves the names of the columns to the rows of others.
    return front + b"".join(lines), [table.rows, len(front) if is_new else 0]


def _new(params: Row) -> _Table:
    style = _style(params)
    columns = Columns(style.columns, params.file)
    return _Table(columns=columns, dialect=new_dialect(style), rows=0)


def _read(params: Row, tail: Tail) -> _Table | None:
    """Return the table that is in the file, or None if the file is empty.

    Read piece by piece: the memory of the daemon must not depend on somebody's file.
    """
    if tail.size > MOST_BYTES:
        raise StepError(_TOO_LARGE, file=shown(params.file), limit=MOST_BYTES >> 20)
    front = tail.read(_CHUNK)
    if tail.size <= _CHUNK and not front.removeprefix(BOM).strip():
        return None
    facts = _survey(tail)
    whole = front if tail.size <= _CHUNK else front[: front.rfind(b"\n") + 1] or front
    text, _ = decoded(whole)
    if not facts.is_utf8:
        text = whole.decode("cp1252", errors="replace")
    style = _style(params)
    separator = separator_of(text) or style.separator
    names, sample = _head(text, separator)
    is_cp1252 = facts.is_ascii and params.encoding == "cp1252"
    dialect = Dialect(
        separator=separator,
        encoding="utf-8" if facts.is_utf8 and not is_cp1252 else "cp1252",
        newline="\r\n" if "\r\n" in text else "\n",
        decimal=decimal_for(style, separator, (cell for row in sample for cell in row)),
    )
    manners = {
        position: date_manner_of(row[position] for row in sample if position < len(row))
        for position in range(len(names))
    }
    columns = Columns(names, params.file)
    return _Table(columns=columns, dialect=dialect, rows=facts.records - 1, manners=manners)


def _head(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the first rows, as far as they are whole."""
    found = records(text, separator)
    names = next(found, [])
    sample: list[list[str]] = []
    with suppress(StepError):  # a row that ends beyond the first piece
        sample.extend(itertools.islice(found, _SAMPLE))
    return names, sample


@dataclass(slots=True)
class _Facts:
    """What a table that exists is like; `records` counts its line of names too."""

    is_ascii: bool = True
    is_utf8: bool = True
    records: int = 0


def _survey(tail: Tail) -> _Facts:
    """Count the records (line breaks outside quotes) and recognise the encoding."""
    facts, decoder = _Facts(), codecs.getincrementaldecoder("utf-8")()
    is_quoted, last = False, b""
    for offset in range(0, tail.size, _CHUNK):
        piece = tail.read(_CHUNK, offset)
        facts.is_ascii = facts.is_ascii and piece.isascii()
        if facts.is_utf8:
            try:
                decoder.decode(piece, final=offset + _CHUNK >= tail.size)
            except UnicodeDecodeError:
                facts.is_utf8 = False
        parts = piece.split(b'"')
        # Every second part lies outside quotes; joined, so that no loop runs over them.
        facts.records += b"".join(parts[int(is_quoted) :: 2]).count(b"\n")
        is_quoted ^= len(parts) % 2 == 0
        last = piece[-1:] or last
    facts.records += last != b"\n"
    return facts


def _cells(params: Row, row: dict[str, JSON], table: _Table) -> list[str]:
    cells, style = [""] * len(table.columns.names), Style(raw=tuple(params.raw))
    for position, value in table.columns.placed(row).items():
        raw = style.is_raw(table.columns.names[position])
        cells[position] = written(value, table.dialect, table.manners.get(position), raw=raw)
    return cells

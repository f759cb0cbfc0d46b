"""Tables: add rows to a CSV file, in the way the file is already written."""

import codecs
from dataclasses import dataclass
from typing import Any, Final, Literal

from rouage.sdk import JSON, Connector, Context, StepError, Text, param, params
from rouage.sdk.files import Tail, shown
from rouage.sdk.tables import (
    BOM,
    Dialect,
    cell_of,
    decoded,
    encoded_line,
    harmless,
    line_of,
    records,
    separator_of,
)

connector = Connector(
    "table",
    title=Text("Tables", "Tableaux"),
    about=Text(
        "Tables in CSV files: one row at a time.", "Tableaux en fichiers CSV : ligne par ligne."
    ),
)

_MOST_BYTES: Final = 64 << 20
_CHUNK: Final = 256 << 10

_NOT_CSV: Final = Text(
    "{file}: only CSV tables can be written here",
    "{file} : seuls les tableaux CSV peuvent être écrits ici",
)
_NOT_CSV_HINT: Final = Text("give the file a name in .csv", "donnez au fichier un nom en .csv")
_NO_CELLS: Final = Text("the row has no cell", "la ligne n’a aucune case")
_NO_COLUMN: Final = Text(
    "{file} has no column “{column}”; its columns are: {columns}",
    "{file} n’a pas de colonne « {column} » ; ses colonnes sont : {columns}",
)
_NO_COLUMN_HINT: Final = Text(
    "correct the name in `row`, or add the column to the first line of the file",
    "corrigez le nom dans `row`, ou ajoutez la colonne à la première ligne du fichier",
)
_TWICE: Final = Text(
    "{file} has two columns named “{column}”", "{file} a deux colonnes nommées « {column} »"
)
_TOO_LARGE: Final = Text(
    "{file} is larger than {limit} MiB: start a new table",
    "{file} dépasse {limit} Mio : commencez un nouveau tableau",
)


@params
class Row:
    """Which table, and the cells of the new row."""

    file: str = param(
        Text(
            "The CSV file; it is made, with its columns, if it is missing.",
            "Le fichier CSV ; il est créé, avec ses colonnes, s’il n’existe pas.",
        ),
        title=Text("File", "Fichier"),
        format="path",
        examples=["files/register.csv"],
    )
    row: dict[str, JSON] = param(
        Text("The cells, by column name.", "Les cases, par nom de colonne."),
        title=Text("Row", "Ligne"),
        examples=[{"Date": "2026-01-15", "Total": 12.5}],
    )
    separator: Literal[";", ",", "tab"] = param(
        Text(
            "Between the cells of a new file; a file that exists keeps its own.",
            "Entre les cases d’un nouveau fichier ; un fichier existant garde le sien.",
        ),
        title=Text("Separator", "Séparateur"),
        default=";",
    )
    encoding: Literal["utf-8-sig", "utf-8", "cp1252"] = param(
        Text(
            "Of a new file. utf-8-sig is what spreadsheets recognise; a file that exists keeps "
            "its own.",
            "D’un nouveau fichier. utf-8-sig est ce que les tableurs reconnaissent ; un fichier "
            "existant garde le sien.",
        ),
        title=Text("Encoding", "Encodage"),
        default="utf-8-sig",
    )
    decimal: Literal["auto", ",", "."] = param(
        Text(
            "The decimal mark of numbers; auto is a comma where the separator is “;”.",
            "Le signe décimal des nombres ; auto met une virgule quand le séparateur est « ; ».",
        ),
        title=Text("Decimal mark", "Signe décimal"),
        default="auto",
    )
    raw: list[str] = param(
        Text(
            "Columns whose texts are written as they are, even if a spreadsheet would take them "
            "for formulas.",
            "Colonnes dont les textes sont écrits tels quels, même si un tableur y verrait des "
            "formules.",
        ),
        title=Text("Raw columns", "Colonnes brutes"),
        default=[],
    )


@dataclass(slots=True)
class _Table:
    """What is known of a table while nobody else changes its file."""

    columns: list[str]
    dialect: Dialect
    rows: int


@connector.action(
    "append",
    title=Text("Add a row to a table", "Ajouter une ligne à un tableau"),
    about=Text("Add a row to a CSV table.", "Ajoute une ligne à un tableau CSV."),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "row_number": {"type": "integer", "description": "1 for the first row below the names"}
        },
        "required": ["row_number"],
    },
    example={"file": "files/register.csv", "row": {"Name": "${{ event.file.name }}"}},
    describe=Text("add a row to {file}", "ajouter une ligne à {file}"),
)
async def append(params: Row, context: Context) -> JSON:
    """Add a row to a CSV table; rows that arrive together are synced together."""
    if params.file.lower().endswith((".xlsx", ".xls", ".ods", ".db", ".sqlite")):
        raise StepError(_NOT_CSV, hint=_NOT_CSV_HINT, file=shown(params.file))
    if not params.row:
        raise StepError(_NO_CELLS)

    def compose(tail: Tail) -> tuple[bytes, Any]:
        return _compose(params, tail)

    number = await context.files.append(params.file, compose, key=context.idempotency_key)
    context.wrote(str(context.files.resolve(params.file)))
    return {"row_number": int(str(number))}


def _compose(params: Row, tail: Tail) -> tuple[bytes, Any]:
    """Return the bytes of the row as the present file needs them, and the number of the row."""
    table: _Table | None = tail.memory.get("table")
    front = b""
    if table is None:
        table = _read(params, tail)
        if table is None:
            table = _new(params)
            names = [harmless(column) for column in table.columns]
            front = encoded_line(line_of(names, table.dialect), table.dialect.encoding)
            if params.encoding == "utf-8-sig" and not tail.size:
                front = BOM + front
    cells = _cells(params, table)
    line = encoded_line(line_of(cells, table.dialect), table.dialect.encoding)
    if not tail.ends_line and not front:
        front = table.dialect.newline.encode()
    table.rows += 1
    tail.memory["table"] = table
    return front + line, table.rows


def _new(params: Row) -> _Table:
    separator = "\t" if params.separator == "tab" else params.separator
    encoding = "cp1252" if params.encoding == "cp1252" else "utf-8"
    dialect = Dialect(separator=separator, encoding=encoding, decimal=_decimal(params, separator))
    return _Table(columns=list(params.row), dialect=dialect, rows=0)


def _read(params: Row, tail: Tail) -> _Table | None:
    """Return the table that is in the file, or None if the file is empty.

    Read piece by piece: the memory of the daemon must not depend on somebody's file.
    """
    if tail.size > _MOST_BYTES:
        raise StepError(_TOO_LARGE, file=shown(params.file), limit=_MOST_BYTES >> 20)
    front = tail.read(_CHUNK)
    if tail.size <= _CHUNK and not front.removeprefix(BOM).strip():
        return None
    facts = _survey(tail)
    whole = front if tail.size <= _CHUNK else front[: front.rfind(b"\n") + 1] or front
    text, _ = decoded(whole)
    if not facts.is_utf8:
        text = whole.decode("cp1252", errors="replace")
    separator = separator_of(text) or _new(params).dialect.separator
    is_cp1252 = facts.is_ascii and params.encoding == "cp1252"
    dialect = Dialect(
        separator=separator,
        encoding="utf-8" if facts.is_utf8 and not is_cp1252 else "cp1252",
        newline="\r\n" if "\r\n" in text else "\n",
        decimal=_decimal(params, separator),
    )
    columns = [name.strip() for name in next(records(text, separator), [])]
    return _Table(columns=columns, dialect=dialect, rows=facts.records - 1)


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


def _decimal(params: Row, separator: str) -> str:
    if params.decimal != "auto":
        return params.decimal
    return "," if separator == ";" else "."


def _cells(params: Row, table: _Table) -> list[str]:
    positions = {column: index for index, column in enumerate(table.columns)}
    cells = [""] * len(table.columns)
    for column, value in params.row.items():
        position = positions.get(column.strip(), positions.get(harmless(column.strip())))
        if position is None:
            raise StepError(
                _NO_COLUMN,
                hint=_NO_COLUMN_HINT,
                file=shown(params.file),
                column=column,
                columns=", ".join(table.columns),
            )
        if table.columns.count(table.columns[position]) > 1:
            raise StepError(_TWICE, file=shown(params.file), column=column)
        cells[position] = cell_of(value, table.dialect, raw=column in params.raw)
    return cells

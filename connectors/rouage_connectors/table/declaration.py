"""The connector `table`, and what its actions share."""

from typing import Any, Final, Literal

from rouage.sdk import JSON, Connector, Limits, StepError, Text
from rouage.sdk.files import shown

connector = Connector(
    "table",
    title=Text("Tables", "Tableaux"),
    about=Text(
        "Tables in CSV files, XLSX workbooks and SQLite databases: add, find, change, remove rows.",
        "Tableaux en fichiers CSV, classeurs XLSX et bases SQLite : ajouter, chercher, modifier, "
        "retirer des lignes.",
    ),
)

LIMITS: Final = Limits(
    seconds=300, processor_seconds=120, memory_bytes=1 << 30, result_bytes=16 << 20
)
"""A table may come from outside: whole ones are read in a worker process."""

MOST_ROWS: Final = 10_000
"""Rows that one action adds, or gives back, at most."""

Kind = Literal["csv", "xlsx", "sqlite"]
_KINDS: Final[dict[str, Kind]] = {
    ".xlsx": "xlsx",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
}
_FOREIGN: Final = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")

FILE_TITLE: Final = Text("File", "Fichier")
FILE: Final = Text(
    "The table: a .csv, .xlsx, .db or .sqlite file.",
    "Le tableau : un fichier .csv, .xlsx, .db ou .sqlite.",
)
SHEET_TITLE: Final = Text("Sheet", "Feuille")
SHEET: Final = Text(
    "Which sheet of a workbook, or which table of a database; the first, or the only one, "
    "unless given.",
    "Quelle feuille d’un classeur, ou quelle table d’une base ; la première, ou la seule, sauf "
    "indication.",
)
WHERE_TITLE: Final = Text("Where", "Où")
WHERE: Final = Text(
    "Which rows: a value by column, or a comparison such as {older_than: 30d}; all must hold.",
    "Quelles lignes : une valeur par colonne, ou une comparaison comme {older_than: 30d} ; "
    "toutes doivent être vraies.",
)
RAW_TITLE: Final = Text("Raw columns", "Colonnes brutes")
RAW: Final = Text(
    "Columns whose texts are written as they are, even if a spreadsheet would take them for "
    "formulas.",
    "Colonnes dont les textes sont écrits tels quels, même si un tableur y verrait des formules.",
)

CHANGED: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "format": "path", "description": "The table"},
        "matched": {"type": "integer", "description": "How many rows were meant"},
        "changed": {"type": "integer", "description": "How many of them are different now"},
    },
    "required": ["path", "matched", "changed"],
}

_FOREIGN_KIND: Final = Text(
    "{file}: tables of this kind cannot be read or written",
    "{file} : les tableaux de ce genre ne peuvent être ni lus ni écrits",
)
_KIND_HINT: Final = Text(
    "use a file whose name ends in .csv, .xlsx, .db or .sqlite; a spreadsheet program can save "
    "the table as .xlsx or .csv",
    "prenez un fichier dont le nom finit en .csv, .xlsx, .db ou .sqlite ; un tableur sait "
    "enregistrer le tableau en .xlsx ou .csv",
)


def kind_of(file: str) -> Kind:
    """Return what kind of table the name *file* means; a CSV, unless its ending says otherwise.

    Raises:
        StepError: it means one that cannot be used.
    """
    name = file.lower()
    for ending, kind in _KINDS.items():
        if name.endswith(ending):
            return kind
    if name.endswith(_FOREIGN):
        raise StepError(_FOREIGN_KIND, hint=_KIND_HINT, file=shown(file))
    return "csv"


def needs_worker(params: Any) -> bool:
    """Say whether a whole table must be read to add to it: in a worker, which may be stopped."""
    return str(params.file).lower().endswith(tuple(_KINDS))

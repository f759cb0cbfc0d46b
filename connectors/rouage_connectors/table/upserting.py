"""The action `table.upsert`: change the row with a key, or add it."""

from typing import Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.table import edits
from rouage_connectors.table.acting import act, foresee, with_path
from rouage_connectors.table.declaration import (
    FILE_TITLE,
    LIMITS,
    RAW,
    RAW_TITLE,
    SHEET,
    SHEET_TITLE,
    connector,
    kind_of,
)
from rouage_connectors.table.rows import Style
from rouage_connectors.table.undoing import table_undo

_NO_CELLS: Final = Text("the row has no cell", "la ligne n’a aucune case")
_NO_KEY: Final = Text("`key` names no column", "`key` ne nomme aucune colonne")


@params
class Upsert:
    """Which table, the cells of the row, and the columns that tell rows apart."""

    file: str = param(
        Text(
            "The .csv, .xlsx, .db or .sqlite file; it is made, with its columns, if it is missing.",
            "Le fichier .csv, .xlsx, .db ou .sqlite ; il est créé, avec ses colonnes, s’il "
            "n’existe pas.",
        ),
        title=FILE_TITLE,
        format="path",
        examples=["files/contacts.xlsx"],
    )
    key: str | list[str] = param(
        Text(
            "The column, or columns, that tell one row from another.",
            "La colonne, ou les colonnes, qui distinguent une ligne d’une autre.",
        ),
        title=Text("Key", "Clé"),
        examples=["E-mail"],
    )
    row: dict[str, JSON] = param(
        Text(
            "The cells, by column name; cells that are not named keep what they hold.",
            "Les cases, par nom de colonne ; les autres gardent leur contenu.",
        ),
        title=Text("Row", "Ligne"),
        examples=[{"E-mail": "ana@example.org", "Name": "Ana"}],
    )
    sheet: str | None = param(SHEET, title=SHEET_TITLE, default=None, examples=["2026"])
    raw: list[str] = param(RAW, title=RAW_TITLE, default=[])


def _edit(params: Upsert) -> edits.Edit:
    kind_of(params.file)
    if not params.row:
        raise StepError(_NO_CELLS)
    key = [params.key] if isinstance(params.key, str) else params.key
    if not key or not all(name.strip() for name in key):
        raise StepError(_NO_KEY)
    return edits.upserting(key, params.row, params.file)


def _style(params: Upsert) -> Style:
    return Style(columns=tuple(params.row), sheet=params.sheet, raw=tuple(params.raw))


async def simulate_upsert(params: Upsert, context: Context) -> JSON:
    """Return what `upsert` would return, touching nothing."""
    told = await foresee(context, params, _style(params), _edit(params), is_new=True)
    return with_path(told, params, context)


@connector.action(
    "upsert",
    title=Text("Add or change a row of a table", "Ajouter ou modifier une ligne d’un tableau"),
    about=Text(
        "Change the row with the same key, or add it.",
        "Modifie la ligne qui a la même clé, ou l’ajoute.",
    ),
    effect="local",
    unit="rows",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path", "description": "The table"},
            "row_number": {"type": "integer", "description": "1 for the first row of all"},
            "outcome": {"enum": ["added", "updated", "unchanged"]},
            "changed": {"type": "integer", "description": "1 if the table is different now"},
        },
        "required": ["path", "row_number", "outcome", "changed"],
    },
    example={
        "file": "files/contacts.xlsx",
        "key": "E-mail",
        "row": {"E-mail": "${{ event.body.email }}", "Name": "${{ event.body.name }}"},
    },
    describe=Text("add or change a row of {file}", "ajouter ou modifier une ligne de {file}"),
    simulate=simulate_upsert,
    undo=table_undo(),
    isolated=True,
    limits=LIMITS,
)
async def upsert(params: Upsert, context: Context) -> JSON:
    """Change the row with the same key, or add it."""
    told = await act(context, params, _style(params), _edit(params), is_new=True)
    return with_path(told, params, context)

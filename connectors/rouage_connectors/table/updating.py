"""The action `table.update`: other cells for the rows that conditions mean."""

from typing import Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.table import edits
from rouage_connectors.table.acting import act, foresee, now_of, with_path
from rouage_connectors.table.declaration import (
    CHANGED,
    FILE,
    FILE_TITLE,
    LIMITS,
    RAW,
    RAW_TITLE,
    SHEET,
    SHEET_TITLE,
    WHERE,
    WHERE_TITLE,
    connector,
    kind_of,
)
from rouage_connectors.table.rows import Style
from rouage_connectors.table.undoing import table_undo
from rouage_connectors.table.where import check_where

_NO_CELLS: Final = Text("`set` names no column", "`set` ne nomme aucune colonne")


@params
class Update:
    """Which table, which rows, and their new cells."""

    file: str = param(FILE, title=FILE_TITLE, format="path", examples=["files/invoices.xlsx"])
    where: dict[str, JSON] = param(
        WHERE,
        title=WHERE_TITLE,
        examples=[{"Number": "2026-014"}, {"Status": "sent", "Due": {"older_than": "30d"}}],
    )
    set: dict[str, JSON] = param(
        Text("The new cells, by column name.", "Les nouvelles cases, par nom de colonne."),
        title=Text("Set", "Écrire"),
        examples=[{"Status": "paid"}],
    )
    sheet: str | None = param(SHEET, title=SHEET_TITLE, default=None, examples=["2026"])
    raw: list[str] = param(RAW, title=RAW_TITLE, default=[])


def _edit(params: Update, context: Context) -> edits.Edit:
    kind_of(params.file)
    if not params.set:
        raise StepError(_NO_CELLS)
    now = now_of(context)
    check_where(params.where, now)
    return edits.updating(params.where, params.set, now)


def _style(params: Update) -> Style:
    return Style(sheet=params.sheet, raw=tuple(params.raw))


async def simulate_update(params: Update, context: Context) -> JSON:
    """Return what `update` would return, touching nothing."""
    told = await foresee(context, params, _style(params), _edit(params, context))
    return with_path(told, params, context)


@connector.action(
    "update",
    title=Text("Change rows of a table", "Modifier des lignes d’un tableau"),
    about=Text(
        "Change cells in the rows that conditions mean.",
        "Modifie des cases dans les lignes que désignent des conditions.",
    ),
    effect="local",
    unit="rows",
    idempotent="by key",
    result=CHANGED,
    example={
        "file": "files/invoices.xlsx",
        "where": {"Number": "${{ event.id }}"},
        "set": {"Status": "paid"},
    },
    describe=Text("change rows of {file}", "modifier des lignes de {file}"),
    simulate=simulate_update,
    undo=table_undo(),
    isolated=True,
    limits=LIMITS,
)
async def update(params: Update, context: Context) -> JSON:
    """Change cells in the rows that conditions mean."""
    told = await act(context, params, _style(params), _edit(params, context))
    return with_path(told, params, context)

"""The action `table.delete`: take out the rows that conditions mean."""

from rouage.sdk import JSON, Context, Text, param, params
from rouage_connectors.table import edits
from rouage_connectors.table.acting import act, foresee, now_of, with_path
from rouage_connectors.table.declaration import (
    CHANGED,
    FILE,
    FILE_TITLE,
    LIMITS,
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


@params
class Deletion:
    """Which table, and which rows."""

    file: str = param(FILE, title=FILE_TITLE, format="path", examples=["files/contacts.csv"])
    where: dict[str, JSON] = param(
        WHERE,
        title=WHERE_TITLE,
        examples=[{"E-mail": "ana@example.org"}, {"Date": {"older_than": "52w"}}],
    )
    sheet: str | None = param(SHEET, title=SHEET_TITLE, default=None, examples=["2026"])


def _edit(params: Deletion, context: Context) -> edits.Edit:
    kind_of(params.file)
    now = now_of(context)
    check_where(params.where, now)
    return edits.deleting(params.where, now)


async def simulate_delete(params: Deletion, context: Context) -> JSON:
    """Return what `delete` would return, touching nothing."""
    style = Style(sheet=params.sheet)
    told = await foresee(context, params, style, _edit(params, context))
    return with_path(told, params, context)


@connector.action(
    "delete",
    title=Text("Remove rows from a table", "Retirer des lignes d’un tableau"),
    about=Text(
        "Remove the rows that conditions mean.", "Retire les lignes que désignent des conditions."
    ),
    effect="local",
    unit="rows",
    idempotent="by key",
    result=CHANGED,
    example={"file": "files/contacts.csv", "where": {"E-mail": "${{ event.body.email }}"}},
    describe=Text("remove rows from {file}", "retirer des lignes de {file}"),
    simulate=simulate_delete,
    undo=table_undo(),
    isolated=True,
    limits=LIMITS,
)
async def delete(params: Deletion, context: Context) -> JSON:
    """Remove the rows that conditions mean."""
    style = Style(sheet=params.sheet)
    told = await act(context, params, style, _edit(params, context))
    return with_path(told, params, context)

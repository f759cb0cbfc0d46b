"""From the parameters of an action to the table that it changes, whichever kind it is."""

import asyncio
from typing import Any

from rouage.sdk import Context
from rouage_connectors.table import whole
from rouage_connectors.table.database import change_database
from rouage_connectors.table.declaration import kind_of
from rouage_connectors.table.edits import Edit, Told
from rouage_connectors.table.rows import Style
from rouage_connectors.table.where import Now


def now_of(context: Context) -> Now:
    """Return what “older than” is measured from."""
    return Now(instant=context.clock.now(), zone=context.timezone)


async def act(
    context: Context, params: Any, style: Style, edit: Edit, *, is_new: bool = False
) -> Told:
    """Change the table of *params* by *edit*; one that is missing is made if *is_new*."""
    if kind_of(params.file) == "sqlite":
        change: Any = change_database
    else:
        change = whole.rewrite
    told: Told = await asyncio.to_thread(change, context, params.file, style, edit, is_new=is_new)
    return told


async def foresee(
    context: Context, params: Any, style: Style, edit: Edit, *, is_new: bool = False
) -> Told:
    """Return what `act` would tell, touching nothing."""

    def look() -> Told:
        if kind_of(params.file) == "sqlite":
            return change_database(context, params.file, style, edit, is_new=is_new, is_real=False)
        return whole.foresee(context, params.file, style, edit, is_new=is_new)

    return await asyncio.to_thread(look)


def with_path(told: Told, params: Any, context: Context) -> Told:
    """Return *told* with the path of the table, as results have it."""
    return {"path": str(context.files.resolve(params.file)), **told}

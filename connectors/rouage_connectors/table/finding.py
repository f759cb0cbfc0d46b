"""The action `table.find`: the rows that conditions mean."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rouage.sdk import JSON, Context, Text, param, params
from rouage_connectors.table import whole
from rouage_connectors.table.acting import now_of
from rouage_connectors.table.database import read_database
from rouage_connectors.table.declaration import (
    FILE,
    FILE_TITLE,
    LIMITS,
    MOST_ROWS,
    SHEET,
    SHEET_TITLE,
    WHERE,
    WHERE_TITLE,
    connector,
    kind_of,
)
from rouage_connectors.table.rows import Rows, Style
from rouage_connectors.table.where import NO_RESULT, Where, check_where

_FEW: Final = 100


@params
class Search:
    """Which table, and which rows."""

    file: str = param(FILE, title=FILE_TITLE, format="path", examples=["files/invoices.xlsx"])
    where: dict[str, JSON] = param(
        WHERE,
        title=WHERE_TITLE,
        default={},
        examples=[{"Status": "sent", "Due": {"older_than": "30d"}}],
    )
    columns: list[str] = param(
        Text(
            "Which columns to give; all, unless told.",
            "Quelles colonnes donner ; toutes, sauf indication.",
        ),
        title=Text("Columns", "Colonnes"),
        default=[],
        examples=[["Name", "E-mail"]],
    )
    limit: int = param(
        Text("How many rows to give at most.", "Combien de lignes donner au plus."),
        title=Text("At most", "Au plus"),
        default=_FEW,
        minimum=1,
        maximum=MOST_ROWS,
    )
    sheet: str | None = param(SHEET, title=SHEET_TITLE, default=None, examples=["2026"])


@connector.action(
    "find",
    title=Text("Find rows of a table", "Chercher des lignes d’un tableau"),
    about=Text(
        "Find the rows that conditions mean; numbers and dates come as such.",
        "Cherche les lignes que désignent des conditions ; nombres et dates sont reconnus.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": {"type": "object"}},
            "first": {"type": ["object", "null"], "description": "The first of them"},
            "count": {"type": "integer", "description": "How many rows fit, given or not"},
            "columns": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["rows", "first", "count", "columns"],
    },
    example={"file": "files/invoices.xlsx", "where": {"Status": "sent"}},
    describe=Text("find rows of {file}", "chercher des lignes de {file}"),
    isolated=True,
    limits=LIMITS,
)
async def find(params: Search, context: Context) -> JSON:
    """Find the rows that conditions mean."""
    kind_of(params.file)
    check_where(params.where, now_of(context), may_be_empty=True)
    return await asyncio.to_thread(_find, params, context)


def _find(params: Search, context: Context) -> JSON:
    rows: list[JSON] = []
    count = 0
    with _opened(params, context) as table:
        where = Where(params.where, table.columns, now_of(context))
        names = table.columns.names
        wanted = [place for place, name in enumerate(names) if name]
        if params.columns:
            wanted = table.columns.positions(params.columns, "columns")
        for row in table.read():
            if not where.holds(row):
                continue
            count += 1
            if len(rows) < params.limit:
                rows.append({names[place]: _given(row[place]) for place in wanted})
    listed: list[JSON] = [names[place] for place in wanted]
    return {"rows": rows, "first": rows[0] if rows else None, "count": count, "columns": listed}


def _given(value: JSON) -> JSON:
    return None if value is NO_RESULT else value


@contextmanager
def _opened(params: Search, context: Context) -> Iterator[Rows]:
    style = Style(sheet=params.sheet)
    if kind_of(params.file) == "sqlite":
        with read_database(context, params.file, style).rows() as rows:
            yield rows
    else:
        yield whole.load(context, params.file, style)

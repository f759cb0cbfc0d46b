"""Take back what was done to a table: by kind, a row at the end, a whole file, or rows."""

import asyncio
from pathlib import Path
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, Undo
from rouage.sdk.files import shown
from rouage.sdk.undoing import World, added_undo, files_undo
from rouage_connectors.table import changes
from rouage_connectors.table.changes import Change
from rouage_connectors.table.database import opened
from rouage_connectors.table.declaration import kind_of
from rouage_connectors.table.statements import (
    change_row,
    columns_of,
    quoted,
    remove_row,
    restore_row,
    row_id,
    row_with,
    sql,
    tables_of,
)

_ADDED: Final = added_undo(lambda params: params.file)
_FILES: Final = files_undo(targets=lambda params, _: [params.file], replaces=lambda _: True)

_ROWS: Final = Text(
    "{count} row(s) of {path} get back what they were",
    "{count} ligne(s) de {path} redeviennent ce qu’elles étaient",
)
_ROW_CHANGED: Final = Text(
    "a row of {path} was changed by somebody since",
    "une ligne de {path} a été modifiée par quelqu’un depuis",
)
_GONE: Final = Text("{path} is not there any more", "{path} n’est plus là")
_LOOK: Final = Text(
    "look at it, and put it right by hand; or undo the rest with --skip-conflicts",
    "regardez-le et rectifiez à la main ; ou annulez le reste avec --skip-conflicts",
)


def table_undo(*, adds: bool = False) -> Undo:
    """Return how to take back an action on the table `file`; *adds* means `append`."""

    async def prepare(params: Any, context: Context) -> JSON:
        kind = kind_of(params.file)
        if kind == "sqlite" or (adds and kind == "csv"):
            return None  # a note is on disk before such a table is touched
        assert _FILES.prepare is not None  # noqa: S101 - it has one
        return await _FILES.prepare(params, context)

    async def complete(params: Any, inverse: JSON, result: JSON, context: Context) -> JSON:
        kind = kind_of(params.file)
        if adds and kind == "csv":
            assert _ADDED.complete is not None  # noqa: S101 - it has one
            return await _ADDED.complete(params, inverse, result, context)
        if kind == "sqlite":
            return None if result is None else await asyncio.to_thread(_noted, params, context)
        assert _FILES.complete is not None  # noqa: S101 - it has one
        path = str(context.files.resolve(params.file))
        told: JSON = None
        if isinstance(result, dict):
            told = {"path": path, "skipped": result.get("changed", 1) == 0}
        return await _FILES.complete(params, inverse, told, context)

    return Undo(prepare=prepare, complete=complete, check=_check, apply=_apply)


def _check(inverse: JSON, world: World) -> list[Text]:
    assert isinstance(inverse, dict)  # noqa: S101 - we wrote it
    if not inverse:
        return []
    if "table" in inverse:
        return _check_rows(inverse, world)
    undo = _ADDED if "at" in inverse else _FILES
    assert undo.check is not None  # noqa: S101 - it has one
    return list(undo.check(inverse, world))


async def _apply(inverse: JSON, context: Context) -> JSON:
    assert isinstance(inverse, dict)  # noqa: S101 - we wrote it
    if "table" in inverse:
        return await asyncio.to_thread(_restore_rows, inverse, context)
    undo = _ADDED if "at" in inverse else _FILES
    return await undo.apply(inverse, context)


def _noted(params: Any, context: Context) -> JSON:
    """Return the inverse of the changes that were noted under the key of this step."""
    found: Any = context.files.intents.find(context.idempotency_key)
    if not isinstance(found, dict) or "sqlite" not in found:
        return {}
    if found["kept"] is None:
        return None
    return {
        "path": str(context.files.resolve(params.file)),
        "table": found["sqlite"],
        "kept": found["kept"],
        "is_new_table": found["is_new_table"],
        "is_new_file": found["is_new_file"],
    }


def _check_rows(inverse: Any, world: World) -> list[Text]:
    path, table = str(inverse["path"]), str(inverse["table"])
    if world.state(path) is None:
        if inverse["is_new_file"]:
            return []
        raise StepError(_GONE, hint=_LOOK, path=shown(path))
    seen, pending = world.parts, 0
    done = changes.kept(world.folders, str(inverse["kept"]), path)
    with opened(path, "ro") as base:
        word = _word(base, table)
        if word is None:
            return []
        for change in reversed(done):
            part = f"{path}\0{table}\0{change.rowid}"
            row = seen[part] if part in seen else row_with(base, table, word, change.rowid)
            state = changes.state_of(change, row)
            if state == "other":
                raise StepError(_ROW_CHANGED, hint=_LOOK, path=shown(path))
            pending += state == "after"
            seen[part] = change.before
    return [_ROWS.fill(count=pending, path=shown(path))] if pending else []


def _restore_rows(inverse: Any, context: Context) -> JSON:
    """Bring the rows back in one transaction; those that are what they were need nothing."""
    path, table = str(context.files.check(inverse["path"], "write")), str(inverse["table"])
    if not Path(path).exists() and inverse["is_new_file"]:
        return {"files": []}
    done, is_empty = changes.kept(context.files, str(inverse["kept"]), path), False
    with opened(path, "rw") as base:
        base.execute("BEGIN IMMEDIATE")
        word = _word(base, table)
        if word is not None:
            for change in reversed(done):
                _restore_row(base, table, word, change, path)
            is_empty = _drop_if_new(base, table, inverse)
        base.execute("COMMIT")
    if is_empty and inverse["is_new_file"]:
        with context.files.place(path, "write"):
            Path(path).unlink(missing_ok=True)
    return {"files": [path]}


def _restore_row(base: Any, table: str, word: str, change: Change, path: str) -> None:
    row = row_with(base, table, word, change.rowid)
    state = changes.state_of(change, row)
    if state == "before":
        return
    if state == "other":
        raise StepError(_ROW_CHANGED, hint=_LOOK, path=shown(path))
    if change.before is None:
        remove_row(base, table, word, change.rowid)
    elif row is None:
        restore_row(base, table, word, change.rowid, change.before)
    else:
        cells = dict(zip(columns_of(base, table), change.before, strict=True))
        change_row(base, table, word, change.rowid, cells)


def _drop_if_new(base: Any, table: str, inverse: Any) -> bool:
    """Drop a table that the step made and that is empty; say whether none is left."""
    if not inverse["is_new_table"]:
        return False
    query = sql("SELECT 1 FROM {table} LIMIT 1", table=quoted(table))
    if base.execute(query).fetchone() is not None:
        return False
    base.execute(sql("DROP TABLE {table}", table=quoted(table)))
    return not tables_of(base)


def _word(base: Any, table: str) -> str | None:
    """Return the word for the number of a row; None when the table is gone."""
    if table not in tables_of(base):
        return None
    return row_id(columns_of(base, table))

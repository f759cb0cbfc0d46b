"""Tables in SQLite databases: changed in one transaction, noted before it is committed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rouage.sdk import JSON, Context, RetryableError, StepError, Text
from rouage.sdk.files import explaining, shown
from rouage_connectors.table import changes
from rouage_connectors.table.changes import Change
from rouage_connectors.table.columns import Columns, fold
from rouage_connectors.table.edits import Edit, Told
from rouage_connectors.table.rows import Style
from rouage_connectors.table.statements import (
    add_row,
    change_row,
    columns_of,
    listed,
    quoted,
    remove_row,
    row_id,
    row_with,
    sql,
    tables_of,
)
from rouage_connectors.table.values import is_same

if TYPE_CHECKING:
    from sqlite3 import Connection, Error

NEW_TABLE: Final = "data"
_LOCK_SECONDS: Final = 30.0
_LARGEST_INTEGER: Final = 2**63 - 1

_MISSING: Final = Text("{file} does not exist", "{file} n’existe pas")
_BUSY: Final = Text(
    "{file} is being written by another program", "un autre programme écrit dans {file}"
)
_BROKEN: Final = Text(
    "{file} is not an SQLite database that can be used: {reason}",
    "{file} n’est pas une base SQLite utilisable : {reason}",
)
_REFUSED: Final = Text(
    "{file} does not take this row: {reason}", "{file} n’accepte pas cette ligne : {reason}"
)
_NO_TABLE: Final = Text(
    "{file} has no table “{table}”; its tables are: {tables}",
    "{file} n’a pas de table « {table} » ; ses tables sont : {tables}",
)
_WHICH: Final = Text("{file} has several tables", "{file} a plusieurs tables")
_WHICH_HINT: Final = Text("name one in `sheet`: {tables}", "nommez-en une dans `sheet` : {tables}")
_NO_ROW_ID: Final = Text(
    "the table “{table}” of {file} has no row numbers of its own: it can only be read",
    "la table « {table} » de {file} n’a pas de numéros de ligne : on peut seulement la lire",
)
_CANNOT_TELL: Final = Text(
    "{file} was changed since an interruption: whether this step was done before it cannot be told",
    "{file} a été modifié depuis une interruption : impossible de dire si cette étape avait été "
    "faite avant",
)
_CANNOT_TELL_HINT: Final = Text(
    "look whether the change is in the table, then run the recipe again if it is not",
    "regardez si la modification est dans la table, et relancez la recette si elle n’y est pas",
)


class DatabaseRows:
    """The rows of one table, changed as told at once; `done` says how, for the note."""

    def __init__(self, base: "Connection", file: str, table: str) -> None:
        self._base, self._file, self.table = base, file, table
        names = columns_of(base, table)
        self.columns = Columns(names, file)
        self._names = names
        self._id = row_id(names)
        self._ids: list[int] | None = None
        self._count: int | None = None
        self.done: list[Change] = []

    def read(self) -> Iterator[Sequence[JSON]]:
        """Yield the cells of each row, in the order in which they were added."""
        order = f"ORDER BY {self._id}" if self.has_ids() else ""
        query = sql("SELECT * FROM {table} {order}", table=quoted(self.table), order=order)
        for row in self._base.execute(query):
            yield [_plain(value) for value in row]

    def has_ids(self) -> bool:
        """Say whether rows can be told apart."""
        import sqlite3

        try:
            self._base.execute(self._sql("SELECT {id} FROM {table} LIMIT 0"))
        except sqlite3.OperationalError:
            return False
        return True

    def _row_id(self, number: int) -> int:
        if self._ids is None:
            query = self._sql("SELECT {id} FROM {table} ORDER BY {id}")
            self._ids = [row[0] for row in self._base.execute(query)]
        return self._ids[number - 1]

    def _sql(self, template: str) -> str:
        return sql(template, table=quoted(self.table), id=self._id)

    def _row(self, rowid: int) -> list[Any] | None:
        return row_with(self._base, self.table, self._id, rowid)

    def add(self, cells: Mapping[int, JSON]) -> int:
        """Add a row; columns that are not given get their default."""
        named = {self._names[position]: _stored(value) for position, value in cells.items()}
        rowid = add_row(self._base, self.table, named)
        self.done.append(Change(rowid=rowid, before=None, after=self._row(rowid)))
        self._ids = None
        if self._count is None:
            counted = self._base.execute(self._sql("SELECT count(*) FROM {table}")).fetchone()
            self._count = int(counted[0])
        else:
            self._count += 1
        return self._count

    def change(self, number: int, cells: Mapping[int, JSON]) -> bool:
        """Give a row other cells."""
        rowid = self._row_id(number)
        before = self._row(rowid)
        if before is None:
            return False
        new = {
            self._names[position]: _stored(value)
            for position, value in cells.items()
            if not is_same(_plain(before[position]), _plain(_stored(value)))
        }
        if not new:
            return False
        change_row(self._base, self.table, self._id, rowid, new)
        self.done.append(Change(rowid=rowid, before=before, after=self._row(rowid)))
        return True

    def remove(self, numbers: Collection[int]) -> None:
        """Take rows out."""
        for rowid in [self._row_id(number) for number in sorted(numbers)]:
            before = self._row(rowid)
            remove_row(self._base, self.table, self._id, rowid)
            self.done.append(Change(rowid=rowid, before=before, after=None))
        self._ids = self._count = None


def change_database(
    context: Context, file: str, style: Style, edit: Edit, *, is_new: bool, is_real: bool = True
) -> Told:
    """Change a table of the database *file* by *edit*, once for the key of the step.

    Raises:
        StepError: it is missing and not *is_new*, or cannot be read or written.
        RetryableError: another program is writing it.
    """
    path = str(context.files.check(file, "write"))
    is_made = not _is_there(context, path)
    if is_made and not is_new:
        raise StepError(_MISSING, file=shown(path))
    if is_made and is_real:
        with context.files.place(path, "write", create=True):
            pass
    with opened(path, "rwc" if is_made else "rw") if is_real else _copied(path, is_made) as base:
        base.execute("BEGIN IMMEDIATE")
        return _change(context, base, path, style, edit, is_real=is_real, is_made=is_made)


def _change(
    context: Context,
    base: "Connection",
    path: str,
    style: Style,
    edit: Edit,
    *,
    is_real: bool,
    is_made: bool,
) -> Told:
    earlier = _earlier(context, base, path) if is_real else None
    if earlier is not None:
        return earlier
    table, is_new_table = _table_for(base, path, style)
    rows = DatabaseRows(base, path, table)
    if not rows.has_ids():
        raise StepError(_NO_ROW_ID, file=shown(path), table=shown(table))
    told = edit(rows)
    if not told["changed"] or not is_real:
        return told  # closing takes everything back
    key = context.idempotency_key
    note = changes.noted(
        table,
        rows.done,
        told,
        is_new_table=is_new_table,
        is_new_file=is_made,
        kept=changes.keep(context.files, key, rows.done),
    )
    context.files.intents.note(key, note)
    base.execute("COMMIT")
    context.wrote(path)
    return told


def _earlier(context: Context, base: "Connection", path: str) -> Told | None:
    """Return what an earlier call told that was cut after its commit; None if it was before."""
    found: Any = context.files.intents.find(context.idempotency_key)
    if not isinstance(found, dict) or "sqlite" not in found:
        return None
    table = str(found["sqlite"])
    if table not in tables_of(base):
        if found["is_new_table"]:
            return None
        raise _unsure(path)
    word, noted = row_id(columns_of(base, table)), found["changes"]
    rows = [row_with(base, table, word, rowid) for rowid, _, _ in noted]
    is_done = changes.was_committed(noted, rows)
    if is_done is None:
        raise _unsure(path)
    return dict(found["told"]) if is_done else None


def _unsure(path: str) -> StepError:
    return StepError(_CANNOT_TELL, hint=_CANNOT_TELL_HINT, file=shown(path))


def read_database(context: Context, file: str, style: Style) -> "_Reading":
    """Return what opens the table for reading."""
    path = str(context.files.resolve(file))
    if not _is_there(context, file):
        raise StepError(_MISSING, file=shown(path))
    return _Reading(path, style)


class _Reading:
    def __init__(self, path: str, style: Style) -> None:
        self._path, self._style = path, style

    @contextmanager
    def rows(self) -> Iterator[DatabaseRows]:
        """Open the rows, for as long as the block lasts."""
        with opened(self._path, "ro") as base:
            base.execute("BEGIN")
            table, _ = _table_for(base, self._path, self._style)
            yield DatabaseRows(base, self._path, table)


def _is_there(context: Context, path: str) -> bool:
    """Say whether the database is there, and refuse what is no ordinary file."""
    try:
        with context.files.open_read(path):
            return True
    except StepError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        return False


@contextmanager
def opened(path: str, mode: str, *, wait_seconds: float = _LOCK_SECONDS) -> "Iterator[Connection]":
    """Open the database; whatever is not committed is taken back at the end."""
    import sqlite3  # loaded with the first database

    uri = f"file:{quote(path)}?mode={mode}"
    with explaining(path):
        try:
            base = sqlite3.connect(uri, uri=True, timeout=wait_seconds, isolation_level=None)
        except sqlite3.Error as error:
            raise _explained(error, path) from error
    base.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        # What the file itself declares must not run code of extensions.
        base.execute("PRAGMA trusted_schema = OFF")
        base.execute("PRAGMA cell_size_check = ON")
        yield base
    except sqlite3.Error as error:
        raise _explained(error, path) from error
    finally:
        with suppress(sqlite3.Error):
            base.rollback()
        base.close()


@contextmanager
def _copied(path: str, is_made: bool) -> "Iterator[Connection]":
    """Open a copy of the database in memory, to find out what would happen."""
    with opened(":memory:", "memory") as copy:
        if not is_made:
            with opened(path, "ro") as base:
                base.backup(copy)
        yield copy


def _explained(error: "Error", path: str) -> StepError:
    import sqlite3

    reason, file = shown(str(error)[:200]), shown(path)
    if "locked" in reason or "busy" in reason:
        return RetryableError(_BUSY, file=file, retry_after_seconds=5.0)
    text = _REFUSED if isinstance(error, sqlite3.IntegrityError) else _BROKEN
    return StepError(text, file=file, reason=reason)


def _table_for(base: "Connection", path: str, style: Style) -> tuple[str, bool]:
    """Return the table that is meant, and whether it was made now."""
    tables = tables_of(base)
    wanted = style.sheet
    if wanted is None and len(tables) == 1:
        return tables[0], False
    for table in tables:
        if wanted is not None and fold(table) == fold(wanted):
            return table, False
    if not tables and style.columns:
        table = wanted or NEW_TABLE
        columns = listed([name.strip() for name in style.columns])
        base.execute(sql("CREATE TABLE {table} ({columns})", table=quoted(table), columns=columns))
        return table, True
    known = shown(", ".join(tables)[:500])
    if wanted is None and tables:
        raise StepError(_WHICH, hint=_WHICH_HINT, file=shown(path), tables=known)
    raise StepError(_NO_TABLE, file=shown(path), table=shown(wanted or NEW_TABLE), tables=known)


def _plain(value: Any) -> JSON:
    if isinstance(value, bytes):
        return value.hex()
    return None if value == "" else value


def _stored(value: JSON) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return str(value)
    if value is None or isinstance(value, int | float | str):
        return value
    return json.dumps(value, ensure_ascii=False)

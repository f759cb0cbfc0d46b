"""SQL in which every name is quoted, whatever it holds; values are always bound."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite3 import Connection


def sql(template: str, **names: str) -> str:
    """Return *template* with its `{places}` filled by *names*, which are quoted already."""
    return template.format(**names)


def quoted(name: str) -> str:
    """Return *name* as a name in SQL."""
    return '"' + name.replace("\0", "").replace('"', '""') + '"'


def listed(names: Sequence[str]) -> str:
    """Return *names* as a list in SQL."""
    return ", ".join(quoted(name) for name in names)


def marks(count: int) -> str:
    """Return the places of *count* values."""
    return ", ".join("?" * count)


def tables_of(base: "Connection") -> list[str]:
    """Return the tables of the database, without those of SQLite itself."""
    query = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' ORDER BY rowid"
    )
    return [str(row[0]) for row in base.execute(query)]


def columns_of(base: "Connection", table: str) -> list[str]:
    """Return the names of the columns of *table*."""
    return [str(row[1]) for row in base.execute(f"PRAGMA table_info({quoted(table)})")]


def row_id(names: Sequence[str]) -> str:
    """Return a word for the number of a row that none of the columns *names* has taken."""
    taken = {name.casefold() for name in names}
    return next((word for word in ("rowid", "_rowid_", "oid") if word not in taken), "rowid")


def row_with(base: "Connection", table: str, word: str, rowid: int) -> list[Any] | None:
    """Return the cells of the row *rowid*, or None if there is none."""
    query = sql("SELECT * FROM {table} WHERE {id} = ?", table=quoted(table), id=word)
    found = base.execute(query, [rowid]).fetchone()
    return None if found is None else list(found)


def add_row(base: "Connection", table: str, cells: dict[str, Any]) -> int:
    """Add a row with *cells* by column and return its number."""
    query = sql(
        "INSERT INTO {table} ({names}) VALUES ({marks})",
        table=quoted(table),
        names=listed(list(cells)),
        marks=marks(len(cells)),
    )
    return base.execute(query, list(cells.values())).lastrowid or 0


def change_row(
    base: "Connection", table: str, word: str, rowid: int, cells: dict[str, Any]
) -> None:
    """Give the row *rowid* other *cells*, by column."""
    parts = ", ".join(f"{quoted(name)} = ?" for name in cells)
    query = sql(
        "UPDATE {table} SET {parts} WHERE {id} = ?", table=quoted(table), parts=parts, id=word
    )
    base.execute(query, [*cells.values(), rowid])


def remove_row(base: "Connection", table: str, word: str, rowid: int) -> None:
    """Remove the row *rowid*."""
    query = sql("DELETE FROM {table} WHERE {id} = ?", table=quoted(table), id=word)
    base.execute(query, [rowid])


def restore_row(
    base: "Connection", table: str, word: str, rowid: int, cells: Sequence[Any]
) -> None:
    """Bring back a row that was removed, with the number that it had."""
    names = columns_of(base, table)
    query = sql(
        "INSERT INTO {table} ({id}, {names}) VALUES (?, {marks})",
        table=quoted(table),
        id=word,
        names=listed(names),
        marks=marks(len(names)),
    )
    base.execute(query, [rowid, *cells])

"""The questions about what runs did to files: how to take it back, and what came from what."""

from datetime import datetime
from typing import Any, Final

import apsw

from rouage.durable.port import FileRecord, Product, SecretUse
from rouage.durable.sqlite.blobs import Values
from rouage.durable.values import (
    from_column,
    from_microseconds,
    to_column,
    to_microseconds,
)
from rouage.sdk.json import JSON

_INVERSES: Final = (
    "SELECT path, inverse FROM effect WHERE run = (SELECT seq FROM run WHERE id = ?)"
    " AND inverse IS NOT NULL ORDER BY number"
)
_INVERSE: Final = (
    "SELECT inverse FROM effect WHERE run = ? AND path = ? ORDER BY number DESC LIMIT 1"
)
_FILES: Final = (
    "SELECT run.id, lineage.path, lineage.file, lineage.hash, lineage.role"
    " FROM lineage JOIN run ON run.seq = lineage.run WHERE lineage.role < 2 AND {}"
    " ORDER BY lineage.run DESC, lineage.path, lineage.number LIMIT ?"
)
_SECRETS: Final = (
    "SELECT run.id, run.recipe, run.created, lineage.path, lineage.file"
    " FROM lineage JOIN run ON run.seq = lineage.run WHERE lineage.role = 2 AND {}"
    " ORDER BY lineage.run DESC, lineage.path, lineage.file LIMIT ?"
)
_OF_RUN: Final = "lineage.run = (SELECT seq FROM run WHERE id = ?)"
# By the number of the run, so that a long past is not read: the newest rows stand at the end.
_PRODUCTS: Final = (
    "SELECT run.id, run.recipe, lineage.path, lineage.file, lineage.hash,"
    " coalesce(step.ended, run.created) FROM lineage"
    " JOIN run ON run.seq = lineage.run"
    " LEFT JOIN step ON step.run = lineage.run AND step.path = lineage.path"
    " WHERE lineage.role = 1 AND lineage.hash IS NOT NULL"
    " ORDER BY lineage.run DESC, lineage.path, lineage.number LIMIT ?"
)


def list_inverses(connection: apsw.Connection, run_id: str) -> dict[str, JSON]:
    """Return how to take back what the steps of a run did, by path."""
    value = Values(connection)
    return {path: value(inverse) for path, inverse in connection.execute(_INVERSES, (run_id,))}


def inverse_of(connection: apsw.Connection, seq: int, path: str) -> JSON:
    """Return what was recorded before the call of one step."""
    inverse: JSON = Values(connection)(connection.execute(_INVERSE, (seq, path)).get)
    return inverse


def list_files(
    connection: apsw.Connection,
    run_id: str | None,
    content: bytes | None,
    path: str | None,
    limit: int,
) -> tuple[FileRecord, ...]:
    """Return what steps read and wrote, newest run first."""
    possible: list[tuple[str, Any]] = [
        (_OF_RUN, run_id),
        ("lineage.hash = ?", content),
        ("lineage.file = ?", None if path is None else to_column(path)),
    ]
    rows = _rows(connection, _FILES, possible, limit)
    return tuple(
        FileRecord(run=run, step=step, path=from_column(file), hash=found, is_written=bool(role))
        for run, step, file, found, role in rows
    )


def list_secret_uses(
    connection: apsw.Connection, run_id: str | None, name: str | None, limit: int
) -> tuple[SecretUse, ...]:
    """Return which secrets steps were given, newest run first."""
    possible: list[tuple[str, Any]] = [
        (_OF_RUN, run_id),
        ("lineage.file = ?", None if name is None else to_column(name)),
    ]
    return tuple(
        SecretUse(
            run=run,
            recipe=from_column(recipe),
            created=from_microseconds(created),
            step=step,
            name=from_column(file),
        )
        for run, recipe, created, step, file in _rows(connection, _SECRETS, possible, limit)
    )


def _rows(
    connection: apsw.Connection, query: str, possible: list[tuple[str, Any]], limit: int
) -> apsw.Cursor:
    """Run *query* with those of the *possible* conditions that have a value."""
    wanted = [(condition, value) for condition, value in possible if value is not None]
    where = " AND ".join(condition for condition, _ in wanted) or "true"
    return connection.execute(query.format(where), [*(value for _, value in wanted), max(1, limit)])


def list_products(connection: apsw.Connection, since: datetime, limit: int) -> tuple[Product, ...]:
    """Return the files that steps made since *since*, those of the newest runs first."""
    earliest = to_microseconds(since)
    return tuple(
        Product(
            run=run,
            recipe=from_column(recipe),
            step=step,
            path=from_column(file),
            hash=found,
            made=from_microseconds(made),
        )
        for run, recipe, step, file, found, made in connection.execute(_PRODUCTS, (max(1, limit),))
        if made >= earliest
    )

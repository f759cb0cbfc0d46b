"""The questions about what runs did to files: how to take it back, and what came from what."""

from typing import Any, Final

import apsw

from rouage.durable.port import FileRecord
from rouage.durable.sqlite.blobs import Values
from rouage.durable.values import from_column, to_column
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
    " FROM lineage JOIN run ON run.seq = lineage.run WHERE {} ORDER BY lineage.run DESC,"
    " lineage.path, lineage.number LIMIT ?"
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
        ("lineage.run = (SELECT seq FROM run WHERE id = ?)", run_id),
        ("lineage.hash = ?", content),
        ("lineage.file = ?", None if path is None else to_column(path)),
    ]
    wanted = [(condition, value) for condition, value in possible if value is not None]
    where = " AND ".join(condition for condition, _ in wanted) or "true"
    bindings = [*(value for _, value in wanted), max(1, limit)]
    rows = connection.execute(_FILES.format(where), bindings)
    return tuple(
        FileRecord(run=run, step=step, path=from_column(file), hash=found, is_written=bool(role))
        for run, step, file, found, role in rows
    )

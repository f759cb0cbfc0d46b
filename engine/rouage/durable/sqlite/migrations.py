"""From an older schema to ours: numbered steps, all of them or none (security P-23).

A later version adds its number with the statements that lead to it, and changes
`schema.TABLES` accordingly; what is here is never edited once released.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.backup import make_backup
from rouage.durable.sqlite.checks import BUSY_MILLISECONDS, damaged, integrity_fault
from rouage.durable.sqlite.copies import Backup
from rouage.durable.sqlite.schema import SCHEMA_VERSION

logger = logging.getLogger(__name__)

MIGRATIONS: Final[Mapping[int, Sequence[str]]] = {
    2: (
        "ALTER TABLE definition ADD COLUMN file",
        "ALTER TABLE definition ADD COLUMN source BLOB",
        "ALTER TABLE event ADD COLUMN trail TEXT",
        "CREATE INDEX event_forgotten ON event (received) WHERE matched = 2",
        "ALTER TABLE run DROP COLUMN replay",
        "ALTER TABLE run ADD COLUMN parent INTEGER",
        "ALTER TABLE run ADD COLUMN parent_path TEXT",
        "ALTER TABLE run ADD COLUMN replay_of INTEGER",
        "CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL",
        "CREATE INDEX run_by_origin ON run (replay_of) WHERE replay_of IS NOT NULL",
        "CREATE INDEX run_by_event ON run (event)",
        # A deadline may be absent now, which no statement can change in place.
        "ALTER TABLE waiter RENAME TO waiter_before",
        "CREATE TABLE waiter (run INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL,"
        " deadline INTEGER, name, question, created INTEGER NOT NULL, PRIMARY KEY (run, path))"
        " WITHOUT ROWID",
        "INSERT INTO waiter SELECT run, path, kind, deadline, NULL, NULL,"
        " coalesce((SELECT started FROM step WHERE step.run = w.run AND step.path = w.path),"
        " (SELECT started FROM run WHERE seq = w.run), deadline) FROM waiter_before AS w",
        "DROP TABLE waiter_before",
        "CREATE INDEX waiter_by_name ON waiter (name) WHERE name IS NOT NULL",
        "CREATE TABLE signal (run INTEGER NOT NULL, name NOT NULL, id TEXT NOT NULL, payload,"
        " author TEXT NOT NULL, received INTEGER NOT NULL, PRIMARY KEY (run, name, id))"
        " WITHOUT ROWID",
        "CREATE TABLE claim (scope NOT NULL, key NOT NULL, event INTEGER, run INTEGER, path TEXT,"
        " state TEXT NOT NULL, result, expires INTEGER, PRIMARY KEY (scope, key)) WITHOUT ROWID",
        "CREATE INDEX claim_by_expiry ON claim (expires) WHERE expires IS NOT NULL",
    ),
    3: (
        "CREATE TABLE lineage (run INTEGER NOT NULL, path TEXT NOT NULL, number INTEGER NOT NULL,"
        " role INTEGER NOT NULL, file NOT NULL, hash BLOB, PRIMARY KEY (run, path, number))"
        " WITHOUT ROWID",
        "CREATE INDEX lineage_by_hash ON lineage (hash) WHERE hash IS NOT NULL",
        "CREATE INDEX lineage_by_file ON lineage (file)",
    ),
    4: (
        "CREATE INDEX claim_open ON claim (run) WHERE state = 'started'",
        # What the end of a run says of its keys since then, said of those that are over.
        "DELETE FROM claim WHERE state = 'started' AND NOT EXISTS (SELECT 1 FROM run WHERE"
        " run.seq = claim.run AND run.state IN ('queued', 'running', 'waiting', 'waiting_node',"
        " 'blocked', 'needs_attention')) AND EXISTS (SELECT 1 FROM step WHERE"
        " step.run = claim.run AND step.path = claim.path"
        " AND step.state IN ('failed', 'skipped', 'waiting'))",
        "UPDATE claim SET state = coalesce((SELECT 'done' FROM step WHERE step.run = claim.run"
        " AND step.path = claim.path AND step.state = 'done'), 'doubtful'),"
        " result = (SELECT result FROM step WHERE step.run = claim.run AND step.path = claim.path)"
        " WHERE state = 'started' AND NOT EXISTS (SELECT 1 FROM run WHERE run.seq = claim.run"
        " AND run.state IN ('queued', 'running', 'waiting', 'waiting_node', 'blocked',"
        " 'needs_attention'))",
    ),
    5: ("ALTER TABLE event ADD COLUMN blanked INTEGER",),
}
"""The statements that lead to each version of the schema from the one before."""


def migrate(
    path: Path, found: int, *, failpoints: Failpoints | None = None, vfs: str | None = None
) -> Backup:
    """Bring the file from schema *found* to ours; return the backup made before.

    A crash at any instant leaves the file as it was, or as it is to be.

    Raises:
        JournalError: there is no room for the backup, or the file is damaged.
    """
    backup = make_backup(path, "upgrade", failpoints=failpoints, is_hurried=True)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    try:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        connection.pragma("synchronous", "full")
        connection.execute("BEGIN IMMEDIATE")
        try:
            _apply(connection, found, failpoints)
            _check(path, connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()
    logger.info("the journal has schema %s now; %s is from before", SCHEMA_VERSION, backup.name)
    return backup


def _check(path: Path, connection: apsw.Connection) -> None:
    fault = integrity_fault(connection)
    if fault is not None:
        raise damaged(path, fault)


def _apply(connection: apsw.Connection, found: int, failpoints: Failpoints | None) -> None:
    for version in range(found + 1, SCHEMA_VERSION + 1):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
            if failpoints is not None:
                failpoints.reach("mid_migration")
        connection.pragma("user_version", version)

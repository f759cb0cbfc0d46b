"""Open a journal file: checked, brought to our schema, never replaced (security P-21, P-23)."""

import os
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.checks import (
    BUSY_MILLISECONDS,
    check,
    check_current,
    check_file_system,
    check_sqlite,
    damaged,
    explained,
)
from rouage.durable.sqlite.copies import sync_folder
from rouage.durable.sqlite.migrations import migrate
from rouage.durable.sqlite.restore import finish_restore
from rouage.durable.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES

_PAGE_BYTES: Final = 4096
_CACHE_KIB: Final = 8_192
_STATEMENTS_KEPT: Final = 300
_PRAGMAS: Final[dict[str, str | int]] = {
    "journal_mode": "wal",
    "synchronous": "full",
    "wal_autocheckpoint": 0,
    "cache_size": -_CACHE_KIB,
    "temp_store": "memory",
    "foreign_keys": 0,
    "journal_size_limit": 67_108_864,
}


def open_for_writing(
    path: Path, failpoints: Failpoints | None = None, *, vfs: str | None = None
) -> apsw.Connection:
    """Return the one connection that writes; the tables are made if the file is new.

    An older file is brought to our schema first, after a backup. The caller holds the lock.

    Raises:
        JournalError: the file cannot be used, and was not touched.
    """
    check_sqlite()
    check_file_system(path)
    with explained(path):
        finish_restore(path, failpoints)
        if path.exists():
            found = check(path)
            if found < SCHEMA_VERSION:
                migrate(path, found, failpoints=failpoints, vfs=vfs)
        else:
            _create(path, failpoints)
        return connect(path, vfs=vfs)


def connect(
    path: Path, kind: type[apsw.Connection] = apsw.Connection, *, vfs: str | None = None
) -> apsw.Connection:
    """Return a writing connection to a checked file, set as durability section 6 says."""
    connection = kind(
        str(path),
        flags=apsw.SQLITE_OPEN_READWRITE,
        vfs=vfs,
        statementcachesize=_STATEMENTS_KEPT,
    )
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    for name, value in _PRAGMAS.items():
        connection.pragma(name, value)
    return connection


def connect_for_reading(path: Path) -> apsw.Connection:
    """Return a connection that cannot write, with or without a daemon at work.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    with explained(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        check_current(path, connection)
        return connection


def _create(path: Path, failpoints: Failpoints | None) -> None:
    """Make the file under another name and rename it: it exists whole, or not at all."""
    log = _beside(path, "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise damaged(path, "file is missing")
    draft = _beside(path, ".new")
    for name in (draft, _beside(draft, "-wal"), _beside(draft, "-shm"), _beside(draft, "-journal")):
        name.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = apsw.Connection(str(draft), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.execute(
        f"PRAGMA page_size = {_PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;"
        f" PRAGMA synchronous = FULL; BEGIN IMMEDIATE; {TABLES}"
        f" PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
    )
    if failpoints is not None:
        failpoints.reach("mid_migration")
    connection.pragma("journal_mode", "wal")
    connection.close()
    draft.rename(path)
    sync_folder(path.parent)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)

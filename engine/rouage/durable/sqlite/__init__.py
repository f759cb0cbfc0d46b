"""The embedded engine on SQLite: one file, one writer, readers beside it."""

from collections.abc import Callable
from pathlib import Path

from rouage.clock import Clock, SystemClock
from rouage.durable.embedded import CAPACITY, EmbeddedEngine
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.opening import connect_for_reading
from rouage.durable.sqlite.reader import SqliteReader

__all__ = ["open_engine", "open_reader"]


def open_engine(
    path: Path,
    *,
    clock: Clock | None = None,
    capacity: int = CAPACITY,
    failpoints: Failpoints | None = None,
    on_fatal: Callable[[], None] | None = None,
    reserve_bytes: int = 0,
    vfs: str | None = None,
) -> EmbeddedEngine:
    """Return the engine whose journal is the file *path*, made if it does not exist.

    *on_fatal* is called when the disk failed in a way that only a restart can mend (R14).
    Events are refused while fewer than *reserve_bytes* are free on the disk. *vfs* names a
    layer below SQLite, for tests.

    Raises:
        WorkspaceError: another process works with this journal.
        JournalError: the file is damaged, of a newer version, or on a network file system.
    """
    journal = SqliteJournal(
        path, failpoints=failpoints, on_fatal=on_fatal, vfs=vfs, reserve_bytes=reserve_bytes
    )
    return EmbeddedEngine(
        journal, clock=clock or SystemClock(), capacity=capacity, failpoints=failpoints
    )


def open_reader(path: Path) -> SqliteReader:
    """Return a reader of the journal *path*; it needs no daemon, and disturbs none.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    connect_for_reading(path).close()
    return SqliteReader(path)

"""Copy a journal while it is in use, and verify the copy before it counts (security P-22)."""

import os
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.checks import (
    BUSY_MILLISECONDS,
    check_header,
    explained,
    integrity_fault,
)
from rouage.durable.sqlite.copies import (
    Backup,
    Cause,
    folder_of,
    place_for,
    prune_backups,
    sync_file,
    sync_folder,
)
from rouage.errors import JournalError
from rouage.language import Text
from rouage.records import dataclass

_PAGES_AT_ONCE: Final = 512
_REST: Final = 0.5
"""Rest after each part, as a share of the time it took: commits need the disk, too."""

_NO_ROOM: Final = Text(
    "there is no room for a backup of {path}: it needs {needed} MB, and {free} MB are free",
    "il n’y a pas la place pour une sauvegarde de {path} : il faut {needed} Mo, il en reste {free}",
)
_CUT_SHORT: Final = Text(
    "the backup was cut short: the daemon stops", "la sauvegarde a été coupée : le service s’arrête"
)
_BAD_COPY: Final = Text(
    "the copy of {path} is damaged, and was thrown away: {detail}",
    "la copie de {path} est endommagée, et a été jetée : {detail}",
)
_BAD_BACKUP: Final = Text(
    "the backup {path} is damaged: {detail}", "la sauvegarde {path} est endommagée : {detail}"
)
_BAD_BACKUP_HINT: Final = Text(
    "`rouage restore --list` shows the others", "« rouage restore --list » montre les autres"
)


def make_backup(
    journal: Path,
    cause: Cause,
    *,
    now: datetime | None = None,
    failpoints: Failpoints | None = None,
    is_hurried: bool = False,
    stop: threading.Event | None = None,
) -> Backup:
    """Copy *journal*, verify the copy, and give it its name; then drop the oldest ones.

    Works beside a daemon that writes: the copy is the state of one instant. *is_hurried*
    copies without rests, where nobody else needs the disk. *stop* ends it early.

    Raises:
        JournalError: there is no journal, no room, the copy is damaged, or *stop* was set.
    """
    work = _Work(failpoints=failpoints, rest=0.0 if is_hurried else _REST, stop=stop)
    taken = now or datetime.now(UTC)
    folder = folder_of(journal)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with explained(journal):
        source = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            source.set_busy_timeout(BUSY_MILLISECONDS)
            backup = _free_place(journal, taken, check_header(journal, source), cause)
            _check_room(journal, source, folder)
            _copy_and_verify(source, backup, work)
        finally:
            source.close()
    prune_backups(journal, cause)
    return backup


def verify(path: Path, *, copy_of: Path | None = None) -> int:
    """Read a whole backup, or what is to become one; return the version of its schema.

    Raises:
        JournalError: it is damaged, of a newer version, or not ours.
    """
    name = path if copy_of is None else copy_of
    text = _BAD_BACKUP if copy_of is None else _BAD_COPY
    hint = _BAD_BACKUP_HINT if copy_of is None else None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            version = check_header(name, connection)
            fault = integrity_fault(connection)
        finally:
            connection.close()
    except (apsw.Error, OSError) as error:
        raise JournalError(text, hint=hint, path=str(name), detail=str(error)) from error
    if fault is not None:
        raise JournalError(text, hint=hint, path=str(name), detail=fault)
    return version


def _free_place(journal: Path, taken: datetime, schema: int, cause: Cause) -> Backup:
    backup = place_for(journal, taken, schema=schema, cause=cause)
    while backup.path.exists():
        taken += timedelta(seconds=1)
        backup = place_for(journal, taken, schema=schema, cause=cause)
    return backup


def _check_room(journal: Path, source: apsw.Connection, folder: Path) -> None:
    pages, size = source.pragma("page_count"), source.pragma("page_size")
    assert isinstance(pages, int)  # noqa: S101 - numbers of the header
    assert isinstance(size, int)  # noqa: S101 - numbers of the header
    needed, free = pages * size, shutil.disk_usage(folder).free
    if needed > free:
        raise JournalError(
            _NO_ROOM,
            path=str(journal),
            needed=needed // 1_000_000 + 1,
            free=free // 1_000_000,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """How one backup is to be made."""

    failpoints: Failpoints | None
    rest: float
    stop: threading.Event | None

    def reach(self) -> None:
        """Die or end here, if asked to."""
        if self.failpoints is not None:
            self.failpoints.reach("mid_backup")
        if self.stop is not None and self.stop.is_set():
            raise JournalError(_CUT_SHORT)


def _copy_and_verify(source: apsw.Connection, backup: Backup, work: _Work) -> None:
    draft = backup.path.with_suffix(".new")
    discard(draft)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        _copy(source, draft, work)
        verify(draft, copy_of=Path(source.db_filename("main")))
        sync_file(draft)
        work.reach()
        draft.rename(backup.path)
        sync_folder(backup.path.parent)
    except BaseException:
        discard(draft)
        raise


def _copy(source: apsw.Connection, draft: Path, work: _Work) -> None:
    target = apsw.Connection(str(draft), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        # What is written here is synced once, at the end; a crash leaves a draft behind.
        target.pragma("synchronous", "off")
        # One reading transaction: the copy is of one instant, and no commit restarts it.
        source.execute("BEGIN; SELECT count(*) FROM meta")
        with target.backup("main", source, "main") as copying:
            while not copying.done:
                before = time.monotonic()
                copying.step(_PAGES_AT_ONCE)
                work.reach()
                time.sleep((time.monotonic() - before) * work.rest)
        source.execute("COMMIT")
        # A file on its own, without a log beside it.
        target.pragma("journal_mode", "delete")
    finally:
        target.close()


def copy_file(path: Path, draft: Path) -> None:
    """Copy a database at rest, with what its log holds beyond it, into the empty file *draft*."""
    source = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        _copy(source, draft, _Work(failpoints=None, rest=0.0, stop=None))
    finally:
        source.close()


def discard(draft: Path) -> None:
    """Delete what became of an unfinished database file."""
    for ending in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + ending).unlink(missing_ok=True)

"""Put a backup in the place of a journal, and keep what was there (security P-21, P-22).

The copy is made and verified first. From the instant it has its name, the restore will be
finished, if need be by the next start: there is no moment at which a new log could meet an
old file, or an empty journal be made.
"""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.backup import copy_file, discard, verify
from rouage.durable.sqlite.checks import explained
from rouage.durable.sqlite.copies import stamp_of, sync_file, sync_folder
from rouage.durable.sqlite.locking import FileLock
from rouage.durable.sqlite.schema import APPLICATION_ID, OPEN_STATES_SQL
from rouage.durable.values import encode, from_microseconds, to_microseconds
from rouage.language import Text
from rouage.records import dataclass

_INTENT: Final = re.compile(r"\.restore-(\d{8}T\d{6}Z(?:-\d+)?)")
_CANCELLED: Final = Text(
    "unfinished in the backup that was restored; what it did since is not known",
    "inachevée dans la sauvegarde restaurée ; ce qu’elle a fait depuis n’est pas connu",
)
_CANCEL: Final = (
    "UPDATE run SET state = 'cancelled', reason = ?, ended = ?"  # noqa: S608 - ours
    f" WHERE state IN {OPEN_STATES_SQL}"
)
_PARTS: Final = ("", "-wal")
_LAST: Final = (
    "SELECT max((SELECT coalesce(max(received), 0) FROM event WHERE seq ="
    " (SELECT max(seq) FROM event)), (SELECT coalesce(max(ended), 0) FROM run WHERE seq >"
    " (SELECT max(seq) FROM run) - 1000))"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a journal file holds, as far as it can be read; `last` is its last sign of life."""

    last: datetime | None = None
    events: int | None = None
    runs: int | None = None
    unfinished: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What a restore did: the states before and after, and where the file from before is."""

    before: State
    after: State
    kept: Path | None


def look(path: Path) -> State:
    """Return what the journal or backup at *path* holds; nothing of what cannot be read."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error:
        return _seen_from_outside(path)
    try:
        if connection.pragma("application_id") != APPLICATION_ID:
            return State()
        unfinished = f"SELECT count(*) FROM run WHERE state IN {OPEN_STATES_SQL}"  # noqa: S608 - ours
        last = connection.execute(_LAST).get
        return State(
            last=from_microseconds(last) if last else None,
            events=connection.execute("SELECT count(*) FROM event").get,
            runs=connection.execute("SELECT count(*) FROM run").get,
            unfinished=connection.execute(unfinished).get,
        )
    except apsw.Error:
        return _seen_from_outside(path)
    finally:
        connection.close()


def restore(
    journal: Path,
    backup: Path,
    *,
    now: datetime | None = None,
    cancel_unfinished: bool = False,
    failpoints: Failpoints | None = None,
) -> Restored:
    """Make *backup* the journal; what is there now stays beside it under a dated name.

    Runs that were unfinished when the backup was made go on from there at the next start. What
    they have done since is not known any more, and may be done again: *cancel_unfinished*
    ends them instead.

    Raises:
        WorkspaceError: a daemon works with this journal.
        JournalError: the backup cannot be used; nothing was changed.
    """
    with FileLock(journal), explained(journal):
        finish_restore(journal)
        before, found = look(journal), look(backup)
        now = now or datetime.now(UTC)
        intent = _copy(journal, backup, now, cancel_unfinished, failpoints)
        kept = _finish(journal, intent, failpoints)
        # What a cancel wrote is no sign of life.
        after = replace(look(journal), last=found.last)
        return Restored(before=before, after=after, kept=kept)


def finish_restore(journal: Path, failpoints: Failpoints | None = None) -> None:
    """End a restore that was cut short after its copy was whole; the lock must be held."""
    for entry in sorted(journal.parent.iterdir()) if journal.parent.is_dir() else ():
        if _stamp_in(journal, entry) is not None:
            _finish(journal, entry, failpoints)


def _copy(
    journal: Path, backup: Path, now: datetime, is_cancelling: bool, failpoints: Failpoints | None
) -> Path:
    """Return the whole and verified copy of *backup* beside the journal."""
    verify(backup)
    draft = _beside(journal, ".restoring")
    discard(draft)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        copy_file(backup, draft)
        if is_cancelling:
            _cancel_unfinished(draft, now)
        verify(draft, copy_of=backup)
        sync_file(draft)
        if failpoints is not None:
            failpoints.reach("mid_restore")
        intent = _free_intent(journal, now)
        draft.rename(intent)
    except BaseException:
        discard(draft)
        raise
    sync_folder(journal.parent)
    return intent


def _cancel_unfinished(draft: Path, now: datetime) -> None:
    reason = encode({"message": {"en": _CANCELLED.en, "fr": _CANCELLED.fr}})
    connection = apsw.Connection(str(draft), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute("BEGIN IMMEDIATE; DELETE FROM waiter")
        connection.execute(_CANCEL, (reason, to_microseconds(now)))
        connection.execute("COMMIT")
    finally:
        connection.close()


def _finish(journal: Path, intent: Path, failpoints: Failpoints | None) -> Path | None:
    """Set the present file aside with its log, then give the copy its name."""
    aside = journal.with_name(f"set-aside-{_stamp_in(journal, intent)}.db")
    for part in _PARTS:
        if failpoints is not None:
            failpoints.reach("mid_restore")
        present = _beside(journal, part)
        if present.exists():
            present.rename(_beside(aside, part))
    _beside(journal, "-shm").unlink(missing_ok=True)
    sync_folder(journal.parent)
    if failpoints is not None:
        failpoints.reach("mid_restore")
    intent.rename(journal)
    sync_folder(journal.parent)
    return aside if aside.exists() else None


def _free_intent(journal: Path, now: datetime) -> Path:
    stamp, number = stamp_of(now), 1
    while journal.with_name(f"set-aside-{stamp}.db").exists():
        number += 1
        stamp = f"{stamp_of(now)}-{number}"
    return _beside(journal, f".restore-{stamp}")


def _stamp_in(journal: Path, entry: Path) -> str | None:
    if not entry.name.startswith(journal.name):
        return None
    found = _INTENT.fullmatch(entry.name.removeprefix(journal.name))
    return None if found is None else found[1]


def _seen_from_outside(path: Path) -> State:
    try:
        return State(last=datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except OSError:
        return State()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)

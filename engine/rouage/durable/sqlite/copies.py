"""The backups beside a journal, as their names tell them: when, which schema, and why."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args

from rouage.records import dataclass

Cause = Literal["daily", "upgrade", "manual"]
"""Why a backup was made: by the day, before a change of the schema, or because someone asked."""

KEPT: Final = 7
"""So many backups of each cause stay (P-22)."""

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(
    rf"journal-(\d{{8}}T\d{{6}}Z)-schema(\d{{1,6}})-({'|'.join(get_args(Cause))})\.db"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """One whole copy of a journal, verified before it got its name."""

    path: Path
    taken: datetime
    schema: int
    cause: Cause

    @property
    def name(self) -> str:
        """Return the name by which `rouage restore` knows it."""
        return self.path.name


def folder_of(journal: Path) -> Path:
    """Return the folder that holds the backups of *journal*."""
    return journal.with_name("backups")


def stamp_of(instant: datetime) -> str:
    """Return *instant* as it stands in file names."""
    return instant.astimezone(UTC).strftime(_STAMP)


def backup_named(path: Path) -> Backup | None:
    """Return what the name of *path* tells; None when it is not the name of a backup."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    try:
        taken = datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    cause = next(cause for cause in get_args(Cause) if cause == found[3])
    return Backup(path=path, taken=taken, schema=int(found[2]), cause=cause)


def place_for(journal: Path, taken: datetime, *, schema: int, cause: Cause) -> Backup:
    """Return the backup that is to be made: its name, free as yet."""
    name = f"journal-{stamp_of(taken)}-schema{schema}-{cause}.db"
    path = folder_of(journal) / name
    return Backup(path=path, taken=taken.replace(microsecond=0), schema=schema, cause=cause)


def list_backups(journal: Path) -> tuple[Backup, ...]:
    """Return the backups of *journal*, newest first; by their names alone."""
    try:
        names = os.listdir(folder_of(journal))  # noqa: PTH208 - names are all that is needed
    except OSError:
        return ()
    found = (backup_named(folder_of(journal) / name) for name in names)
    return tuple(
        sorted(
            (backup for backup in found if backup is not None),
            key=lambda backup: (backup.taken, backup.name),
            reverse=True,
        )
    )


def newest_backup(journal: Path, *, schema: int) -> Backup | None:
    """Return the newest backup that a program which knows *schema* can use."""
    usable = (backup for backup in list_backups(journal) if backup.schema <= schema)
    return next(usable, None)


def prune_backups(journal: Path, cause: Cause, *, kept: int = KEPT) -> tuple[Backup, ...]:
    """Delete the oldest backups of one cause beyond *kept*; return those that are gone."""
    same = [backup for backup in list_backups(journal) if backup.cause == cause]
    gone = tuple(same[kept:])
    for backup in gone:
        backup.path.unlink(missing_ok=True)
    return gone


def sync_folder(folder: Path) -> None:
    """Return when the names in *folder* are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Return when the content of *path* is on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Open a journal file: locked, checked, never replaced (security P-21, P-23, P-25)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from rouage.errors import JournalError, WorkspaceError
from rouage.language import Text

_OLDEST_SQLITE: Final = (3, 51, 3)
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
_BUSY_MILLISECONDS: Final = 5_000
_CHECKED_ALWAYS_BYTES: Final = 256_000_000
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "fuse.sshfs", "fuse.rclone",
     "fuse.davfs", "fuse.glusterfs", "davfs", "ncpfs", "lustre", "glusterfs"}
)  # fmt: skip

_OLD_SQLITE: Final = Text(
    "SQLite {version} can damage journals; at least {oldest} is needed",
    "SQLite {version} peut abîmer le journal ; il faut au moins {oldest}",
)
_OLD_SQLITE_HINT: Final = Text("update the package “apsw”", "mettez à jour le paquet « apsw »")
_NETWORK: Final = Text(
    "the journal {path} lies on a network file system ({kind}), where a crash can damage it",
    "le journal {path} est sur un système de fichiers réseau ({kind}), où une panne peut l’abîmer",
)
_NETWORK_HINT: Final = Text(
    "keep the workspace on a disk of this machine",
    "gardez l’espace de travail sur un disque de cette machine",
)
_TAKEN: Final = Text(
    "the journal {path} is in use by another process ({pid})",
    "le journal {path} est utilisé par un autre processus ({pid})",
)
_DAMAGED: Final = Text(
    "the journal {path} is damaged: {detail}", "le journal {path} est endommagé : {detail}"
)
_DAMAGED_HINT: Final = Text(
    "nothing was changed; restore the last good backup in its place, and keep this file",
    "rien n’a été modifié ; remettez la dernière bonne sauvegarde à sa place, et gardez ce fichier",
)
_NEWER: Final = Text(
    "the journal {path} was written by a newer Rouage (schema {found}, this one knows {known})",
    "le journal {path} vient d’un Rouage plus récent (schéma {found}, celui-ci connaît {known})",
)
_NEWER_HINT: Final = Text(
    "install that version again, or restore a backup made before the upgrade",
    "réinstallez cette version, ou restaurez une sauvegarde d’avant la mise à jour",
)
_FOREIGN: Final = Text(
    "{path} is a database of another program", "{path} est la base d’un autre programme"
)
_UNREADABLE: Final = Text(
    "the journal {path} cannot be opened: {detail}",
    "le journal {path} ne peut pas être ouvert : {detail}",
)


class FileLock:
    """Hold the lock beside the journal for as long as this process may write to it.

    Raises:
        WorkspaceError: another process holds it.
    """

    def __init__(self, journal: Path) -> None:
        journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(_lock_path(journal), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise WorkspaceError(_TAKEN, path=str(journal), pid=holder) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock_path(journal: Path) -> Path:
    return journal.with_suffix(".lock")


def open_for_writing(path: Path, failpoints: Failpoints | None = None) -> apsw.Connection:
    """Return the one connection that writes; the tables are made if the file is new.

    Raises:
        JournalError: the file cannot be used, and was not touched.
    """
    _check_sqlite()
    _check_file_system(path)
    with _explained(path):
        if path.exists():
            check(path)
        else:
            _create(path, failpoints)
        return connect(path)


def connect(path: Path, kind: type[apsw.Connection] = apsw.Connection) -> apsw.Connection:
    """Return a writing connection to a checked file, set as durability section 6 says."""
    connection = kind(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=_STATEMENTS_KEPT
    )
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    for name, value in _PRAGMAS.items():
        connection.pragma(name, value)
    return connection


def connect_for_reading(path: Path) -> apsw.Connection:
    """Return a connection that cannot write, with or without a daemon at work.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    with _explained(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        _check_header(path, connection)
        return connection


def _create(path: Path, failpoints: Failpoints | None) -> None:
    """Make the file under another name and rename it: it exists whole, or not at all."""
    log = _beside(path, "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise JournalError(_DAMAGED, hint=_DAMAGED_HINT, path=str(path), detail="file is missing")
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
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def check(path: Path) -> None:
    """Look at an existing file, without writing a byte.

    Raises:
        JournalError: it is damaged, of a newer version, or not ours.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        _check_header(path, connection)
        if path.stat().st_size <= _CHECKED_ALWAYS_BYTES or not _was_closed_cleanly(connection):
            for (line,) in connection.execute("PRAGMA quick_check(1)"):
                if line != "ok":
                    raise JournalError(_DAMAGED, hint=_DAMAGED_HINT, path=str(path), detail=line)
    finally:
        connection.close()


def _check_header(path: Path, connection: apsw.Connection) -> None:
    application = connection.pragma("application_id")
    version = connection.pragma("user_version")
    if application != APPLICATION_ID:
        raise JournalError(_FOREIGN, path=str(path))
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise JournalError(
            _NEWER, hint=_NEWER_HINT, path=str(path), found=version, known=SCHEMA_VERSION
        )


def _was_closed_cleanly(connection: apsw.Connection) -> bool:
    rows = connection.execute("SELECT value FROM meta WHERE name = 'clean'")
    return any(value == 1 for (value,) in rows)


def _check_sqlite() -> None:
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < _OLDEST_SQLITE:
        raise JournalError(
            _OLD_SQLITE,
            hint=_OLD_SQLITE_HINT,
            version=version,
            oldest=".".join(map(str, _OLDEST_SQLITE)),
        )


def _check_file_system(path: Path, mounts: str | None = None) -> None:
    kind = file_system_of(path, _read_mounts() if mounts is None else mounts)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise JournalError(_NETWORK, hint=_NETWORK_HINT, path=str(path), kind=kind)


def _read_mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(errors="surrogateescape")
    except OSError:
        return ""


def file_system_of(path: Path, mounts: str) -> str | None:
    """Return the kind of file system that holds *path*, after the kernel's list *mounts*."""
    wanted = str(path.absolute().resolve())
    longest, kind = -1, None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = fields[1].replace("\\040", " ")
        inside = wanted == place or wanted.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= longest:
            longest, kind = len(place), fields[2]
    return kind


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite into ours."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise JournalError(
            _DAMAGED, hint=_DAMAGED_HINT, path=str(path), detail=str(error)
        ) from error
    except (apsw.Error, OSError) as error:
        raise JournalError(_UNREADABLE, path=str(path), detail=str(error)) from error

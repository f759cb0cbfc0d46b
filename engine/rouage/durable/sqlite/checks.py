"""What a journal file must be before it is used: ours, whole, and of a schema we know (P-21)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from rouage.durable.sqlite.copies import folder_of, newest_backup
from rouage.durable.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION
from rouage.errors import JournalError
from rouage.language import Text

BUSY_MILLISECONDS: Final = 5_000
_OLDEST_SQLITE: Final = (3, 51, 3)
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
_DAMAGED: Final = Text(
    "the journal {path} is damaged: {detail}", "le journal {path} est endommagé : {detail}"
)
_DAMAGED_HINT: Final = Text(
    "nothing was changed; `rouage restore {backup}` goes back to the newest backup and keeps this"
    " file beside it",
    "rien n’a été modifié ; « rouage restore {backup} » revient à la dernière sauvegarde et garde"
    " ce fichier à côté",
)
_DAMAGED_ALONE: Final = Text(
    "nothing was changed; there is no backup in {folder}: keep this file, and restore a copy of"
    " yours with `rouage restore FILE`",
    "rien n’a été modifié ; il n’y a pas de sauvegarde dans {folder} : gardez ce fichier, et"
    " restaurez une copie à vous avec « rouage restore FICHIER »",
)
_NEWER: Final = Text(
    "the journal {path} was written by a newer Rouage (schema {found}, this one knows {known})",
    "le journal {path} vient d’un Rouage plus récent (schéma {found}, celui-ci connaît {known})",
)
_NEWER_HINT: Final = Text(
    "install that version again, or go back to the backup made before the upgrade:"
    " `rouage restore {backup}`",
    "réinstallez cette version, ou revenez à la sauvegarde d’avant la mise à jour :"
    " « rouage restore {backup} »",
)
_NEWER_ALONE: Final = Text(
    "install that version again; there is no backup from before the upgrade in {folder}",
    "réinstallez cette version ; il n’y a pas de sauvegarde d’avant la mise à jour dans {folder}",
)
_OLDER: Final = Text(
    "the journal {path} is that of an older Rouage (schema {found}, this one needs {known})",
    "le journal {path} est celui d’un Rouage plus ancien (schéma {found}, il faut {known})",
)
_OLDER_HINT: Final = Text(
    "start the daemon once, which upgrades it: `rouage up`",
    "lancez une fois le service, qui le met à jour : « rouage up »",
)
_FOREIGN: Final = Text(
    "{path} is a database of another program", "{path} est la base d’un autre programme"
)
_UNREADABLE: Final = Text(
    "the journal {path} cannot be opened: {detail}",
    "le journal {path} ne peut pas être ouvert : {detail}",
)


def damaged(path: Path, detail: str) -> JournalError:
    """Return the refusal of a damaged file, with the way back."""
    backup = newest_backup(path, schema=SCHEMA_VERSION)
    return JournalError(
        _DAMAGED,
        hint=_DAMAGED_ALONE if backup is None else _DAMAGED_HINT,
        path=str(path),
        detail=detail,
        backup=None if backup is None else backup.name,
        folder=str(folder_of(path)),
    )


def newer(path: Path, found: int, *, known: int = SCHEMA_VERSION) -> JournalError:
    """Return the refusal of a file that a newer program wrote, with the way back (P-23)."""
    backup = newest_backup(path, schema=known)
    return JournalError(
        _NEWER,
        hint=_NEWER_ALONE if backup is None else _NEWER_HINT,
        path=str(path),
        found=found,
        known=known,
        backup=None if backup is None else backup.name,
        folder=str(folder_of(path)),
    )


def check(path: Path) -> int:
    """Look at an existing file, without writing a byte; return the version of its schema.

    Raises:
        JournalError: it is damaged, of a newer version, or not ours.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        version = check_header(path, connection)
        if path.stat().st_size <= _CHECKED_ALWAYS_BYTES or not _was_closed_cleanly(connection):
            for (line,) in connection.execute("PRAGMA quick_check(1)"):
                if line != "ok":
                    raise damaged(path, str(line))
        return version
    finally:
        connection.close()


def check_header(path: Path, connection: apsw.Connection) -> int:
    """Return the version of the schema of an open file.

    Raises:
        JournalError: the file is of a newer version, or not ours.
    """
    if connection.pragma("application_id") != APPLICATION_ID:
        raise JournalError(_FOREIGN, path=str(path))
    version = connection.pragma("user_version")
    assert isinstance(version, int)  # noqa: S101 - SQLite keeps it in four bytes
    if not 0 < version <= SCHEMA_VERSION:
        raise newer(path, version)
    return version


def check_current(path: Path, connection: apsw.Connection) -> None:
    """Return if the open file has exactly our schema.

    Raises:
        JournalError: it has not.
    """
    version = check_header(path, connection)
    if version != SCHEMA_VERSION:
        raise JournalError(
            _OLDER, hint=_OLDER_HINT, path=str(path), found=version, known=SCHEMA_VERSION
        )


def integrity_fault(connection: apsw.Connection) -> str | None:
    """Return the first fault that a full check finds; None when all is well."""
    for (line,) in connection.execute("PRAGMA integrity_check(1)"):
        if line != "ok":
            return str(line)
    return None


def _was_closed_cleanly(connection: apsw.Connection) -> bool:
    rows = connection.execute("SELECT value FROM meta WHERE name = 'clean'")
    return any(value == 1 for (value,) in rows)


def check_sqlite() -> None:
    """Refuse a SQLite that can damage journals (the reset of the log).

    Raises:
        JournalError: it is too old.
    """
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < _OLDEST_SQLITE:
        raise JournalError(
            _OLD_SQLITE,
            hint=_OLD_SQLITE_HINT,
            version=version,
            oldest=".".join(map(str, _OLDEST_SQLITE)),
        )


def check_file_system(path: Path, mounts: str | None = None) -> None:
    """Refuse a file system on which locks and syncs are not what they promise.

    Raises:
        JournalError: *path* lies on one.
    """
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
def explained(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the system into ours.

    Raises:
        JournalError: something failed.
    """
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise damaged(path, str(error)) from error
    except (apsw.Error, OSError) as error:
        raise JournalError(_UNREADABLE, path=str(path), detail=str(error)) from error

"""Delete files: into the trash by default, so that a mistake can be taken back."""

import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.failures import explaining
from rouage.safety.moving import moving_place
from rouage.safety.names import ANY_NAME_BYTES, numbered, shown
from rouage.safety.paths import AnyPath, Folders
from rouage.safety.place import Place, check_regular, look
from rouage.safety.rounds import Named, Noted, Work, finish
from rouage.safety.transfer import identity

_MOST: Final = 100_000
_FULL: Final = Text("no free name is left in {path}", "il ne reste pas de nom libre dans {path}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Discarded:
    """What was deleted, and where it lies in the trash (None when it is gone for good)."""

    path: str
    trash: str | None = None


def delete(folders: Folders, path: AnyPath, *, key: str | None) -> Discarded:
    """Remove the file *path* for good; once for *key*. A link is removed, not its target.

    Raises:
        StepError: it is missing (unless an earlier call with this key removed it).
    """
    return finish(deleting(folders, path, key=key), folders.intents)


def deleting(folders: Folders, path: AnyPath, *, key: str | None) -> Work[Discarded]:
    """Do what `delete` does, together with others."""
    with folders.place(path, "write") as place:
        earlier = None if key is None else folders.intents.find(key)
        if isinstance(earlier, dict) and identity(look(place)) != earlier.get("delete"):
            # Gone; what has come to this name since is another file, not the one to delete.
            return Discarded(path=place.path)
        found = _found(place)
        if not stat.S_ISLNK(found.st_mode):
            check_regular(place, found)
        if key is not None:
            yield Noted(key, {"delete": identity(found)})
        with explaining(place.path):
            os.unlink(place.name, dir_fd=place.folder)
            yield Named(place.folder)
        return Discarded(path=place.path)


def discard(folders: Folders, path: AnyPath, *, key: str | None, now: datetime) -> Discarded:
    """Move the regular file *path* into the trash; once for *key*.

    It is the trash of the desktop when that is on the same disk, else `.rouage/trash` of the
    workspace. Both keep where the file came from, so that it can be put back.

    Raises:
        StepError: it is missing, or the trash cannot be written.
    """
    return finish(discarding(folders, path, key=key, now=now), folders.intents)


def discarding(
    folders: Folders, path: AnyPath, *, key: str | None, now: datetime
) -> Work[Discarded]:
    """Do what `discard` does, together with others."""
    with folders.place(path, "write") as place:
        earlier = None if key is None else folders.intents.find(key)
        moved = earlier.get("move") if isinstance(earlier, dict) else None
        if isinstance(earlier, dict) and moved and identity(look(place)) != moved:
            return Discarded(path=place.path, trash=str(earlier["to"]))
        found = _found(place)
        check_regular(place, found)
        with _trash(folders, found) as (files, information):
            return (
                yield from _discarding(folders, place, found, files, information, key=key, now=now)
            )


def _discarding(
    folders: Folders,
    place: Place,
    found: os.stat_result,
    files: Place,
    information: Place,
    *,
    key: str | None,
    now: datetime,
) -> Work[Discarded]:
    note = _information(place.path, now)
    for name in itertools.islice(itertools.chain([place.name], numbered(place.name)), _MOST):
        card = f"{_fitting(name)}.trashinfo"
        if look(files, name) is not None or not _write_new(information, card, note):
            continue
        there = Place(folder=files.folder, name=name, path=f"{files.path}/{name}")
        try:
            outcome = yield from moving_place(
                folders, place, there, found, on_conflict="fail", key=key
            )
        except BaseException:
            with suppress(OSError):
                os.unlink(card, dir_fd=information.folder)
            raise
        return Discarded(path=place.path, trash=outcome.path)
    raise StepError(_FULL, path=shown(files.path))


@contextmanager
def _trash(folders: Folders, found: os.stat_result) -> Iterator[tuple[Place, Place]]:
    base = home_trash(folders)
    if not _is_on(base, found.st_dev):
        base = folders.private / "trash"
    with ExitStack() as stack, explaining(base):
        places = []
        for part in ("files", "info"):
            folder = base / part
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            places.append(Place(folder=descriptor, name=".", path=str(folder)))
        yield places[0], places[1]


def home_trash(folders: Folders) -> Path:
    """Return the trash of the desktop (freedesktop.org trash specification)."""
    home = folders.home or Path.home()
    return home / ".local" / "share" / "Trash"


def _is_on(folder: Path, device: int) -> bool:
    """Say whether *folder*, or the nearest parent that exists, is on *device*, and is ours."""
    for candidate in (folder, *folder.parents):
        try:
            return candidate.stat().st_dev == device and os.access(candidate, os.W_OK)
        except OSError:
            continue
    return False


def _information(path: str, now: datetime) -> bytes:
    where = quote(os.fsencode(path))
    return f"[Trash Info]\nPath={where}\nDeletionDate={now:%Y-%m-%dT%H:%M:%S}\n".encode("ascii")


def _fitting(name: str) -> str:
    """Return *name*, cut so that `.trashinfo` still fits."""
    room = ANY_NAME_BYTES - len(".trashinfo")
    encoded = os.fsencode(name)
    return name if len(encoded) <= room else os.fsdecode(encoded[:room])


def _write_new(folder: Place, name: str, content: bytes) -> bool:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, 0o600, dir_fd=folder.folder)
    except FileExistsError:
        return False
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _found(place: Place) -> os.stat_result:
    with explaining(place.path):
        return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)

"""Write and copy files: whole, durable, and once per idempotency key.

`writing` and `copying` are work for `Folders.together`, which does many at once; `write` and
`copy` do one here and now: call them through `asyncio.to_thread`.

A repetition with the same key
(the step was cut between its effect and its record) finds the note of the first call and
compares identities (device, inode, size) with it, so that it never acts twice and never
takes somebody else's file for its own.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.atomic import OnConflict, draft, free_names, publishing, seal, temporary_name
from rouage.safety.failures import explaining
from rouage.safety.names import new_name, shown
from rouage.safety.paths import AnyPath, Folders
from rouage.safety.place import Place, look, open_regular
from rouage.safety.rounds import ALONE, Noted, Work, finish
from rouage.safety.state import QUICK_BYTES, reading_state

Identity = list[int]
_CHUNK: Final = 1 << 20
_MODE: Final = 0o777


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Where the file is now; `is_skipped` when it was there before and was left alone."""

    path: str
    is_skipped: bool = False


def write(
    folders: Folders,
    target: AnyPath,
    content: bytes | Iterable[bytes] | Callable[[BinaryIO], None],
    *,
    on_conflict: OnConflict,
    key: str | None,
) -> Outcome:
    """Make the file *target* with *content* (bytes, chunks, or a function that writes them).

    Raises:
        StepError: it exists and *on_conflict* is `fail`, is not allowed, or cannot be written.
    """
    return finish(
        writing(folders, target, content, on_conflict=on_conflict, key=key), folders.intents
    )


def writing(
    folders: Folders,
    target: AnyPath,
    content: bytes | Iterable[bytes] | Callable[[BinaryIO], None],
    *,
    on_conflict: OnConflict,
    key: str | None,
) -> Work[Outcome]:
    """Do what `write` does, together with others."""
    with folders.place(target, "write", create=True) as there:
        done = _earlier_draft(folders, there, key)
        if done is not None:
            return done
        found = look(there)
        if found is not None and on_conflict == "skip":
            return Outcome(path=there.path, is_skipped=True)
        with draft(there, key=key) as (file, place):
            with explaining(there.path):
                _fill(file, content)
                if found is not None and on_conflict == "overwrite":
                    os.fchmod(file.fileno(), found.st_mode & _MODE)
            return (
                yield from _publishing_draft(
                    folders, file, place, there, on_conflict=on_conflict, key=key
                )
            )


def copy(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Outcome:
    """Copy the regular file *source* to *target*, with its times and permissions.

    Raises:
        StepError: as `write`, or the source is missing.
    """
    return finish(
        copying(folders, source, target, on_conflict=on_conflict, key=key), folders.intents
    )


def copying(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Work[Outcome]:
    """Do what `copy` does, together with others."""
    with folders.place(source, "read") as here:
        into = target_of(target, here.name)
        with folders.place(into, "write", create=True) as there:
            done = _earlier_draft(folders, there, key)
            if done is not None:
                return done
            if look(there) is not None and on_conflict == "skip":
                return Outcome(path=there.path, is_skipped=True)
            return (yield from _copying(folders, here, there, on_conflict=on_conflict, key=key))


def preview(folders: Folders, target: AnyPath, *, on_conflict: OnConflict) -> Outcome:
    """Return where `write`, `copy` or `move` would put a file, touching nothing.

    Raises:
        StepError: as they would, as far as can be told.
    """
    path = str(folders.check(target, "write"))
    if not os.path.lexists(path):
        new_name(path.rpartition("/")[2])
        return Outcome(path=path)
    with folders.place(path, "write") as there:
        if on_conflict in {"skip", "overwrite"}:
            return Outcome(path=path, is_skipped=on_conflict == "skip")
        for name in free_names(there, there.name, on_conflict):
            return Outcome(path=there.beside(name))
    raise StepError(Text("{path} exists already", "{path} existe déjà"), path=shown(path))


def target_of(target: AnyPath, name: str) -> str:
    """Return the file that *target* means: with a final `/` it is the folder for *name*."""
    text = os.fspath(target)
    return text + name if text.endswith("/") else text


def _fill(file: BinaryIO, content: bytes | Iterable[bytes] | Callable[[BinaryIO], None]) -> None:
    if isinstance(content, bytes):
        file.write(content)
    elif callable(content):
        content(file)
    else:
        file.writelines(content)


def _copying(
    folders: Folders, here: Place, there: Place, *, on_conflict: OnConflict, key: str | None
) -> Work[Outcome]:
    with open_regular(here) as original, draft(there, key=key) as (file, place):
        yield from copying_content(original, file, here)
        return (
            yield from _publishing_draft(
                folders,
                file,
                place,
                there,
                on_conflict=on_conflict,
                key=key,
                keeps_name=here.name == there.name,
            )
        )


def copying_content(original: BinaryIO, file: BinaryIO, here: Place) -> Work[os.stat_result]:
    """Copy the *original* at *here*, with its times and permissions; return what it is."""
    with explaining(here.path):
        if os.fstat(original.fileno()).st_size > QUICK_BYTES:
            yield ALONE
        shutil.copyfileobj(original, file, _CHUNK)
        file.flush()
        found = os.fstat(original.fileno())
        os.fchmod(file.fileno(), found.st_mode & _MODE)
        os.utime(file.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
    return found


def _publishing_draft(
    folders: Folders,
    file: BinaryIO,
    place: Place,
    there: Place,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool = False,
) -> Work[Outcome]:
    with explaining(there.path):
        sealed = seal(file)

    def before(name: str) -> Work[None]:
        if key is not None:
            yield Noted(key, {"as": identity(sealed), "to": there.beside(name)})

    return (
        yield from placing(folders, place, there, before, key, on_conflict, keeps_name=keeps_name)
    )


def placing(
    folders: Folders,
    source: Place,
    there: Place,
    before: Callable[[str], Work[None]],
    key: str | None,
    on_conflict: OnConflict,
    *,
    keeps_name: bool,
) -> Work[Outcome]:
    """Give *source* its name at *there*; a note that comes to nothing is withdrawn."""
    try:
        name = yield from publishing(
            source, there, on_conflict=on_conflict, before=before, keeps_name=keeps_name
        )
    except (StepError, OSError):
        yield from _forgetting(folders, key)
        raise
    if name is None:
        yield from _forgetting(folders, key)
        return Outcome(path=there.path, is_skipped=True)
    path = there.beside(name)
    if key is not None:
        yield from _leaving(folders, Place(folder=there.folder, name=name, path=path), key)
    return Outcome(path=path)


def _forgetting(folders: Folders, key: str | None) -> Work[None]:
    """Withdraw the note of an effect that surely did not happen."""
    if key is not None and folders.intents.find(key) is not None:
        yield Noted(key, None)


def _leaving(folders: Folders, place: Place, key: str) -> Work[None]:
    """Keep at hand what the file is now: whoever notes how to take the effect back asks next."""
    with suppress(StepError):
        folders.left.note(key, place.path, (yield from reading_state(folders.fingerprints, place)))


def _earlier_draft(folders: Folders, there: Place, key: str | None) -> Outcome | None:
    """Return the outcome of an earlier call, or None if it did not come to its effect.

    The hidden file goes away only by being renamed to the target (a failure withdraws the
    note), so its absence proves the effect, even if the target was changed since.
    """
    intent = None if key is None else folders.intents.find(key)
    if not isinstance(intent, dict) or "move" in intent:
        return None
    if look(there, temporary_name(key, there.path)) is not None:
        return None
    with explaining(there.path):
        os.fsync(there.folder)
    return Outcome(path=str(intent["to"]))


def identity(found: os.stat_result | None) -> Identity | None:
    """Return what tells one file from another, as JSON."""
    return None if found is None else [found.st_dev, found.st_ino, found.st_size]

"""Write, copy, move and delete files: whole, durable, and once per idempotency key.

Every function blocks: call it through `asyncio.to_thread`. A repetition with the same key
(the step was cut between its effect and its record) finds the note of the first call and
compares identities (device, inode, size) with it, so that it never acts twice and never
takes somebody else's file for its own.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from typing import BinaryIO, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.atomic import OnConflict, draft, free_names, publish, seal, temporary_name
from rouage.safety.failures import explaining
from rouage.safety.names import new_name, shown
from rouage.safety.paths import AnyPath, Folders
from rouage.safety.place import Place, check_regular, look, open_regular

Identity = list[int]
_CHUNK: Final = 1 << 20
_MODE: Final = 0o777

_MOVED_ELSEWHERE: Final = Text(
    "{path} was moved or replaced by somebody else while this step was interrupted",
    "{path} a été déplacé ou remplacé par quelqu’un d’autre pendant que cette étape était "
    "interrompue",
)
_MOVED_HINT: Final = Text(
    "look where the file is; run the recipe again if it still has to be moved",
    "regardez où est le fichier ; relancez la recette s’il reste à déplacer",
)


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
            return _publish_draft(folders, file, place, there, on_conflict=on_conflict, key=key)


def copy(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Outcome:
    """Copy the regular file *source* to *target*, with its times and permissions.

    Raises:
        StepError: as `write`, or the source is missing.
    """
    with folders.place(source, "read") as here:
        into = target_of(target, here.name)
        with folders.place(into, "write", create=True) as there:
            done = _earlier_draft(folders, there, key)
            if done is not None:
                return done
            if look(there) is not None and on_conflict == "skip":
                return Outcome(path=there.path, is_skipped=True)
            return _copy(folders, here, there, on_conflict=on_conflict, key=key)


def move(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Outcome:
    """Move the regular file *source* to *target*, across file systems if need be.

    Raises:
        StepError: as `copy`; or, repeated after an interruption, the file is at neither place.
    """
    with folders.place(source, "write") as here:
        into = target_of(target, here.name)
        with folders.place(into, "write", create=True) as there:
            done = _earlier_move(folders, here, there, key)
            if done is not None:
                return done
            with explaining(here.path):
                found = os.stat(here.name, dir_fd=here.folder, follow_symlinks=False)
            check_regular(here, found)
            if _is_same_name(here, there):
                return Outcome(path=there.path)
            return move_place(folders, here, there, found, on_conflict=on_conflict, key=key)


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


def _copy(
    folders: Folders, here: Place, there: Place, *, on_conflict: OnConflict, key: str | None
) -> Outcome:
    with open_regular(here) as original, draft(there, key=key) as (file, place):
        _copy_content(original, file, here)
        return _publish_draft(
            folders,
            file,
            place,
            there,
            on_conflict=on_conflict,
            key=key,
            keeps_name=here.name == there.name,
        )


def _copy_content(original: BinaryIO, file: BinaryIO, here: Place) -> os.stat_result:
    with explaining(here.path):
        shutil.copyfileobj(original, file, _CHUNK)
        file.flush()
        found = os.fstat(original.fileno())
        os.fchmod(file.fileno(), found.st_mode & _MODE)
        os.utime(file.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
    return found


def _publish_draft(
    folders: Folders,
    file: BinaryIO,
    place: Place,
    there: Place,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool = False,
) -> Outcome:
    with explaining(there.path):
        sealed = seal(file)

    def before(name: str) -> None:
        if key is not None:
            folders.intents.note(key, {"as": identity(sealed), "to": there.beside(name)})

    return _published(folders, place, there, before, key, on_conflict, keeps_name=keeps_name)


def _published(
    folders: Folders,
    source: Place,
    there: Place,
    before: Callable[[str], None],
    key: str | None,
    on_conflict: OnConflict,
    *,
    keeps_name: bool,
) -> Outcome:
    try:
        name = publish(source, there, on_conflict=on_conflict, before=before, keeps_name=keeps_name)
    except (StepError, OSError):
        _forget(folders, key)
        raise
    if name is None:
        _forget(folders, key)
        return Outcome(path=there.path, is_skipped=True)
    return Outcome(path=there.beside(name))


def _forget(folders: Folders, key: str | None) -> None:
    """Withdraw the note of an effect that surely did not happen."""
    if key is not None and folders.intents.find(key) is not None:
        folders.intents.note(key, None)


def move_place(
    folders: Folders,
    here: Place,
    there: Place,
    found: os.stat_result,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool = False,
) -> Outcome:
    """Move the file *found* at *here* to *there*, noting what is about to happen.

    A file that *keeps its name*, one that it has or had, need not pass the name policy.
    """
    present = look(there)
    if present is not None and os.path.samestat(present, found) and on_conflict == "overwrite":
        # Two names of one file: rename(2) would do nothing and leave both.
        return _drop_source(here, there.path)
    keeps_name = keeps_name or here.name == there.name

    def before(name: str) -> None:
        if key is not None:
            folders.intents.note(key, {"move": identity(found), "to": there.beside(name)})

    try:
        outcome = _published(folders, here, there, before, key, on_conflict, keeps_name=keeps_name)
    except OSError:  # EXDEV, the only one that passes: another file system
        return _move_across(
            folders, here, there, on_conflict=on_conflict, key=key, keeps_name=keeps_name
        )
    with explaining(here.path):
        os.fsync(here.folder)
    return outcome


def _move_across(
    folders: Folders,
    here: Place,
    there: Place,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool,
) -> Outcome:
    with open_regular(here) as original, draft(there, key=key) as (file, place):
        found = _copy_content(original, file, here)
        with explaining(there.path):
            sealed = seal(file)

        def before(name: str) -> None:
            if key is not None:
                note = {"move": identity(found), "as": identity(sealed)}
                folders.intents.note(key, {**note, "to": there.beside(name)})

        outcome = _published(folders, place, there, before, key, on_conflict, keeps_name=keeps_name)
    return outcome if outcome.is_skipped else _drop_source(here, outcome.path)


def _drop_source(here: Place, path: str) -> Outcome:
    with explaining(here.path):
        os.unlink(here.name, dir_fd=here.folder)
        os.fsync(here.folder)
    return Outcome(path=path)


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


def _earlier_move(folders: Folders, here: Place, there: Place, key: str | None) -> Outcome | None:
    intent = None if key is None else folders.intents.find(key)
    if not isinstance(intent, dict) or "move" not in intent:
        return None
    path = str(intent["to"])
    at_source = look(here)
    at_target = look(there, path.rpartition("/")[2])
    if identity(at_target) == intent.get("as", intent["move"]):
        with explaining(path):
            os.fsync(there.folder)
        if identity(at_source) == intent["move"]:
            return _drop_source(here, path)
        return Outcome(path=path)
    if identity(at_source) == intent["move"]:
        return None
    raise StepError(_MOVED_ELSEWHERE, hint=_MOVED_HINT, path=shown(here.path))


def identity(found: os.stat_result | None) -> Identity | None:
    """Return what tells one file from another, as JSON."""
    return None if found is None else [found.st_dev, found.st_ino, found.st_size]


def _is_same_name(here: Place, there: Place) -> bool:
    if here.name != there.name:
        return False
    return os.path.samestat(os.fstat(here.folder), os.fstat(there.folder))

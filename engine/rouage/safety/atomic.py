"""Change files whole or not at all: temporary name, sync, rename, sync the folder (S-43)."""

import errno
import functools
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, Literal

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.failures import explaining
from rouage.safety.names import new_name, numbered, shown
from rouage.safety.place import Place, look
from rouage.safety.rounds import Named, Work

OnConflict = Literal["fail", "skip", "overwrite", "rename"]

_RENAME_NOREPLACE: Final = 1
_UNSUPPORTED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
_MOST_NUMBERS: Final = 10_000

_EXISTS: Final = Text("{path} exists already", "{path} existe déjà")
_EXISTS_HINT: Final = Text(
    "say what to do with `on_conflict`: rename, skip or overwrite",
    "dites quoi faire avec `on_conflict` : rename, skip ou overwrite",
)
_IS_FOLDER: Final = Text("{path} is a folder", "{path} est un dossier")
_FOLDER_HINT: Final = Text(
    "end the target with “/” to put the file into the folder",
    "finissez la cible par « / » pour mettre le fichier dans le dossier",
)
_NO_NUMBER: Final = Text(
    "no free name is left beside {path}", "il ne reste pas de nom libre à côté de {path}"
)


def publishing(
    source: Place,
    target: Place,
    *,
    on_conflict: OnConflict,
    before: Callable[[str], Work[None]],
    keeps_name: bool = False,
) -> Work[str | None]:
    """Rename *source* to *target* in one step and return the name it got; None if skipped.

    *before* is done with the name just ahead of the rename, to note the intent. A new name
    must pass the name policy unless the file *keeps its name*.

    Raises:
        StepError: the target exists and *on_conflict* is `fail`, or the name is refused.
    """
    found = look(target)
    if found is None:
        name = target.name if keeps_name else new_name(target.name)
    else:
        name = target.name
        if stat.S_ISDIR(found.st_mode):
            raise StepError(_IS_FOLDER, hint=_FOLDER_HINT, path=shown(target.path))
    with explaining(target.path):
        if on_conflict == "overwrite":
            yield from before(name)
            os.replace(source.name, name, src_dir_fd=source.folder, dst_dir_fd=target.folder)
        else:
            taken = yield from _publishing_new(
                source, target, name, on_conflict, before, is_free=found is None
            )
            if taken is None:
                return None
            name = taken
        yield Named(target.folder)
    return name


def _publishing_new(
    source: Place,
    target: Place,
    name: str,
    on_conflict: OnConflict,
    before: Callable[[str], Work[None]],
    *,
    is_free: bool,
) -> Work[str | None]:
    for candidate in free_names(target, name, on_conflict, is_free=is_free):
        yield from before(candidate)
        with suppress(FileExistsError):  # somebody took the name meanwhile: try the next
            rename_new(source, target, candidate)
            return candidate
        if on_conflict == "skip":
            return None
    if on_conflict == "skip":
        return None
    if on_conflict == "rename":
        raise StepError(_NO_NUMBER, path=shown(target.path))
    raise StepError(_EXISTS, hint=_EXISTS_HINT, path=shown(target.path))


def free_names(
    target: Place, name: str, on_conflict: OnConflict, *, is_free: bool = False
) -> Iterator[str]:
    """Yield the names to try: *name* if it is free, then numbered ones if `rename` allows."""
    if is_free or look(target, name) is None:
        yield name
    if on_conflict != "rename":
        return
    for _, candidate in zip(range(_MOST_NUMBERS), numbered(name), strict=False):
        if look(target, candidate) is None:
            yield candidate


def rename_new(source: Place, target: Place, name: str) -> None:
    """Rename *source* to *name* in the folder of *target*, never over an existing file.

    Raises:
        FileExistsError: the name is taken.
        OSError: the system refused for another reason (EXDEV between file systems).
    """
    code = _rename_noreplace(source.folder, source.name, target.folder, name)
    if code == 0:
        return
    if code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code), name)
    try:  # a second name, then no first one: a crash between leaves both, which a retry sees
        os.link(
            source.name,
            name,
            src_dir_fd=source.folder,
            dst_dir_fd=target.folder,
            follow_symlinks=False,
        )
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        _rename_over_placeholder(source, target, name)
    else:
        os.unlink(source.name, dir_fd=source.folder)


def _rename_over_placeholder(source: Place, target: Place, name: str) -> None:
    # Neither is known to this file system: a placeholder reserves the name, then is renamed over.
    reserved = os.open(
        name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=target.folder
    )
    os.close(reserved)
    try:
        os.replace(source.name, name, src_dir_fd=source.folder, dst_dir_fd=target.folder)
    except OSError:
        os.unlink(name, dir_fd=target.folder)
        raise


def _rename_noreplace(from_folder: int, from_name: str, to_folder: int, to_name: str) -> int:
    """Return 0, or the error number of `renameat2(RENAME_NOREPLACE)`."""
    call = _renameat2()
    if call is None:
        return errno.ENOSYS
    old, new = os.fsencode(from_name), os.fsencode(to_name)
    if call(from_folder, old, to_folder, new, _RENAME_NOREPLACE) == 0:
        return 0
    import ctypes

    return ctypes.get_errno()


@functools.cache
def _renameat2() -> Any:
    """Return the C function, or None where the library lacks it."""
    # Loaded late: commands that move nothing should not wait for it.
    import ctypes

    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def temporary_name(key: str | None, path: str) -> str:
    """Return a hidden name: the same for the same key, so that a retry finds its leftover."""
    if key is None:
        return f".rouage-{secrets.token_hex(8)}.tmp"
    digest = hashlib.blake2s(f"{key}\0{path}".encode("utf-8", "surrogateescape"), digest_size=8)
    return f".rouage-{digest.hexdigest()}.tmp"


@contextmanager
def draft(target: Place, *, key: str | None, mode: int = 0o666) -> Iterator[tuple[BinaryIO, Place]]:
    """Open a hidden file beside *target*; whatever was not published is removed at the end.

    What was written is on disk when `seal()` returns; then `publish()` gives it its name.
    """
    name = temporary_name(key, target.path)
    place = Place(folder=target.folder, name=name, path=target.path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with explaining(target.path):
        with suppress(FileNotFoundError):  # left by a crash under the same key
            os.unlink(name, dir_fd=target.folder)
        file = os.fdopen(os.open(name, flags, mode, dir_fd=target.folder), "w+b")
    try:
        with file:
            yield file, place
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=target.folder)


def seal(file: BinaryIO) -> os.stat_result:
    """Bring what was written to *file* to the disk, and return its identity."""
    file.flush()
    os.fsync(file.fileno())
    return os.fstat(file.fileno())

"""Where contents lie that an action replaced, so that they can come back (features N-1).

A content is kept by a second name on the same disk, which costs nothing; on another disk, and in
a folder that others may write to, it is copied, up to a size. All lies in `.rouage/kept/`, one
folder for each step.
"""

import errno
import hashlib
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rouage.safety.failures import explaining
from rouage.safety.paths import Folders
from rouage.safety.place import Place

logger = logging.getLogger(__name__)

KEPT: Final = "kept"
COPIED_BYTES: Final = 64 << 20
"""A content on another disk is copied up to this size; a larger one is not kept."""
KEPT_SECONDS: Final = 30 * 86_400
MOST_KEPT_BYTES: Final = 2 << 30

_NO_LINK: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES}
)
_MODE: Final = 0o777
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def keep(folders: Folders, place: Place, found: os.stat_result, key: str) -> str | None:
    """Keep the content of the regular file at *place*; return its name in the store.

    None says that it could not be kept: it is on another disk and large, or there is no room.

    Raises:
        StepError: the store cannot be opened.
    """
    with store(folders, key) as folder:
        name = hashlib.blake2s(os.fsencode(place.path), digest_size=12).hexdigest()
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder.folder)
            if not _link(place, folder, name):
                if found.st_size > COPIED_BYTES:
                    return None
                _copy(place, folder, name)
            os.fsync(folder.folder)
        except OSError as error:
            # What the owner wants done is done; it only cannot be taken back.
            logger.warning("%s is not kept: %s", place.path, error)
            return None
    return f"{_folder_name(key)}/{name}"


def drop(folders: Folders, name: str) -> None:
    """Let go of a content that need not be kept."""
    path = folders.private / KEPT / name
    with suppress(OSError):
        path.unlink()
    with suppress(OSError):
        path.parent.rmdir()


def path_of(folders: Folders, name: str) -> Path:
    """Return where a kept content lies."""
    return folders.private / KEPT / name


@contextmanager
def store(folders: Folders, key: str) -> Iterator[Place]:
    """Open the folder of the store for the step with this *key*, made if it is missing."""
    path = folders.private / KEPT / _folder_name(key)
    with explaining(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield Place(folder=descriptor, name=".", path=str(path))
        finally:
            os.close(descriptor)


def sweep(private: Path, *, now: float) -> int:
    """Remove what was kept for long, and the oldest of what is too much; return the number."""
    entries = sorted(_entries(private / KEPT))
    total, removed = sum(size for _, size, _ in entries), 0
    for since, size, path in entries:
        if since > now - KEPT_SECONDS and total <= MOST_KEPT_BYTES:
            break
        with suppress(OSError):
            path.unlink()
            removed += 1
        with suppress(OSError):
            path.parent.rmdir()
        total -= size
    return removed


def _entries(root: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield since when each content is kept, its size, and where it lies."""
    with suppress(FileNotFoundError):
        for folder in root.iterdir():
            with suppress(NotADirectoryError):
                for path in folder.iterdir():
                    with suppress(FileNotFoundError):
                        found = path.stat(follow_symlinks=False)
                        # The link itself changed this time; that of the content is older.
                        yield found.st_ctime, found.st_size, path


def _folder_name(key: str) -> str:
    return hashlib.blake2s(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _link(place: Place, folder: Place, name: str) -> bool:
    if os.fstat(place.folder).st_mode & _WRITABLE_BY_OTHERS:
        # A second name would make the file look like one that somebody planted (`place`).
        return False
    try:
        os.link(
            place.name,
            name,
            src_dir_fd=place.folder,
            dst_dir_fd=folder.folder,
            follow_symlinks=False,
        )
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def _copy(place: Place, folder: Place, name: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    source = os.open(place.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.folder)
    with os.fdopen(source, "rb") as original:
        target = os.open(name, flags, 0o600, dir_fd=folder.folder)
        with os.fdopen(target, "wb") as copy:
            shutil.copyfileobj(original, copy)
            copy.flush()
            found = os.fstat(original.fileno())
            os.fchmod(copy.fileno(), stat.S_IMODE(found.st_mode) & _MODE)
            os.utime(copy.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(copy.fileno())

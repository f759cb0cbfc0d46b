"""List the files of a folder in a stable order, following no link (security S-41)."""

import errno
import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.failures import explained, explaining
from rouage.safety.names import shown
from rouage.safety.paths import AnyPath, Folders
from rouage.safety.place import Place

_DEEPEST: Final = 64
_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOO_DEEP: Final = Text(
    "{path} has more than {limit} levels of folders", "{path} a plus de {limit} niveaux de dossiers"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A regular file: its path, and the path below the folder that was walked."""

    path: str
    inner: str
    size: int
    modified: float


def walk(
    folders: Folders,
    folder: AnyPath,
    *,
    match: str | Sequence[str] = "*",
    recursive: bool = False,
    hidden: bool = False,
) -> Iterator[Found]:
    """Yield the regular files of *folder* whose name fits *match*, by path, upper case first.

    Hidden names (leading dot) are left out unless *hidden*. Links are not followed.

    Raises:
        StepError: the folder is not allowed, or is missing.
    """
    patterns = [match] if isinstance(match, str) else list(match)
    fits = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)).match
    with folders.folder(folder, "read") as place:
        for found in _files(place, "", recursive=recursive, hidden=hidden, depth=0):
            if fits(found.inner.rpartition("/")[2]) is not None:
                yield found


def _files(
    place: Place, inner: str, *, recursive: bool, hidden: bool, depth: int
) -> Iterator[Found]:
    if depth > _DEEPEST:
        raise StepError(_TOO_DEEP, path=shown(place.path), limit=_DEEPEST)
    with explaining(place.path):
        names = sorted(os.listdir(place.folder), key=os.fsencode)  # noqa: PTH208 - by descriptor
    for name in names:
        if name.startswith(".") and not hidden:
            continue
        try:
            found = os.stat(name, dir_fd=place.folder, follow_symlinks=False)
        except FileNotFoundError:
            continue  # it went away meanwhile
        path = f"{place.path}/{name}"
        if stat.S_ISREG(found.st_mode):
            yield Found(path=path, inner=inner + name, size=found.st_size, modified=found.st_mtime)
        elif stat.S_ISDIR(found.st_mode) and recursive:
            yield from _below(place, name, path, inner, hidden=hidden, depth=depth)


def _below(
    place: Place, name: str, path: str, inner: str, *, hidden: bool, depth: int
) -> Iterator[Found]:
    with ExitStack() as stack:
        try:
            descriptor = os.open(name, _FLAGS, dir_fd=place.folder)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}:
                return
            raise explained(error, path) from error
        stack.callback(os.close, descriptor)
        deeper = Place(folder=descriptor, name=".", path=path)
        yield from _files(deeper, f"{inner}{name}/", recursive=True, hidden=hidden, depth=depth + 1)

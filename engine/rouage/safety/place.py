"""A name in an open folder, and what may be opened there (security S-41)."""

import errno
import os
import stat
from typing import BinaryIO, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.failures import explained, explaining
from rouage.safety.names import shown

_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH

_NOT_REGULAR: Final = Text("{path} is not a regular file", "{path} n’est pas un fichier ordinaire")
_SHARED_LINK: Final = Text(
    "{path} has a second name elsewhere (hard link) and lies in a folder that others may write "
    "to: it is not taken",
    "{path} a un second nom ailleurs (lien physique) et se trouve dans un dossier où d’autres "
    "peuvent écrire : il n’est pas pris",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A name in an open folder: what `dir_fd` functions need, and the path for messages."""

    folder: int
    name: str
    path: str

    def beside(self, name: str) -> str:
        """Return the path of *name* in the same folder."""
        return f"{self.path.rpartition('/')[0]}/{name}"


def look(place: Place, name: str | None = None) -> os.stat_result | None:
    """Return what lies at *place* (or under *name* beside it), or None if nothing does."""
    try:
        wanted = place.name if name is None else name
        return os.stat(wanted, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def open_regular(place: Place) -> BinaryIO:
    """Open the file at *place* for reading, and look at what was opened.

    Raises:
        StepError: it is missing, a link, a device or a pipe, or a name planted by others.
    """
    with explaining(place.path):
        descriptor = os.open(place.name, _READ_FLAGS, dir_fd=place.folder)
        try:
            check_regular(place, os.fstat(descriptor))
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise


def check_regular(place: Place, found: os.stat_result) -> None:
    """Refuse what is not a plain file, or may be another file of ours under a planted name."""
    if stat.S_ISDIR(found.st_mode):
        raise explained(IsADirectoryError(errno.EISDIR, ""), place.path)
    if stat.S_ISLNK(found.st_mode):
        raise explained(OSError(errno.ELOOP, ""), place.path)
    if not stat.S_ISREG(found.st_mode):
        raise StepError(_NOT_REGULAR, path=shown(place.path))
    if found.st_nlink > 1 and os.fstat(place.folder).st_mode & _WRITABLE_BY_OTHERS:
        raise StepError(_SHARED_LINK, path=shown(place.path))

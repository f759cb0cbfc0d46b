"""The disk as a rehearsal sees it: nothing is written, and in a test nothing is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.append import Compose
from rouage.safety.names import shown
from rouage.safety.paths import Access, AnyPath, Folders
from rouage.safety.place import Place

_NOT_WRITTEN: Final = Text(
    "nothing is written in a rehearsal: {path} stays as it is",
    "rien n’est écrit pendant une répétition : {path} reste tel quel",
)
_NOT_READ: Final = Text(
    "nothing is read from the disk in a test: {path}",
    "rien n’est lu sur le disque pendant un test : {path}",
)


class NotRead(StepError):  # noqa: N818 - a rule of tests, not a fault
    """A test asked for something that lies on the disk."""


class StillFolders(Folders):
    """The same guard of the same folders, through which nothing can be changed.

    With *reads* False nothing can be read either.
    """

    reads: bool = True

    def admit(self, path: AnyPath, access: Access) -> None:
        """Return when the recipe may touch *path*; the disk is not looked at.

        Raises:
            StepError: it may not.
        """
        super().check(path, access)

    def check(self, path: AnyPath, access: Access) -> Path:
        """Return *path* absolute, for an action that is going to look at it.

        Raises:
            StepError: this recipe may not touch it, or a test would read it.
        """
        found = super().check(path, access)
        if not self.reads and access == "read":
            raise NotRead(_NOT_READ, path=shown(path))
        return found

    @contextmanager
    def place(self, path: AnyPath, access: Access, *, create: bool = False) -> Iterator[Place]:
        """Open the folder of *path* for reading only.

        Raises:
            StepError: something would be made, or read in a test.
        """
        self._allow_look(path, create=create)
        with super().place(path, access, create=False) as found:
            yield found

    @contextmanager
    def folder(self, path: AnyPath, access: Access, *, create: bool = False) -> Iterator[Place]:
        """Open the folder *path* itself for reading only.

        Raises:
            StepError: something would be made, or read in a test.
        """
        self._allow_look(path, create=create)
        with super().folder(path, access, create=False) as found:
            yield found

    async def append(self, path: AnyPath, what: "bytes | Compose", *, key: str) -> object:
        """Refuse to add to a file.

        Raises:
            StepError: always.
        """
        del what, key
        raise StepError(_NOT_WRITTEN, path=shown(path))

    def _allow_look(self, path: AnyPath, *, create: bool) -> None:
        if not self.reads:
            raise NotRead(_NOT_READ, path=shown(path))
        if create:
            raise StepError(_NOT_WRITTEN, path=shown(path))

"""The disk as it is, or as it would be after what is already decided (features N-1).

Taking back a run is judged from its last effect to its first: each is looked at in the world
that the ones after it leave behind.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rouage.errors import StepError
from rouage.safety.failures import explaining
from rouage.safety.fingerprint import Fingerprints, Span
from rouage.safety.kept import KEPT
from rouage.safety.paths import Folders
from rouage.safety.place import Place, look
from rouage.safety.state import State, read_state
from rouage.safety.trash import home_trash


class World:
    """What lies where. `becomes` and `cut` change the picture, never the disk."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._states: dict[str, State | None] = {}
        self._places: dict[str, str] = {}
        self._cuts: dict[str, list[Span]] = {}
        self._gone: set[str] = set()
        # What whoever takes back a part of a file (a row of a database) knows of the others.
        self.parts: dict[str, Any] = {}
        # Its own: what was read before may have been changed without a trace.
        self._fingerprints = Fingerprints()

    def state(self, path: str) -> State | None:
        """Return the file at *path*; None when nothing is there.

        Raises:
            StepError: it cannot be looked at.
        """
        where = self.where(path)
        cuts = self.cuts_of(where)
        if path in self._states and (not cuts or self._states[path] is None):
            return self._states[path]
        with standing(self.folders, where) as place:
            return None if place is None else read_state(self._fingerprints, place, without=cuts)

    def becomes(self, path: str, state: State | None, where: str | None = None) -> None:
        """Take it that *path* holds what *state* says; its content still lies at *where*."""
        self._states[path] = state
        self._places[path] = where or path

    def where(self, path: str) -> str:
        """Return where the content that *path* would have lies on the disk."""
        return self._places.get(path, path)

    def cut(self, where: str, span: Span) -> None:
        """Take it that a part of what lies at *where* is gone."""
        self._cuts.setdefault(where, []).append(span)

    def cuts_of(self, where: str) -> tuple[Span, ...]:
        """Return the parts that are gone of what lies at *where*."""
        return tuple(sorted(self._cuts.get(where, ())))

    def lose_folder(self, path: str) -> None:
        """Take it that the folder *path* is gone."""
        self._gone.add(path)

    def names_in(self, folder: str) -> set[str] | None:
        """Return what lies in *folder*; None when it is not there."""
        if folder in self._gone:
            return None
        with standing(self.folders, folder) as place:
            found = None if place is None else look(place)
            if place is None or found is None or not stat.S_ISDIR(found.st_mode):
                return None
            with explaining(folder):
                descriptor = os.open(place.name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=place.folder)
                try:
                    names = set(os.listdir(descriptor))  # noqa: PTH208 - an open folder
                finally:
                    os.close(descriptor)
        for path, state in self._states.items():
            base, _, name = path.rpartition("/")
            if base == folder:
                names = names | {name} if state is not None else names - {name}
        return names - {
            path.rpartition("/")[2] for path in self._gone if path.startswith(folder + "/")
        }


@contextmanager
def standing(folders: Folders, path: str) -> Iterator[Place | None]:
    """Open the folder of *path*, ours (trash, store) or the recipe's; None when it is missing.

    Raises:
        StepError: this recipe may not touch the path.
    """
    opening = _our_place(path) if _is_ours(folders, path) else folders.place(path, "write")
    with ExitStack() as stack:
        try:
            place = stack.enter_context(opening)
        except StepError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            place = None
        yield place


@contextmanager
def _our_place(path: str) -> Iterator[Place]:
    base, _, name = path.rpartition("/")
    with explaining(path):
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Place(folder=descriptor, name=name, path=path)
    finally:
        os.close(descriptor)


def _is_ours(folders: Folders, path: str) -> bool:
    """Say whether *path* lies where deleted and replaced files are kept."""
    if "/../" in path:
        return False
    if path.startswith((f"{folders.private}/{KEPT}/", f"{folders.private}/trash/")):
        return True
    # Nearly every path is spared the question where the trash of the desktop is.
    return "/Trash/" in path and path.startswith(f"{home_trash(folders)}/")

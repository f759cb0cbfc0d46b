"""Folders that are open, shared by the work that one thread does for many runs.

To open a folder safely takes a handful of calls of the system for each of its parents. Work
that is done together opens each once; a folder that was moved or replaced since is opened again.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

Key = tuple[object, ...]

_LOCK: Final = threading.Lock()


class OpenFolder:
    """An open folder, closed when the last of its users leaves it."""

    __slots__ = ("_identity", "_users", "descriptor")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._users = 1
        self._identity: tuple[int, int] | None = None

    def join(self) -> "OpenFolder":
        """Count one more user."""
        with _LOCK:
            self._users += 1
        return self

    def leave(self) -> None:
        """Count one user less; work that went on alone may leave after all others."""
        with _LOCK:
            self._users -= 1
            is_last = not self._users
        if is_last:
            os.close(self.descriptor)

    def is_at(self, path: str) -> bool:
        """Say whether *path* still leads to this folder."""
        if self._identity is None:
            own = os.fstat(self.descriptor)
            self._identity = (own.st_dev, own.st_ino)
        try:
            found = os.stat(path)  # noqa: PTH116 - a third of the time, for every file touched
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity


class OpenFolders:
    """What each thread has open and shares; nothing, unless it is `sharing`."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Have this thread open each folder once, until the end of this context."""
        shared: dict[Key, OpenFolder] = {}
        self._local.shared = shared
        try:
            yield
        finally:
            self._local.shared = None
            for folder in shared.values():
                folder.leave()

    def take(self, key: Key, path: str, opening: Callable[[], int]) -> OpenFolder:
        """Return the folder *path*, which `opening` opens; the caller leaves it in the end.

        *key* tells apart who may reach the folder in different ways.
        """
        shared: dict[Key, OpenFolder] | None = getattr(self._local, "shared", None)
        if shared is None:
            return OpenFolder(opening())
        known = shared.get(key)
        if known is not None:
            if known.is_at(path):
                return known.join()
            del shared[key]
            known.leave()
        folder = shared[key] = OpenFolder(opening())
        return folder.join()

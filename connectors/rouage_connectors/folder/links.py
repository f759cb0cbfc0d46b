"""Symbolic links: left alone unless asked for, and never a way out (triggers F-14)."""

import os
from collections.abc import Iterable


class Links:
    """Where links may lead: within *root*, and into the folders *allowed*."""

    def __init__(self, root: bytes, allowed: Iterable[bytes]) -> None:
        self._folders = tuple(os.path.realpath(folder) for folder in (root, *allowed))

    def real(self, path: bytes) -> bytes | None:
        """Return the place that *path* really is, or None when links may not lead there."""
        real = os.path.realpath(path)
        return real if any(_is_within(real, folder) for folder in self._folders) else None

    def leads_out(self, path: bytes) -> bool:
        """Say whether the link *path* leads to an outside folder that is allowed.

        A folder of the tree itself is met without the link.
        """
        real = os.path.realpath(path)
        inner, *outer = self._folders
        return not _is_within(real, inner) and any(_is_within(real, folder) for folder in outer)


def _is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")

"""What actions did to files a moment ago, for triggers that watch files (triggers F-19, F-24)."""

from collections.abc import Mapping
from typing import Protocol

from rouage.sdk.json import JSON


class Traces(Protocol):
    """Who wrote a file, who took one away: the recipes that led to it, the last one at the end.

    Kept for some minutes, in memory: an empty answer means that nobody knows.
    """

    def writers_of(self, file: Mapping[str, JSON]) -> tuple[str, ...]:
        """Return who led to the *file* of an event (`path`, `size`, `modified`)."""
        ...

    def takers_of(self, path: str) -> tuple[str, ...]:
        """Return who moved or deleted the file that was at *path*."""
        ...


class NoTraces:
    """Where nothing is known."""

    def writers_of(self, file: Mapping[str, JSON]) -> tuple[str, ...]:
        """Return that nobody knows."""
        del file
        return ()

    def takers_of(self, path: str) -> tuple[str, ...]:
        """Return that nobody knows."""
        del path
        return ()

"""What steps have left behind, kept at hand until it is noted with their results."""

from typing import Final

from rouage.safety.state import State

_MOST: Final = 2_000


class Left:
    """For each step what the files are that it made or moved; bounded, and in memory only.

    Who does not find a file here looks at the disk. Safe to use from several threads: each
    step has a key of its own.
    """

    def __init__(self) -> None:
        self._states: dict[str, dict[str, State | None]] = {}

    def note(self, key: str, path: str, state: State | None) -> None:
        """Note what the step of *key* has left at *path*."""
        if len(self._states) >= _MOST:
            self._states.clear()
        self._states.setdefault(key, {})[path] = state

    def take(self, key: str) -> dict[str, State | None]:
        """Return, once, what the step of *key* has left."""
        return self._states.pop(key, {})

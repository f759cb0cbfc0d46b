"""The brake: a file that makes event after event is a loop, and pauses its trigger (F-25)."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from rouage.sdk import Text
from rouage_connectors.folder.names import display
from rouage_connectors.folder.taker import Paused

MOST_IN_WINDOW: Final = 20
_WINDOW_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 600.0
_REMEMBERED: Final = 10_000

_LOOPS: Final = Text(
    "{file} made more than {most} events within a minute, as when a recipe changes its own files; "
    "this trigger takes nothing for {minutes} minutes. Have the recipe write elsewhere",
    "{file} a fait plus de {most} événements en une minute, comme quand une recette modifie ses "
    "propres fichiers ; ce déclencheur ne prend rien pendant {minutes} minutes. Faites écrire la "
    "recette ailleurs",
)


class Brake:
    """Counts the events of each path; bounded, as only the latest paths matter."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._counts: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self.trips = 0

    def check(self, path: bytes) -> None:
        """Refuse another event of *path* when there were too many.

        Raises:
            Paused: there were.
        """
        _, count = self._window(path)
        if count < MOST_IN_WINDOW:
            return
        self._counts.pop(path, None)
        self.trips += 1
        minutes = int(_PAUSE_SECONDS / 60)
        reason = _LOOPS.fill(file=display(path), most=MOST_IN_WINDOW, minutes=minutes)
        raise Paused(_PAUSE_SECONDS, reason)

    def count(self, path: bytes) -> None:
        """Count one event of *path*."""
        began, count = self._window(path)
        self._counts.pop(path, None)
        self._counts[path] = (began, count + 1)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def _window(self, path: bytes) -> tuple[float, int]:
        now = self._now()
        began, count = self._counts.get(path, (now, 0))
        return (now, 0) if now - began > _WINDOW_SECONDS else (began, count)

"""Who caused an event: the recipes before it, and where they run in a circle (security P-14)."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

MOST_ROUNDS: Final = 3
LONGEST_TRAIL: Final = 20
_KEPT_SECONDS: Final = 600.0
_MOST_PATHS: Final = 10_000
_MOST_FOLDERS: Final = 1_000

_CIRCLE: Final = Text(
    "recipes start each other in a circle: {cycle}",
    "des recettes se lancent en rond : {cycle}",
)
_TOO_LONG: Final = Text(
    "{count} recipes have started each other in a row: {cycle}",
    "{count} recettes se sont lancées l’une l’autre : {cycle}",
)
_OWN_FILE: Final = Text(
    "the recipe wrote this file itself: {cycle}",
    "la recette a écrit ce fichier elle-même : {cycle}",
)
_HINT: Final = Text(
    "let one of them do its work elsewhere, or give its trigger a condition",
    "faites-en travailler une ailleurs, ou donnez une condition à son déclencheur",
)


class LoopError(StepError):
    """Recipes trigger each other in a circle; this event starts nothing."""


def find_loop(
    recipe: str, trail: tuple[str, ...], *, is_own_file: bool = False
) -> LoopError | None:
    """Return why an event with *trail* must not start *recipe*, or None when it may."""
    if is_own_file:
        return LoopError(_OWN_FILE, hint=_HINT, cycle=_cycle(recipe, trail))
    if trail.count(recipe) >= MOST_ROUNDS:
        return LoopError(_CIRCLE, hint=_HINT, cycle=_cycle(recipe, trail))
    if len(trail) >= LONGEST_TRAIL:
        cycle = _cycle(recipe, trail)
        return LoopError(_TOO_LONG, hint=_HINT, count=len(trail), cycle=cycle)
    return None


def _cycle(recipe: str, trail: tuple[str, ...]) -> str:
    """Return the last round as `a > b > a`; the end of the trail when there is no round."""
    if recipe in trail:
        start = len(trail) - 1 - trail[::-1].index(recipe)
        return " > ".join((*trail[start:], recipe))
    return " > ".join(("…", *trail[-4:], recipe))


@dataclass(frozen=True, slots=True)
class _Gone:
    trail: tuple[str, ...]
    expires: float


@dataclass(frozen=True, slots=True)
class _Written:
    trail: tuple[str, ...]
    size: int
    modified: int
    expires: float


class WrittenFiles:
    """The files that actions wrote a moment ago, and who caused that (triggers F-24).

    A file counts as written by an action while its size and time are what the action left.
    Bounded, in memory: after a restart, what was written before it has no trail. Nothing is
    noted until `is_needed`: while no trigger tells of files, nobody would ask.
    """

    def __init__(self, monotonic_seconds: Callable[[], float], *, most: int = _MOST_PATHS) -> None:
        self._now = monotonic_seconds
        self._most = most
        self.is_needed = False
        self._folders: dict[str, str] = {}
        self._files: OrderedDict[str, _Written] = OrderedDict()
        self._gone: OrderedDict[str, _Gone] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, path: str, trail: tuple[str, ...]) -> None:
        """Remember that an action left the file at *path* as it is; may be called anywhere.

        A file that is not there was moved or deleted by it.
        """
        if not self.is_needed:
            return
        try:
            found = os.stat(path)  # noqa: PTH116 - a third of the time, for every file written
        except FileNotFoundError:
            self._note_gone(path, trail)
            return
        except (OSError, ValueError):
            return
        now, modified = self._now(), found.st_mtime_ns // 1_000_000_000
        written = _Written(trail, found.st_size, modified, now + _KEPT_SECONDS)
        place = self._place(path)
        with self._lock:
            self._files.pop(place, None)
            self._files[place] = written
            while len(self._files) > self._most or next(iter(self._files.values())).expires < now:
                self._files.popitem(last=False)

    def _note_gone(self, path: str, trail: tuple[str, ...]) -> None:
        now, place = self._now(), self._place(path)
        with self._lock:
            self._files.pop(place, None)
            self._gone.pop(place, None)
            self._gone[place] = _Gone(trail, now + _KEPT_SECONDS)
            while len(self._gone) > self._most or next(iter(self._gone.values())).expires < now:
                self._gone.popitem(last=False)

    def __bool__(self) -> bool:
        """Say whether anything was written lately."""
        return bool(self._files)

    def trail_of(self, data: JSON) -> tuple[str, ...]:
        """Return who caused the file that the event *data* tells of; nobody that we know: ()."""
        file = data.get("file") if isinstance(data, dict) else None
        return self.writers_of(file) if isinstance(file, dict) else ()

    def writers_of(self, file: Mapping[str, JSON]) -> tuple[str, ...]:
        """Return who caused the *file* of an event, as it describes it."""
        path = file.get("path")
        written = self._files.get(self._place(path)) if isinstance(path, str) else None
        if written is None or written.expires < self._now() or not _is_same(written, file):
            return ()
        return written.trail

    def takers_of(self, path: str) -> tuple[str, ...]:
        """Return who moved or deleted the file that was at *path*."""
        gone = self._gone.get(self._place(path))
        return () if gone is None or gone.expires < self._now() else gone.trail

    def _place(self, path: str) -> str:
        """Return *path* without links among its folders: a trigger may know it by another way.

        A folder is looked up once: links among folders hardly ever change.
        """
        folder, name = os.path.split(path)
        real = self._folders.get(folder)
        if real is None:
            if len(self._folders) >= _MOST_FOLDERS:
                self._folders.clear()
            real = self._folders[folder] = os.path.realpath(folder)
        return f"{real}/{name}"


def _is_same(written: _Written, file: Mapping[str, JSON]) -> bool:
    modified = file.get("modified")
    if file.get("size") != written.size or not isinstance(modified, str):
        return False
    try:
        return int(datetime.fromisoformat(modified).timestamp()) == written.modified
    except ValueError:
        return False

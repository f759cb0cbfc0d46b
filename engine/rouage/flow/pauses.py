"""Recipes that are paused: their events are kept, and start nothing until they are resumed.

The record is a row of the journal, so a pause lasts across restarts. A start by hand, a call
by another recipe, and runs that had begun or were queued are none of a pause's business.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from rouage.clock import Clock
from rouage.durable.port import Engine
from rouage.errors import Overloaded, StepError
from rouage.language import Text
from rouage.model.event import Event
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.sdk.quantities import parse_duration

logger = logging.getLogger(__name__)

OWNER: Final = "#pauses"
ALL: Final = "*"
RESUMED: Final = "resumed "
"""How the key of an event begins that a pause had held back; its id follows."""

Stored = Literal["run", "keep"]
"""What becomes of the events that came meanwhile."""

_PAGE: Final = 500
_MOST_COUNTED: Final = 10_000
_TICKS_OF_ALL: Final = 24
_PAUSED_ALL: Final = Text(
    "all recipes were paused by {by} on {since}",
    "toutes les recettes ont été mises en pause par {by} le {since}",
)
_PAUSED: Final = Text(
    "the recipe was paused by {by} on {since}", "la recette a été mise en pause par {by} le {since}"
)
_NOT_PAUSED: Final = Text("{recipe} is not paused", "{recipe} n’est pas en pause")
_ALL_NOT_PAUSED: Final = Text(
    "not all recipes are paused together; name the one to resume",
    "les recettes n’ont pas été mises en pause toutes ensemble ; nommez celle à reprendre",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """One pause: of a recipe, or of all (`*`). `stored` is set once it is being ended."""

    recipe: str
    since: datetime
    by: str
    stored: Stored | None = None

    def as_json(self) -> dict[str, JSON]:
        """Return the pause as data."""
        facts: dict[str, JSON] = {"recipe": self.recipe, "by": self.by, "stored": self.stored}
        return {**facts, "since": self.since.isoformat()}

    @property
    def error(self) -> JSON:
        """Return why an event starts nothing, as its verdict records it."""
        text = _PAUSED_ALL if self.recipe == ALL else _PAUSED
        said = text.fill(by=self.by, since=f"{self.since:%Y-%m-%d %H:%M}")
        return {"kind": "Paused", "message": {"en": said.en, "fr": said.fr}, **self.as_json()}


class Triggers(Protocol):
    """What resuming asks of the triggers."""

    async def release(self, event: Event) -> bool:
        """Have *event* matched again, as a new one; False when its trigger is gone."""
        ...

    def missed_of(self, source: str) -> JSON:
        """Return the `missed` of the trigger *source* if it is a schedule, else False."""
        ...


class NoTriggers:
    """Nobody to let events go to: no daemon works."""

    async def release(self, event: Event) -> bool:
        """Let nothing go."""
        del event
        return False

    def missed_of(self, source: str) -> JSON:
        """Know of no schedule."""
        del source
        return False


class Pauses:
    """Which recipes are paused, in memory for every event and in the journal for restarts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._engine: Engine
        self._triggers: Triggers
        self._known: dict[str, Pause] = {}
        self._lock = asyncio.Lock()

    async def load(self, engine: Engine, triggers: Triggers) -> None:
        """Go on from what the journal holds."""
        self._engine, self._triggers = engine, triggers
        for name, value in (await engine.load_items(OWNER)).items():
            pause = _read(name.decode(), value)
            if pause is not None:
                self._known[pause.recipe] = pause

    @property
    def all(self) -> tuple[Pause, ...]:
        """Return every pause."""
        return tuple(self._known.values())

    def of(self, recipe: str) -> Pause | None:
        """Return the pause under which *recipe* is, if any."""
        if not self._known:
            return None
        return self._known.get(recipe) or self._known.get(ALL)

    def error_of(self, recipe: str) -> JSON:
        """Return why the events of *recipe* start nothing now, or None."""
        pause = self.of(recipe) if self._known else None
        return None if pause is None else pause.error

    async def pause(self, recipe: str | None, *, by: str) -> Pause:
        """Pause *recipe*, or all; durable before it returns. A second time changes nothing."""
        name = ALL if recipe is None else recipe
        async with self._lock:
            known = self._known.get(name)
            if known is not None and known.stored is None:
                return known
            pause = Pause(recipe=name, since=self._clock.now(), by=by)
            await self._keep(pause)
        logger.info("%s paused by %s", "all recipes" if recipe is None else recipe, by)
        return pause

    async def count(self, pause: Pause) -> int:
        """Return how many events it held back so far, up to a bound."""
        recipe = None if pause.recipe == ALL else pause.recipe
        total, after = 0, 0
        while total < _MOST_COUNTED:
            page = await self._engine.held_back(
                since=pause.since, recipe=recipe, after=after, limit=_PAGE
            )
            total += len(page)
            if len(page) < _PAGE:
                break
            after = page[-1][0]
        return total

    async def resume(self, recipe: str | None, *, stored: Stored) -> int:
        """End a pause, and let what came meanwhile run, or keep it as it is.

        Returns how many events were held back and are let go. Safe to repeat after a crash: an
        event is let go once.

        Raises:
            StepError: there is no such pause.
        """
        async with self._lock:
            pause = replace(self._named(recipe), stored=stored)
            await self._keep(pause)
            released = await self._end(pause)
        logger.info("%s resumed, %s held events let go", pause.recipe, released)
        return released

    async def end_later(self, recipe: str | None, *, stored: Stored) -> Pause:
        """Note that a pause is to end with the next start; for when no daemon works.

        Raises:
            StepError: there is no such pause.
        """
        pause = replace(self._named(recipe), stored=stored)
        await self._keep(pause)
        return pause

    def _named(self, recipe: str | None) -> Pause:
        pause = self._known.get(ALL if recipe is None else recipe)
        if pause is None:
            raise StepError(_ALL_NOT_PAUSED if recipe is None else _NOT_PAUSED, recipe=recipe)
        return pause

    async def finish(self) -> None:
        """End the pauses whose end a stop interrupted."""
        for pause in self.all:
            if pause.stored is not None:
                async with self._lock:
                    await self._end(pause)

    async def _end(self, pause: Pause) -> int:
        released, after = 0, 0
        if pause.stored == "run":
            released, after = await self._release(pause, after)
        if pause.recipe == ALL:
            await self._widen(pause)
        # From here on events start runs again; those that were being written are let go after.
        self._known.pop(pause.recipe, None)
        await self._engine.put_items(OWNER, {pause.recipe.encode(): pause.as_json()})
        if pause.stored == "run":
            late, _ = await self._release(pause, after)
            released += late
        await self._engine.put_items(OWNER, {pause.recipe.encode(): None})
        return released

    async def _widen(self, pause: Pause) -> None:
        """Let a pause of one recipe answer for what the pause of all held back of it."""
        for own in self.all:
            if own.recipe != ALL and own.since > pause.since:
                await self._keep(replace(own, since=pause.since))

    async def _release(self, pause: Pause, after: int) -> tuple[int, int]:
        """Let events go, oldest first; return how many, and the number of the last."""
        late = await self._ticks(pause, after)
        recipe = None if pause.recipe == ALL else pause.recipe
        released = 0
        while True:
            page = await self._engine.held_back(
                since=pause.since, recipe=recipe, after=after, limit=_PAGE
            )
            for number, event in page:
                after = number
                kept = late.get(event.source)
                if (kept is None or event.id in kept) and self._is_free(pause, event):
                    released += await self._let_go(event)
            if len(page) < _PAGE:
                return released, after

    async def _ticks(self, pause: Pause, after: int) -> dict[str, frozenset[str]]:
        """Return, for each schedule that fired, the held ticks that its `missed` keeps."""
        recipe = None if pause.recipe == ALL else pause.recipe
        kept: dict[str, deque[str]] = {}
        while True:
            page = await self._engine.held_back(
                since=pause.since, recipe=recipe, after=after, limit=_PAGE
            )
            for number, event in page:
                after = number
                missed = self._triggers.missed_of(event.source)
                if missed is False:
                    continue
                most, age = _ticks_kept(missed)
                ids = kept.setdefault(event.source, deque(maxlen=most))
                if age is None or event.time >= self._clock.now() - age:
                    ids.append(event.id)
            if len(page) < _PAGE:
                return {source: frozenset(ids) for source, ids in kept.items()}

    def _is_free(self, pause: Pause, event: Event) -> bool:
        """Say whether no other pause holds the event."""
        recipe = event.source.rpartition("/")[0]
        other = self._known.get(recipe if pause.recipe == ALL else ALL)
        return other is None

    async def _let_go(self, event: Event) -> int:
        while True:
            try:
                return int(await self._triggers.release(event))
            except Overloaded as error:
                await self._clock.sleep(max(0.05, error.retry_after_seconds))

    async def _keep(self, pause: Pause) -> None:
        await self._engine.put_items(OWNER, {pause.recipe.encode(): pause.as_json()})
        self._known[pause.recipe] = pause


def _ticks_kept(missed: JSON) -> tuple[int, timedelta | None]:
    """Return how many missed ticks `missed` lets run, and how old they may be (triggers C-7)."""
    written = missed if isinstance(missed, dict) else {"policy": missed or "last"}
    policy = written.get("policy", "last")
    try:
        age: timedelta | None = timedelta(seconds=parse_duration(str(written["max_age"])))
    except (KeyError, ValueError, OverflowError):
        age = timedelta(days=1) if policy == "all" else None
    if policy == "all":
        most = written.get("max")
        return most if isinstance(most, int) else _TICKS_OF_ALL, age
    return (0 if policy == "skip" else 1), age


def _read(name: str, value: JSON) -> Pause | None:
    """Return the pause that a row of the journal holds; what cannot be read is none."""
    if not isinstance(value, Mapping):
        return None
    try:
        since = datetime.fromisoformat(str(value["since"]))
    except (KeyError, ValueError):
        return None
    given = value.get("stored")
    stored: Stored | None = "run" if given == "run" else "keep" if given == "keep" else None
    return Pause(recipe=name, since=since, by=str(value.get("by", "?")), stored=stored)


def read_pauses(items: Mapping[bytes, JSON]) -> tuple[Pause, ...]:
    """Return the pauses that the journal holds, for those who ask without a daemon."""
    found = [_read(name.decode(), value) for name, value in items.items()]
    return tuple(pause for pause in found if pause is not None)

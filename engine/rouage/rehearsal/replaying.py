"""Stored events through two versions of a recipe: what the newer one would do differently."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import field
from typing import Any, Final

from rouage.durable.sqlite.stored import StoredEvent
from rouage.errors import RouageError
from rouage.model.recipe import Recipe
from rouage.records import dataclass
from rouage.rehearsal.differing import EventDifference, compare
from rouage.rehearsal.recalling import recall, said
from rouage.rehearsal.scene import MANUAL, Cue, Performance, Surround
from rouage.rehearsal.stage import Stage

MOST_EVENTS: Final = 10_000
_REPLAYED: Final = frozenset({"matched", "refused", "failed", "paused"})
"""What a version decides by itself. The rest hangs on what else came: a batch, a duplicate."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """How far a replay is, and what it found until then."""

    same: int = 0
    differs: int = 0
    unknown: int = 0
    left_out: int = 0
    blanked: int = 0
    """Of events whose values are not there any more; nothing can be said about them."""
    is_cut: bool = False
    differences: list[EventDifference] = field(default_factory=list)
    open_steps: dict[str, int] = field(default_factory=dict)
    """Steps whose answer nobody knows, and for how many events that is so."""

    @property
    def replayed(self) -> int:
        """Return how many events went through both versions."""
        return self.same + self.differs + self.unknown


class Replay:
    """Both versions on their stages; each event is shown to both."""

    def __init__(self, old: Recipe, new: Recipe, surround: Surround) -> None:
        self._versions = old, new
        self._surround = surround
        self._stages: list[Stage | None] = [None, None]
        self._known = {one.hash: one for one in (old, new)}

    async def show(self, past: StoredEvent) -> EventDifference | None:
        """Return what the new version would do differently about *past*; None for nothing."""
        before, after = [await self._perform(number, past) for number in (0, 1)]
        return compare(past.event, before, after)

    async def close(self) -> None:
        """Leave both stages."""
        for stage in self._stages:
            if stage is not None:
                await stage.close()

    async def _perform(self, number: int, past: StoredEvent) -> Performance | None:
        recipe = self._versions[number]
        if past.trigger != MANUAL and all(use.id != past.trigger for use in recipe.triggers):
            return None
        cue = self._cue(past, recipe)
        stage = self._stages[number]
        if stage is None:
            stage = self._stages[number] = Stage(recipe, cue, self._surround)
            return await stage.play()
        return await stage.again(cue)

    def _cue(self, past: StoredEvent, recipe: Recipe) -> Cue:
        first = past.run
        version = None if first is None else self._known.get(first.definition)
        return Cue(
            trigger=past.trigger,
            data=past.event.data,
            now=past.event.time if first is None else first.started or first.created,
            answers={} if first is None else said(first, version or recipe),
            agrees=True,
            event=past.event.id,
            recall=recall(() if first is None else (first,), version or recipe),
        )


async def replay(
    past: Iterable[StoredEvent], shown: Replay, tally: Tally, *, most: int = MOST_EVENTS
) -> AsyncIterator[Tally]:
    """Show the events of the *past* to both versions; yield *tally* after each."""
    for stored in past:
        if stored.outcome not in _REPLAYED:
            tally.left_out += 1
            continue
        if stored.blanked is not None:
            tally.blanked += 1
            continue
        if tally.replayed >= most:
            tally.is_cut = True
            return
        _count(tally, await _shown(shown, stored))
        yield tally


async def _shown(shown: Replay, past: StoredEvent) -> EventDifference | None:
    try:
        return await shown.show(past)
    except RouageError as error:
        # An answer of then that does not fit a question of now, for one.
        return EventDifference(event=past.event.id, time=past.event.time, problem=error)


def _count(tally: Tally, found: EventDifference | None) -> None:
    if found is None:
        tally.same += 1
        return
    if found.open_steps or found.problem is not None:
        tally.unknown += 1
        for step in found.open_steps:
            tally.open_steps[step] = tally.open_steps.get(step, 0) + 1
    else:
        tally.differs += 1
    tally.differences.append(found)


def sources_of(*versions: Recipe) -> tuple[str, ...]:
    """Return the full ids of the triggers of *versions*, and of starts by hand."""
    named: Mapping[str, Any] = {
        f"{one.id}/{name}": None
        for one in versions
        for name in (*(use.id for use in one.triggers), MANUAL)
    }
    return tuple(named)

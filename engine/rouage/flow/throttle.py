"""At most so many events in a while (`throttle` on a trigger), counted across restarts."""

from collections.abc import Mapping
from datetime import datetime
from heapq import heapify, heappush, heapreplace, nlargest
from typing import Final

from rouage.model.recipe import Throttle
from rouage.records import dataclass
from rouage.sdk.json import JSON

PREFIX: Final = b"~throttle/"
_NEVER: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Place:
    """One of the `count` places: when an event took it, and when one had taken it before."""

    slot: int
    instant: float
    before: float


class Throttler:
    """The instants of the last `count` events that were let through.

    An event takes the place that was taken longest ago, if that is long enough. Each place is
    one small durable item, written in the commit of the event that took it.
    """

    def __init__(self, rule: Throttle) -> None:
        self.rule = rule
        self._places: list[tuple[float, int]] = []

    def load(self, items: Mapping[bytes, JSON]) -> None:
        """Go on from what was written before a restart."""
        found = [
            (float(value), int(key.removeprefix(PREFIX)))
            for key, value in items.items()
            if key.startswith(PREFIX) and isinstance(value, int | float)
        ]
        self._places = nlargest(self.rule.count, found)
        heapify(self._places)

    def take(self, now: datetime) -> Place | None:
        """Take a place for an event of *now*; None when there were too many."""
        instant, places = now.timestamp(), self._places
        if len(places) < self.rule.count:
            slot, before = self._unused_slot(), _NEVER
            heappush(places, (instant, slot))
            return Place(slot, instant, before)
        before, slot = places[0]
        if before > instant:
            # The clock was set back: count from now on, or nothing would pass until then.
            places[:] = [(min(taken, instant), number) for taken, number in places]
            heapify(places)
            return None
        if instant - before < self.rule.per_seconds:
            return None
        heapreplace(places, (instant, slot))
        return Place(slot, instant, before)

    def give_back(self, place: Place) -> None:
        """Forget an event that was not accepted after all."""
        taken = (place.instant, place.slot)
        if taken in self._places:
            self._places.remove(taken)
            if place.before != _NEVER:
                self._places.append((place.before, place.slot))
            heapify(self._places)

    @staticmethod
    def items(place: Place) -> dict[bytes, JSON]:
        """Return what the commit of the event must write."""
        return {PREFIX + b"%d" % place.slot: place.instant}

    def _unused_slot(self) -> int:
        used = {slot for _, slot in self._places}
        return next(slot for slot in range(len(used) + 1) if slot not in used)

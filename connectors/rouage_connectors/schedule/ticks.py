"""Sequences of instants, the ticks of a schedule; those of cron are mapped from wall dates.

croniter never sees a zone: it lists naive wall dates, and this module maps them, by the rule
for clock changes that the schedule has.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Protocol

from rouage_connectors.schedule.changes import FIXED, WILDCARD, instants_of, offset_of, read_rule
from rouage_connectors.schedule.cron import Cron

_LOOK: Final = timedelta(hours=26)
_MINUTE: Final = timedelta(minutes=1)
_CHUNK: Final = timedelta(hours=2)
_SPANS: Final = tuple(timedelta(days=days) for days in (1 / 24, 1, 32, 366, 366 * 9))


class Ticks(Protocol):
    """A sequence of instants, in UTC, strictly increasing."""

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*, or None when there is none."""
        ...


def ticks_between(ticks: Ticks, after: datetime, until: datetime, *, most: int) -> list[datetime]:
    """Return the ticks after *after*, up to and with *until*: the first *most* of them."""
    found: list[datetime] = []
    tick = ticks.next_after(after)
    while tick is not None and tick <= until and len(found) < most:
        found.append(tick)
        tick = ticks.next_after(tick)
    return found


def last_ticks(ticks: Ticks, after: datetime, until: datetime, *, most: int) -> list[datetime]:
    """Return the newest *most* ticks after *after*, up to and with *until*, oldest first.

    The span looked at grows until it holds enough, so that a year of missed minutes costs
    no more than an hour of them.
    """
    found: list[datetime] = []
    for span in _SPANS:
        start = max(after, until - span * max(1, most))
        found = _all_between(ticks, start, until)[-most:]
        if len(found) >= most or start == after:
            break
    return found


def _all_between(ticks: Ticks, after: datetime, until: datetime) -> list[datetime]:
    found: list[datetime] = []
    tick = ticks.next_after(after)
    while tick is not None and tick <= until:
        found.append(tick)
        tick = ticks.next_after(tick)
    return found


class CronTicks:
    """The ticks of a cron expression in a zone, each moved by *shift* (a fixed jitter).

    *dst* overrides what happens at clock changes, as the parameter of that name.
    """

    def __init__(
        self,
        cron: Cron,
        zone: tzinfo,
        *,
        shift: timedelta = timedelta(),
        dst: Mapping[str, str] | None = None,
    ) -> None:
        self._zone = zone
        self._rule = read_rule(dst or {}, WILDCARD if cron.is_wildcard else FIXED)
        self._shift = shift
        # Loaded with the first schedule: a recipe without one needs none of it.
        from croniter import croniter

        origin = datetime(2000, 1, 1)  # noqa: DTZ001 - wall dates are naive on purpose
        self._rules = [
            croniter(rule, origin, ret_type=datetime, implement_cron_bug=True)
            for rule in cron.rules
        ]
        self._ahead: list[datetime] = []
        self._ahead_from: datetime | None = None

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*, or None when there is none."""
        start = instant - self._shift
        known = self._remembered(start)
        tick = known if known is not None else self._find(start)
        return None if tick is None else tick + self._shift

    def _remembered(self, start: datetime) -> datetime | None:
        if self._ahead_from is None or not self._ahead_from <= start:
            return None
        position = bisect_right(self._ahead, start)
        return self._ahead[position] if position < len(self._ahead) else None

    def _find(self, start: datetime) -> datetime | None:
        wall = self._next_wall(self._wall(start))
        if self._is_calm(start) and (wall is None or self._is_calm(self._naively(wall))):
            return None if wall is None else self._naively(wall)
        return self._search(start, wall)

    def _search(self, start: datetime, wall: datetime | None) -> datetime | None:
        """Map every wall date near a clock change, and remember what lies ahead.

        What maps to an instant after *start* begins at most one change before its wall date.
        """
        change = max(self._change_near(start), _MINUTE)
        end = self._wall(start) + change + _CHUNK
        if wall is not None:
            change = max(change, self._change_near(self._naively(wall)))
            end = max(end, wall + change + _MINUTE)
        instants: set[datetime] = set()
        current = self._next_wall(self._wall(start) - change - _MINUTE)
        while current is not None and (current <= end or not instants):
            found = instants_of(current, self._zone, self._rule)
            instants.update(tick for tick in found if tick > start)
            current = self._next_wall(current)
        safe = self._naively(end) - change
        ahead = sorted(tick for tick in instants if tick <= safe)
        if ahead:
            self._ahead, self._ahead_from = ahead, start
            return ahead[0]
        return min(instants, default=None)

    def _next_wall(self, wall: datetime) -> datetime | None:
        """Return the first wall date after *wall* that any of the rules names."""
        from croniter import CroniterBadDateError

        best: datetime | None = None
        for rule in self._rules:
            try:
                found: datetime = rule.get_next(datetime, start_time=wall)
            except CroniterBadDateError:
                continue
            best = found if best is None else min(best, found)
        return best

    def _wall(self, instant: datetime) -> datetime:
        return instant.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _naively(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def _is_calm(self, instant: datetime) -> bool:
        return not self._change_near(instant)

    def _change_near(self, instant: datetime) -> timedelta:
        """Return how far the clock is set within a day around *instant*."""
        half = _LOOK / 2
        offsets = [offset_of(instant + half * step, self._zone) for step in range(-2, 3)]
        return max(offsets) - min(offsets)


class IntervalTicks:
    """Every *interval* of real time, counted from *anchor*, which is the first tick."""

    def __init__(self, anchor: datetime, interval: timedelta) -> None:
        self._anchor = anchor
        self._interval = interval

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*."""
        if instant < self._anchor:
            return self._anchor
        return self._anchor + ((instant - self._anchor) // self._interval + 1) * self._interval


class DailyTicks:
    """Every *days* days at the wall time of *anchor*, also across clock changes."""

    def __init__(self, anchor: datetime, days: int, zone: tzinfo) -> None:
        self._wall = anchor.astimezone(zone).replace(tzinfo=None)
        self._days = days
        self._zone = zone

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*."""
        passed = (instant.astimezone(self._zone).replace(tzinfo=None) - self._wall).days
        number = max(0, passed // self._days - 1)
        while (tick := self._tick(number)) <= instant:
            number += 1
        return tick

    def _tick(self, number: int) -> datetime:
        wall = self._wall + timedelta(days=number * self._days)
        return instants_of(wall, self._zone, FIXED)[0]


class MomentTicks:
    """Given instants, once each."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted({moment.astimezone(UTC) for moment in moments})

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first moment strictly after *instant*, or None when all are past."""
        position = bisect_right(self._moments, instant)
        return self._moments[position] if position < len(self._moments) else None


class MergedTicks:
    """The ticks of several sequences, in order, each instant once."""

    def __init__(self, parts: Sequence[Ticks]) -> None:
        self._parts = parts

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*, or None when there is none."""
        found: Iterator[datetime | None] = (part.next_after(instant) for part in self._parts)
        return min((tick for tick in found if tick is not None), default=None)

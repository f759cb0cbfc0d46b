"""Ticks that know working days: only on them, or on the first, second or last of a month."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from rouage.sdk import Business
from rouage_connectors.schedule.changes import FIXED, instants_of
from rouage_connectors.schedule.hours import TimeOfDay
from rouage_connectors.schedule.ticks import Ticks

_MOST_SKIPPED: Final = 5_000
_MOST_MONTHS: Final = 36
_LAST_YEAR: Final = 9998


class ChosenTicks:
    """The ticks of *inner* whose day, in *zone*, is one that *accepts* says yes to.

    The day is that of the time as written: before the *shift* of a jitter.
    """

    def __init__(
        self,
        inner: Ticks,
        zone: tzinfo,
        accepts: Callable[[date], bool],
        *,
        shift: timedelta = timedelta(),
    ) -> None:
        self._inner = inner
        self._zone = zone
        self._accepts = accepts
        self._shift = shift

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*; None when none is near enough."""
        tick = self._inner.next_after(instant)
        for _ in range(_MOST_SKIPPED):
            if tick is None:
                return None
            if self._accepts((tick - self._shift).astimezone(self._zone).date()):
                return tick
            tick = self._inner.next_after(tick)
        return None


class MonthlyWorkdayTicks:
    """The *number*-th working day of each month (-1 for the last one) at a time of day."""

    def __init__(
        self,
        number: int,
        time: TimeOfDay,
        zone: tzinfo,
        business: Business,
        *,
        shift: timedelta = timedelta(),
    ) -> None:
        self._number = number
        self._time = time
        self._zone = zone
        self._business = business
        self._shift = shift

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first tick strictly after *instant*; None when no month has one."""
        day = (instant - self._shift).astimezone(self._zone).date()
        year, month = day.year, day.month
        for _ in range(_MOST_MONTHS):
            if year > _LAST_YEAR:
                return None
            found = self._in_month(date(year, month, 1))
            if found is not None and found > instant:
                return found
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return None

    def _in_month(self, first: date) -> datetime | None:
        days = [first + timedelta(days=step) for step in range(31)]
        working = [
            day for day in days if day.month == first.month and self._business.is_working_day(day)
        ]
        place = self._number if self._number < 0 else self._number - 1
        if not -len(working) <= place < len(working):
            return None
        day = working[place]
        wall = datetime(day.year, day.month, day.day, self._time.hour, self._time.minute)  # noqa: DTZ001 - a wall date
        return instants_of(wall, self._zone, FIXED)[0] + self._shift

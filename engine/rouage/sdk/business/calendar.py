"""The calendar of a business: working days, opening and quiet hours; pure, and bounded."""

import re
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypeVar

from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.business.holidays import holidays_of
from rouage.settings.business import BusinessHours, Hours

MOST_WORKING_DAYS: Final = 3_000
_FARTHEST_DAYS: Final = 800
_LAST_YEAR: Final = 9998
_MOST_YEARS: Final = 64
_MIDNIGHT: Final = time(0)
_DAY: Final = timedelta(days=1)
_WORKING_DAYS: Final = re.compile(
    r"(\d{1,4})\s*(?:working\s+days?|business\s+days?|jours?\s+ouvrés?)"
)

D = TypeVar("D", bound=date)

WORKING_DAYS_PATTERN: Final = (
    r"^\s*\d{1,4}\s*(?:working\s+days?|business\s+days?|jours?\s+ouvrés?)\s*$"
)
"""How a number of working days is written: `3 working days`, `3 jours ouvrés`."""


class OutOfCalendar(ValueError):  # noqa: N818 - a limit, told by its name
    """The answer lies beyond what a calendar can tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Business:
    """When the business works, in the time `zone` of the workspace.

    A working day is one of the `days` that is neither a public holiday nor a closing date.
    It is open during its opening hours; quiet hours are never open.
    """

    hours: BusinessHours = field(default_factory=BusinessHours)
    zone: tzinfo = UTC
    _closed: dict[int, frozenset[date]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def holiday(self, day: date) -> Text | None:
        """Return the name of the public holiday that *day* is, or None."""
        return holidays_of(self.hours.holidays, day.year).get(_bare(day))

    def is_closed(self, day: date) -> bool:
        """Say whether *day* is a public holiday or a closing date."""
        if day.year not in self._closed:
            if len(self._closed) >= _MOST_YEARS:
                self._closed.clear()
            self._closed[day.year] = self._closed_in(day.year)
        return _bare(day) in self._closed[day.year]

    def is_working_day(self, day: date) -> bool:
        """Say whether *day* counts as a working day."""
        return day.weekday() in self.hours.days and not self.is_closed(day)

    def add_working_days(self, start: D, count: int) -> D:
        """Return the day *count* working days after *start* (before it, if negative).

        With 0, the next working day unless *start* is one. Keeps the time of day of a moment.

        Raises:
            OutOfCalendar: it lies too far away.
        """
        step = -_DAY if count < 0 else _DAY
        day, left, idle = start, abs(count), 0
        while left or not self.is_working_day(day):
            if not 1 < day.year <= _LAST_YEAR or idle > _FARTHEST_DAYS:
                raise OutOfCalendar("working days")
            day += step
            idle += 1
            if left and self.is_working_day(day):
                left, idle = left - 1, 0
        return day

    def is_open(self, instant: datetime, zone: tzinfo | None = None) -> bool:
        """Say whether the business is open at *instant*: `zone` is that of whom it is about."""
        return self.next_open(instant, zone) == instant.astimezone(UTC)

    def next_open(self, instant: datetime, zone: tzinfo | None = None) -> datetime | None:
        """Return the first instant from *instant* on when the business is open.

        *instant* itself (in UTC) when it is. None when it does not open within two years.
        """
        zone, instant = zone or self.zone, instant.astimezone(UTC)
        day = instant.astimezone(zone).date()
        for _ in range(_FARTHEST_DAYS):
            if day.year > _LAST_YEAR:
                return None
            for start, end in self._open_on(day, zone):
                if end > instant:
                    return max(start, instant)
            day += _DAY
        return None

    def is_quiet(self, instant: datetime, zone: tzinfo | None = None) -> bool:
        """Say whether *instant* lies in the quiet hours."""
        return self.end_of_quiet(instant, zone) != instant.astimezone(UTC)

    def end_of_quiet(self, instant: datetime, zone: tzinfo | None = None) -> datetime:
        """Return *instant* (in UTC), or the end of the quiet hours it lies in."""
        zone, instant = zone or self.zone, instant.astimezone(UTC)
        day = instant.astimezone(zone).date()
        for start, end in self._quiet_near(day, zone):
            if start <= instant < end:
                return end
        return instant

    def _closed_in(self, year: int) -> frozenset[date]:
        """Return the holidays and closing dates of *year*, which are asked for again and again."""
        first = date(year, 1, 1)
        length = (date(year + 1, 1, 1) - first).days if year <= _LAST_YEAR else 365
        days = [(first + step * _DAY).isoformat() for step in range(length)]
        closures = {day for one in self.hours.closed for day in one.among(days)}
        holidays = holidays_of(self.hours.holidays, year)
        return frozenset([*holidays, *map(date.fromisoformat, closures)])

    def _open_on(self, day: date, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        """Return the spans of *day* in which it is open, in order, without the quiet hours."""
        hours = self.hours.opening[day.weekday()]
        if not hours or self.is_closed(day):
            return []
        spans = [_instants(one, day, zone) for one in hours]
        for quiet in self._quiet_near(day, zone):
            spans = [part for span in spans for part in _without(span, quiet)]
        return spans

    def _quiet_near(self, day: date, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        """Return the quiet hours that begin on *day* or the day before it."""
        quiet = self.hours.quiet
        if quiet is None or day <= date.min + _DAY:
            return []
        return [_instants(quiet, one, zone) for one in (day - _DAY, day)]


def parse_working_days(text: str) -> int | None:
    """Return how many working days *text* (`3 working days`) says; None if it says none."""
    match = _WORKING_DAYS.fullmatch(text.strip().lower())
    if match is None or int(match[1]) > MOST_WORKING_DAYS:
        return None
    return int(match[1])


def _bare(day: date) -> date:
    return day.date() if isinstance(day, datetime) else day


def _instants(hours: Hours, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    last = day + _DAY if hours.end <= hours.start else day
    return _instant(day, hours.start, zone), _instant(last, hours.end, zone)


def _instant(day: date, minutes: int, zone: tzinfo) -> datetime:
    wall = datetime.combine(day, _MIDNIGHT) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _without(
    span: tuple[datetime, datetime], quiet: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime]]:
    """Return what is left of *span* outside *quiet*."""
    parts = [(span[0], min(span[1], quiet[0])), (max(span[0], quiet[1]), span[1])]
    if quiet[1] <= span[0] or quiet[0] >= span[1]:
        return [span]
    return [part for part in parts if part[0] < part[1]]

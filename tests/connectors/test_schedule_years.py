"""Ten years of schedules in twelve zones, against a second implementation of the Debian rule.

The second one knows neither croniter nor folds: it cuts time into stretches of equal offset,
lays the wall dates of the expression over each, and keeps the latest wall minute it has seen.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from rouage_connectors.schedule.cron import parse_cron
from rouage_connectors.schedule.ticks import CronTicks

ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",  # set by half an hour
    "Europe/Dublin",  # negative summer time
    "Asia/Kolkata",  # half-hour offset, no change
    "America/Santiago",  # gap at midnight
    "Asia/Beirut",  # gap at midnight
    "Africa/Casablanca",  # changed around Ramadan, by decree
    "Africa/Cairo",
    "Pacific/Auckland",
    "America/St_Johns",
    "UTC",
)
FIRST, LAST = 2026, 2036
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def stretches(zone, start, end):
    """Return (first instant, last instant, offset) of each stretch without a clock change."""
    found, begin, offset = [], start, zone.utcoffset(start.astimezone(zone))
    instant = start
    while instant < end:
        after = min(instant + DAY, end)
        if after.astimezone(zone).utcoffset() != offset or _differs(zone, instant, after, offset):
            low = instant
            while low.astimezone(zone).utcoffset() == offset:
                low += MINUTE
            found.append((begin, low, offset))
            begin, offset = low, low.astimezone(zone).utcoffset()
            after = low
        instant = after
    return [*found, (begin, end, offset)]


def _differs(zone, instant, after, offset):
    probes = (instant + HOUR * number for number in range(int((after - instant) / HOUR)))
    return any(probe.astimezone(zone).utcoffset() != offset for probe in probes)


class Calendar:
    """The wall minutes that an expression names, day by day."""

    def __init__(self, expression):
        minute, hour, day, month, weekday = expression.split()
        self.minutes, self.hours = _values(minute, 0, 59), _values(hour, 0, 23)
        self.days, self.months = _values(day, 1, 31), _values(month, 1, 12)
        self.weekdays = _values(weekday, 0, 6)
        self.is_and = day.startswith("*") or weekday.startswith("*")
        self.is_wildcard = minute.startswith("*") or hour.startswith("*")

    def between(self, first, last):
        """Yield the wall minutes from *first* up to, not with, *last*."""
        day = first.replace(hour=0, minute=0)
        while day < last:
            if self._names(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        wall = day.replace(hour=hour, minute=minute)
                        if first <= wall < last:
                            yield wall
            day += DAY

    def _names(self, day):
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        fits = by_date and by_weekday if self.is_and else by_date or by_weekday
        return fits and day.month in self.months


def _values(field, low, high):
    found = set()
    for part in field.split(","):
        body, _, step = part.partition("/")
        first, last = (low, high) if body == "*" else map(int, (body.split("-") * 2)[:2])
        found |= set(range(first, last + 1, int(step or 1)))
    return sorted(found)


def expected(expression, zone_stretches):
    """Yield every run after the first stretch has begun."""
    calendar, latest = Calendar(expression), None
    for begin, end, offset in zone_stretches:
        first, last = ((at + offset).replace(tzinfo=None) for at in (begin, end))
        if calendar.is_wildcard or latest is None:
            walls = calendar.between(first, last)
        else:
            skipped = latest < first and any(True for _ in calendar.between(latest, first))
            if skipped and first not in calendar.between(first, first + MINUTE):
                yield begin  # what was skipped is made up for at once
            walls = calendar.between(max(latest, first), last)
        latest = last if latest is None else max(latest, last)
        for wall in walls:
            yield (wall - offset).replace(tzinfo=UTC)


def random_expression(source):
    """Return an expression that runs a few times a day at most, often in the night."""

    def some(low, high, most):
        return ",".join(map(str, sorted(source.sample(range(low, high + 1), k=most))))

    minute = source.choice(["0", "30", "59", "*/45", some(0, 59, 1), some(0, 59, 2)])
    hour = source.choice(["0", "1", "2", "3", "*/12", "0-3", some(0, 4, 2), some(0, 23, 2)])
    day = source.choice(["*", "*", "*", "1,15", "*/3", "29-31"])
    month = source.choice(["*", "*", "3,10", "*/2", "1-6"])
    weekday = source.choice(["*", "*", "*", "0", "1-5", "*/3"])
    return f"{minute} {hour} {day} {month} {weekday}"


def compare(name, count, years, *, seed):
    zone, source = ZoneInfo(name), random.Random(f"{seed} {name}")  # noqa: S311 - repeatable
    start, end = datetime(years[0], 1, 1, tzinfo=UTC), datetime(years[1], 1, 1, tzinfo=UTC)
    known, compared = stretches(zone, start, end), 0
    for expression in (random_expression(source) for _ in range(count)):
        ticks, last = CronTicks(parse_cron(expression), zone), start - timedelta(microseconds=1)
        for run in expected(expression, known):
            tick = ticks.next_after(last)
            assert tick == run, (expression, name, last, tick, run)
            last, compared = tick, compared + 1
        following = ticks.next_after(last)
        assert following is None or following >= end, (expression, name, following)
    return compared


@pytest.mark.parametrize("name", ZONES)
def test_a_year_of_schedules_is_as_the_rule_says(name):
    assert compare(name, 3, (2026, 2028), seed="sample") > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ZONES)
def test_ten_years_of_schedules_are_as_the_rule_says(name):
    assert compare(name, 6, (FIRST, LAST), seed="years") > 1_000


def test_the_second_implementation_sees_the_changes_of_the_clock():
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    paris = stretches(ZoneInfo("Europe/Paris"), *year)
    assert [begin for begin, _, _ in paris][1:] == [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]
    runs = list(expected("30 2 * * *", paris))
    assert datetime(2026, 3, 29, 1, tzinfo=UTC) in runs
    assert len(runs) == 365
    assert all(first < second for first, second in pairwise(runs))

"""Cron expressions: what is accepted, what is refused, and the instants they name."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import StepError
from rouage_connectors.schedule.cron import parse_cron
from rouage_connectors.schedule.ticks import (
    CronTicks,
    DailyTicks,
    IntervalTicks,
    MergedTicks,
    MomentTicks,
    last_ticks,
    ticks_between,
)

PARIS = ZoneInfo("Europe/Paris")
DAYS_IN = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def walls(expression, start, count, zone=PARIS):
    ticks = CronTicks(parse_cron(expression), zone)
    found, instant = [], start
    for _ in range(count):
        instant = ticks.next_after(instant)
        found.append(instant.astimezone(zone).strftime("%m-%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("0 9 * * 1-5", "0 9 * * 1,2,3,4,5"),
        ("*/15 * * * *", "*/15 * * * *"),
        ("*/1 * * * *", "* * * * *"),
        ("5,10-12 0-23/6 1 jan-mar mon", "5,10,11,12 0,6,12,18 1 1,2,3 1"),
        ("59/1 * * * *", "59 * * * *"),
        ("10/20 * * * *", "10,30,50 * * * *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * 6/1", "0 0 * * 6"),
        ("0 0 * * SUN-TUE", "0 0 * * 0,1,2"),
        ("0 0 l * *", "0 0 L * *"),
        ("0 0 * * 5l", "0 0 * * L5"),
        ("0 0 * * L5", "0 0 * * L5"),
        ("0 0 * * friL", "0 0 * * L5"),
        ("0 0 * * mon#2,3#1", "0 0 * * 1#2,3#1"),
        ("  0   0 1 1 *  ", "0 0 1 1 *"),
        ("@daily", "0 0 * * *"),
        ("@WEEKLY", "0 0 * * 0"),
        ("@annually", "0 0 1 1 *"),
        ("*,5 * * * *", "* * * * *"),
    ],
)
def test_expressions_have_one_canonical_form(written, canonical):
    assert parse_cron(written).canonical == canonical


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("5-5 * * * *", "write 5"),
        ("0 22-2 * * *", "22-23,0-2"),
        ("0 0 * * FRI-MON", "5-6,0-1"),
        ("0 23-0 * * *", "23,0"),
        ("*/90 * * * *", "schedule.every"),
        ("0 */24 * * *", "schedule.every"),
        ("*/0 * * * *", "at least 1"),
        ("0 0 31 2 *", "does not exist"),
        ("0 0 31 4,6 *", "does not exist"),
        ("R * * * *", "write H"),
        ("0 0 R(1-5) * *", "write H"),
        ("0 0 ? * 1", "write *"),
        ("0 0 15w * *", "list the days"),
        ("0 0 * * * *", "interval: 10s"),
        ("0 0 * * * * 2026", "5 fields"),
        ("0 0 * *", "not 4"),
        ("", "not 0"),
        ("@reboot", "engine’s own start event"),
        ("@often", "@hourly"),
        ("60 * * * *", "0-59"),
        ("* * 0 * *", "1-31"),
        ("* * * 13 *", "1-12"),
        ("* * * * 8", "0-7"),
        ("a * * * *", "steps"),
        ("* * * * lundi", "steps"),
        ("1,,2 * * * *", "steps"),
        ("*-5 * * * *", "steps"),
        ("*/5/5 * * * *", "steps"),
        ("٣ * * * *", "steps"),
        ("0 0 2L * *", "L stands alone"),
        ("0 0 * * L", "L stands alone"),
        ("0 0 * * 1#6", "steps"),
        ("0 0 * * 1#1,3", "two triggers"),
        ("0 " * 101, "200"),
    ],
)
def test_what_would_mean_something_else_is_refused_with_the_remedy(written, remedy):
    with pytest.raises(StepError) as caught:
        parse_cron(written)
    assert remedy in caught.value.render("en")
    french = caught.value.render("fr")
    assert french != caught.value.render("en")
    french = french.replace("{interval: 10s}", "").replace("{on: [started]}", "")
    assert "{" not in french


def test_an_impossible_date_beside_a_weekday_still_fires_on_the_weekday():
    assert walls("0 0 31 2 1", datetime(2026, 1, 31, tzinfo=UTC), 1) == ["02-02 00:00 +0100"]


def test_h_is_spread_over_recipes_and_the_same_every_time():
    forms = {parse_cron("H H * * *", seed=f"recipe-{n}").canonical for n in range(50)}
    assert len(forms) > 40
    assert parse_cron("H H * * *", seed="a") == parse_cron("H H * * *", seed="a")
    minutes = parse_cron("H/20 * * * *", seed="a").canonical.split()[0].split(",")
    assert len(minutes) == 3
    assert 10 <= int(parse_cron("H(10-12) * * * *", seed="a").canonical.split()[0]) <= 12
    with pytest.raises(StepError):
        parse_cron("H(50-70) * * * *")


def test_clock_changes_follow_debian():
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert walls("30 2 * * *", spring, 2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]
    assert walls("30 2 * * *", autumn, 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]
    assert walls("0,30 2 * * *", spring, 2) == ["03-29 03:00 +0200", "03-30 02:00 +0200"]
    assert walls("*/30 2 * * *", spring, 1) == ["03-30 02:00 +0200"]
    assert walls("*/30 2 * * *", autumn, 5) == [
        "10-25 02:00 +0200",
        "10-25 02:30 +0200",
        "10-25 02:00 +0100",
        "10-25 02:30 +0100",
        "10-26 02:00 +0100",
    ]
    assert walls("*/10 2 29 3 *", spring, 1) == ["03-29 02:00 +0200"]
    inside_the_fold = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert walls("30 2 * * *", inside_the_fold, 1) == ["10-26 02:30 +0100"]


def test_rare_and_impossible_dates_end():
    assert walls("0 0 29 2 *", datetime(2026, 3, 1, tzinfo=UTC), 2) == [
        "02-29 00:00 +0100",
        "02-29 00:00 +0100",
    ]
    assert walls("0 12 * * 1#1", datetime(2026, 3, 3, tzinfo=UTC), 1) == ["04-06 12:00 +0200"]
    assert walls("0 17 * * 5L", datetime(2026, 3, 3, tzinfo=UTC), 1) == ["03-27 17:00 +0100"]


# -- against an independent brute force -----------------------------------------------------------

ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Kolkata",
         "America/Santiago", "Asia/Beirut", "Africa/Casablanca")  # fmt: skip


def random_field(random_source, low, high):
    kind = random_source.randrange(6)
    if kind == 0:
        return "*"
    if kind == 1:
        return f"*/{random_source.randint(2, max(2, (high - low) // 2))}"
    if kind == 2:
        first = random_source.randint(low, high - 1)
        return f"{first}-{random_source.randint(first + 1, high)}"
    if kind == 3:
        values = sorted(random_source.sample(range(low, high + 1), k=2))
        return f"{values[0]},{values[1]}"
    return str(random_source.randint(low, high))


def random_expression(random_source):
    return " ".join(
        (
            random_field(random_source, 0, 59),
            random_field(random_source, 0, 23),
            random_field(random_source, 1, 28) if random_source.random() < 0.4 else "*",
            "*",
            random_field(random_source, 0, 6) if random_source.random() < 0.4 else "*",
        )
    )


def admitted(field, low, high):
    values = set()
    for part in field.split(","):
        body, _, step = part.partition("/")
        first, last = (low, high) if body == "*" else map(int, (body.split("-") * 2)[:2])
        values |= set(range(first, last + 1, int(step or 1)))
    return values


class Debian:
    """The documented rule, minute by minute: it knows nothing of croniter."""

    def __init__(self, expression, zone):
        self.fields = expression.split()
        minute, hour, day, _, weekday = self.fields
        self.minutes, self.hours = admitted(minute, 0, 59), admitted(hour, 0, 23)
        self.days, self.weekdays = admitted(day, 1, 31), admitted(weekday, 0, 6)
        self.is_wildcard = minute.startswith("*") or hour.startswith("*")
        self.zone = zone

    def names(self, wall):
        if wall.minute not in self.minutes or wall.hour not in self.hours:
            return False
        by_day, by_weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        if self.fields[2].startswith("*") or self.fields[4].startswith("*"):
            return by_day and by_weekday
        return by_day or by_weekday

    def runs(self, start, end):
        """Walk real time; a fixed job also runs for the wall minutes that a jump skipped."""
        found = []
        latest = (start - timedelta(hours=26)).astimezone(self.zone).replace(tzinfo=None)
        instant = start - timedelta(hours=26)
        while instant <= end:
            wall = instant.astimezone(self.zone).replace(tzinfo=None)
            if self.is_wildcard:
                due = self.names(wall)
            else:
                skipped = []
                step = latest + timedelta(minutes=1)
                while step <= wall:
                    skipped.append(step)
                    step += timedelta(minutes=1)
                due = any(self.names(minute) for minute in skipped)
                latest = max(latest, wall)
            if due and instant > start:
                found.append(instant)
            instant += timedelta(minutes=1)
        return found


def changes_of(zone, year):
    """Return the instants of clock change in a year, to the minute."""
    found, instant = [], datetime(year, 1, 1, tzinfo=UTC)
    while instant.year == year:
        after = instant + timedelta(days=1)
        if instant.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            low, high = instant, after
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle = middle.replace(second=0, microsecond=0)
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        instant = after
    return found


@pytest.mark.parametrize("name", ZONES)
def test_ticks_around_clock_changes_equal_those_of_a_brute_force(name):
    zone = ZoneInfo(name)
    source = random.Random(f"cron {name}")  # noqa: S311 - a repeatable choice of cases
    moments = changes_of(zone, 2026)[:2] or [datetime(2026, 5, 3, 18, 30, tzinfo=UTC)]
    for moment in moments:
        for _ in range(15):
            expression = random_expression(source)
            start = moment - timedelta(minutes=source.randint(0, 600))
            end = moment + timedelta(hours=8)
            expected = Debian(expression, zone).runs(start, end)
            ticks = CronTicks(parse_cron(expression), zone)
            assert ticks_between(ticks, start, end, most=10_000) == expected, expression


def test_the_next_tick_is_after_any_start_also_inside_a_repeated_hour():
    source = random.Random("inside")  # noqa: S311 - a repeatable choice of cases
    for name in ZONES:
        zone = ZoneInfo(name)
        for moment in changes_of(zone, 2027)[:2]:
            ticks = CronTicks(parse_cron(random_expression(source)), zone)
            for minutes in range(-90, 90, 7):
                start = moment + timedelta(minutes=minutes, seconds=source.randint(0, 59))
                tick = ticks.next_after(start)
                assert tick > start
                assert CronTicks.next_after(ticks, tick) > tick


def test_a_full_weekday_list_beside_a_day_means_every_day():
    assert walls("0 0 10 * 0-6", datetime(2026, 3, 3, tzinfo=UTC), 2) == [
        "03-04 00:00 +0100",
        "03-05 00:00 +0100",
    ]
    assert walls("0 0 */10 * 1", datetime(2026, 3, 1, tzinfo=UTC), 1) == ["05-11 00:00 +0200"]


def test_a_shift_moves_every_tick():
    shifted = CronTicks(parse_cron("0 9 * * *"), PARIS, shift=timedelta(minutes=7))
    first = shifted.next_after(datetime(2026, 3, 3, 8, 3, tzinfo=UTC))
    assert first == datetime(2026, 3, 3, 8, 7, tzinfo=UTC)
    assert shifted.next_after(first) == datetime(2026, 3, 4, 8, 7, tzinfo=UTC)


# -- other sequences ------------------------------------------------------------------------------


def test_intervals_do_not_drift():
    anchor = datetime(2026, 3, 2, 8, tzinfo=UTC)
    ticks = IntervalTicks(anchor, timedelta(minutes=90))
    assert ticks.next_after(anchor - timedelta(days=400)) == anchor
    assert ticks.next_after(anchor) == anchor + timedelta(minutes=90)
    late = anchor + timedelta(days=400, seconds=1)
    assert (ticks.next_after(late) - anchor) % timedelta(minutes=90) == timedelta()
    assert timedelta() < ticks.next_after(late) - late <= timedelta(minutes=90)


def test_whole_days_keep_their_wall_time_across_clock_changes():
    anchor = datetime(2026, 3, 20, 8, 30, tzinfo=PARIS)
    ticks = DailyTicks(anchor, 14, PARIS)
    found = ticks_between(
        ticks, anchor - timedelta(seconds=1), anchor + timedelta(days=60), most=10
    )
    assert [tick.astimezone(PARIS).strftime("%m-%d %H:%M") for tick in found] == [
        "03-20 08:30",
        "04-03 08:30",
        "04-17 08:30",
        "05-01 08:30",
        "05-15 08:30",
    ]
    gap = DailyTicks(datetime(2026, 3, 27, 2, 30, tzinfo=PARIS), 1, PARIS)
    day = gap.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert day == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_moments_and_merged_sequences_end():
    first, second = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    ticks = MergedTicks([MomentTicks([second]), MomentTicks([first, second])])
    assert ticks_between(ticks, first - timedelta(1), second + timedelta(9), most=9) == [
        first,
        second,
    ]
    assert ticks.next_after(second) is None


def test_the_last_ticks_of_a_long_absence_are_found_quickly():
    ticks = CronTicks(parse_cron("* * * * *"), PARIS)
    now = datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)
    found = last_ticks(ticks, now - timedelta(days=3650), now, most=2)
    assert found == [now.replace(second=0, minute=0) - timedelta(minutes=1), now.replace(second=0)]
    yearly = CronTicks(parse_cron("0 0 1 1 *"), PARIS)
    assert len(last_ticks(yearly, now - timedelta(days=3650), now, most=3)) == 3
    assert last_ticks(yearly, now - timedelta(days=3), now, most=3) == []

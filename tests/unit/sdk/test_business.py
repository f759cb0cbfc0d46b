"""Business time: French holidays, working days, opening and quiet hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import SettingsError
from rouage.sdk.business import (
    Business,
    OutOfCalendar,
    easter,
    holidays_of,
    parse_working_days,
    read_business,
)
from rouage.settings import Settings

PARIS = ZoneInfo("Europe/Paris")
SHOP = {
    "hours": {"tuesday to friday": "9:00-12:00, 14h-18h30", "samedi": "10:00-13:00"},
    "days": "tuesday to saturday",
    "quiet": "20:00-08:00",
    "closed": ["2026-08-03 to 2026-08-21", "12-24 au 01-02"],
}


def business(zone=PARIS, **setting):
    return Business(hours=read_business(setting), zone=zone)


def local(text, zone=PARIS):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def gauss(year):
    """Easter by another rule: Gauss, with the tables of the Gregorian calendar."""
    a, b, c = year % 19, year % 4, year % 7
    k = year // 100
    p, q = (13 + 8 * k) // 25, k // 4
    m, n = (15 - p + k - q) % 30, (4 + k - q) % 7
    d = (19 * a + m) % 30
    e = (2 * b + 4 * c + 6 * d + n) % 7
    day = 22 + d + e
    if d == 29 and e == 6:
        day = 50
    elif d == 28 and e == 6 and (11 * m + 11) % 30 < 19:
        day = 49
    return date(year, 3, 1) + timedelta(days=day - 1)


def test_easter_is_right_in_every_year_by_a_second_rule():
    assert [year for year in range(1583, 9999) if easter(year) != gauss(year)] == []
    assert easter(2027) == date(2027, 3, 28)


@pytest.mark.parametrize(
    ("year", "moving"),
    [
        (2024, ["2024-04-01", "2024-05-09", "2024-05-20"]),
        (2026, ["2026-04-06", "2026-05-14", "2026-05-25"]),
        (2027, ["2027-03-29", "2027-05-06", "2027-05-17"]),
        (2030, ["2030-04-22", "2030-05-30", "2030-06-10"]),
    ],
)
def test_france_has_eleven_holidays_of_which_three_move(year, moving):
    fixed = ["01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"]
    expected = sorted([*moving, *(f"{year}-{day}" for day in fixed)])
    assert sorted(day.isoformat() for day in holidays_of("FR", year)) == expected


def test_two_holidays_may_fall_on_one_day():
    assert len(holidays_of("FR", 2008)) == 10, "Ascension was on May 1st"
    assert holidays_of("FR", 2008)[date(2008, 5, 1)].fr == "fête du Travail"


def test_alsace_moselle_has_two_more_and_overseas_one():
    more = holidays_of("FR-alsace-moselle", 2026).keys() - holidays_of("FR", 2026).keys()
    assert sorted(more) == [date(2026, 4, 3), date(2026, 12, 26)]
    more = holidays_of("FR-martinique", 2026).keys() - holidays_of("FR", 2026).keys()
    assert sorted(more) == [date(2026, 5, 22)]
    assert holidays_of("none", 2026) == {}


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-05-13", 1, "2026-05-15"),
        ("2026-12-23", 1, "2027-01-04"),
        ("2026-07-31", 2, "2026-08-25"),
        ("2026-08-10", 0, "2026-08-24"),
        ("2027-01-04", -1, "2026-12-23"),
        ("2026-11-24", 3, "2026-11-27"),
    ],
)
def test_working_days_leave_out_holidays_weekends_and_closing_dates(start, count, end):
    calendar = business(closed=["2026-08-03 to 2026-08-21", "12-24 to 01-02"])
    assert calendar.add_working_days(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_a_moment_keeps_its_time_of_day():
    moved = business().add_working_days(local("2026-03-27 14:20"), 1)
    assert moved.isoformat() == "2026-03-30T14:20:00+02:00"


def test_what_is_out_of_reach_is_said():
    never = business(closed=["01-01 to 12-31"])
    with pytest.raises(OutOfCalendar):
        never.add_working_days(date(2026, 1, 1), 1)
    with pytest.raises(OutOfCalendar):
        business().add_working_days(date(9999, 12, 30), 5)
    assert never.next_open(local("2026-01-01 10:00")) is None
    assert business().next_open(datetime(9998, 12, 31, 20, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24 10:00", "2026-11-24 10:00"),  # open
        ("2026-11-24 09:00", "2026-11-24 09:00"),  # at the very opening
        ("2026-11-24 12:00", "2026-11-24 14:00"),  # at the very closing
        ("2026-11-24 18:30", "2026-11-25 09:00"),
        ("2026-11-27 19:00", "2026-11-28 10:00"),  # Saturday has its own hours
        ("2026-11-28 13:30", "2026-12-01 09:00"),  # closed on Sunday and Monday
        ("2026-11-10 18:30", "2026-11-12 09:00"),  # Armistice Day
        ("2026-08-01 13:00", "2026-08-22 10:00"),  # closed for holidays
        ("2026-12-23 20:00", "2027-01-05 09:00"),  # across the turn of the year
    ],
)
def test_the_next_opening(now, opens):
    calendar = business(**SHOP)
    found = calendar.next_open(local(now))
    assert found == local(opens)
    assert calendar.is_open(local(now)) is (now == opens)


def test_the_clock_of_the_contact_counts_where_one_is_given():
    calendar = business()
    noon_in_paris = local("2026-11-24 12:00")
    assert calendar.is_open(noon_in_paris)
    there = calendar.next_open(noon_in_paris, ZoneInfo("America/New_York"))
    assert there == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_openings_follow_the_wall_clock_across_its_changes():
    calendar = business(hours="9:00-18:00", days="monday to sunday")
    assert calendar.next_open(local("2026-03-28 20:00")) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert calendar.next_open(local("2026-10-24 20:00")) == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_quiet_hours_end_in_the_morning_and_are_never_open():
    calendar = business(hours="7:00-22:00", quiet="20:00-08:00")
    assert calendar.end_of_quiet(local("2026-11-24 23:00")) == local("2026-11-25 08:00")
    assert calendar.end_of_quiet(local("2026-11-25 07:59")) == local("2026-11-25 08:00")
    noon = local("2026-11-25 12:00")
    assert calendar.end_of_quiet(noon) == noon
    assert calendar.is_quiet(local("2026-11-24 20:00"))
    assert not calendar.is_quiet(local("2026-11-24 08:00"))
    assert calendar.next_open(local("2026-11-25 07:15")) == local("2026-11-25 08:00")
    assert calendar.next_open(local("2026-11-25 21:00")) == local("2026-11-26 08:00")
    assert not business().is_quiet(noon)


def test_quiet_hours_within_a_day_cut_the_opening_in_two():
    calendar = business(hours="9:00-18:00", quiet="12:00-14:00")
    assert calendar.next_open(local("2026-11-25 12:30")) == local("2026-11-25 14:00")
    assert calendar.is_open(local("2026-11-25 11:59"))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("3 working days", 3),
        ("1 working day", 1),
        ("3 jours ouvrés", 3),
        (" 10  Business Days ", 10),
        ("3 days", None),
        ("3d", None),
        ("9999 working days", None),
        ("-1 working days", None),
    ],
)
def test_working_days_in_words(text, days):
    assert parse_working_days(text) == days


@pytest.mark.parametrize(
    "wrong",
    [
        "always",
        {"hour": "9:00-18:00"},
        {"hours": "9-18"},
        {"hours": "18:00-9:00"},
        {"hours": "9:00-12:00, 11:00-18:00"},
        {"hours": "9:00-25:00"},
        {"hours": {"funday": "9:00-12:00"}},
        {"hours": {"monday": "closed"}},
        {"days": []},
        {"days": "never"},
        {"days": 5},
        {"holidays": "DE"},
        {"quiet": "20:00"},
        {"quiet": "20:00-20:00"},
        {"closed": ["2026-02-30"]},
        {"closed": ["2026-08-21 to 2026-08-03"]},
        {"closed": ["2026-08-03 to 08-21"]},
        {"closed": ["soon"]},
        {"closed": [5]},
        {"closed": ["01-01"] * 401},
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValueError):  # noqa: PT011 - the settings say it in words
        read_business(wrong)


def test_the_settings_hold_the_calendar_and_say_what_is_wrong_with_it(tmp_path):
    settings = Settings.from_data({"business": {"quiet": "20:00-08:00"}}, tmp_path)
    assert settings.business.quiet is not None
    with pytest.raises(SettingsError) as caught:
        Settings.from_data({"business": {"hours": "9-18"}}, tmp_path)
    assert "hours: 9:00-12:00" in caught.value.render("en")
    assert "du lundi au vendredi" in caught.value.render("fr")

"""Texts that are dates, days that are holidays, names of months and days."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from rouage.expressions.faults import Fault
from rouage.language import Language

MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
DAYS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SHORT_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        "janv.", "févr.", "mars", "avr.", "mai", "juin",
        "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ),
    "en": tuple(name[:3] for name in MONTHS["en"]),
}  # fmt: skip
SHORT_DAYS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": tuple(f"{name[:3]}." for name in DAYS["fr"]),
    "en": tuple(name[:3] for name in DAYS["en"]),
}

_TEXT_LIMIT: Final = 60
_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T]+(?:à +)?(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?"
)
_NAMED: Final = re.compile(r"(?:\w+\.? +)?(\d{1,2})(?:er|st|nd|rd|th)? +(\w+)\.?,? +(\d{4})")
_WEEKEND: Final = 5
_LAST_YEAR: Final = 9998


def excerpt(text: str) -> str:
    """Return the beginning of *text*, for a message."""
    line = " ".join(text[: _TEXT_LIMIT + 1].split())
    return line if len(line) <= _TEXT_LIMIT // 2 else line[: _TEXT_LIMIT // 2] + "…"


def iso_date(text: str) -> date:
    """Return the day, or the moment if *text* holds a time, of an ISO 8601 text."""
    found = _iso(text.strip()) if len(text) <= _TEXT_LIMIT else None
    if found is None:
        raise Fault("RG492", value=excerpt(text))
    return found


def read_date(text: str) -> date:
    """Return the day or the moment that *text* tells, in ISO form or day first.

    Known: `2026-07-31`, `2026-07-31T22:30:00+02:00`, `31/07/2026 22:30`, `31 juillet 2026`.
    """
    clean = text.strip() if len(text) <= _TEXT_LIMIT else ""
    try:
        found = _iso(clean) or _day_first(clean) or _named(clean)
    except ValueError:
        found = None
    if found is None:
        raise Fault("RG492", value=excerpt(text))
    return found


def _iso(text: str) -> date | None:
    if not text[:4].isdigit() or text[4:5] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def _day_first(text: str) -> date | None:
    found = _DAY_FIRST.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    if found[4] is None:
        return date(year, month, day)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller's zone


def _named(text: str) -> date | None:
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    word = found[2].casefold()
    for names in (*MONTHS.values(), *SHORT_MONTHS.values()):
        for number, name in enumerate(names, 1):
            if word == name.casefold().rstrip("."):
                return date(int(found[3]), number, int(found[1]))
    return None


def easter(year: int) -> date:
    """Return Easter Sunday of *year* (the anonymous Gregorian computation)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, leap_rest = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * leap_rest + 2 * (rest // 4) - moon - rest % 4) % 7
    correction = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def french_holidays(year: int) -> frozenset[date]:
    """Return the eleven public holidays that all of mainland France has in *year*."""
    sunday = easter(year)
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    moving = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday
    return frozenset(
        [date(year, month, day) for month, day in fixed]
        + [sunday + timedelta(days=days) for days in moving]
    )


def add_working_days(start: date, count: int) -> date:
    """Return the day *count* working days after *start* (before it, if negative).

    Saturdays, Sundays and French public holidays do not count. With 0, the next working day
    unless *start* is one. Keeps the time of day of a moment.
    """
    step = timedelta(days=-1 if count < 0 else 1)
    holidays: dict[int, frozenset[date]] = {}

    def is_working(day: date) -> bool:
        if day.weekday() >= _WEEKEND:
            return False
        if day.year not in holidays:
            holidays[day.year] = french_holidays(day.year)
        bare = day.date() if isinstance(day, datetime) else day
        return bare not in holidays[day.year]

    day, left = start, abs(count)
    while left or not is_working(day):
        if not 1 < day.year <= _LAST_YEAR:
            raise Fault("RG498")
        day += step
        if left and is_working(day):
            left -= 1
    return day

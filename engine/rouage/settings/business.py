"""The setting `business`: opening hours, working days, holidays, quiet hours, closing dates."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from rouage.records import dataclass

Holidays = Literal[
    "FR",
    "FR-alsace-moselle",
    "FR-guadeloupe",
    "FR-guyane",
    "FR-martinique",
    "FR-mayotte",
    "FR-reunion",
    "FR-saint-barthelemy",
    "FR-saint-martin",
    "none",
]
"""Whose public holidays count; `none` leaves them to `closed`."""

_DAY_MINUTES: Final = 24 * 60
_MOST_CLOSURES: Final = 400
_LONGEST_LIST: Final = 12
_LEAP_YEAR: Final = 2024
_WEEKDAYS: Final[tuple[tuple[str, ...], ...]] = (
    ("monday", "mon", "lundi", "lun"),
    ("tuesday", "tue", "mardi", "mar"),
    ("wednesday", "wed", "mercredi", "mer"),
    ("thursday", "thu", "jeudi", "jeu"),
    ("friday", "fri", "vendredi", "ven"),
    ("saturday", "sat", "samedi", "sam"),
    ("sunday", "sun", "dimanche", "dim"),
)
_NUMBERS: Final = {word: number for number, words in enumerate(_WEEKDAYS) for word in words}
_HOUR: Final = r"(\d{1,2})(?:[:h](\d{2})|h)"
_SPAN: Final = re.compile(rf"{_HOUR}\s*(?:-|–|to|à)\s*{_HOUR}")
_TO: Final = re.compile(r"\s*(?:\.\.|/|\bto\b|\bau\b)\s*")
_DAY_SPAN: Final = re.compile(r"(?:du\s+)?([a-z]+)\s*(?:-|\bto\b|\bau\b)\s*([a-z]+)")
_YEARLY: Final = re.compile(r"(\d{2})-(\d{2})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A part of a day, in minutes after midnight; `end` is not in it.

    An `end` before `start` lies on the next day: that is how a night is written.
    """

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """Days on which the business is closed, both ends included.

    The ends are dates as text: `2026-08-03`, or `08-03` for every year.
    """

    first: str
    last: str

    def among(self, days: Sequence[str]) -> Sequence[str]:
        """Return those of *days*, the dates of one year in order, that it covers."""
        if not days:
            return []
        year = "" if len(self.first) == len(days[0]) else days[0][:5]
        first, last = year + self.first, year + self.last
        if first <= last:
            return days[bisect_left(days, first) : bisect_right(days, last)]
        return [*days[: bisect_right(days, last)], *days[bisect_left(days, first) :]]


_OFFICE: Final = Hours(start=9 * 60, end=18 * 60)
WORKING_DAYS: Final = (0, 1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class BusinessHours:
    """When the business works: days count from Monday (0); `opening` has an entry for each.

    `written` is the setting as it stands in the file, for those who must hand it on.
    """

    holidays: Holidays = "FR"
    days: tuple[int, ...] = WORKING_DAYS
    opening: tuple[tuple[Hours, ...], ...] = field(
        default_factory=lambda: _same_hours((_OFFICE,), WORKING_DAYS)
    )
    quiet: Hours | None = None
    closed: tuple[Closure, ...] = ()
    written: Mapping[str, Any] | None = None


def read_business(value: Any) -> BusinessHours:
    """Return what the setting *value* says.

    Raises:
        ValueError: it does not fit.
    """
    if not isinstance(value, Mapping) or set(value) - set(BUSINESS_SCHEMA["properties"]):
        raise ValueError("business")
    if value.get("holidays", "FR") not in get_args(Holidays):
        raise ValueError("holidays")
    days = read_weekdays(value["days"]) if "days" in value else WORKING_DAYS
    hours = value.get("hours")
    opening = _same_hours((_OFFICE,), days) if hours is None else _read_opening(hours, days)
    if not any(opening):
        raise ValueError("hours")
    return BusinessHours(
        holidays=value.get("holidays", "FR"),
        days=days,
        opening=opening,
        quiet=None if value.get("quiet") is None else _read_quiet(value["quiet"]),
        closed=_read_closures(value.get("closed", [])),
        written=value,
    )


def read_weekdays(value: Any) -> tuple[int, ...]:
    """Return the weekdays that a name, a span (`monday to friday`) or a list of both says.

    Raises:
        ValueError: one of them is none.
    """
    texts = _texts(value)
    found = {number for text in texts for number in _read_days(text.strip().lower())}
    if not found:
        raise ValueError("days")
    return tuple(sorted(found))


def _read_days(text: str) -> tuple[int, ...]:
    span = _DAY_SPAN.fullmatch(text)
    if span is None:
        return (_weekday(text),)
    first, last = _weekday(span[1]), _weekday(span[2])
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


def _weekday(word: str) -> int:
    if word not in _NUMBERS:
        raise ValueError("days")
    return _NUMBERS[word]


def _texts(value: Any) -> list[str]:
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > _LONGEST_LIST:
        raise ValueError("texts")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("texts")
    return texts


def _read_opening(value: Any, days: tuple[int, ...]) -> tuple[tuple[Hours, ...], ...]:
    if not isinstance(value, Mapping):
        return _same_hours(_read_hours(value), days)
    opening: list[tuple[Hours, ...]] = [()] * 7
    for name, hours in value.items():
        for number in read_weekdays(name):
            opening[number] = () if hours in {"closed", "fermé"} else _read_hours(hours)
    return tuple(opening)


def _same_hours(hours: tuple[Hours, ...], days: tuple[int, ...]) -> tuple[tuple[Hours, ...], ...]:
    return tuple(hours if number in days else () for number in range(7))


def _read_hours(value: Any) -> tuple[Hours, ...]:
    """Return opening hours in order; they neither overlap nor cross midnight."""
    found = tuple(_read_span(text) for text in _texts(value))
    limits = [minute for one in found for minute in (one.start, one.end)]
    if not found or any(low >= high for low, high in pairwise(limits)):
        raise ValueError("hours")
    return found


def _read_quiet(value: Any) -> Hours:
    quiet = _read_span(value) if isinstance(value, str) else None
    if quiet is None or quiet.start == quiet.end:
        raise ValueError("quiet")
    return quiet


def _read_span(text: str) -> Hours:
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("hours")
    return Hours(start=_minutes(match[1], match[2]), end=_minutes(match[3], match[4]))


def _minutes(hour: str, minute: str | None) -> int:
    minutes = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or minutes > _DAY_MINUTES:
        raise ValueError("hours")
    return minutes


def _read_closures(value: Any) -> tuple[Closure, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > _MOST_CLOSURES:
        raise ValueError("closed")
    return tuple(_read_closure(text) for text in texts)


def _read_closure(text: Any) -> Closure:
    if not isinstance(text, str):
        raise ValueError("closed")  # noqa: TRY004 - one kind of refusal for all settings
    ends = [_read_day(end) for end in _TO.split(text.strip().lower().removeprefix("du "))]
    if len(ends) > 2 or len(ends[0]) != len(ends[-1]):
        raise ValueError("closed")
    if len(ends[0]) == 10 and ends[0] > ends[-1]:
        raise ValueError("closed")
    return Closure(first=ends[0], last=ends[-1])


def _read_day(text: str) -> str:
    yearly = _YEARLY.fullmatch(text)
    if yearly is not None:
        date(_LEAP_YEAR, int(yearly[1]), int(yearly[2]))
        return text
    if len(text) != 10:
        raise ValueError("closed")
    return date.fromisoformat(text).isoformat()


_HOURS_SCHEMA: Final[Mapping[str, Any]] = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "examples": ["9:00-12:00, 14:00-18:00"],
}
BUSINESS_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "holidays": {"enum": list(get_args(Holidays)), "default": "FR"},
        "days": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "default": "monday to friday",
        },
        "hours": {
            "type": ["string", "array", "object"],
            "items": {"type": "string"},
            "additionalProperties": _HOURS_SCHEMA,
            "default": "9:00-18:00",
            "examples": ["9:00-12:00, 14:00-18:00"],
        },
        "quiet": {"type": "string", "examples": ["20:00-08:00"]},
        "closed": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "examples": [["2026-08-03 to 2026-08-21", "12-24 to 01-02"]],
        },
    },
    "additionalProperties": False,
}

"""Read what `time`, `days` and `start` say: times of day, phrases, dates."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.schedule.changes import FIXED, instants_of
from rouage_connectors.schedule.hours import TimeOfDay, read_time
from rouage_connectors.schedule.phrases import cron_at, read_phrase, read_weekdays
from rouage_connectors.schedule.words import plain

_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?")
_OTHER_DATE: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?: .*)?")
_LONE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_TIMES: Final = 48
_WORKING: Final = frozenset(
    {"working", "working day", "working days", "business days", "ouvre", "ouvres", "jour ouvre",
     "jours ouvres", "les jours ouvres"}
)  # fmt: skip

_NO_SUCH_DATE: Final = Text(
    "“{text}” is not a date that exists", "« {text} » n’est pas une date qui existe"
)
_ISO_PLEASE: Final = Text(
    "write the date as {year}-{second}-{first} 18:00 or {year}-{first}-{second} 18:00 "
    "(year-month-day), so that day and month cannot be mixed up",
    "écrivez la date {year}-{second}-{first} 18:00 ou {year}-{first}-{second} 18:00 "
    "(année-mois-jour), pour que jour et mois ne se confondent pas",
)
_DATE_NEEDS_TIME: Final = Text(
    "a date needs a time: write “{text} 08:00” or “{text} 18:00”",
    "une date demande une heure : écrivez « {text} 08:00 » ou « {text} 18:00 »",
)
_DAYS_UNKNOWN: Final = Text(
    "“{text}” is not a weekday: write for instance monday, lundi, or monday to friday",
    "« {text} » n’est pas un jour de semaine : écrivez par exemple lundi, monday, ou du lundi au "
    "vendredi",
)
_DAYS_TWICE: Final = Text(
    "`days` goes with times of day such as 08:30; the phrase “{text}” names its own days",
    "`days` va avec des heures comme 08:30 ; la phrase « {text} » dit ses propres jours",
)
_NO_TIME: Final = Text("`time` names 1 to {most} times", "`time` donne de 1 à {most} heures")
_NO_START: Final = Text(
    "`start` is a time of day (08:00) or a date and time (2026-03-02 08:00), not “{text}”",
    "`start` est une heure (08:00) ou une date et une heure (2026-03-02 08:00), pas « {text} »",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """When a trigger fires: cron expressions, dates as written, intervals in seconds.

    `workdays` are working days of the month with a time of day. With `is_working`, the cron
    expressions count on the days of `weekdays` and on working days only.
    """

    crons: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    intervals: tuple[int, ...] = ()
    workdays: tuple[tuple[int, TimeOfDay], ...] = ()
    is_working: bool = False
    weekdays: str | None = None


def read_wanted(time: str | list[str], days: str | list[str]) -> Wanted:
    """Return what the parameters `time` and `days` say.

    Raises:
        StepError: something is not understood, or can mean two things.
    """
    texts = [time] if isinstance(time, str) else time
    if not 1 <= len(texts) <= _MOST_TIMES:
        raise StepError(_NO_TIME, most=_MOST_TIMES)
    named, is_working = _split_days(days)
    weekday = "*" if is_working else _read_days(named)
    parts = [_read_one(text.strip(), weekday) for text in texts]
    return Wanted(
        is_working=is_working,
        weekdays=_read_days(named) if is_working else None,
        workdays=tuple(dict.fromkeys(one for part in parts for one in part.workdays)),
        crons=tuple(dict.fromkeys(cron for part in parts for cron in part.crons)),
        moments=tuple(dict.fromkeys(text for part in parts for text in part.moments)),
        intervals=tuple(dict.fromkeys(number for part in parts for number in part.intervals)),
    )


def read_moment(text: str, zone: tzinfo) -> datetime:
    """Return the instant that the ISO date and time *text* means in *zone*.

    Raises:
        StepError: there is no such date.
    """
    try:
        written = datetime.fromisoformat(_padded(text))
    except ValueError:
        raise StepError(_NO_SUCH_DATE, text=text) from None
    if written.tzinfo is not None:
        return written
    return instants_of(written, zone, FIXED)[0]


def read_start(text: str, zone: tzinfo) -> datetime:
    """Return the instant an interval is counted from: a date and time, or a time of the day.

    Raises:
        StepError: it is neither.
    """
    if _ISO.fullmatch(text.strip()):
        return read_moment(text.strip(), zone)
    time = read_time(plain(text))
    if time is None:
        raise StepError(_NO_START, text=text)
    # A time of day is counted from a fixed day, so that a restart changes nothing.
    first = datetime(2001, 1, 1, time.hour, time.minute)  # noqa: DTZ001 - a wall date
    return instants_of(first, zone, FIXED)[0]


def _read_one(text: str, weekday: str | None) -> Wanted:
    if _ISO.fullmatch(text):
        _refuse_days(text, weekday)
        read_moment(text, UTC)
        return Wanted(moments=(text,))
    _refuse_half_dates(text)
    spoken = plain(text)
    time = read_time(spoken.removeprefix("at ").removeprefix("a "))
    if time is not None:
        return Wanted(crons=(cron_at(time, weekday=weekday or "*"),))
    meaning = read_phrase(text)
    _refuse_days(text, weekday)
    interval = meaning.interval_seconds
    return Wanted(
        crons=meaning.crons,
        intervals=() if interval is None else (interval,),
        workdays=meaning.workdays,
    )


def _split_days(days: str | list[str]) -> tuple[list[str], bool]:
    """Return the weekdays that are named, and whether working days are meant."""
    texts = [days] if isinstance(days, str) else days
    named = [text for text in texts if plain(text) not in _WORKING]
    return named, len(named) < len(texts)


def _read_days(texts: list[str]) -> str | None:
    found: list[str] = []
    for text in texts:
        field = read_weekdays(text)
        if field is None:
            raise StepError(_DAYS_UNKNOWN, text=text)
        found.append(field)
    return ",".join(dict.fromkeys(found)) if found else None


def _refuse_days(text: str, weekday: str | None) -> None:
    if weekday is not None:
        raise StepError(_DAYS_TWICE, text=text)


def _refuse_half_dates(text: str) -> None:
    if _LONE_DATE.fullmatch(text):
        raise StepError(_DATE_NEEDS_TIME, text=text)
    match = _OTHER_DATE.fullmatch(text)
    if match is not None:
        first, second, year = match.groups()
        raise StepError(_ISO_PLEASE, year=year, first=first.zfill(2), second=second.zfill(2))


def _padded(text: str) -> str:
    """Return *text* with two digits for the hour, as ISO wants it."""
    return re.sub(r"[T ](\d):", r"T0\1:", text)

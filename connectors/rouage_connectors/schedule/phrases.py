"""Schedules in words, English and French (triggers C-12): to cron, or to an interval.

What could mean two things is refused with two proposals; nothing is guessed.
"""

import re
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.schedule.hours import TimeOfDay, read_times
from rouage_connectors.schedule.spoken import (
    PROPOSALS,
    contradicts,
    rephrased,
    without_part_of_day,
)
from rouage_connectors.schedule.words import (
    MONTHS,
    ORDINALS,
    SECONDS,
    UNITS,
    WEEKEND,
    WORKDAYS,
    plain,
    weekday_of,
)

_LONGEST: Final = 200
_EVERY_N: Final = re.compile(r"(?:every|each|toutes les|tous les) (\d{1,4}) ?([a-z]+)", re.ASCII)
_QUARTER: Final = re.compile(
    r"tous les quarts d'heures?|(?:every )?quarter(?: of an)? hour|every quarter of an hour"
)
_HALF: Final = re.compile(r"toutes les demi[- ]heures?|every half(?:[- ]an)?[- ]hour")
_HOURLY: Final = re.compile(r"every hour|hourly|each hour|toutes les heures|chaque heure")
_MINUTELY: Final = re.compile(r"every minute|each minute|toutes les minutes|chaque minute")
_TAIL: Final = re.compile(
    r"(?:(?P<days>.*?)[ ,]*\b)?(?:at |a )(?P<times>(?:\d|noon|midday|midnight|midi|minuit).*)"
)
_TODAY: Final = re.compile(
    r"(?:every day|each day|daily|everyday|tous les jours|chaque jour|quotidiennement)"
)
_WORKING: Final = re.compile(
    r"(?:on )?(?:every |each )?(?:weekdays?|working days?|business days?)"
    r"|(?:tous les |les |chaque )?jours? (?:ouvres?|ouvrables?|de semaine)|en semaine"
)
_WEEKENDS: Final = re.compile(
    r"(?:on |at )?(?:every |each |the )?weekends?|(?:le |les |tous les |chaque )?week-?ends?"
)
_SPAN: Final = re.compile(
    r"(?:every |from |on )?([a-z]+) (?:to|through|-) ([a-z]+)|du ([a-z]+) au ([a-z]+)"
    r"|([a-z]+)-([a-z]+)"
)
_DAY_OF_MONTH: Final = re.compile(
    r"(?:on )?(?:the )?(\d{1,2})(?:st|nd|rd|th)? (?:of|day of) (?:every|each|the) month"
    r"|(?:every|each) month on the (\d{1,2})(?:st|nd|rd|th)?"
    r"|monthly on the (\d{1,2})(?:st|nd|rd|th)?"
    r"|le (\d{1,2}|premier)(?:er)? (?:de chaque mois|du mois|de tous les mois)"
    r"|(?:tous les mois|chaque mois),? le (\d{1,2}|premier)(?:er)?"
)
_DAYS_OF_MONTH: Final = re.compile(
    r"(?:every |on )?(?:the )?((?:\d{1,2}(?:st|nd|rd|th)?(?:,| and|, and)? (?:the )?)+)"
    r"of (?:every|each|the) month"
    r"|le ((?:\d{1,2}(?:er)?(?:,| et)? (?:le )?)+)(?:de chaque mois|du mois|de tous les mois)"
)
_LAST_DAY: Final = re.compile(
    r"(?:on )?(?:the )?last day (?:of|in) (?:the|every|each) month"
    r"|le dernier jour (?:du mois|de chaque mois|de tous les mois)"
)
_NTH_DAY: Final = re.compile(
    r"(?:on )?(?:the )?([a-z0-9]+) ([a-z]+) (?:of|in) (?:the|every|each) month"
    r"|le ([a-z0-9]+) ([a-z]+) (?:du mois|de chaque mois|de tous les mois)"
)
_NTH_WORKDAY: Final = re.compile(
    r"(?:on )?(?:the )?([a-z0-9]+) (?:working|business) day (?:of|in) (?:the|every|each) month"
    r"|le ([a-z0-9]+) jour (?:ouvre|ouvrable) (?:du mois|de chaque mois|de tous les mois)"
)
_DATE: Final = re.compile(
    r"(?:every year )?(?:on )?(?:the )?([a-z]+) (\d{1,2})(?:st|nd|rd|th)?(?: every year)?"
    r"|(?:chaque annee |tous les ans )?(?:le |on |on the )?(\d{1,2})(?:er|st|nd|rd|th)?"
    r" (?:of )?([a-z]+)(?: de chaque annee| every year)?"
)
_DAY_PREFIX: Final = re.compile(r"^(?:on |every |each |tous les |toutes les |chaque |les |le )+")
_BETWEEN_DAYS: Final = re.compile(r" ?, ?| and | et |/| ")
_WITHIN: Final = re.compile(r"(.+?) (?:from|between|de|entre) (.+?) (?:to|and|a|et) (.+)")
_BARE_HOUR: Final = re.compile(r"(?:(?:.*\b)?(?:at|a) )?(\d{1,2})")
_LONE_DAY: Final = re.compile(r"(?:on the |the |le )(\d{1,2})(?:st|nd|rd|th|er)?(?: (?:at|a) .*)?")

_UNKNOWN: Final = Text(
    "“{phrase}” is not understood: write for instance “every monday at 8:00”, “every day at 9:00”, "
    "or use schedule.cron",
    "« {phrase} » n’est pas compris : écrivez par exemple « tous les lundis à 8h », « tous les "
    "jours à 9h », ou utilisez schedule.cron",
)
_AMBIGUOUS: Final = Text(
    "“{phrase}” can mean several things: write “{first_en}” or “{second_en}”",
    "« {phrase} » peut vouloir dire plusieurs choses : écrivez « {first_fr} » ou « {second_fr} »",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a phrase says: cron expressions (any of them), or an interval in seconds.

    `workdays` are working days of the month (-1 is the last) with a time of day.
    """

    crons: tuple[str, ...] = ()
    interval_seconds: int | None = None
    workdays: tuple[tuple[int, TimeOfDay], ...] = ()


def read_phrase(phrase: str) -> Meaning:
    """Return what *phrase* says.

    Raises:
        StepError: it is not understood, or can mean two things; proposals are named.
    """
    if len(phrase) > _LONGEST:
        raise StepError(_UNKNOWN, phrase=phrase[:_LONGEST] + "…")
    text, part_of_day = without_part_of_day(rephrased(plain(phrase)))
    rhythm = _read_rhythm(text) or _read_within(text)
    if rhythm is not None:
        return rhythm
    tail = _TAIL.fullmatch(text)
    times = read_times(tail.group("times")) if tail is not None else None
    if tail is None or times is None:
        raise _explain(phrase, text)
    if contradicts(times[0], part_of_day):
        raise _two_hours(phrase, times[0].hour)
    days = (tail.group("days") or "").strip(" ,")
    number = _read_workday(days)
    if number is not None:
        return Meaning(workdays=tuple((number, time) for time in times))
    fields = _read_days(days)
    if fields is None:
        raise _explain(phrase, text)
    if fields[1] == "*" and any(one.isdecimal() and int(one) > 28 for one in fields[0].split(",")):
        raise _late_day(phrase, times)
    return Meaning(crons=tuple(cron_at(time, *fields) for time in times))


def cron_at(time: TimeOfDay, day: str = "*", month: str = "*", weekday: str = "*") -> str:
    """Return the cron expression of a time of day on the given days."""
    return f"{time.minute} {time.hour} {day} {month} {weekday}"


def read_weekdays(text: str) -> str | None:
    """Return the weekday field for *text* (`monday`, `du lundi au vendredi`), or None."""
    text = plain(text)
    if _WORKING.fullmatch(text):
        return _field(WORKDAYS)
    if _WEEKENDS.fullmatch(text):
        return _field(WEEKEND)
    span = _SPAN.fullmatch(text)
    if span is not None:
        ends = [weekday_of(word) for word in span.groups() if word is not None]
        if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            count = (ends[1] - ends[0]) % 7
            return _field(tuple((ends[0] + step) % 7 for step in range(count + 1)))
    words = [_DAY_PREFIX.sub("", part) for part in _BETWEEN_DAYS.split(_DAY_PREFIX.sub("", text))]
    numbers = [weekday_of(word) for word in words if word and word not in {"on", "le", "les"}]
    if not numbers or any(number is None for number in numbers):
        return None
    return _field(tuple(number for number in numbers if number is not None))


def _field(days: tuple[int, ...]) -> str:
    if days == WORKDAYS:
        return "1-5"
    return ",".join(str(day) for day in dict.fromkeys(days))


def _read_rhythm(text: str) -> Meaning | None:
    if _QUARTER.fullmatch(text):
        return Meaning(crons=("*/15 * * * *",))
    if _HALF.fullmatch(text):
        return Meaning(crons=("*/30 * * * *",))
    if _HOURLY.fullmatch(text):
        return Meaning(crons=("0 * * * *",))
    if _MINUTELY.fullmatch(text):
        return Meaning(crons=("* * * * *",))
    match = _EVERY_N.fullmatch(text)
    unit = None if match is None else UNITS.get(match.group(2))
    if match is None or unit is None or int(match.group(1)) == 0:
        return None
    count = int(match.group(1))
    if unit == "m" and 60 % count == 0 and count < 60:
        return Meaning(crons=(f"*/{count} * * * *" if count > 1 else "* * * * *",))
    if unit == "h" and 24 % count == 0 and count < 24:
        return Meaning(crons=(f"0 */{count} * * *" if count > 1 else "0 * * * *",))
    return Meaning(interval_seconds=count * SECONDS[unit])


def _read_within(text: str) -> Meaning | None:
    """Return a rhythm that is kept between two hours of the day, the last one included."""
    match = _WITHIN.fullmatch(text)
    if match is None:
        return None
    rhythm = _read_rhythm(match[1])
    first, last = read_times(match[2]), read_times(match[3])
    if rhythm is None or not rhythm.crons or first is None or last is None:
        return None
    minute, hour = rhythm.crons[0].split()[:2]
    low, high = first[0], last[0]
    if hour != "*" or low.minute or high.minute or low.hour >= high.hour:
        return None
    if minute == "0":
        return Meaning(crons=(f"0 {low.hour}-{high.hour} * * *",))
    until = f"{low.hour}-{high.hour - 1}" if high.hour - 1 > low.hour else str(low.hour)
    return Meaning(crons=(f"{minute} {until} * * *", f"0 {high.hour} * * *"))


def _read_days(text: str) -> tuple[str, str, str] | None:
    """Return the fields day, month, weekday that *text* says, or None."""
    if _TODAY.fullmatch(text):
        return "*", "*", "*"
    if _LAST_DAY.fullmatch(text):
        return "L", "*", "*"
    listed = _DAYS_OF_MONTH.fullmatch(text)
    if listed is not None:
        days = [int(number) for number in re.findall(r"\d+", listed[1] or listed[2])]
        return (",".join(map(str, days)), "*", "*") if max(days) <= 31 and min(days) else None
    match = _DAY_OF_MONTH.fullmatch(text)
    if match is not None:
        word = next(group for group in match.groups() if group is not None)
        day = 1 if word == "premier" else int(word)
        return (str(day), "*", "*") if 1 <= day <= 31 else None
    nth = _NTH_DAY.fullmatch(text)
    if nth is not None:
        return _read_nth([group for group in nth.groups() if group is not None])
    weekdays = read_weekdays(text) if text else None
    if weekdays is not None:
        return "*", "*", weekdays
    return _read_date(text)


def _read_workday(text: str) -> int | None:
    """Return which working day of the month *text* says (-1 for the last one), or None."""
    match = _NTH_WORKDAY.fullmatch(text)
    word = None if match is None else match[1] or match[2]
    return None if word is None else ORDINALS.get(word)


def _read_nth(words: list[str]) -> tuple[str, str, str] | None:
    ordinal, day = ORDINALS.get(words[0]), weekday_of(words[1])
    if ordinal is None or day is None:
        return None
    return "*", "*", f"{day}L" if ordinal == -1 else f"{day}#{ordinal}"


def _read_date(text: str) -> tuple[str, str, str] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    english_month, english_day, day, month = match.groups()
    number = MONTHS.get(english_month or month or "")
    if number is None:
        return None
    return str(int(english_day or day)), str(number), "*"


def _explain(phrase: str, text: str) -> StepError:
    """Return the refusal of *phrase*, with two proposals when it was nearly right."""
    for vague, first, second in PROPOSALS:
        if vague.fullmatch(text):
            return _ambiguous(phrase, first, second)
    bare = _BARE_HOUR.fullmatch(text)
    if bare is not None and int(bare.group(1)) <= 23:
        return _two_hours(phrase, int(bare.group(1)))
    lone = _LONE_DAY.fullmatch(text)
    if lone is not None:
        return _lone_day(phrase, int(lone.group(1)))
    if read_times(text) is None and (_TODAY.fullmatch(text) or read_weekdays(text) is not None):
        return _ambiguous(
            phrase,
            Text(f"{text} at 8:00", f"{phrase} à 8h"),
            Text(f"{text} at noon", f"{phrase} à midi"),
        )
    return StepError(_UNKNOWN, phrase=phrase)


def _two_hours(phrase: str, hour: int) -> StepError:
    other = hour + 12 if hour < 12 else hour - 12
    return _ambiguous(phrase, _every_day(hour), _every_day(other))


def _every_day(hour: int) -> Text:
    return Text(f"every day at {hour}:00", f"tous les jours à {hour}h")


def _lone_day(phrase: str, day: int) -> StepError:
    """Propose what the bare day of a month may mean; a day that all months have, if not."""
    kept = min(day, 28)
    return _ambiguous(
        phrase,
        Text(f"on the {kept} of every month at 8:00", f"le {kept} de chaque mois à 8h"),
        Text("last day of the month at 8:00", "le dernier jour du mois à 8h"),
    )


def _late_day(phrase: str, times: tuple[TimeOfDay, ...]) -> StepError:
    at = times[0]
    clock = f"{at.hour}h{at.minute:02}" if at.minute else f"{at.hour}h"
    return _ambiguous(
        phrase,
        Text(f"last day of the month at {at}", f"le dernier jour du mois à {clock}"),
        Text(f"on the 28 of every month at {at}", f"le 28 de chaque mois à {clock}"),
    )


def _ambiguous(phrase: str, first: Text, second: Text) -> StepError:
    return StepError(
        _AMBIGUOUS,
        phrase=phrase,
        first_en=first.en,
        first_fr=first.fr,
        second_en=second.en,
        second_fr=second.fr,
    )

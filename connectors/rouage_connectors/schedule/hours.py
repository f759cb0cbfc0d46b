"""Times of day as people write them: 9:00, 9h30, 6:30 pm, noon, minuit."""

import re
from typing import Final

from rouage.sdk.records import dataclass

_NAMED: Final = {"noon": (12, 0), "midday": (12, 0), "midi": (12, 0),
                 "midnight": (0, 0), "minuit": (0, 0)}  # fmt: skip
_CLOCK: Final = re.compile(r"(\d{1,2})(?::|\.)(\d{2})(?: ?(am|pm|a\.m|p\.m)\.?)?", re.ASCII)
_ENGLISH: Final = re.compile(r"(\d{1,2}) ?(am|pm|a\.m|p\.m)\.?", re.ASCII)
_FRENCH: Final = re.compile(r"(\d{1,2}) ?(?:h|heures?)(?: ?(\d{2}))?(?: ?min(?:utes)?)?", re.ASCII)
_FRENCH_PART: Final = re.compile(r"(.*?h(?:eures?)?|midi|minuit) et (quart|demie?)", re.ASCII)
_BETWEEN: Final = re.compile(r" ?(?:,|;| and | et | & | puis | then ) ?(?:at |a )?")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class TimeOfDay:
    """An hour and a minute of the wall clock."""

    hour: int
    minute: int

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"


def read_time(text: str) -> TimeOfDay | None:
    """Return the time of day that *text* (already plain) says, or None.

    A bare number is not a time: `8` may be morning or evening.
    """
    if text in _NAMED:
        return TimeOfDay(hour=_NAMED[text][0], minute=_NAMED[text][1])
    part = _FRENCH_PART.fullmatch(text)
    if part is not None:
        whole = read_time(part.group(1))
        minute = 15 if part.group(2) == "quart" else 30
        return None if whole is None else TimeOfDay(hour=whole.hour, minute=minute)
    for pattern in (_CLOCK, _FRENCH):
        match = pattern.fullmatch(text)
        if match is not None:
            suffix = match.group(3) if pattern is _CLOCK else None
            return _time(int(match.group(1)), int(match.group(2) or 0), suffix)
    match = _ENGLISH.fullmatch(text)
    return None if match is None else _time(int(match.group(1)), 0, match.group(2))


def read_times(text: str) -> tuple[TimeOfDay, ...] | None:
    """Return the times that a list such as `8h et 18h30` says, or None when one is unclear."""
    times = [read_time(part) for part in _BETWEEN.split(text.removeprefix("at "))]
    if not text or any(time is None for time in times):
        whole = read_time(text)
        return None if whole is None else (whole,)
    return tuple(sorted({time for time in times if time is not None}))


def _time(hour: int, minute: int, suffix: str | None) -> TimeOfDay | None:
    if suffix is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if suffix.startswith("p") else 0)
    if hour > 23 or minute > 59:
        return None
    return TimeOfDay(hour=hour, minute=minute)

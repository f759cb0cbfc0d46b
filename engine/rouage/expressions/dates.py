"""Texts that are dates, names of months and days."""

import re
from datetime import date, datetime
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

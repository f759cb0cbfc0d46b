"""Numbers and dates as people write them in tables: read them, and write them the same way.

A column tells its manner by the cells that it holds: 24/11/2026 or 2026-11-24, 12,50 or 12.50.
What only looks like a number (a postcode with a zero in front, a telephone number) stays a text.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal

from rouage.sdk import JSON
from rouage.sdk.records import dataclass

Order = Literal["dmy", "mdy", "ymd"]
_MOST_DIGITS: Final = 15
_SPACES: Final = str.maketrans("", "", " \u00a0\u202f")
_CENTURY: Final = 2000
_LONGEST: Final = 40

_DECIMAL_COMMA: Final = re.compile(
    "-?(?:\\d{1,3}(?:[ \u00a0\u202f]\\d{3})+|\\d+)(?:[.,]\\d+)?", re.ASCII
)
_DECIMAL_POINT: Final = re.compile(
    "-?(?:\\d{1,3}(?:[ \u00a0\u202f,]\\d{3})+|\\d+)(?:\\.\\d+)?", re.ASCII
)
_CURRENCY: Final = re.compile("[ \u00a0\u202f]?€$")
_TIME: Final = r"(?:[T ](\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d{1,6})?)?)?"
_YEAR_FIRST: Final = re.compile(
    rf"(\d{{4}})([-/])(\d{{1,2}})\2(\d{{1,2}}){_TIME}(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_YEAR_LAST: Final = re.compile(
    rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.ASCII
)
_WITH_COMMA: Final = re.compile("-?[\\d \u00a0\u202f]+,\\d+(?:[ \u00a0\u202f]?€)?", re.ASCII)
_WITH_POINT: Final = re.compile("-?[\\d, \u00a0\u202f]+\\.\\d+", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class DateManner:
    """How a column writes its dates."""

    order: Order = "ymd"
    separator: str = "-"
    has_long_year: bool = True

    def written(self, moment: datetime | date) -> str:
        """Return *moment* in this manner, with its time if it has one."""
        year = f"{moment.year:04}" if self.has_long_year else f"{moment.year % 100:02}"
        parts = {"y": year, "m": f"{moment.month:02}", "d": f"{moment.day:02}"}
        text = self.separator.join(parts[letter] for letter in self.order)
        if not isinstance(moment, datetime):
            return text
        clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
        return f"{text} {clock}"


ISO: Final = DateManner()


def read_number(text: str, decimal: str) -> int | float | None:
    """Return the number that *text* is in a table with this *decimal* mark, or None."""
    text = _CURRENCY.sub("", text)
    if not text or len(text) > _LONGEST or text[-1] not in "0123456789":
        return None
    pattern = _DECIMAL_COMMA if decimal == "," else _DECIMAL_POINT
    if pattern.fullmatch(text) is None:
        return None
    plain = text.translate(_SPACES)
    plain = plain.replace(",", "." if decimal == "," else "")
    digits = plain.lstrip("-")
    if sum(letter != "." for letter in digits) > _MOST_DIGITS:
        return None
    if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
        return None
    return float(plain) if "." in plain else int(plain)


def read_date(text: str, order: Order = "dmy") -> date | datetime | None:
    """Return the date, or the date and time, that *text* is; None if it is none."""
    if not 6 <= len(text) <= _LONGEST or not text[0].isdigit():
        return None
    if (found := _YEAR_FIRST.fullmatch(text)) is not None:
        year, _, month, day, *clock, zone = found.groups()
        if zone is not None:
            return _with_zone(text)
    elif (found := _YEAR_LAST.fullmatch(text)) is not None:
        day, _, month, year, *clock = found.groups()
        if order == "mdy":
            day, month = month, day
    else:
        return None
    return _moment(year, month, day, clock)


def _moment(year: str, month: str, day: str, clock: list[str | None]) -> date | datetime | None:
    years = int(year) + (_CENTURY if len(year) == 2 else 0)
    try:
        if clock[0] is None:
            return date(years, int(month), int(day))
        hour, minute, second = (int(part or 0) for part in clock)
        # A table knows no zones: its owner's clock is meant.
        return datetime(years, int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _with_zone(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def date_manner_of(cells: Iterable[str]) -> DateManner | None:
    """Return how the dates among *cells* are written; None if there are none."""
    manner: DateManner | None = None
    firsts, seconds = 0, 0
    for text in cells:
        if (found := _YEAR_LAST.fullmatch(text.strip())) is not None:
            firsts, seconds = max(firsts, int(found[1])), max(seconds, int(found[3]))
            manner = DateManner(order="dmy", separator=found[2], has_long_year=len(found[4]) == 4)
        elif (found := _YEAR_FIRST.fullmatch(text.strip())) is not None:
            manner = DateManner(order="ymd", separator=found[2])
    if manner is not None and manner.order == "dmy" and seconds > 12 >= firsts:
        # A day beyond 12 in the second place: an American table.
        return DateManner(
            order="mdy", separator=manner.separator, has_long_year=manner.has_long_year
        )
    return manner


def decimal_of(cells: Iterable[str]) -> str | None:
    """Return the decimal mark that *cells* use; None if no cell tells."""
    balance = 0
    for text in cells:
        if len(text) <= _LONGEST:
            balance += _WITH_COMMA.fullmatch(text.strip()) is not None
            balance -= _WITH_POINT.fullmatch(text.strip()) is not None
    return None if not balance else "," if balance > 0 else "."


def as_date(value: JSON, order: Order = "dmy") -> date | datetime | None:
    """Return the date that a value of a recipe or of a cell is, or None."""
    return read_date(value.strip(), order) if isinstance(value, str) else None


def as_number(value: JSON) -> int | float | None:
    """Return the number that a value of a recipe or of a cell is, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    found = read_number(text, ",")
    return read_number(text, ".") if found is None else found


def told(moment: date | datetime) -> str:
    """Return *moment* as recipes get it: ISO 8601."""
    return moment.isoformat()


def is_same(one: JSON, other: JSON) -> bool:
    """Say whether both mean the same cell, so that its writing may stay."""
    if one == other or (one in (None, "") and other in (None, "")):
        return True
    number, second = as_number(one), as_number(other)
    if number is not None and second is not None:
        return number == second
    moment, again = as_date(one), as_date(other)
    return moment is not None and moment == again and type(moment) is type(again)

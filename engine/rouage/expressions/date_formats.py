"""Writing and reading dates by a format: `JJ/MM/AAAA`, `DD/MM/YYYY`, or a part of strftime."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

from rouage.expressions.dates import (
    DAYS,
    MONTHS,
    SHORT_DAYS,
    SHORT_MONTHS,
    excerpt,
)
from rouage.expressions.faults import Fault
from rouage.language import Language, Text

FORMAT_LIMIT: Final = 100
"""Longest format, in characters."""

Piece = tuple[str, str]
"""Either ("", literal text) or (part, way to write it)."""

_PERCENT: Final[dict[str, tuple[Piece, ...]]] = {
    "Y": (("year", "04"),), "y": (("short_year", "02"),), "m": (("month", "02"),),
    "d": (("day", "02"),), "e": (("day", ""),), "H": (("hour", "02"),), "I": (("hour12", "02"),),
    "M": (("minute", "02"),), "S": (("second", "02"),), "j": (("day_of_year", "03"),),
    "A": (("day_name", ""),), "a": (("short_day_name", ""),), "B": (("month_name", ""),),
    "b": (("short_month_name", ""),), "p": (("half", ""),), "u": (("weekday", ""),),
    "V": (("week", "02"),), "G": (("week_year", "04"),), "z": (("offset", ""),),
    "F": (("year", "04"), ("", "-"), ("month", "02"), ("", "-"), ("day", "02")),
    "T": (("hour", "02"), ("", ":"), ("minute", "02"), ("", ":"), ("second", "02")),
    "R": (("hour", "02"), ("", ":"), ("minute", "02")), "%": (("", "%"),),
}  # fmt: skip

_LETTERS: Final[dict[str, Piece]] = {
    "AAAA": ("year", "04"), "YYYY": ("year", "04"), "AA": ("short_year", "02"),
    "YY": ("short_year", "02"), "MMMM": ("month_name", ""), "MMM": ("short_month_name", ""),
    "MM": ("month", "02"), "JJJJ": ("day_name", ""), "DDDD": ("day_name", ""),
    "JJJ": ("short_day_name", ""), "DDD": ("short_day_name", ""), "JJ": ("day", "02"),
    "DD": ("day", "02"), "HH": ("hour", "02"), "hh": ("hour", "02"), "mm": ("minute", "02"),
    "SS": ("second", "02"), "ss": ("second", "02"),
}  # fmt: skip
_SINGLE: Final[dict[str, Piece]] = {
    "J": ("day", ""), "D": ("day", ""), "M": ("month", ""), "H": ("hour", ""),
}  # fmt: skip
_LETTER_PIECE: Final = re.compile(
    "|".join([*_LETTERS, r"(?<![^\W\d_])[JDMH](?![^\W\d_])", r"."]), re.DOTALL
)

_WRITERS: Final[dict[str, Callable[[datetime, Language], Any]]] = {
    "year": lambda moment, _: moment.year,
    "short_year": lambda moment, _: moment.year % 100,
    "month": lambda moment, _: moment.month,
    "day": lambda moment, _: moment.day,
    "hour": lambda moment, _: moment.hour,
    "hour12": lambda moment, _: moment.hour % 12 or 12,
    "minute": lambda moment, _: moment.minute,
    "second": lambda moment, _: moment.second,
    "day_of_year": lambda moment, _: moment.timetuple().tm_yday,
    "weekday": lambda moment, _: moment.isoweekday(),
    "week": lambda moment, _: moment.isocalendar().week,
    "week_year": lambda moment, _: moment.isocalendar().year,
    "half": lambda moment, _: "AM" if moment.hour < 12 else "PM",
    "offset": lambda moment, _: moment.strftime("%z"),
    "day_name": lambda moment, language: DAYS[language][moment.weekday()],
    "short_day_name": lambda moment, language: SHORT_DAYS[language][moment.weekday()],
    "month_name": lambda moment, language: MONTHS[language][moment.month - 1],
    "short_month_name": lambda moment, language: SHORT_MONTHS[language][moment.month - 1],
}
_READABLE: Final = {
    "year": r"\d{4}", "short_year": r"\d{2}", "month": r"\d{1,2}", "day": r"\d{1,2}",
    "hour": r"\d{1,2}", "minute": r"\d{2}", "second": r"\d{2}",
}  # fmt: skip
_NOT_READABLE: Final = Text(
    "numbers only can be read, such as DD/MM/YYYY",
    "seuls des nombres se lisent, comme JJ/MM/AAAA",
)
_TIMES: Final = frozenset({"hour", "minute", "second"})


def write_date(value: date, form: str, language: Language) -> str:
    """Return *value* written as *form* says."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    written = []
    for part, detail in pieces_of(form):
        if not part:
            written.append(detail)
            continue
        found = _WRITERS[part](moment, language)
        written.append(format(found, detail) if detail else str(found))
    return "".join(written)


@lru_cache(maxsize=128)
def pieces_of(form: str) -> tuple[Piece, ...]:
    """Return the parts of *form*, in order.

    Raises:
        Fault: it is too long, or holds something that is not known.
    """
    if len(form) > FORMAT_LIMIT:
        raise Fault("RG470", size=len(form), limit=FORMAT_LIMIT)
    return tuple(_percent_pieces(form) if "%" in form else _letter_pieces(form))


def _percent_pieces(form: str) -> list[Piece]:
    pieces: list[Piece] = []
    position = 0
    while position < len(form):
        if form[position] != "%":
            pieces.append(("", form[position]))
            position += 1
            continue
        bare = form[position + 1 : position + 2] == "-"
        letter = form[position + 1 + bare : position + 2 + bare]
        if letter not in _PERCENT:
            raise Fault("RG493", found=form[position : position + 2 + bare])
        # `%-d` is `%d` without its leading zero.
        pieces += [(part, "" if bare and part else way) for part, way in _PERCENT[letter]]
        position += 2 + bare
    return pieces


def _letter_pieces(form: str) -> list[Piece]:
    pieces: list[Piece] = []
    after_hour = False
    for word in _LETTER_PIECE.findall(form):
        piece = _LETTERS.get(word) or _SINGLE.get(word) or ("", word)
        if piece[0] == "month" and after_hour:
            # The month and the minutes share two letters: after hours come minutes.
            piece = ("minute", "02")
        if piece[0]:
            after_hour = piece[0] == "hour"
        pieces.append(piece)
    if not any(part for part, _ in pieces):
        raise Fault("RG493", found=excerpt(form))
    return pieces


def parse_by_format(text: str, form: str) -> date:
    """Return the day or moment that *text* tells when read by *form*."""
    pieces = pieces_of(form)
    if any(part and part not in _READABLE for part, _ in pieces):
        raise Fault("RG494", reason=_NOT_READABLE)
    pattern = "".join(f"({_READABLE[part]})" if part else re.escape(way) for part, way in pieces)
    found = re.fullmatch(pattern, text.strip()) if len(text) <= 2 * FORMAT_LIMIT else None
    if found is None:
        raise Fault("RG492", value=excerpt(text))
    names = [part for part, _ in pieces if part]
    values = {name: int(value) for name, value in zip(names, found.groups(), strict=True)}
    try:
        return _assemble(values)
    except (ValueError, KeyError):
        raise Fault("RG492", value=excerpt(text)) from None


def _assemble(values: dict[str, int]) -> date:
    year = values["year"] if "year" in values else 2000 + values["short_year"]
    day = date(year, values.get("month", 1), values.get("day", 1))
    if not _TIMES & values.keys():
        return day
    clock = time(values.get("hour", 0), values.get("minute", 0), values.get("second", 0))
    return datetime.combine(day, clock)

"""Instants and sizes as people write them, in both languages."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rouage.language import Language, Text

_MONTHS: Final[tuple[Text, ...]] = (
    Text("January", "janvier"),
    Text("February", "février"),
    Text("March", "mars"),
    Text("April", "avril"),
    Text("May", "mai"),
    Text("June", "juin"),
    Text("July", "juillet"),
    Text("August", "août"),
    Text("September", "septembre"),
    Text("October", "octobre"),
    Text("November", "novembre"),
    Text("December", "décembre"),
)


def when(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """Return *moment* as people write it, on the clock of *zone*."""
    local = moment.astimezone(zone)
    day = "1er" if language == "fr" and local.day == 1 else str(local.day)
    at = "à" if language == "fr" else "at"
    month = _MONTHS[local.month - 1].render(language)
    return f"{day} {month} {local.year} {at} {local:%H:%M} ({local.tzname()})"


def size_of(count: int, language: Language) -> str:
    """Return a number of bytes as people read it."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < 3:
        amount, unit = amount / 1000, unit + 1
    byte = "o" if language == "fr" else "B"
    if unit == 0:
        return f"{count} {'octets' if language == 'fr' else 'bytes'}"
    text = f"{amount:.1f} {('', 'k', 'M', 'G')[unit]}{byte}"
    return text.replace(".", ",") if language == "fr" else text

"""Public holidays of France, computed for any year by the law of today."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from rouage.language import Text
from rouage.settings.business import Holidays

_FIXED: Final[dict[tuple[int, int], Text]] = {
    (1, 1): Text("New Year’s Day", "jour de l’An"),
    (5, 1): Text("Labour Day", "fête du Travail"),
    (5, 8): Text("Victory in Europe Day", "victoire de 1945"),
    (7, 14): Text("Bastille Day", "fête nationale"),
    (8, 15): Text("Assumption", "Assomption"),
    (11, 1): Text("All Saints’ Day", "Toussaint"),
    (11, 11): Text("Armistice Day", "Armistice de 1918"),
    (12, 25): Text("Christmas Day", "Noël"),
}
_AFTER_EASTER: Final[dict[int, Text]] = {
    1: Text("Easter Monday", "lundi de Pâques"),
    39: Text("Ascension Day", "Ascension"),
    50: Text("Whit Monday", "lundi de Pentecôte"),
}
_GOOD_FRIDAY: Final = Text("Good Friday", "Vendredi saint")
_ABOLITION: Final = Text("Abolition of slavery", "abolition de l’esclavage")
_REGIONAL: Final[dict[str, tuple[int, int, Text]]] = {
    "FR-alsace-moselle": (12, 26, Text("Boxing Day", "Saint-Étienne")),
    "FR-guadeloupe": (5, 27, _ABOLITION),
    "FR-guyane": (6, 10, _ABOLITION),
    "FR-martinique": (5, 22, _ABOLITION),
    "FR-mayotte": (4, 27, _ABOLITION),
    "FR-reunion": (12, 20, _ABOLITION),
    "FR-saint-barthelemy": (10, 9, _ABOLITION),
    "FR-saint-martin": (5, 28, _ABOLITION),
}


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


@lru_cache(maxsize=256)
def holidays_of(place: Holidays, year: int) -> dict[date, Text]:
    """Return the public holidays of *place* in *year*, with their names."""
    if place == "none":
        return {}
    sunday = easter(year)
    found = {date(year, month, day): name for (month, day), name in _FIXED.items()}
    if place == "FR-alsace-moselle":
        found.setdefault(sunday - timedelta(days=2), _GOOD_FRIDAY)
    for days, name in _AFTER_EASTER.items():
        found.setdefault(sunday + timedelta(days=days), name)
    if place in _REGIONAL:
        month, day, name = _REGIONAL[place]
        found.setdefault(date(year, month, day), name)
    return found

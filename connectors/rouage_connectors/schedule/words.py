"""The words of schedules in English and French, without case, accents or typed variants."""

import re
import unicodedata
from typing import Final

WEEKDAYS: Final = {
    "sunday": 0, "sun": 0, "dimanche": 0, "dim": 0,
    "monday": 1, "mon": 1, "lundi": 1, "lun": 1,
    "tuesday": 2, "tue": 2, "tues": 2, "mardi": 2, "mar": 2,
    "wednesday": 3, "wed": 3, "mercredi": 3, "mer": 3,
    "thursday": 4, "thu": 4, "thurs": 4, "jeudi": 4, "jeu": 4,
    "friday": 5, "fri": 5, "vendredi": 5, "ven": 5,
    "saturday": 6, "sat": 6, "samedi": 6, "sam": 6,
}  # fmt: skip
MONTHS: Final = {
    "january": 1, "janvier": 1, "february": 2, "fevrier": 2, "march": 3, "mars": 3,
    "april": 4, "avril": 4, "may": 5, "mai": 5, "june": 6, "juin": 6, "july": 7, "juillet": 7,
    "august": 8, "aout": 8, "september": 9, "septembre": 9, "october": 10, "octobre": 10,
    "november": 11, "novembre": 11, "december": 12, "decembre": 12,
}  # fmt: skip
ORDINALS: Final = {
    "first": 1, "1st": 1, "premier": 1, "1er": 1, "second": 2, "2nd": 2, "deuxieme": 2,
    "2e": 2, "2eme": 2, "third": 3, "3rd": 3, "troisieme": 3, "3e": 3, "3eme": 3,
    "fourth": 4, "4th": 4, "quatrieme": 4, "4e": 4, "4eme": 4,
    "fifth": 5, "5th": 5, "cinquieme": 5, "5e": 5, "5eme": 5,
    "last": -1, "dernier": -1,
}  # fmt: skip
UNITS: Final = {
    "second": "s", "seconds": "s", "seconde": "s", "secondes": "s", "s": "s",
    "minute": "m", "minutes": "m", "min": "m", "mn": "m",
    "hour": "h", "hours": "h", "heure": "h", "heures": "h", "h": "h",
    "day": "d", "days": "d", "jour": "d", "jours": "d",
    "week": "w", "weeks": "w", "semaine": "w", "semaines": "w",
}  # fmt: skip
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

WORKDAYS: Final = (1, 2, 3, 4, 5)
WEEKEND: Final = (6, 0)


def plain(text: str) -> str:
    """Return *text* in lower case, without accents, typographic signs or doubled spaces."""
    text = text.replace("’", "'").replace("‑", "-").replace("–", "-").replace("—", "-")
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return re.sub(r"\s+", " ", bare).strip(" .,;!")


def weekday_of(word: str) -> int | None:
    """Return the number of the weekday *word* (Sunday is 0), singular or plural."""
    return WEEKDAYS.get(word, WEEKDAYS.get(word.removesuffix("s")))

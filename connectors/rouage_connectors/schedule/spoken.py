"""Other ways to say the same: what is spoken is brought to the forms that `phrases` reads."""

import re
from typing import Final

from rouage.sdk import Text
from rouage_connectors.schedule.hours import TimeOfDay

_NUMBERS: Final = {
    "two": 2, "deux": 2, "three": 3, "trois": 3, "four": 4, "quatre": 4, "five": 5, "cinq": 5,
    "six": 6, "eight": 8, "huit": 8, "ten": 10, "dix": 10, "twelve": 12, "douze": 12,
    "fifteen": 15, "quinze": 15, "twenty": 20, "vingt": 20, "thirty": 30, "trente": 30,
}  # fmt: skip
_NUMBER: Final = re.compile(rf"(every|each|toutes les|tous les) ({'|'.join(_NUMBERS)})\b")
_TIME_FIRST: Final = re.compile(
    r"((?:at |a )(?:\d\S*(?: ?(?:am|pm|h|heures?)(?: ?\d\d)?)?|noon|midday|midnight|midi|minuit))"
    r",? "
    r"((?:on|every|each|tous|toutes|chaque|les?|du|en|from) .*)"
)
_PARTS: Final = (
    (re.compile(r"\b(?:tous les matins|chaque matin|(?:every|each) morning)\b"), 0, 12),
    (re.compile(r"\b(?:tous les apres-midis?|chaque apres-midi|(?:every|each) afternoon)\b"),
     12, 19),
    (re.compile(r"\b(?:tous les soirs|chaque soir|(?:every|each) evening)\b"), 16, 24),
)  # fmt: skip
_EVERY_DAY: Final = "every day"

PROPOSALS: Final[tuple[tuple[re.Pattern[str], Text, Text], ...]] = (
    (
        re.compile(r"(?:twice|two times|2 times) (?:a|per) day|(?:deux|2) fois par jour"),
        Text("every day at 8:00 and 18:00", "tous les jours à 8h et 18h"),
        Text("every 12 hours", "toutes les 12 heures"),
    ),
    (
        re.compile(r"(?:three|3) times (?:a|per) day|(?:trois|3) fois par jour"),
        Text("every day at 8:00, 12:00 and 18:00", "tous les jours à 8h, 12h et 18h"),
        Text("every 8 hours", "toutes les 8 heures"),
    ),
    (
        re.compile(r"once (?:a|per) day|une fois par jour"),
        Text("every day at 8:00", "tous les jours à 8h"),
        Text("every weekday at 8:00", "du lundi au vendredi à 8h"),
    ),
    (
        re.compile(
            r"once (?:a|per) week|weekly|une fois par semaine|(?:chaque|every) (?:semaine|week)"
        ),
        Text("every monday at 8:00", "tous les lundis à 8h"),
        Text("every friday at 17:00", "tous les vendredis à 17h"),
    ),
    (
        re.compile(
            r"once (?:a|per) month|monthly|une fois par mois|(?:chaque|every) (?:mois|month)"
        ),
        Text("on the 1st of every month at 8:00", "le 1er de chaque mois à 8h"),
        Text("last day of the month at 18:00", "le dernier jour du mois à 18h"),
    ),
    (
        re.compile(r"every other [a-z]+(?: .*)?|un [a-z]+ sur deux(?: .*)?"),
        Text("every 2 weeks", "toutes les 2 semaines"),
        Text("first monday of the month at 8:00", "le premier lundi du mois à 8h"),
    ),
)  # fmt: skip
"""What is too vague, with two ways to say it exactly."""


def rephrased(text: str) -> str:
    """Return *text* (already plain) in the forms that are read: figures, days before times."""
    text = _NUMBER.sub(lambda found: f"{found[1]} {_NUMBERS[found[2]]}", text)
    first = _TIME_FIRST.fullmatch(text)
    if first is not None:
        text = f"{first[2]} {first[1]}"
    text = re.sub(r"\b(?:fin de mois|(?:at )?(?:the )?end of (?:the|every|each) month)\b",
                  "last day of the month", text)  # fmt: skip
    return re.sub(
        r"\b(?:(?:au )?debut (?:du|de) mois|(?:at )?(?:the )?start of (?:the|every|each) month)\b",
        "on the 1 of every month",
        text,
    )


def without_part_of_day(text: str) -> tuple[str, tuple[int, int] | None]:
    """Return *text* with “every morning” as every day, and the hours that it means."""
    for pattern, first, last in _PARTS:
        if pattern.search(text):
            return pattern.sub(_EVERY_DAY, text), (first, last)
    return text, None


def contradicts(time: TimeOfDay, hours: tuple[int, int] | None) -> bool:
    """Say whether *time* is not in the part of the day that was named."""
    return hours is not None and not hours[0] <= time.hour < hours[1]

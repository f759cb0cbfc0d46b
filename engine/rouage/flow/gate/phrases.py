"""Effects in one sentence, from the phrase that each action declares."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.language import Language, Text
from rouage.sdk.connector import ActionSpec
from rouage.sdk.json import JSON

_PLACE: Final = re.compile(r"\{(\w+)\}")
_LONGEST: Final = 200

UNITS: Final[Mapping[str, Text]] = {
    "files": Text("files", "fichiers"),
    "mails": Text("mails", "mails"),
    "rows": Text("rows", "lignes"),
    "requests": Text("requests", "requêtes"),
    "messages": Text("messages", "messages"),
    "commands": Text("commands", "commandes"),
    "effects": Text("effects", "effets"),
}
"""Units as people say them; another one is said as it is written."""


def unit_word(unit: str) -> Text:
    """Return *unit* as people say it."""
    return UNITS.get(unit, Text(unit, unit))


def phrase(action: ActionSpec, values: JSON, language: Language) -> str:
    """Return what a call of *action* with *values* does, as one sentence."""
    template = action.describe.render(language)
    given = values if isinstance(values, dict) else {}
    facts = {name: _value(name, given, action) for name in _PLACE.findall(template)}
    if any(value is None for value in facts.values()):
        title = action.title.render(language)
        return title[:1].upper() + title[1:]
    said = _PLACE.sub(lambda found: str(facts[found[1]]), template)
    return said[:1].upper() + said[1:]


def _value(name: str, given: Mapping[str, Any], action: ActionSpec) -> str | None:
    value = given.get(name, action.parameters.defaults.get(name))
    if value is None:
        return None
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def amount(number: float) -> str:
    """Return a number without needless digits."""
    return f"{number:g}" if number != int(number) else str(int(number))

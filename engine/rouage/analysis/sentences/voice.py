"""The voice that reads a recipe back: lists, quantities and quotes as one language has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rouage.language import Language, Text
from rouage.recipes.document import Path
from rouage.records import dataclass
from rouage.sdk.business import parse_working_days

_ONE_WORKING_DAY: Final = Text("one working day", "un jour ouvré")
_EACH_WORKING_DAY: Final = Text("every working day", "chaque jour ouvré")
_WORKING_DAYS: Final = Text("{count} working days", "{count} jours ouvrés")
_UNITS: Final[Mapping[str, Text]] = {
    "ms": Text("millisecond", "milliseconde"),
    "s": Text("second", "seconde"),
    "m": Text("minute", "minute"),
    "h": Text("hour", "heure"),
    "d": Text("day", "jour"),
    "w": Text("week", "semaine"),
}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_QUOTED: Final = Text("“{text}”", "« {text} »")
_AND: Final = Text("and", "et")
_OR: Final = Text("or", "ou")
_CONTRACTIONS: Final = (
    ("à le ", "au "),
    ("à les ", "aux "),
    ("de le ", "du "),
    ("de les ", "des "),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One sentence: how deep it stands, and the part of the recipe that it is about."""

    depth: int
    text: str
    path: Path = ()


class Keys:
    """The entries of a mapping, and which of them have been said."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = entries
        self._said: set[str] = set()

    def take(self, name: str) -> Any:
        """Return the value of *name*, or None; from now on it counts as said."""
        self._said.add(name)
        return self._entries.get(name)

    def has(self, name: str) -> bool:
        """Say whether *name* is there, whatever its value."""
        return name in self._entries

    def unsaid(self) -> Iterator[tuple[str, Any]]:
        """Yield what nobody took."""
        for name, value in self._entries.items():
            if name not in self._said:
                yield name, value


class Voice:
    """Says texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def say(self, text: Text, /, **facts: object) -> str:
        """Return *text* with its facts."""
        said = text.render(self.language, facts or {"": ""})
        return self._contracted(said) if facts else said

    def _contracted(self, said: str) -> str:
        if self.language == "fr":
            for loose, tight in _CONTRACTIONS:
                said = re.sub(rf"(?<!\w){loose}", tight, said)
            said = said.replace("si il ", "s’il ")
        return said

    def quote(self, text: object) -> str:
        """Return *text* between quotes."""
        return _QUOTED.render(self.language, {"text": text})

    def all_of(self, parts: Sequence[str]) -> str:
        """Return *parts* as an enumeration that ends in “and”."""
        return self._listed(parts, _AND)

    def any_of(self, parts: Sequence[str]) -> str:
        """Return *parts* as an enumeration that ends in “or”."""
        return self._listed(parts, _OR)

    def _listed(self, parts: Sequence[str], word: Text) -> str:
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.say(word)} {parts[-1]}"

    def duration(self, written: object) -> str:
        """Return `2h30m` or `3 working days` as words; anything else as it is."""
        days = parse_working_days(str(written))
        if days is not None:
            return self.say(_ONE_WORKING_DAY if days == 1 else _WORKING_DAYS, count=days)
        parts = _PART.findall(str(written))
        if not parts or "".join(map("".join, parts)) != str(written):
            return str(written)
        return self.all_of([self._amount(count, unit) for count, unit in parts])

    def every(self, written: object) -> str:
        """Return how often something happens that does so each `5m`."""
        if parse_working_days(str(written)) == 1:
            return self.say(_EACH_WORKING_DAY)
        parts = _PART.findall(str(written))
        if len(parts) != 1 or "".join(parts[0]) != str(written):
            return self.say(
                Text("every {for}", "tous les {for}"), **{"for": self.duration(written)}
            )
        count, unit = parts[0]
        word = self.say(_UNITS[unit])
        if self.language == "en":
            return f"every {word}" if count == "1" else f"every {count} {word}s"
        each = "tous" if unit == "d" else "toutes"
        return f"{each} les {word}s" if count == "1" else f"{each} les {count} {word}s"

    def _amount(self, count: str, unit: str) -> str:
        word = self.say(_UNITS[unit])
        shown = count.replace(".", ",") if self.language == "fr" else count
        most_of_one = 2 if self.language == "fr" else 1.000001
        return f"{shown} {word}" if 0 < float(count) < most_of_one else f"{shown} {word}s"

    def count(self, number: object, one: Text, many: Text) -> str:
        """Return a number with its noun."""
        noun = one if str(number) == "1" else many
        return f"{number} {self.say(noun)}"

    def sentence(self, *clauses: str) -> str:
        """Return *clauses* as one sentence with a capital and an end mark."""
        text = " ".join(clause for clause in clauses if clause).strip()
        text = self._contracted(text)
        start = next((n for n, letter in enumerate(text) if letter.isalnum()), 0)
        # What stands between quotes is somebody's own words.
        if not text[:start].strip().endswith(("“", "«")):
            text = text[:start] + text[start : start + 1].upper() + text[start + 1 :]
        return text if text.endswith((".", ":", "?", "!", "…")) else f"{text}."

    def colon(self, text: str) -> str:
        """Return *text* with a colon, spaced as the language does."""
        return f"{text} :" if self.language == "fr" else f"{text}:"

"""Values of a recipe as a sentence holds them: short, and with their expressions in words."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.expressions import Phrases
from rouage.analysis.sentences.voice import Voice
from rouage.expressions import Expression, iter_expressions
from rouage.language import Language, Text

_OPENING: Final = "${{"
_CLOSING: Final = "}}"
_PLAIN: Final = re.compile(r"[^\s«»“”\"']+")
_QUOTES: Final = re.compile("« | »|[“”]")
_LONGEST: Final = 120
_LINES: Final = Text("({count} lines)", "({count} lignes)")
_YES: Final = Text("yes", "oui")
_NO: Final = Text("no", "non")
_NOTHING: Final = Text("nothing", "rien")
_EMPTY_LIST: Final = Text("an empty list", "une liste vide")
_IS: Final = Text("{name} = {value}", "{name} = {value}")
_HIDDEN: Final = "•••"


def in_language(value: Any, language: Language) -> str | None:
    """Return the right one of a text that is written in both languages; None for all else."""
    if not isinstance(value, Mapping) or not value or not set(value) <= {"en", "fr"}:
        return None
    own = value.get(language, next(iter(value.values())))
    return own if isinstance(own, str) else None


class Values:
    """Puts values into words."""

    def __init__(self, voice: Voice, phrases: Phrases) -> None:
        self._voice = voice
        self._phrases = phrases

    def value(self, value: Any, *, is_secret: bool = False) -> str:
        """Return *value* in words; a secret that is written out stays hidden."""
        if isinstance(value, str):
            return _HIDDEN if is_secret and _OPENING not in value else self.text(value)
        if isinstance(value, bool):
            return self._voice.say(_YES if value else _NO)
        if value is None:
            return self._voice.say(_NOTHING)
        if isinstance(value, Mapping):
            own = in_language(value, self._voice.language)
            return self.text(own) if own is not None else self.pairs(value, is_secret=is_secret)
        if isinstance(value, list):
            items = [self.value(item, is_secret=is_secret) for item in value]
            return self._voice.all_of(items) if items else self._voice.say(_EMPTY_LIST)
        shown = json.dumps(value)
        return shown.replace(".", ",") if self._voice.language == "fr" else shown

    def pairs(self, values: Mapping[str, Any], *, is_secret: bool = False) -> str:
        """Return names with their values."""
        parts = []
        for name, value in values.items():
            said = self.value(value, is_secret=is_secret)
            is_plain = in_language(value, self._voice.language) is not None
            if isinstance(value, Mapping | list) and not is_plain:
                said = f"({said})"
            parts.append(self._voice.say(_IS, name=name, value=said))
        return "; ".join(parts) if self._voice.language == "en" else " ; ".join(parts)

    def text(self, text: str, *, quoted: bool = True) -> str:
        """Return a text of the recipe: bare if it is one word, else between quotes.

        A text that is one expression becomes a phrase. Without *quoted* the sentence has
        quotes of its own around it.
        """
        found = list(iter_expressions(text)) if _OPENING in text else []
        if quoted and len(found) == 1 and _is_alone(text, found[0]):
            expression = found[0][0]
            source = expression.source if isinstance(expression, Expression) else text
            return self._phrases.value(source, in_phrase=True)
        shown = self._short(self._with_phrases(text, found))
        if not quoted or (_PLAIN.fullmatch(shown) and not found):
            return shown
        return self._voice.quote(shown)

    def _with_phrases(self, text: str, found: list[tuple[Any, int]]) -> str:
        """Return *text* with each expression as `[its phrase]`, or as `[its source]`."""
        pieces, end = [], 0
        for expression, start in found:
            if not isinstance(expression, Expression):
                continue
            opening = text.rfind(_OPENING, 0, start + 1)
            pieces.append(text[end:opening])
            source = expression.source.strip()
            simple = self._phrases.is_simple(source)
            # The text has quotes around it: no second ones inside.
            said = _QUOTES.sub("", self._phrases.value(source)) if simple else source
            pieces.append(f"[{said}]")
            end = text.find(_CLOSING, start + len(expression.source)) + len(_CLOSING)
        return "".join([*pieces, text[end:]])

    def _short(self, text: str) -> str:
        """Return the first line of *text*, and how many there are."""
        lines = text.strip("\n").split("\n")
        first = lines[0].strip()
        if len(first) > _LONGEST:
            first = first[: _LONGEST - 1] + "…"
        if len(lines) == 1:
            return first
        return f"{first} … {self._voice.say(_LINES, count=len(lines))}"


def _is_alone(text: str, found: tuple[Any, int]) -> bool:
    expression, start = found
    if not isinstance(expression, Expression):
        return False
    before, after = text[:start], text[start + len(expression.source) :]
    return before.strip() == _OPENING and after.strip() == _CLOSING

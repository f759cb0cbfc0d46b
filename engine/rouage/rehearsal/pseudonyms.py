"""The same data under other names: whatever the recipe does not say itself gets an alias.

A list of what is personal would miss something. So every word of three letters, every longer
number and every address is replaced, the same one always by the same, of the same length; only
the words of the recipe and of what connectors declare stay, since conditions compare with them.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final

from rouage.sdk.json import JSON

_PIECE: Final = re.compile(
    r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<iban>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b)"
    r"|(?P<hex>\b[0-9a-f]{16,}\b)"
    r"|(?P<ending>(?<=\w)\.[a-z0-9]{1,5}\b(?!\.?\w))"
    r"|(?P<phone>\+\d[\d .()-]{6,16}\d\b|\b0\d(?:[ .-]?\d{2}){4}\b|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b)"
    r"|(?P<number>\d{5,})"
    r"|(?P<word>[^\W\d_]{3,})"
)
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_VOWELS: Final = "aeiou"
_OTHERS: Final = "bcdfglmnprstv"
_AMOUNTS: Final = re.compile(
    r"(?i)amount|total|price|sum|balance|net|gross|vat|montant|prix|somme|solde|ht|ttc|tva"
)
_SAME_DIGITS: Final = frozenset({"phone", "number", "iban"})


class Pseudonyms:
    """Aliases under one secret *key*; *words* stay as they are."""

    def __init__(self, key: bytes, words: Iterable[str], *, factor: float = 1.0) -> None:
        self._key = key
        self._kept = {word.lower() for word in words}
        self._factor = factor
        self._seen: set[str] = set()

    def value(self, value: JSON, *, name: str = "") -> JSON:
        """Return *value* under other names; *name* is the field it stands in."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one, name=name) for one in value]
        if isinstance(value, dict):
            return {self.field(key): self.value(one, name=key) for key, one in value.items()}
        if isinstance(value, float | int) and not isinstance(value, bool):
            return self._amount(value, name)
        return value

    def text(self, text: str) -> str:
        """Return *text* with an alias for everything that says something."""
        return _PIECE.sub(self._alias, text)

    def message(self, text: str) -> str:
        """Return a sentence of ours, with aliases only for what the data said before."""
        return _PIECE.sub(
            lambda found: self._alias(found) if found[0].lower() in self._seen else found[0], text
        )

    def field(self, name: str) -> str:
        """Return the name of a field: it stays, unless it is an address or a number itself."""
        return self.text(name) if "@" in name or re.search(r"\d{5}", name) else name

    def _amount(self, value: float, name: str) -> JSON:
        if self._factor == 1.0 or not _is_amount(name):
            return value
        scaled = round(value * self._factor, 2)
        return scaled if isinstance(value, float) else round(scaled)

    def _alias(self, found: re.Match[str]) -> str:
        kind, text = str(found.lastgroup), found[0]
        if kind in {"time", "ending"} or text.lower() in self._kept:
            return text
        self._seen.add(text.lower())
        chosen = self._choices(text.lower())
        if kind == "mail":
            return f"{_made(6, chosen)}@example.org"
        if kind == "hex":
            return "".join("0123456789abcdef"[next(chosen) % 16] for _ in text)
        if kind in _SAME_DIGITS:
            return "".join(str(next(chosen) % 10) if one.isdigit() else one for one in text)
        return _like(text, _made(len(text), chosen))

    def _choices(self, text: str) -> Iterator[int]:
        """Yield numbers that hang on the key and the *text* alone."""
        block = 0
        while True:
            yield from blake2b(f"{block} {text}".encode(), key=self._key).digest()
            block += 1


def words_of(text: str) -> set[str]:
    """Return the words of a text, such as that of a recipe."""
    return set(_WORD.findall(text))


def declared_words(schema: Any) -> Iterator[str]:
    """Yield the words that a JSON Schema allows as values: they are not anybody's data."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name in {"enum", "const"}:
                for value in inner if isinstance(inner, list) else [inner]:
                    yield from _WORD.findall(str(value))
            else:
                yield from declared_words(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from declared_words(inner)


def _is_amount(name: str) -> bool:
    return any(_AMOUNTS.fullmatch(part) for part in re.split(r"[\W_]+", name))


def _made(length: int, chosen: Iterator[int]) -> str:
    return "".join(
        (_VOWELS if place % 2 else _OTHERS)[next(chosen) % (5 if place % 2 else len(_OTHERS))]
        for place in range(length)
    )


def _like(text: str, alias: str) -> str:
    if text.isupper():
        return alias.upper()
    return alias.capitalize() if text[0].isupper() else alias

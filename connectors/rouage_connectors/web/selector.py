"""Simple selectors: `tag`, `.class`, `#id`, joined (`p.price`) and nested (`main .price`)."""

import re
from typing import Final

from rouage.sdk.records import dataclass

_PART: Final = re.compile(r"([.#]?)([A-Za-z][-\w]*)")
_STEP: Final = re.compile(r"(?:[.#]?[A-Za-z][-\w]*)(?:[.#][A-Za-z][-\w]*)*")
_MOST_STEPS: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One open element of a page: its tag, id and classes."""

    tag: str
    id: str | None
    classes: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one word of a selector asks of an element."""

    tag: str | None = None
    id: str | None = None
    classes: frozenset[str] = frozenset()

    def fits(self, element: Element) -> bool:
        """Say whether *element* is what it asks for."""
        return (
            (self.tag is None or self.tag == element.tag)
            and (self.id is None or self.id == element.id)
            and self.classes <= element.classes
        )


def parse_selector(text: str) -> tuple[Step, ...]:
    """Return the steps of the selector *text*, the outermost first.

    Raises:
        ValueError: it is none; the argument is the word that cannot be read.
    """
    words = text.split()
    if len(words) > _MOST_STEPS:
        raise ValueError(" ".join(words[_MOST_STEPS:]))
    return tuple(map(_step, words))


def _step(word: str) -> Step:
    if _STEP.fullmatch(word) is None:
        raise ValueError(word)
    found = _PART.findall(word)
    named = {kind: name for kind, name in found if kind != "."}
    return Step(
        tag=named[""].lower() if "" in named else None,
        id=named.get("#"),
        classes=frozenset(name for kind, name in found if kind == "."),
    )


def is_selected(steps: tuple[Step, ...], path: list[Element]) -> bool:
    """Say whether the last element of *path* (from the outside in) is what *steps* select."""
    if not path or not steps[-1].fits(path[-1]):
        return False
    left = len(steps) - 1
    for element in reversed(path[:-1]):
        # The innermost parent that fits is always right: what follows only gains room.
        if left and steps[left - 1].fits(element):
            left -= 1
    return left == 0

"""Patterns without regular expressions: `like` with `*` and `?`, `extract` with `{places}`.

Both look at each character a bounded number of times, whatever the text and the pattern.
"""

import re
import unicodedata
from typing import Any, Final

from rouage.expressions.faults import Fault
from rouage.expressions.values import room
from rouage.language import Text

PATTERN_LIMIT: Final = 500
LIKE_TEXT_LIMIT: Final = 65_536
_ATTEMPTS: Final = 2_000

_PLACE: Final = re.compile(r"\{(\w*)(?::(\w*))?\}")
_RUNS: Final = {
    "": re.compile(r"[^\n]+"),
    "word": re.compile(r"\w+"),
    "digits": re.compile(r"[0-9]+"),
    "number": re.compile(r"[-+]?[0-9]+(?:[ .,'\u00a0\u202f]?[0-9]+)*"),
}
_UNKNOWN_RUN: Final = Text(
    "a place is {name}, {name:word}, {name:digits} or {name:number}",
    "un emplacement s’écrit {nom}, {nom:word}, {nom:digits} ou {nom:number}",
)
_NO_PLACE: Final = Text("it holds no place in braces", "il n’a aucun emplacement entre accolades")
_TOUCHING: Final = Text(
    "two places touch: put a text between them",
    "deux emplacements se touchent : mettez un texte entre eux",
)
_MIXED: Final = Text(
    "give each place a name of its own", "donnez à chaque emplacement un nom à lui"
)


def is_like(text: str, pattern: str) -> bool:
    """Say whether the whole of *text* fits *pattern*: `*` any run, `?` any one character.

    Capitals count. Accents compare whichever way they are stored.
    """
    room(len(pattern), PATTERN_LIMIT)
    room(len(text), LIKE_TEXT_LIMIT)
    if not text.isascii() or not pattern.isascii():
        text, pattern = unicodedata.normalize("NFC", text), unicodedata.normalize("NFC", pattern)
    head, *middle = pattern.split("*")
    if not middle:
        return len(text) == len(head) and _fits(text, 0, head)
    tail = middle.pop()
    end = len(text) - len(tail)
    if end < len(head) or not _fits(text, 0, head) or not _fits(text, end, tail):
        return False
    position = len(head)
    # The leftmost place is always right: what follows only gains room.
    for part in middle:
        position = _find(text, part, position, end)
        if position < 0:
            return False
    return True


def _fits(text: str, start: int, part: str) -> bool:
    if "?" not in part:
        return text.startswith(part, start)
    return all(sign in ("?", text[start + place]) for place, sign in enumerate(part))


def _find(text: str, part: str, start: int, end: int) -> int:
    """Return the position after the first *part* in `text[start:end]`, or -1."""
    if "?" not in part:
        found = text.find(part, start, end)
        return found + len(part) if found >= 0 else -1
    for place in range(start, end - len(part) + 1):
        if _fits(text, place, part):
            return place + len(part)
    return -1


def extract(text: str, pattern: str) -> Any:
    """Return what stands at the places of *pattern*, looked for anywhere in *text*.

    `{name}` takes the shortest run within a line up to the text that follows it (or up to
    the end of the line); `{name:word}`, `{name:digits}` and `{name:number}` take what they
    say. One nameless `{}` gives its text; names give an object.

    Raises:
        Fault: the pattern is not usable, or is not found (which `default` catches).
    """
    literals, places = check_pattern(pattern)
    room(len(text))
    found = _search(text, literals, [run for _, run in places])
    if found is None:
        raise Fault("RG449", name="extract")
    if places[0][0] == "":
        return found[0]
    return dict(zip([name for name, _ in places], found, strict=True))


def check_pattern(pattern: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the texts around the places (one more than places), and the places.

    Raises:
        Fault: the pattern is not usable.
    """
    room(len(pattern), PATTERN_LIMIT)
    places = [(found[1], found[2] or "") for found in _PLACE.finditer(pattern)]
    pieces = _PLACE.split(pattern)
    literals = pieces[::3]
    if not places:
        raise Fault("RG494", reason=_NO_PLACE)
    if any(run not in _RUNS for _, run in places):
        raise Fault("RG494", reason=_UNKNOWN_RUN)
    if any(not literal for literal in literals[1:-1]):
        raise Fault("RG494", reason=_TOUCHING)
    names = [name for name, _ in places]
    if len(set(names)) < len(names) or ("" in names and len(names) > 1):
        raise Fault("RG494", reason=_MIXED)
    return literals, places


def _search(text: str, literals: list[str], runs: list[str]) -> list[str] | None:
    first, position = literals[0], 0
    for _ in range(_ATTEMPTS):
        start = text.find(first, position) if first else _line_start(text, position)
        if start < 0:
            return None
        found = _match_at(text, start + len(first), literals[1:], runs)
        if found is not None:
            return found
        position = start + 1
    return None


def _line_start(text: str, position: int) -> int:
    """Return the first beginning of a line at or after *position*, or -1."""
    if position == 0:
        return 0
    line_end = text.find("\n", position - 1)
    return line_end + 1 if line_end >= 0 else -1


def _match_at(text: str, position: int, literals: list[str], runs: list[str]) -> list[str] | None:
    taken = []
    for literal, run in zip(literals, runs, strict=True):
        found = _RUNS[run].match(text, position)
        if found is None:
            return None
        end = found.end()
        if literal and not run:
            # Up to the text that follows, at least one character further.
            end = text.find(literal, position + 1, end + len(literal))
        if end < 0 or not text.startswith(literal, end):
            return None
        taken.append(text[position:end].strip())
        position = end + len(literal)
    return taken

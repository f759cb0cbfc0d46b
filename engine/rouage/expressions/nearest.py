"""Which known word is close to an unknown one (authoring M6)."""

from collections.abc import Iterable
from typing import Final

_SHORT: Final = 5
_KNOWN_SHOWN: Final = 8
_CANDIDATES: Final = 500


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word of *known* that *word* most likely meant, or None.

    Damerau-Levenshtein distance at most 2, at most 1 below five letters; a difference in
    capitals, accents or underscores alone always counts as near.
    """
    limit = 1 if len(word) < _SHORT else 2
    best, best_distance = None, limit + 1
    for _, candidate in zip(range(_CANDIDATES), known, strict=False):
        if not isinstance(candidate, str) or candidate == word:
            continue
        if _bare(candidate) == _bare(word):
            return candidate
        if abs(len(candidate) - len(word)) < best_distance:
            distance = _distance(word, candidate)
            if distance < min(best_distance, len(word)):
                best, best_distance = candidate, distance
    return best


def listing(known: Iterable[str]) -> str:
    """Return the first few of *known*, sorted, for a sentence."""
    names = sorted(str(name) for _, name in zip(range(_CANDIDATES), known, strict=False))
    more = ", …" if len(names) > _KNOWN_SHOWN else ""
    return ", ".join(names[:_KNOWN_SHOWN]) + more


def _bare(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def _distance(one: str, other: str) -> int:
    """Return the optimal string alignment distance: a swap of neighbours counts once."""
    one, other = one[:64].casefold(), other[:64].casefold()
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            cost = min(
                previous[column] + 1,
                current[column - 1] + 1,
                previous[column - 1] + (left != right),
            )
            swapped = row > 1 and column > 1 and left == other[column - 2]
            if swapped and right == one[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]

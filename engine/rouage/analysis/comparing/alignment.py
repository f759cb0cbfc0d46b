"""Which entry of an old list became which one of a new list."""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from rouage.records import dataclass

Entry = Mapping[str, Any]

# Beyond so many pairs to weigh, entries pair up as they come: a diff must not take minutes.
_MOST_WEIGHED: Final = 40_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """An old entry and what became of it, each by its place; None where there is none."""

    old: int | None
    new: int | None
    has_moved: bool = False


def align(
    old: Sequence[Entry], new: Sequence[Entry], word_of: Callable[[Entry], str | None]
) -> list[Pair]:
    """Return the pairs in the order of *new*, and then what is gone.

    Equal entries belong together, then those with the same `id`, then those with the same
    word that have most in common.
    """
    matching = _Matching(old, new, word_of)
    matching.match_equal()
    matching.match_ids()
    matching.match_words()
    moved = _moved([(one, other) for other, one in sorted(matching.found.items())])
    pairs = [
        Pair(old=matching.found.get(place), new=place, has_moved=place in moved)
        for place in range(len(new))
    ]
    return [*pairs, *(Pair(old=place, new=None) for place in matching.left_old())]


class _Matching:
    def __init__(
        self, old: Sequence[Entry], new: Sequence[Entry], word_of: Callable[[Entry], str | None]
    ) -> None:
        self._old = old
        self._new = new
        self._word_of = word_of
        self.found: dict[int, int] = {}
        self._taken: set[int] = set()

    def left_old(self) -> list[int]:
        """Return the old places that belong to nothing yet."""
        return [place for place in range(len(self._old)) if place not in self._taken]

    def _left_new(self) -> list[int]:
        return [place for place in range(len(self._new)) if place not in self.found]

    def _pair(self, old: int, new: int) -> None:
        self.found[new] = old
        self._taken.add(old)

    def match_equal(self) -> None:
        """Pair what did not change: where it stands in the same order first."""
        before, after = ([_text(one) for one in side] for side in (self._old, self._new))
        start = 0
        while start < min(len(before), len(after)) and before[start] == after[start]:
            self._pair(start, start)
            start += 1
        rest_before, rest_after = before[start:], after[start:]
        if len(rest_before) * len(rest_after) <= _MOST_WEIGHED:
            matcher = SequenceMatcher(None, rest_before, rest_after, autojunk=False)
            for block in matcher.get_matching_blocks():
                for step in range(block.size):
                    self._pair(start + block.a + step, start + block.b + step)
        self._match_by(before, after)

    def match_ids(self) -> None:
        """Pair what has the same id."""
        before, after = ([_id(one) for one in side] for side in (self._old, self._new))
        self._match_by(before, after)

    def _match_by(self, before: Sequence[str | None], after: Sequence[str | None]) -> None:
        places: dict[str, list[int]] = {}
        for place in reversed(self.left_old()):
            name = before[place]
            if name is not None:
                places.setdefault(name, []).append(place)
        for place in self._left_new():
            candidates = places.get(after[place] or "")
            if candidates:
                self._pair(candidates.pop(), place)

    def match_words(self) -> None:
        """Pair what has the same word, the most alike first."""
        old, new = self.left_old(), self._left_new()
        if len(old) * len(new) > _MOST_WEIGHED:
            words_old, words_new = (
                [self._word_of(one) for one in side] for side in (self._old, self._new)
            )
            self._match_by(words_old, words_new)
            return
        weighed = [
            (-_alike(self._old[one], self._new[other]), abs(one - other), one, other)
            for one in old
            for other in new
            if self._may_be(self._old[one], self._new[other])
        ]
        for _, _, one, other in sorted(weighed):
            if one not in self._taken and other not in self.found:
                self._pair(one, other)

    def _may_be(self, old: Entry, new: Entry) -> bool:
        """Say whether *old* may have become *new*: the same word, and no two ids."""
        ids = _id(old), _id(new)
        return self._word_of(old) == self._word_of(new) and (None in ids or ids[0] == ids[1])


def _text(entry: Entry) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False, default=str)


def _id(entry: Entry) -> str | None:
    name = entry.get("id")
    return name if isinstance(name, str) else None


def _alike(old: Entry, new: Entry) -> int:
    """Return how many values two entries have in common, one level deep."""
    count = 0
    for name, value in old.items():
        other = new.get(name)
        if value == other:
            count += 2
        elif isinstance(value, Mapping) and isinstance(other, Mapping):
            count += sum(value[key] == other.get(key) for key in value)
    return count


def _moved(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """Return the new places of what changed places: all but the longest run still in order."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for number, (old, _) in enumerate(pairs):
        place = bisect_left(tails, old)
        if place == len(tails):
            tails.append(old)
            ends.append(number)
        else:
            tails[place], ends[place] = old, number
        before.append(ends[place - 1] if place else None)
    kept: set[int] = set()
    at = ends[-1] if ends else None
    while at is not None:
        kept.add(pairs[at][1])
        at = before[at]
    return {new for _, new in pairs if new not in kept}

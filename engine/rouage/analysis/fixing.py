"""Apply the edits of problems: only what is safe, and only where the file gets better (M7).

Edits are replacements of ranges, so that everything else stays as it was written, down to
line ends, comments and the byte order mark. What came of them is checked again each time.
"""

from collections.abc import Callable, Sequence
from typing import Final

from rouage.problem import Edit, Problem, Range
from rouage.recipes.reader import read
from rouage.recipes.source_text import SourceText
from rouage.records import dataclass

Check = Callable[[bytes], Sequence[Problem]]

_MOST_ROUNDS: Final = 100
_NOWHERE: Final = (1 << 40, 0)
# What an edit of these would write is a place to fill in, or a choice that is not ours.
_NEEDS_A_PERSON: Final = frozenset({"RG212", "RG303"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Fixed:
    """A file after fixing: its bytes, and the problems that are gone, as they were found."""

    source: bytes
    fixed: tuple[Problem, ...] = ()


def is_fixable(problem: Problem) -> bool:
    """Say whether the edits of *problem* may be applied without asking anybody."""
    return bool(problem.edits) and problem.code not in _NEEDS_A_PERSON


def fix(source: bytes, check: Check) -> Fixed:
    """Return *source* with every safe edit of its problems applied.

    The bytes are those of *source* when nothing can be done, or when what came of it could
    not be read.
    """
    present, fixed = source, list[Problem]()
    refused: set[tuple[str, Range]] = set()
    for _ in range(_MOST_ROUNDS):
        problems = [one for one in check(present) if is_fixable(one)]
        chosen = _apart([one for one in problems if _key(one) not in refused])
        if not chosen:
            break
        better = _apply(present, chosen, check)
        if better is None and len(chosen) > 1:
            chosen = chosen[:1]
            better = _apply(present, chosen, check)
        if better is None:
            refused.add(_key(chosen[0]))
            continue
        present = better
        fixed += chosen
    if not fixed or not read(present).is_complete:
        return Fixed(source=source)
    return Fixed(source=present, fixed=tuple(fixed))


def apply_edits(source: bytes, edits: Sequence[Edit]) -> bytes | None:
    """Return *source* with *edits* made, or None when it is no text."""
    written = SourceText.decode(source)
    return None if written is None else written.encode(written.edited(edits))


def _key(problem: Problem) -> tuple[str, Range]:
    return problem.code, problem.range


def _apart(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems whose edits touch different lines of text, the first ones first."""
    chosen: list[Problem] = []
    taken: set[int] = set()
    for problem in problems:
        lines = {line for edit in problem.edits for line in _lines(edit.range)}
        if not lines & taken:
            taken |= lines
            chosen.append(problem)
    return chosen


def _lines(place: Range) -> range:
    return range(place.start.line, place.end.line + 1)


def _apply(source: bytes, chosen: Sequence[Problem], check: Check) -> bytes | None:
    """Return *source* with the edits of *chosen*, or None when that makes nothing better."""
    edits = [edit for problem in chosen for edit in problem.edits]
    candidate = apply_edits(source, edits)
    if candidate is None or candidate == source:
        return None
    return candidate if _is_better(source, candidate, chosen, check) else None


def _is_better(source: bytes, candidate: bytes, chosen: Sequence[Problem], check: Check) -> bool:
    """Say whether the mistakes are gone and nothing is wrong with what was written instead.

    What they hid from view may come to light elsewhere.
    """
    if not read(candidate).is_complete:
        # Two places that cannot be read: the first one is gone if reading gets further now.
        return not read(source).is_complete and _failures(candidate) > _failures(source)
    if not read(source).is_complete:
        return True
    written = {edit.range.start for problem in chosen for edit in problem.edits}
    return all(problem.range.start not in written for problem in check(candidate))


def _failures(source: bytes) -> list[tuple[int, int]]:
    places = [one.range.start for one in read(source).problems if one.severity == "error"]
    return [*sorted((place.line, place.column) for place in places), _NOWHERE]

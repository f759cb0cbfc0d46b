"""What a text with expressions became, and how it would have to be written to become another.

Nothing is evaluated: the text that a step was given is laid over the template of its recipe.
What can be laid over it in two ways is not decided, and gives nothing.
"""

import re
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Final, Literal

from rouage.expressions.template import CLOSING, OPENING, closing_of
from rouage.records import dataclass

MOST_HOLES: Final = 6
LONGEST: Final = 2_000
"""Characters of a text; longer ones are cut in the record of a step."""
_MOST_ORDERS: Final = 4
"""So many expressions of a name are tried in every order."""
_SHORTEST_VALUE: Final = 2
_SHORTEST_WORD: Final = 3
"""Shorter ones would be found inside others."""
_FILTER: Final = r"""\s*\|\s*\w+(\((?:[^()'"]|'[^']*'|"[^"]*")*\))?"""
_MODEST: Final = re.compile(rf"[\w.]+(\[[^\[\]|]*\])?({_FILTER})*")
"""A value and filters: what needs no parentheses before another filter."""
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hole:
    """One expression, as it is written between `${{` and `}}`."""

    source: str

    def written(self) -> str:
        """Return the expression as it stands in a text."""
        return f"{OPENING}{self.source}{CLOSING}"


Pieces = list[str | Hole]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewording:
    """One way to write a template so that it gives another text.

    `word` replaces a word in what one expression gives (`hole` is its number); `pattern` moves
    the fixed texts and the expressions.
    """

    kind: Literal["word", "pattern"]
    after: str
    old: str
    new: str
    hole: int | None = None
    was: str = ""
    """What the whole expression gave; `becomes` is what it would have to give."""
    becomes: str = ""


def pieces_of(text: str) -> Pieces | None:
    """Return the fixed texts and the expressions of *text*; None when it has an escape in it."""
    if f"${OPENING}" in text:
        return None
    pieces: Pieces = []
    position = 0
    while (opening := text.find(OPENING, position)) >= 0:
        closing = closing_of(text, opening + len(OPENING))
        if closing < 0:
            return None
        if opening > position:
            pieces.append(text[position:opening])
        pieces.append(Hole(text[opening + len(OPENING) : closing]))
        position = closing + len(CLOSING)
    if position < len(text):
        pieces.append(text[position:])
    return pieces


def written(pieces: Sequence[str | Hole]) -> str:
    """Return *pieces* as they stand in a recipe."""
    return "".join(one if isinstance(one, str) else one.written() for one in pieces)


def values_in(
    pieces: Pieces, text: str, look_up: Callable[[str], str | None] = lambda _: None
) -> list[str] | None:
    """Return what each expression gave for the template to be *text*; None unless that is sure.

    *look_up* tells what an expression gave, of those for which that is known.
    """
    holes = [one for one in pieces if isinstance(one, Hole)]
    if len(holes) > MOST_HOLES or len(text) > LONGEST:
        return None
    told = [look_up(one.source) for one in holes]
    filled: Pieces = []
    known = iter(told)
    for piece in pieces:
        value = next(known) if isinstance(piece, Hole) else None
        filled.append(piece if value is None else value)
    rest = _surely_laid(filled, text)
    if rest is None:
        # The recipe may have been another one then, or asked elsewhere.
        return _surely_laid(pieces, text)
    others = iter(rest)
    return [next(others) if value is None else value for value in told]


def _surely_laid(pieces: Pieces, text: str) -> list[str] | None:
    early = _laid(pieces, text)
    if early is None:
        return None
    # From the other end: where both agree, there is one way only.
    late = _laid([_turned(one) for one in reversed(pieces)], text[::-1])
    if late is None or [one[::-1] for one in reversed(late)] != early:
        return None
    return early


def _turned(piece: str | Hole) -> str | Hole:
    return piece[::-1] if isinstance(piece, str) else piece


def _laid(pieces: Pieces, text: str) -> list[str] | None:
    """Return the values when each expression takes as little as it can, one character at least."""
    values: list[str] = []
    position, is_open = 0, False
    for piece in pieces:
        if isinstance(piece, Hole):
            if is_open:
                return None  # two in a row: nobody knows where one ends
            is_open = True
            continue
        found = text.find(piece, position + is_open)
        if found < 0 or (not is_open and found != position):
            return None
        if is_open:
            values.append(text[position:found])
        position, is_open = found + len(piece), False
    if is_open:
        values.append(text[position:])
        return values if values[-1] else None
    return values if position == len(text) else None


def rewordings(
    template: str,
    was: str,
    becomes: str,
    look_up: Callable[[str], str | None] = lambda _: None,
) -> list[Rewording]:
    """Return how *template*, which gave *was*, could be written to give *becomes*.

    A word and a pattern may both do: which one is meant shows when there are more of them.
    """
    pieces = pieces_of(template)
    if pieces is None or was == becomes or OPENING in becomes:
        return []  # a name must never become an expression
    values = values_in(pieces, was, look_up)
    if values is None:
        return []
    word = _in_one_value(pieces, values, becomes)
    pattern = _otherwise_laid(pieces, values, becomes)
    if word is not None and pattern is not None and word.old != word.was:
        # The whole value is still there: something was put beside it, and no word replaced.
        word = None
    return [one for one in (word, pattern) if one is not None]


def _in_one_value(pieces: Pieces, values: list[str], becomes: str) -> Rewording | None:
    """Return the one expression whose value alone differs, with the word that was replaced."""
    found = []
    for number, value in enumerate(values):
        before, after = _around(pieces, values, number)
        room = len(becomes) - len(before) - len(after)
        if room > 0 and becomes.startswith(before) and becomes.endswith(after):
            found.append((number, value, becomes[len(before) : len(becomes) - len(after)]))
    if len(found) != 1:
        return None
    number, value, other = found[0]
    words = replaced_words(value, other)
    if words is None:
        return None
    after_text = _with_replacement(pieces, number, *words)
    if after_text is None:
        return None
    return Rewording(
        kind="word",
        after=after_text,
        old=words[0],
        new=words[1],
        hole=number,
        was=value,
        becomes=other,
    )


def _around(pieces: Pieces, values: list[str], number: int) -> tuple[str, str]:
    """Return the text before and after the value of one expression."""
    parts: list[str] = []
    place, count = 0, 0
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        if count == number:
            place = len(parts)
        parts.append(values[count])
        count += 1
    return "".join(parts[:place]), "".join(parts[place + 1 :])


def replaced_words(old: str, new: str) -> tuple[str, str] | None:
    """Return the words of *old* that *new* has others for, whole; None when none stay.

    `Facture EDF SA` and `Facture EDF` give `EDF SA` and `EDF`.
    """
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    start, end = _to_words(old, new, start, end)
    if not old[start : len(old) - end].strip() or not new[start : len(new) - end].strip():
        # Something was only taken away, or put in: the word beside it makes it findable.
        start, end = _with_neighbour(old, start, end)
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    while before[-1:].isspace() and before[-1:] == after[-1:]:
        before, after = before[:-1], after[:-1]
    if len(before.strip()) < _SHORTEST_WORD or not after.strip() or before == after:
        return None
    # Replacing it everywhere must give what the owner wrote.
    return (before, after) if old.replace(before, after) == new else None


def _common(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _to_words(old: str, new: str, start: int, end: int) -> tuple[int, int]:
    """Widen what differs to whole words."""
    if _cuts(old, start) or _cuts(new, start):
        while start > 0 and old[start - 1].isalnum():
            start -= 1
    if _cuts(old, len(old) - end) or _cuts(new, len(new) - end):
        while end > 0 and old[len(old) - end].isalnum():
            end -= 1
    return start, end


def _cuts(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _with_neighbour(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen what differs by the word before it, else by the one after it."""
    before = [found.start() for found in _WORD.finditer(text, 0, start)]
    if before:
        return before[-1], end
    after = _WORD.search(text, len(text) - end)
    return start, end if after is None else len(text) - after.end()


def _with_replacement(pieces: Pieces, number: int, old: str, new: str) -> str | None:
    """Return the template in which one expression has *old* replaced by *new*."""
    quoted = [_quoted(one) for one in (old, new)]
    if None in quoted:
        return None
    changed: Pieces = []
    count = 0
    for piece in pieces:
        if isinstance(piece, Hole):
            if count == number:
                source = piece.source.strip()
                inner = source if _MODEST.fullmatch(source) else f"({source})"
                piece = Hole(f" {inner} | replace({quoted[0]}, {quoted[1]}) ")
            count += 1
        changed.append(piece)
    return written(changed)


def _quoted(word: str) -> str | None:
    """Return *word* as an expression writes it; None when that would need an escape."""
    if "\\" in word or not word.isprintable():
        return None
    for quote in ("'", '"'):
        if quote not in word:
            return f"{quote}{word}{quote}"
    return None


def _otherwise_laid(pieces: Pieces, values: list[str], becomes: str) -> Rewording | None:
    """Return the template with other fixed texts, or another order, that gives *becomes*."""
    holes = [one for one in pieces if isinstance(one, Hole)]
    if any(len(one) < _SHORTEST_VALUE or becomes.count(one) != 1 for one in values):
        return None  # a value that is gone, or that might be found by chance
    if len(holes) > _MOST_ORDERS:
        return None
    fits = []
    for order in permutations(range(len(holes))):
        fixed = _between([values[number] for number in order], becomes)
        if fixed is not None:
            laid: list[str | Hole] = [fixed[0]]
            for number, text in zip(order, fixed[1:], strict=True):
                laid += [holes[number], text]
            fits.append(laid)
    if len(fits) != 1:
        return None
    after = written([one for one in fits[0] if one != ""])
    if pieces_of(after) is None:
        return None  # a `$` before an expression would make an escape of it
    return Rewording(kind="pattern", after=after, old=written(pieces), new=after)


def _between(values: list[str], text: str) -> list[str] | None:
    """Return the texts around *values*, which stand in *text* in this order."""
    fixed, position = [], 0
    for value in values:
        found = text.find(value, position)
        if found < 0:
            return None
        fixed.append(text[position:found])
        position = found + len(value)
    return [*fixed, text[position:]]

"""Tabs outside of texts: one parser takes some of them, the other none, so none is taken."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from rouage.problem import Edit, Problem
from rouage.recipes.document import Marks, Node, Positions, to_range

_BLANK_LINE: Final = re.compile(r"^[ \t]*\t[ \t]*$", re.MULTILINE)


def even_blank_lines(text: str) -> str:
    """Replace the tabs of lines that hold nothing else: they mean nothing."""
    if "\t" not in text:
        return text
    return _BLANK_LINE.sub(lambda match: " " * len(match.group()), text)


def find_tab(positions: Positions, *, above: int | None = None) -> Problem | None:
    """Return the problem of the first tab that stands outside of a text, or None.

    Only the lines *above* that number (0-based) are looked at, if it is given.
    """
    spans: list[Marks] | None = None
    for number, line in enumerate(positions.lines[:above]):
        if "\t" not in line or not line.strip():
            continue
        if spans is None:
            spans = sorted(_texts(positions.root))
        comment = _comment_start(line)
        column = line.find("\t")
        while 0 <= column < comment:
            if not _is_inside(spans, (number, column)):
                return tab_problem(number, column, positions.lines)
            column = line.find("\t", column + 1)
    return None


def _comment_start(line: str) -> int:
    if line.lstrip().startswith("#"):
        return 0
    start = line.find(" #")
    return start if start >= 0 else len(line)


def tab_problem(number: int, column: int, lines: Sequence[str]) -> Problem:
    """Return the problem of the run of tabs that starts at *column*."""
    line = lines[number]
    end = column + len(line[column:]) - len(line[column:].lstrip("\t"))
    is_indent = not line[:column].strip()
    place = to_range((number, column, number, max(end, column + 1)))
    edit = _indent(number, lines) if is_indent else Edit(range=place, text=" ")
    return Problem(code="RG118" if is_indent else "RG128", range=place, edits=(edit,))


def _indent(number: int, lines: Sequence[str]) -> Edit:
    """Return the edit that indents a line by spaces, as the line above suggests."""
    line = lines[number]
    depth = len(line) - len(line.lstrip(" \t"))
    above = next((one for one in reversed(lines[:number]) if one.strip()), "")
    text = above.lstrip(" \t")
    column = len(above) - len(text)
    if text.startswith("- ") and not line.lstrip(" \t").startswith("-"):
        column += 2
    if text.rstrip().endswith(":"):
        column += 2
    return Edit(range=to_range((number, 0, number, depth)), text=" " * column)


def _is_inside(spans: list[Marks], place: tuple[int, int]) -> bool:
    """Say whether *place* lies in a quoted or block text."""
    found = bisect_right(spans, (*place, 1 << 30, 0)) - 1
    return found >= 0 and place < spans[found][2:]


def _texts(root: Node | None) -> Iterator[Marks]:
    pending = [root] if root is not None else []
    while pending:
        node = pending.pop()
        if node.style is not None:
            yield node.marks
        if isinstance(node.entries, dict):
            pending += [entry[2] for entry in node.entries.values()]
        elif node.entries is not None:
            pending += node.entries

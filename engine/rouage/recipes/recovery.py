"""What can still be read of a file that breaks off: all that stands above the break (M8)."""

from typing import Final

from rouage.problem import Problem
from rouage.recipes.document import Document

_LARGEST: Final = 64 * 1024
"""A longer text is no recipe, and reading it twice would only take time."""
_UNFINISHED: Final = frozenset({"RG201", "RG202", "RG215", "RG220", "RG224"})
"""What is only missing because the rest of the file could not be read."""
_INDEPENDENT: Final = frozenset("25")
"""The families of problems that depend on nothing below them."""


def text_above(document: Document) -> str | None:
    """Return the whole entries above the place where reading *document* failed.

    The entry that holds the failure is left out, since nobody knows how it was to go on.
    """
    broken = [one.range.start.line for one in document.problems if one.severity == "error"]
    lines = document.positions.lines
    if not broken or not 0 < len(document.text) <= _LARGEST:
        return None
    failure = min(min(broken), len(lines)) - 1
    cut = _cut(lines, failure)
    return "\n".join([*lines[:cut], ""]) if cut > 0 else None


def is_independent(problem: Problem) -> bool:
    """Say whether *problem*, found above a failure, is one whatever stands below."""
    return problem.code[2] in _INDEPENDENT and problem.code not in _UNFINISHED


def _cut(lines: list[str], failure: int) -> int:
    """Return the line where the entry begins that holds the line *failure*."""
    top = failure
    while top > 0 and not _is_top(lines[top]):
        top -= 1
    level: int | None = None
    cut = top
    for number in range(top + 1, failure + 1):
        text = lines[number].lstrip(" ")
        if not text.startswith("- "):
            continue
        depth = len(lines[number]) - len(text)
        if level is None:
            level = depth
        elif depth == level:
            cut = number
    return cut


def _is_top(line: str) -> bool:
    return bool(line) and line[0] not in " -#\t"

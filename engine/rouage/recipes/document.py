"""What the reader returns: data, where each key and value stands, and problems.

Positions are kept in a tree beside the data, since it costs nothing to walk and most recipes
have no problem to place.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from rouage.problem import NOWHERE, Position, Problem, Range
from rouage.recipes.scalars import place_in_scalar
from rouage.records import dataclass
from rouage.sdk.json import JSON

Path = tuple[str | int, ...]
Marks = tuple[int, int, int, int]
"""0-based start line, start column, end line, end column."""


class Mark(Protocol):
    """A place as the parser gives it; 0-based."""

    line: int
    column: int


class Node:
    """One value in the source: its place, its children, and how it was written.

    `source` is the text of a plain scalar that was read as something else than text; `style`
    is `'`, `"`, `|`, `>` or None for plain. `entries` holds the children of a collection: for
    a mapping by key, with the place of the key.
    """

    __slots__ = ("end", "entries", "source", "start", "style")

    def __init__(
        self, start: Mark, end: Mark, style: str | None = None, source: str | None = None
    ) -> None:
        self.start = start
        self.end = end
        self.style = style
        self.source = source
        self.entries: dict[str, tuple[Mark, Mark, Node]] | list[Node] | None = None

    @property
    def marks(self) -> Marks:
        """Return where the value starts and ends: few are ever asked for."""
        return marks_of(self.start, self.end)


def marks_of(start: Mark, end: Mark) -> Marks:
    """Return the marks of a stretch of text."""
    return start.line, start.column, end.line, end.column


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file after reading. `data` is None when nothing can be made of it.

    `lines` is the text without line ends; `text` the decoded text.
    """

    data: JSON
    positions: "Positions"
    problems: tuple[Problem, ...] = ()
    is_complete: bool = True
    text: str = ""


class Positions:
    """Where keys and values stand, by path such as `("do", 0, "files.move", "target")`."""

    def __init__(self, root: Node | None, text: str) -> None:
        self.root = root
        self._text = text

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines of the text, as editors count them."""
        return split_lines(self._text)

    def node(self, path: Sequence[str | int]) -> Node | None:
        """Return the node at *path*, or None."""
        node = self.root
        for step in path:
            if node is None:
                return None
            node = _child(node, step)
        return node

    def value(self, path: Sequence[str | int]) -> Range:
        """Return the range of the value at *path*, or of the nearest thing that exists."""
        node = self.node(path)
        if node is None:
            return self.key(path[:-1]) if path else NOWHERE
        marks = self._trimmed(node)
        if marks[:2] == marks[2:] and path:
            return self.key(path)
        return to_range(marks)

    def key(self, path: Sequence[str | int]) -> Range:
        """Return the range of the key at *path*; of the value, for an item of a list."""
        if not path:
            return NOWHERE if self.root is None else self._first_line(self.root)
        parent = self.node(path[:-1])
        if parent is not None and isinstance(parent.entries, dict):
            entry = parent.entries.get(str(path[-1]))
            if entry is not None:
                return to_range(marks_of(entry[0], entry[1]))
        node = self.node(path)
        if node is not None:
            return self._first_line(node)
        return self.key(path[:-1])

    def locate(self, path: Sequence[str | int], text: str, offset: int, length: int) -> Range:
        """Return where *length* code points from *offset* of *text*, the value, were written.

        The text may stand between quotes, with escapes, or in a block.
        """
        node = self.node(path)
        if node is None:
            return self.value(path)
        start = place_in_scalar(self.lines, node.marks, node.style, text, offset)
        last = offset + max(1, length) - 1
        end = place_in_scalar(self.lines, node.marks, node.style, text, last)
        if start is None or end is None or end < start:
            return self.value(path)
        return to_range((*start, end[0], end[1] + 1))

    def _first_line(self, node: Node) -> Range:
        line, column, end_line, end_column = self._trimmed(node)
        if end_line != line:
            end_line, end_column = line, max(column + 1, len(self._line(line).rstrip()))
        return to_range((line, column, end_line, end_column))

    def _line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""

    def _trimmed(self, node: Node) -> Marks:
        """Return the marks of *node* without the blank lines after it.

        The end of a block is the start of the next token; ours is its last character.
        """
        line, column, end_line, end_column = node.marks
        while end_line > line:
            written = self._line(end_line)[:end_column].rstrip()
            if written and not written.lstrip().startswith("#"):
                return line, column, end_line, len(written)
            end_line -= 1
            end_column = len(self._line(end_line))
        return line, column, end_line, max(column, end_column)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.entries, dict):
        entry = node.entries.get(str(step))
        return None if entry is None else entry[2]
    if isinstance(node.entries, list) and isinstance(step, int) and step < len(node.entries):
        return node.entries[step]
    return None


def to_range(marks: Marks) -> Range:
    """Return 0-based *marks* as a 1-based range."""
    line, column, end_line, end_column = marks
    return Range(
        start=Position(line=line + 1, column=column + 1),
        end=Position(line=end_line + 1, column=end_column + 1),
    )


def split_lines(text: str) -> list[str]:
    """Return the lines of *text*, ended by LF, CRLF or CR, as editors count them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

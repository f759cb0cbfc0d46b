"""Where each line of a recipe should begin, read off the tree of positions.

A line of a YAML block begins with dashes, a key, or a value of its own. Each such beginning
is a `Start`; every other line is a comment, blank, or the continuation of a value.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Final, Literal

from rouage.recipes.document import Marks, Node
from rouage.records import dataclass

STEP: Final = 2
_FLOW: Final = frozenset("[{")
_BLOCK: Final = frozenset("|>")

Kind = Literal["dash", "key", "value"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What begins at a 0-based column; `wanted` is the column where it should."""

    kind: Kind
    line: int
    column: int
    end: int
    wanted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The further lines of a value, from *first* to *last*.

    *indent* is the indentation of the collection it stands in: now, and as it should be.
    """

    kind: Literal["folded", "flow", "block"]
    owner: int
    first: int
    last: int
    indent: int
    wanted_indent: int


@dataclass(slots=True)
class Layout:
    """The starts of each line in order, and the values that go on over several lines."""

    starts: dict[int, list[Start]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


def layout(root: Node | None, lines: Sequence[str]) -> Layout:
    """Return the layout of the tree below *root*, whose text is *lines*."""
    maker = _Maker(lines)
    if root is not None and maker.is_block(root):
        maker.collection(root, 0)
    for starts in maker.made.starts.values():
        starts.sort(key=lambda start: start.column)
    return maker.made


class _Maker:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.made = Layout()

    def is_block(self, node: Node) -> bool:
        """Say whether *node* is a collection without brackets."""
        if node.entries is None:
            return False
        return self._letter(node.start.line, node.start.column) not in _FLOW

    def collection(self, node: Node, wanted: int) -> None:
        """Lay out the block collection *node*, whose entries should begin at *wanted*."""
        if isinstance(node.entries, dict):
            for start, end, value in node.entries.values():
                self._add("key", start.line, start.column, end.column, wanted)
                self._value(value, start.line, node.start.column, wanted)
        else:
            column = node.start.column
            for item in node.entries or ():
                line = self._dash_line(item, column)
                self._add("dash", line, column, column + 1, wanted)
                self._value(item, line, column, wanted)

    def _value(self, node: Node, line: int, indent: int, wanted: int) -> None:
        """Lay out a value whose key or dash stands on *line*."""
        if self.is_block(node):
            self.collection(node, wanted + STEP)
            return
        first, column, last, end = self._extent(node)
        if first > line:
            self._add("value", first, column, end if last == first else -1, wanted + STEP)
        kind: Literal["folded", "flow", "block"] = "folded"
        if node.entries is not None:
            kind = "flow"
        elif node.style in _BLOCK:
            kind = "block"
            last = self._last_of_block(first, indent)
        if last > first:
            self.made.spans.append(
                Span(
                    kind=kind, owner=first, first=first + 1, last=last, indent=indent,
                    wanted_indent=wanted,
                )
            )  # fmt: skip

    def _add(self, kind: Kind, line: int, column: int, end: int, wanted: int) -> None:
        start = Start(kind=kind, line=line, column=column, end=end, wanted=wanted)
        self.made.starts.setdefault(line, []).append(start)

    def _letter(self, line: int, column: int) -> str:
        return self._lines[line][column : column + 1] if line < len(self._lines) else ""

    def _dash_line(self, item: Node, column: int) -> int:
        """Return the line of the dash of *item*, which may stand above its value."""
        line = min(item.start.line, len(self._lines) - 1)
        while line > 0 and self._letter(line, column) != "-":
            line -= 1
        return line

    def _extent(self, node: Node) -> Marks:
        """Return the marks of a value without what a parser counts in behind it."""
        line, column, last, end = node.marks
        last = min(last, len(self._lines) - 1)
        while last > line and not self._lines[last][:end].strip():
            last -= 1
            end = len(self._lines[last])
        return line, column, last, end

    def _last_of_block(self, header: int, indent: int) -> int:
        """Return the last line of a block text: what stands deeper than its *indent*."""
        last = header
        margin: int | None = None
        for number in range(header + 1, len(self._lines)):
            written = self._lines[number]
            if not written.strip(" "):
                if margin is not None and len(written) > margin:
                    # Blanks beyond the margin belong to the text.
                    last = number
                continue
            depth = len(written) - len(written.lstrip(" "))
            if margin is None:
                margin = depth
            if depth <= indent or depth < margin:
                break
            last = number
        return last

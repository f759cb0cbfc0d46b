"""A recipe read line by line, by its indentation: a sketch that half-written text gives too.

The reader of `rouage.recipes` refuses what is not YAML, as it must. Somebody who types has a
broken file nearly all the time, and wants to know what can stand at the cursor: lines and
columns say it well enough.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Final, Literal

from rouage.analysis.editing.flow_text import FlowText, end_of_quoted, resolved, unquoted
from rouage.recipes.document import Path, split_lines

Style = Literal["plain", "quoted", "flow", "block"]

_BLOCK: Final = re.compile(r"[|>][-+1-9]{0,2}[ \t]*(?:#.*)?$")
_NO_KEY: Final = frozenset("[{#|>&*!%@`")
_MOST_LINES: Final = 20_000
_DEEPEST: Final = 60
_MOST_FLOW_LINES: Final = 200
_INDENT: Final = " \t\u00a0"


class Node:
    """An entry of a mapping (with a key) or of a list, or the whole file.

    `line` and `column` say where its key or dash stands, `end` where the key ends. `text` is
    the value as written on its own line and those that go on with it, from `text_line` and
    `text_column` to `last_line`.
    """

    __slots__ = (
        "children", "column", "end", "index", "key", "last_line", "line", "parent", "style",
        "text", "text_column", "text_line",
    )  # fmt: skip

    def __init__(
        self, parent: "Node | None", *, key: str | None, line: int, column: int, end: int
    ) -> None:
        self.parent = parent
        self.key = key
        self.index = 0
        self.line = line
        self.column = column
        self.end = end
        self.text = ""
        self.style: Style = "plain"
        self.text_line = line
        self.text_column = end
        self.last_line = line
        self.children: list[Node] = []

    @property
    def is_item(self) -> bool:
        """Say whether it is an item of a list."""
        return self.key is None and self.parent is not None

    @property
    def path(self) -> Path:
        """Return where it stands in the data."""
        steps: list[str | int] = []
        node = self
        while node.parent is not None:
            steps.append(node.index if node.key is None else node.key)
            node = node.parent
        return tuple(reversed(steps))

    @property
    def keys(self) -> list[str]:
        """Return the keys below it."""
        return [child.key for child in self.children if child.key is not None]

    @property
    def data(self) -> Any:
        """Return what stands here as data."""
        if self.children:
            return self._collection()
        if self.style == "flow":
            return FlowText(self.text).data
        if self.style == "quoted":
            return unquoted(self.text)
        return self.text if self.style == "block" else resolved(self.text)

    def _collection(self) -> Any:
        if self.children[0].is_item:
            return [child.data for child in self.children if child.is_item]
        found: dict[str, Any] = {}
        for child in self.children:
            if child.key is not None:
                found.setdefault(child.key, child.data)
        return found


class Sketch:
    """All lines of a file: `root` holds the nodes, `on_line` those that begin on a line.

    `open_after` holds what a line leaves open, outermost first; `owner` the node whose text a
    line goes on with.
    """

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)[:_MOST_LINES]
        self.root = Node(None, key=None, line=0, column=-1, end=0)
        self.on_line: dict[int, list[Node]] = {}
        self.owner: dict[int, Node] = {}
        self.open_after: list[tuple[Node, ...]] = []
        self._open: list[Node] = [self.root]
        number = 0
        while number < len(self.lines):
            last = self._read(number)
            self.open_after += [tuple(self._open)] * (last + 1 - number)
            number = last + 1

    @cached_property
    def data(self) -> Any:
        """Return the whole file as data, as far as it can be made out."""
        return self.root.data

    def parent_at(self, line: int, column: int, *, is_dash: bool = False) -> Node:
        """Return the node that something beginning at *line* and *column* would belong to."""
        before = self.open_after[line - 1] if 0 < line <= len(self.open_after) else (self.root,)
        return _parent(list(before), column, is_dash=is_dash)[-1]

    # -- reading -----------------------------------------------------------------------------

    def _read(self, number: int) -> int:
        """Read one line, and return the last line that belongs to it."""
        line = self.lines[number]
        start = len(line) - len(line.lstrip(_INDENT))
        rest = line[start:]
        if not rest or rest.startswith("#") or (start == 0 and rest in {"---", "..."}):
            return number
        while rest.startswith("-") and (len(rest) == 1 or rest[1] in " \t"):
            if len(self._open) > _DEEPEST:
                return number
            self._open = _parent(self._open, start, is_dash=True)
            self._add(key=None, line=number, column=start, end=start + 1)
            start += 1 + len(rest[1:]) - len(rest[1:].lstrip(_INDENT))
            rest = line[start:]
        return self._entry(number, start) if rest and not rest.startswith("#") else number

    def _entry(self, number: int, start: int) -> int:
        """Read a key with its value, or text without a key."""
        line = self.lines[number]
        colon = colon_after_key(line, start)
        if colon is None or len(self._open) > _DEEPEST:
            return self._loose(number, start)
        self._open = _parent(self._open, start, is_dash=False)
        written = line[start:colon].rstrip()
        key = unquoted(written) if written[:1] in {'"', "'"} else written
        node = self._add(key=key, line=number, column=start, end=start + len(written))
        node.text_column = min(colon + 2, len(line))
        return self._text(node, number, colon + 1)

    def _loose(self, number: int, start: int) -> int:
        """Read text without a key: a value, its continuation, or a word that is being typed."""
        node = self._open[-1]
        while node.parent is not None and node.column >= start:
            self._open.pop()
            node = self._open[-1]
        if node.parent is None or node.children:
            return number
        if node.text or node.line == number:
            if node.line == number:
                return self._text(node, number, start)
            self.owner[number] = node
            node.text += " " + self.lines[number].strip()
            node.last_line = number
            return number
        node.text_line = number
        return self._text(node, number, start)

    def _text(self, node: Node, number: int, start: int) -> int:
        """Read the value that begins at *start*, and return its last line."""
        line = self.lines[number]
        start += len(line[start:]) - len(line[start:].lstrip(_INDENT))
        rest = line[start:]
        node.text_line, node.last_line = number, number
        if not rest or rest.startswith("#"):
            return number
        node.text_column = start
        if _BLOCK.match(rest):
            node.style = "block"
            return self._take(node, number, "")
        if rest[0] in "\"'":
            node.style = "quoted"
            return self._quoted(node, number, start)
        if rest[0] in "[{":
            node.style = "flow"
            return self._flow(node, number, start)
        comment = rest.find(" #")
        node.text = (rest if comment < 0 else rest[:comment]).rstrip()
        return number

    def _take(self, node: Node, number: int, first: str) -> int:
        """Take every deeper line as the text of *node*."""
        parts, last = [first] if first else [], number
        for following in self._deeper(node, number):
            self.owner[following] = node
            parts.append(self.lines[following])
            last = following
        node.text, node.last_line = "\n".join(parts), last
        return last

    def _quoted(self, node: Node, number: int, start: int) -> int:
        line = self.lines[number]
        end = end_of_quoted(line, start)
        quote = line[start]
        if line[end - 1] == quote and end > start + 1:
            node.text = line[start:end]
            return number
        text, last = [line[start:]], number
        for following in self._deeper(node, number):
            if colon_after_key(self.lines[following].lstrip(_INDENT), 0) is not None:
                break
            self.owner[following] = node
            text.append(self.lines[following].strip())
            last = following
            if quote in self.lines[following]:
                break
        node.text, node.last_line = " ".join(text), last
        return last

    def _flow(self, node: Node, number: int, start: int) -> int:
        text, last = self.lines[number][start:], number
        if _is_closed(text):
            node.text = text
            return number
        for following in islice(self._deeper(node, number), _MOST_FLOW_LINES):
            self.owner[following] = node
            text += "\n" + self.lines[following]
            last = following
            if self.lines[following].rstrip().endswith(("}", "]")) and _is_closed(text):
                break
        node.text, node.last_line = text, last
        return last

    def _deeper(self, node: Node, number: int) -> Iterator[int]:
        """Yield the lines after *number* that are blank or stand deeper than *node*."""
        blank: list[int] = []
        for following in range(number + 1, len(self.lines)):
            line = self.lines[following]
            bare = line.lstrip(_INDENT)
            if not bare:
                blank.append(following)
            elif len(line) - len(bare) > max(node.column, 0) or (
                node.column < 0 and len(line) > len(bare)
            ):
                yield from blank
                blank = []
                yield following
            else:
                return

    def _add(self, *, key: str | None, line: int, column: int, end: int) -> Node:
        parent = self._open[-1]
        node = Node(parent, key=key, line=line, column=column, end=end)
        node.text_column = end + 1
        if key is None:
            before = (one.index + 1 for one in reversed(parent.children) if one.is_item)
            node.index = next(before, 0)
        parent.children.append(node)
        self.on_line.setdefault(line, []).append(node)
        self._open.append(node)
        return node


def _parent(opened: list[Node], column: int, *, is_dash: bool) -> list[Node]:
    """Return what stays open when something begins at *column*."""
    while len(opened) > 1:
        top = opened[-1]
        if top.column < column:
            break
        if is_dash and top.column == column and top.key is not None and not top.text:
            # A dash may stand right below the first letter of its key.
            break
        opened = opened[:-1]
    return opened


def colon_after_key(line: str, start: int) -> int | None:
    """Return where the colon stands that ends the key beginning at *start*, or None."""
    first = line[start : start + 1]
    if not first or first in _NO_KEY:
        return None
    at = start
    if first in "\"'":
        at = end_of_quoted(line, start)
        at += len(line[at:]) - len(line[at:].lstrip(" \t"))
        return at if line[at : at + 1] == ":" and line[at + 1 : at + 2] in {"", " ", "\t"} else None
    comment = line.find(" #", start)
    limit = len(line) if comment < 0 else comment
    at = line.find(":", at, limit)
    while at >= 0:
        if line[at + 1 : at + 2] in {"", " ", "\t"}:
            return at
        at = line.find(":", at + 1, limit)
    return None


def _is_closed(text: str) -> bool:
    flow = FlowText(text)
    return text[: flow.end].rstrip().endswith(("}", "]")) and _balance(text[: flow.end]) <= 0


def _balance(text: str) -> int:
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{\{.*?\}\}", "", text)
    return sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")

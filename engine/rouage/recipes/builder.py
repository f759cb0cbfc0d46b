"""Turn the events of a YAML parser into JSON data and a tree of positions, within limits."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final

import yaml

from rouage.problem import Edit, Problem, Range
from rouage.recipes.document import Mark, Marks, Node, marks_of, to_range
from rouage.recipes.scalars import resolve_plain
from rouage.recipes.syntax import bad_escape
from rouage.sdk.json import JSON

MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
MAX_SCALAR: Final = 64 * 1024
MAX_KEY: Final = 200
_MOST_PROBLEMS: Final = 20
_QUOTES: Final = frozenset("\"'")


class Refusal(Exception):  # noqa: N818 - ends the reading; the problem says why
    """Nothing sensible can be read beyond this point."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


class _Open:
    """A collection that is being filled, and the event of the key that waits for its value."""

    __slots__ = ("data", "entries", "key", "key_event", "node")

    def __init__(self, data: Any, entries: Any, node: Node) -> None:
        self.data = data
        self.entries = entries
        self.node = node
        self.key: str | None = None
        self.key_event: Any = None


class Builder:
    """Takes events one by one; `data` and `root` grow, `problems` collects what is odd.

    `takers` holds what takes each kind of event; one raises `Refusal` when a limit is passed
    or nothing beyond makes sense.
    """

    def __init__(self, text: str) -> None:
        self.data: JSON = None
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.last_quoted: Marks | None = None
        self._text = text
        self._lines: list[str] | None = None
        self._open: list[_Open] = []
        self._current: _Open | None = None
        self._nodes = 0
        self._documents = 0
        self._has_named_node = False
        self._may_hide_comment = " #" in text
        self.takers: dict[type[Any], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    # -- events ------------------------------------------------------------------------------

    def _scalar(self, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._named(event)
        current, text = self._current, event.value
        if current is not None and current.key is None and type(current.data) is dict:
            self._take_key(current, event, text)
            return
        if len(text) > MAX_SCALAR:
            self._refuse("RG106", _marks(event), limit=MAX_SCALAR // 1024)
        style = event.style
        if style:
            node, value = Node(event.start_mark, event.end_mark, style), text
            if style in _QUOTES:
                self._take_quoted(text, _marks(event))
        else:
            value = resolve_plain(text)
            source = None if value is text else text
            node = Node(event.start_mark, event.end_mark, None, source)
            if self._may_hide_comment:
                self._check_comment(text, _marks(event))
        self._attach(value, node)

    def _mapping(self, event: Any) -> None:
        node = Node(event.start_mark, event.end_mark)
        entries: dict[str, tuple[Mark, Mark, Node]] = {}
        node.entries = entries
        self._start(event, {}, entries, node)

    def _sequence(self, event: Any) -> None:
        node = Node(event.start_mark, event.end_mark)
        entries: list[Node] = []
        node.entries = entries
        self._start(event, [], entries, node)

    def _close(self, event: Any) -> None:
        closed = self._open.pop()
        closed.node.end = event.end_mark
        self._current = self._open[-1] if self._open else None

    def _alias(self, event: Any) -> None:
        marks = _marks(event)
        current = self._current
        if current is not None and current.key is None and type(current.data) is dict:
            self._refuse("RG110", marks, name=event.anchor)
        self._named(event)
        self._attach(None, Node(event.start_mark, event.end_mark))

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse("RG113", _marks(event))
        if event.version is not None or event.tags:
            self._refuse("RG127", _marks(event))

    # -- parts -------------------------------------------------------------------------------

    def _start(self, event: Any, data: Any, entries: Any, node: Node) -> None:
        if event.anchor is not None or event.tag is not None:
            self._named(event)
        current = self._current
        if current is not None and current.key is None and type(current.data) is dict:
            self._refuse_key(node.marks)
        if len(self._open) >= MAX_DEPTH:
            self._refuse("RG104", node.marks, limit=MAX_DEPTH)
        self._attach(data, node)
        opened = _Open(data, entries, node)
        self._open.append(opened)
        self._current = opened

    def _attach(self, value: Any, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse("RG105", node.marks, limit=MAX_NODES)
        current = self._current
        if current is None:
            self.data, self.root = value, node
        elif type(current.data) is list:
            current.data.append(value)
            current.entries.append(node)
        else:
            key = current.key
            # The first of two values stays; the second one was reported with its key.
            if key not in current.data:
                current.data[key] = value
                at = current.key_event
                current.entries[key] = (at.start_mark, at.end_mark, node)
            current.key = None

    def _take_key(self, current: _Open, event: Any, text: str) -> None:
        if len(text) > MAX_KEY:
            self._refuse("RG107", _marks(event), limit=MAX_KEY)
        if text == "<<" and not event.style and not self._has_named_node:
            self._has_named_node = True
            self._report("RG110", _marks(event), name="<<")
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
            self._check_surrogates(text, _marks(event))
        if text in current.data:
            start, end, _ = current.entries[text]
            first = to_range(marks_of(start, end))
            line = first.start.line
            self._report("RG109", _marks(event), related=(first,), name=text, line=line)
        current.key, current.key_event = text, event

    def _take_quoted(self, text: str, marks: Marks) -> None:
        self.last_quoted = marks
        if not text.isascii():
            self._check_surrogates(text, marks)

    def _named(self, event: Any) -> None:
        """Report an anchor, alias or tag; once, since one usually comes with the other."""
        if self._has_named_node:
            return
        self._has_named_node = True
        line, column = event.start_mark.line, event.start_mark.column
        tag = getattr(event, "tag", None)
        written = self._line(line)[column:].split(" ")[0]
        marks = (line, column, line, column + max(1, len(written)))
        name = str(event.anchor or written)
        if tag is not None and event.anchor is None:
            self._report("RG111", marks, name=written or str(tag))
        else:
            self._report("RG110", marks, name=name)

    def _check_surrogates(self, text: str, marks: Marks) -> None:
        """Refuse half of a surrogate pair, which one parser lets through."""
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._line(0)
            problem = bad_escape(self._lines or [""], marks[0], marks[1])
            if problem is not None:
                raise Refusal(problem)
            self._refuse("RG122", marks, written="\\u")

    def _check_comment(self, text: str, marks: Marks) -> None:
        """Warn about a text cut off by ` #word`, which YAML takes as a comment (Y9)."""
        line = self._line(marks[2])
        rest = line[marks[3] :]
        comment = rest.lstrip(" ")
        if comment[:1] != "#" or (len(comment) == len(rest) and text):
            return
        if comment[1:2].isspace() or not comment[1:2] or comment[1:2] in "#!":
            return
        start = len(line) - len(comment)
        place = (marks[2], start, marks[2], len(line.rstrip()))
        self._report("RG701", place, severity="warning", kept=text, lost=comment.rstrip())

    # -- problems ----------------------------------------------------------------------------

    def _report(
        self,
        code: str,
        marks: Marks,
        *,
        severity: Any = "error",
        related: tuple[Range, ...] = (),
        **facts: Any,
    ) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(
                Problem(
                    code=code,
                    range=to_range(marks),
                    facts=facts,
                    severity=severity,
                    related=related,
                )
            )

    def _refuse(
        self, code: str, marks: Marks, *, edits: tuple[Edit, ...] = (), **facts: Any
    ) -> None:
        line, column, end_line, end_column = marks
        if end_line != line:
            end_line, end_column = line, column + 1
        place = to_range((line, column, end_line, max(end_column, column + 1)))
        raise Refusal(Problem(code=code, range=place, facts=facts, edits=edits))

    def _refuse_key(self, marks: Marks) -> None:
        line, column = marks[:2]
        written = self._line(line)
        if written.startswith("{{", max(0, column - 1)):
            start = max(0, column - 1)
            end = written.find("}}", start)
            stop = end + 2 if end >= 0 else len(written)
            edit = Edit(range=to_range((line, start, line, start)), text="$")
            place = (line, start, line, stop)
            self._refuse("RG108", place, edits=(edit,), written=written[start:stop])
        self._refuse("RG112", (line, column, line, column + 1))

    def _line(self, number: int) -> str:
        if self._lines is None:
            self._lines = self._text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return self._lines[number] if number < len(self._lines) else ""


def _marks(event: Any) -> Marks:
    return marks_of(event.start_mark, event.end_mark)

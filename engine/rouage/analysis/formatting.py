"""Lay a recipe out evenly, and touch nothing but blanks (authoring L4).

Two spaces for each level, dashes indented under their key, one space after a dash and a
colon, one blank line at most in a row, a final newline. Keys stay in their order and texts
in their quotes. The result is read again: it must mean the same, or nothing is changed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from rouage.analysis.layout import Layout, Span, Start, layout
from rouage.problem import Problem
from rouage.recipes.document import Document
from rouage.recipes.reader import read
from rouage.recipes.source_text import SourceText
from rouage.records import dataclass

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_BLOCK_HEADER: Final = re.compile(r"[|>][-+]?(?P<digit>[1-9])?[-+]?(?P<digit2>[1-9])?")
_KEEP: Final = re.compile(r"[|>][1-9]?\+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Formatted:
    """A file laid out; `problems` says why it could not be, and then it is as it was.

    `is_unsure` means that the file would not have meant the same.
    """

    source: bytes
    problems: tuple[Problem, ...] = ()
    is_unsure: bool = False


def format_recipe(source: bytes) -> Formatted:
    """Return *source* laid out evenly, or as it is when it cannot be read."""
    document = read(source)
    errors = tuple(one for one in document.problems if one.severity == "error")
    written = SourceText.decode(source)
    if errors or written is None or not document.is_complete:
        return Formatted(source=source, problems=errors)
    text = _laid_out(document, written)
    after = written.encode(text)
    if not _means_the_same(document, read(after)):
        return Formatted(source=source, is_unsure=True)
    return Formatted(source=after)


def _means_the_same(before: Document, after: Document) -> bool:
    """Say whether both read alike, and only blanks differ: no comment and no quote is lost."""
    if after.problems and not before.problems:
        return False
    return _data(before) == _data(after) and _letters(before) == _letters(after)


def _letters(document: Document) -> str:
    return "".join(document.text.split())


def _data(document: Document) -> str:
    return json.dumps(document.data, ensure_ascii=False)


def _laid_out(document: Document, written: SourceText) -> str:
    lines = document.positions.lines
    made = layout(document.positions.root, lines)
    shown = _Printer(lines, made).lines()
    ends = [found.group() for found in _LINE_END.finditer(written.text)]
    # A line keeps its own end; what is added at the end of the file is like the first one.
    # The last line of a block text has none, if that is how the text ends.
    ends.append("" if _ends_in_block(made, len(lines) - 1) else written.newline)
    return "".join(text + ends[number] for number, text in shown)


def _ends_in_block(made: Layout, last: int) -> bool:
    return any(span.kind == "block" and span.last == last for span in made.spans)


class _Printer:
    """Writes each line anew; a line keeps its number, which tells how it ended."""

    def __init__(self, lines: Sequence[str], made: Layout) -> None:
        self._lines = lines
        self._starts = made.starts
        self._inside: dict[int, Span] = {
            number: span for span in made.spans for number in range(span.first, span.last + 1)
        }
        self._margins: dict[int, int] = {}
        self._following = _following(len(lines), made.starts)
        self._open: list[Start] = []

    def lines(self) -> list[tuple[int, str]]:
        """Return the lines with their numbers: no two blank ones in a row, none at an end."""
        shown: list[tuple[int, str]] = []
        for number in range(len(self._lines)):
            text = self._line(number)
            is_spare = not text and number not in self._inside
            if is_spare and (not shown or not shown[-1][1]) and not self._keeps(shown):
                continue
            shown.append((number, text))
        while shown and not shown[-1][1] and shown[-1][0] not in self._inside:
            shown.pop()
        return shown

    def _keeps(self, shown: list[tuple[int, str]]) -> bool:
        """Say whether blank lines here are part of a text that keeps them (`|+`)."""
        for number, text in reversed(shown):
            if text:
                span = self._inside.get(number)
                owner = number if span is None else span.owner
                header = self._lines[owner].rpartition(" ")[2]
                return _KEEP.match(header) is not None
        return False

    def _line(self, number: int) -> str:
        written = self._lines[number]
        span = self._inside.get(number)
        if span is not None:
            return self._continued(written, span)
        starts = self._starts.get(number)
        if starts:
            self._enter(starts)
            return self._begun(written, starts)
        text = written.strip(" \t")
        if text.startswith("#"):
            return " " * self._comment_column(number) + text
        return written.rstrip(" \t")

    def _begun(self, written: str, starts: Sequence[Start]) -> str:
        """Write a line that begins with dashes, a key or a value."""
        pieces = []
        for start in starts:
            if start.kind == "dash":
                pieces.append("-")
            elif start.kind == "key":
                pieces.append(written[start.column : start.end] + ":")
        last = starts[-1]
        rest = written[last.column :]
        if last.kind == "dash":
            rest = written[last.end :]
        elif last.kind == "key":
            rest = written[last.end :].lstrip(" \t").removeprefix(":")
        text = rest.strip(" \t")
        if text.startswith("#") and pieces:
            # A comment keeps its distance, so that columns of comments stay columns.
            pieces[-1] += rest.rstrip(" \t") if rest[:1] in " \t" else " " + text
        elif text:
            pieces.append(text)
        return " " * starts[0].wanted + " ".join(pieces)

    def _continued(self, written: str, span: Span) -> str:
        if not written.strip(" "):
            kept = written[self._margin(span) :] if span.kind == "block" else ""
            return " " * (self._margin(span) + self._shift(span)) + kept if kept else ""
        depth = len(written) - len(written.lstrip(" "))
        if span.kind == "block":
            return " " * max(0, depth + self._shift(span)) + written[depth:]
        if span.kind == "folded":
            return " " * (span.wanted_indent + 2) + written.lstrip(" \t")
        return " " * max(0, depth + self._shift(span)) + written.strip(" \t")

    def _shift(self, span: Span) -> int:
        """Return by how much the further lines of a value move to the right."""
        if span.kind == "flow":
            starts = self._starts.get(span.owner)
            return 0 if not starts else starts[0].wanted - starts[0].column
        if self._has_digit(span):
            return span.wanted_indent - span.indent
        return span.wanted_indent + 2 - self._margin(span)

    def _has_digit(self, span: Span) -> bool:
        starts = self._starts.get(span.owner, ())
        after = self._lines[span.owner][starts[-1].end if starts and starts[-1].end > 0 else 0 :]
        found = _BLOCK_HEADER.search(after)
        return found is not None and bool(found["digit"] or found["digit2"])

    def _margin(self, span: Span) -> int:
        """Return how deep the text of a block stands now."""
        known = self._margins.get(span.first)
        if known is None:
            texts = (self._lines[number] for number in range(span.first, span.last + 1))
            depths = [len(text) - len(text.lstrip(" ")) for text in texts if text.strip(" ")]
            known = self._margins[span.first] = depths[0] if depths else 0
        return known

    def _comment_column(self, number: int) -> int:
        """Return where a comment should stand: with what it was aligned with."""
        written = self._lines[number]
        column = len(written) - len(written.lstrip(" \t"))
        following = self._following[number]
        if following is None and column == 0:
            return 0
        candidates = ([] if following is None else [following]) + self._open[::-1]
        for start in candidates:
            if start.column == column:
                return start.wanted
        deeper = [start for start in candidates if start.column < column]
        if deeper:
            return max(deeper, key=lambda start: start.column).wanted
        return candidates[0].wanted if candidates else 0

    def _enter(self, starts: Sequence[Start]) -> None:
        """Note what encloses the lines below *starts*."""
        for start in starts:
            while self._open and self._open[-1].column >= start.column:
                self._open.pop()
            if start.kind != "value":
                self._open.append(start)


def _following(count: int, starts: Mapping[int, Sequence[Start]]) -> list[Start | None]:
    """Return for each line the first start on a later line."""
    found: list[Start | None] = [None] * count
    present: Start | None = None
    for number in range(count - 1, -1, -1):
        found[number] = present
        here = starts.get(number)
        present = here[0] if here else present
    return found

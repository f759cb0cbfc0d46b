"""Columns of editors and ours: they count in units of UTF-16 (or UTF-8), we in code points."""

from typing import Final

from lsprotocol import types

from rouage.problem import Position, Range
from rouage.recipes.document import split_lines
from rouage.records import dataclass

_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a document, and the unit in which its editor counts columns."""

    lines: list[str]
    encoding: str = "utf-16"

    @classmethod
    def of(cls, text: str, encoding: str) -> "Lines":
        """Return the lines of *text*."""
        return cls(split_lines(text), encoding)

    def to_column(self, line: int, character: int) -> int:
        """Return the column, in code points from 0, of the *character* of an editor."""
        text = self._line(line)
        if text.isascii() or self.encoding == "utf-32":
            return max(0, min(character, len(text)))
        used = 0
        for column, letter in enumerate(text):
            used += self._units(letter)
            if used > character:
                return column
        return len(text)

    def to_character(self, line: int, column: int) -> int:
        """Return what an editor calls the *column*, in code points from 0."""
        text = self._line(line)
        if text.isascii() or self.encoding == "utf-32":
            return min(column, len(text))
        return sum(map(self._units, text[:column]))

    def position(self, line: int, column: int) -> types.Position:
        """Return the position of *line* and *column*, both from 0, as editors want it."""
        last = len(self.lines) - 1
        if line > last:
            line, column = last, len(self.lines[last])
        return types.Position(line=line, character=self.to_character(line, max(0, column)))

    def range(self, place: Range) -> types.Range:
        """Return *place*, which counts from 1, as editors want it."""
        return types.Range(start=self._at(place.start), end=self._at(place.end))

    def _at(self, place: Position) -> types.Position:
        # A byte order mark is no column of ours, but one of an editor that kept it.
        shift = 1 if place.line == 1 and self._line(0).startswith(_BOM) else 0
        return self.position(place.line - 1, place.column - 1 + shift)

    def _line(self, line: int) -> str:
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    def _units(self, letter: str) -> int:
        if self.encoding == "utf-8":
            return len(letter.encode("utf-8", "surrogatepass"))
        return 2 if ord(letter) > 0xFFFF else 1

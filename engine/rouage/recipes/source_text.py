"""The text of a file as editors see it, and the way back to its very bytes."""

import codecs
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from rouage.problem import Edit, Position
from rouage.records import dataclass

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_NEWLINE: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, kw_only=True)
class SourceText:
    """A decoded file; its byte order mark and its encoding are kept for the way back."""

    text: str
    mark: bytes = b""
    encoding: str = "utf-8"

    @classmethod
    def decode(cls, source: bytes) -> "SourceText | None":
        """Return the text of *source*, or None when its bytes are no text."""
        for mark, encoding in _MARKS:
            if source.startswith(mark):
                return cls._decode(source[len(mark) :], mark, encoding)
        return cls._decode(source, b"", "utf-8")

    @classmethod
    def _decode(cls, source: bytes, mark: bytes, encoding: str) -> "SourceText | None":
        try:
            return cls(text=source.decode(encoding), mark=mark, encoding=encoding)
        except UnicodeDecodeError:
            return None

    def encode(self, text: str) -> bytes:
        """Return *text* as the bytes of this very file."""
        return self.mark + text.encode(self.encoding)

    @property
    def newline(self) -> str:
        """Return how the first line ends; LF where there is only one line."""
        found = _NEWLINE.search(self.text)
        return "\n" if found is None else found.group()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _NEWLINE.finditer(self.text))]

    def offset(self, position: Position) -> int:
        """Return how many characters stand before *position*; never beyond the end."""
        starts = self._line_starts
        if position.line > len(starts):
            return len(self.text)
        return min(starts[position.line - 1] + position.column - 1, len(self.text))

    def edited(self, edits: Iterable[Edit]) -> str:
        """Return the text with *edits* made, which must not overlap."""
        text = self.text
        placed = [(self.offset(e.range.start), self.offset(e.range.end), e.text) for e in edits]
        for start, end, written in sorted(placed, reverse=True):
            text = text[:start] + written.replace("\n", self.newline) + text[end:]
        return text

"""Values between `{ }` and `[ ]`, read as far as they go: half-written text is welcome.

One pass gives the data, and what stands at one offset of the text.
"""

import re
from dataclasses import field
from typing import Any, Final, Literal

from rouage.recipes.document import Path
from rouage.records import dataclass

_DEEPEST: Final = 40
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_PLAIN_END: Final = re.compile(r"[,\]}\n]|:(?=[\s,\]}]|$)| #")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")
_WORDS: Final[dict[str, Any]] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
    "True": True, "TRUE": True, "False": False, "FALSE": False, "Null": None, "NULL": None,
}  # fmt: skip


@dataclass(kw_only=True, slots=True)
class FlowSpot:
    """What stands at the offset: a key of the mapping at *path*, or the value at *path*."""

    role: Literal["key", "value"]
    path: Path
    start: int
    end: int
    used: set[str] = field(default_factory=set)
    has_colon: bool = False


class FlowText:
    """One value in flow style; *cursor* is the offset that is asked for."""

    def __init__(self, text: str, cursor: int = -1) -> None:
        self._text = text
        self._cursor = cursor
        self._at = 0
        self.spot: FlowSpot | None = None
        self.data = self._value((), 0)
        self.end = min(self._at, len(text))

    def _value(self, path: Path, depth: int) -> Any:
        gap = self._at
        self._skip()
        opening = self._text[self._at : self._at + 1]
        if depth > _DEEPEST:
            self._at = len(self._text)
            return None
        if opening == "{":
            return self._mapping(path, depth)
        if opening == "[":
            return self._list(path, depth)
        start = self._at
        value = self._token()
        self._note("value", path, gap, start)
        return value

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        others: set[str] = set()
        while True:
            gap, start = self._at, self._skip()
            if self._ends("}"):
                self._note("key", path, gap, start)
                self._at += 1
                break
            token = self._token()
            key = "" if token is None else str(token)
            is_pair = self._text.startswith(":", self._at)
            spot = self._note("key", path, gap, start)
            if spot is not None:
                spot.has_colon = is_pair
            if is_pair:
                self._at += 1
            value = self._value((*path, key), depth + 1) if is_pair else None
            if key and (spot is None or is_pair):
                found[key] = value
            if spot is None:
                others.add(key)
            self._go_on(start)
        if self.spot is not None and self.spot.role == "key" and self.spot.path == path:
            self.spot.used |= others
        return found

    def _list(self, path: Path, depth: int) -> list[Any]:
        self._at += 1
        found: list[Any] = []
        while True:
            gap, start = self._at, self._skip()
            if self._ends("]"):
                self._note("value", (*path, len(found)), gap, start)
                self._at += 1
                return found
            self._at = gap
            found.append(self._value((*path, len(found)), depth + 1))
            self._go_on(start)

    def _ends(self, closing: str) -> bool:
        """Say whether a collection ends here."""
        return self._text[self._at : self._at + 1] in {closing, ""}

    def _go_on(self, start: int) -> None:
        """Step over a comma, or over a sign that has no business here; never stand still."""
        self._skip()
        if self._text.startswith(",", self._at) or self._at <= start:
            self._at += 1

    def _skip(self) -> int:
        found = _BLANK.match(self._text, self._at)
        self._at = self._at if found is None else found.end()
        return self._at

    def _token(self) -> Any:
        """Read one scalar and return its value."""
        text, start = self._text, self._at
        if text.startswith("${{", start):
            closing = text.find("}}", start)
            self._at = len(text) if closing < 0 else closing + 2
            return text[start : self._at]
        quote = text[start : start + 1]
        if quote and quote in "\"'":
            self._at = end_of_quoted(text, start)
            return unquoted(text[start : self._at])
        found = _PLAIN_END.search(text, start)
        self._at = len(text) if found is None else found.start()
        return resolved(text[start : self._at].strip())

    def _note(
        self, role: Literal["key", "value"], path: Path, gap: int, start: int
    ) -> FlowSpot | None:
        """Note what stands at the cursor, if that is between *gap* and the end of the token."""
        if self.spot is not None or not gap <= self._cursor <= self._at:
            return None
        start = min(start, self._cursor)
        end = start + len(self._text[start : self._at].rstrip())
        self.spot = FlowSpot(role=role, path=path, start=start, end=max(end, self._cursor))
        return self.spot


def end_of_quoted(text: str, start: int) -> int:
    """Return the offset after the quoted text that begins at *start*; the end if it is open."""
    quote, at = text[start], start + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
        elif text[at] != quote:
            at += 1
        elif quote == "'" and text.startswith("''", at):
            at += 2
        else:
            return at + 1
    return len(text)


def unquoted(text: str) -> str:
    """Return what a quoted *text* holds; escapes that only matter to a run stay as they are."""
    quote, inner = text[0], text[1:]
    if len(inner) > 0 and inner.endswith(quote):
        inner = inner[:-1]
    if quote == "'":
        return inner.replace("''", "'")
    return inner.replace('\\"', '"').replace("\\\\", "\\")


def resolved(text: str) -> Any:
    """Return the value that a plain *text* stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text

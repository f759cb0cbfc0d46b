"""The text of an HTML page, line by line, as people see it: no scripts, no mark-up."""

import re
from html.parser import HTMLParser
from typing import Final

from rouage_connectors.web.selector import Element, Step, is_selected

MOST_LINES: Final = 5_000
_MOST_CHARACTERS: Final = 100_000
_LONGEST_LINE: Final = 1_000
_LONGEST_TITLE: Final = 300
_DEEPEST: Final = 256

_VOID: Final = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("param", "source", "track", "wbr"),
    )
)
_UNSEEN: Final = frozenset(("script", "style", "noscript", "template", "head", "svg"))
_INLINE: Final = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "em", "font", "i"),
        *("ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub"),
        *("sup", "time", "u", "var", "wbr"),
    )
)
_SPACE: Final = re.compile(r"\s+")


class PageReader(HTMLParser):
    """Gathers the lines of what *steps* select; `is_found` says whether anything was."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        super().__init__(convert_charrefs=True)
        self._steps = steps
        self._path: list[Element] = []
        self._selected_depth: int | None = 0 if not steps else None
        self._line: list[str] = []
        self._lines: list[str] = []
        self._characters = 0
        self._title: list[str] = []
        self.is_found = not steps

    @property
    def title(self) -> str:
        """Return the title of the page."""
        return _SPACE.sub(" ", "".join(self._title)).strip()[:_LONGEST_TITLE]

    def lines(self) -> list[str]:
        """Return the lines that are not empty."""
        self._break()
        return self._lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
        if tag not in _INLINE:
            self._break()
        if tag in _VOID or len(self._path) >= _DEEPEST:
            return
        named = dict(attrs)
        classes = frozenset((named.get("class") or "").split())
        self._path.append(Element(tag=tag, id=named.get("id"), classes=classes))
        if self._selected_depth is None and is_selected(self._steps, self._path):
            self._selected_depth = len(self._path)
            self.is_found = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take `<br/>` as `<br>`, and `<div/>` as what browsers see in it: `<div>`."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and those inside it that were never closed."""
        if tag not in _INLINE:
            self._break()
        for depth in range(len(self._path) - 1, -1, -1):
            if self._path[depth].tag == tag:
                del self._path[depth:]
                break
        if self._selected_depth is not None and len(self._path) < self._selected_depth:
            self._break()
            self._selected_depth = None

    def handle_data(self, data: str) -> None:
        """Take text where it can be seen."""
        if self._path and self._path[-1].tag == "title" and not self._title:
            self._title.append(data[:_LONGEST_TITLE])
        elif self._selected_depth is not None and not any(
            element.tag in _UNSEEN for element in self._path
        ):
            self._line.append(data)

    def _break(self) -> None:
        """End the line."""
        if not self._line:
            return
        line = _SPACE.sub(" ", "".join(self._line)).strip()[:_LONGEST_LINE]
        self._line = []
        is_full = len(self._lines) >= MOST_LINES or self._characters > _MOST_CHARACTERS
        if line and not is_full:
            self._lines.append(line)
            self._characters += len(line)


_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([-\w]{2,40})", re.IGNORECASE)
_HEADER_CHARSET: Final = re.compile(r"charset=[\"']?([-\w]{2,40})", re.IGNORECASE)
_HEAD_BYTES: Final = 4_096


def decode_page(data: bytes, content_type: str) -> str:
    """Return the page as text: as its server says, as it says itself, else as it fits."""
    named = _HEADER_CHARSET.search(content_type)
    own = _CHARSET.search(data[:_HEAD_BYTES])
    for encoding in (
        named[1] if named else None,
        own[1].decode("ascii") if own else None,
        "utf-8-sig",
    ):
        try:
            if encoding is not None:
                return data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    return data.decode("cp1252", errors="replace")

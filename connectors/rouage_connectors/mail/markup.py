"""The text that a person would read in HTML, found in one pass.

The parser of the standard library takes time that grows with the square of some hostile
texts; here every character is looked at once, and what is not well formed is shown as it is.
"""

import html
import re
from typing import Final

_LONGEST: Final = 400_000
_HIDDEN: Final = frozenset({"script", "style", "head", "title", "template"})
_BREAKS: Final = frozenset("br p div tr li h1 h2 h3 h4 h5 h6 table ul ol blockquote hr".split())  # noqa: SIM905 - as HTML names them
_TOKEN: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]*)>|<[!?][^<>]*>|([^<]+|<)")
_LINK: Final = re.compile(r"""\bhref\s{0,5}=\s{0,5}["']?(https?://[^"'\s<>]{1,2000})""", re.I)


def plain_text(markup: str) -> str:
    """Return what a person would read in *markup*, with the addresses of its links."""
    texts: list[str] = []
    hidden: str | None = None
    link: str | None = None
    for token in _TOKEN.finditer(_without_comments(markup[:_LONGEST])):
        closes, name, inside, text = token.groups()
        name = (name or "").lower()
        if hidden is not None:
            hidden = None if closes and name == hidden else hidden
        elif text is not None:
            texts.append(re.sub(r"\s+", " ", html.unescape(text)))
        elif name in _HIDDEN and not closes and not inside.endswith("/"):
            hidden = name
        elif name in _BREAKS:
            texts.append("\n")
        elif name == "a":
            texts.append(_after_link(link, texts) if closes else "")
            link = None if closes else _target(inside)
    lines = [line.strip() for line in "".join(texts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _target(attributes: str) -> str | None:
    found = _LINK.search(attributes)
    return None if found is None else html.unescape(found[1])


def _after_link(link: str | None, texts: list[str]) -> str:
    """Return the address of a link, unless it has just been read."""
    if link is None or link in "".join(texts[-2:]):
        return ""
    return f" ({link})"


def _without_comments(markup: str) -> str:
    kept, place = [], 0
    while (start := markup.find("<!--", place)) >= 0:
        kept.append(markup[place:start])
        end = markup.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        place = end + 3
    return "".join([*kept, markup[place:]])

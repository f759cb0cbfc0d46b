"""The connector `feed`, and what an item looks like in events and results."""

from typing import Final

from rouage.sdk import JSON, Connector, Text

connector = Connector(
    "feed",
    title=Text("Feeds", "Flux"),
    about=Text(
        "News of web sites: each new item of an RSS or Atom feed.",
        "Les nouvelles des sites : chaque nouvel article d’un flux RSS ou Atom.",
    ),
)

_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_OPTIONAL: Final[dict[str, JSON]] = {"type": ["string", "null"]}

ITEM: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "title": _TEXT,
        "link": _TEXT,
        "author": _TEXT,
        "summary": {"type": "string", "description": "Plain text, at most 2,000 characters"},
        "html": {"type": "string", "description": "Its content, freed of scripts"},
        "published": {**_OPTIONAL, "format": "date-time"},
        "updated": {**_OPTIONAL, "format": "date-time"},
        "categories": {"type": "array", "items": _TEXT},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"url": _TEXT, "type": _TEXT},
                "required": ["url", "type"],
            },
        },
    },
    "required": [
        *("id", "title", "link", "author", "summary", "html"),
        *("published", "updated", "categories", "files"),
    ],
}
FEED: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {"title": _TEXT, "link": _TEXT, "url": _TEXT},
    "required": ["title", "link", "url"],
}

SAMPLE_ITEM: Final[dict[str, JSON]] = {
    "id": "https://example.org/news/42",
    "title": "New opening hours",
    "link": "https://example.org/news/42",
    "author": "Zoé",
    "summary": "From March on we open at eight.",
    "html": "<p>From March on we open at <b>eight</b>.</p>",
    "published": "2026-03-02T09:14:00+00:00",
    "updated": None,
    "categories": ["shop"],
    "files": [],
}

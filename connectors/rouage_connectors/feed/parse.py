"""The action `feed.parse`: a feed as bytes or text becomes items, in a worker process.

Feeds come from anybody: broken ones are read as far as possible, and what tries to make the
reader work or fetch (entities) is refused.
"""

import base64
import binascii
import hashlib
import io
import re
from datetime import UTC, datetime
from typing import Any, Final

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage_connectors.feed.declaration import FEED, ITEM, connector

MOST_ITEMS: Final = 500
_MOST_BYTES: Final = 10 << 20
_LONGEST_NAME: Final = 500
_LONGEST_LINK: Final = 2_000
_LONGEST_SUMMARY: Final = 2_000
_LONGEST_HTML: Final = 20_000
_MOST_HTML: Final = 1_000_000
_MOST_LISTED: Final = 20

_ENTITY: Final = re.compile(rb"<!ENTITY", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_SPACE: Final = re.compile(r"\s+")

_NOT_A_FEED: Final = Text(
    "this is no feed: neither RSS nor Atom", "ce n’est pas un flux : ni RSS, ni Atom"
)
_NOT_A_FEED_HINT: Final = Text(
    "open the page of the site and look for its link “RSS” or “feed”",
    "ouvrez la page du site et cherchez son lien « RSS » ou « flux »",
)
_ENTITIES: Final = Text(
    "this feed declares entities, which is refused: they serve attacks",
    "ce flux déclare des entités, ce qui est refusé : elles servent à des attaques",
)
_NOT_BASE64: Final = Text("`content` is not base64", "`content` n’est pas en base64")
_TOO_LARGE: Final = Text("the feed is larger than {limit} MiB", "le flux dépasse {limit} Mio")


@params
class Content:
    """The feed as it was fetched."""

    content: str = param(
        Text("The feed: its text.", "Le flux : son texte."),
        title=Text("Content", "Contenu"),
        examples=["${{ steps.fetch.body }}"],
    )
    base64: bool = param(
        Text(
            "Whether `content` is bytes in base64, so that the feed says its own encoding.",
            "Si `content` est fait d’octets en base64 : le flux dit alors son encodage.",
        ),
        title=Text("In base64", "En base64"),
        default=False,
    )
    address: str = param(
        Text(
            "Where it came from: relative links start there.",
            "D’où il vient : les liens relatifs partent de là.",
        ),
        title=Text("Address", "Adresse"),
        default="",
        max_length=_LONGEST_LINK,
    )
    content_type: str = param(
        Text("Its type, as the server says it.", "Son type, tel que le serveur le dit."),
        title=Text("Type", "Type"),
        default="",
        max_length=200,
    )


@connector.action(
    "parse",
    title=Text("Read the items of a feed", "Lire les articles d’un flux"),
    about=Text(
        "Read the items of a feed that was fetched.", "Lit les articles d’un flux déjà récupéré."
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"feed": FEED, "items": {"type": "array", "items": ITEM}},
        "required": ["feed", "items"],
    },
    example={"content": "<rss version='2.0'><channel><title>News</title></channel></rss>"},
    describe=Text("read the items of a feed", "lire les articles d’un flux"),
    isolated=True,
    # A common feed takes a tenth of a second; the largest, on a busy machine, minutes.
    limits=Limits(
        seconds=300, processor_seconds=120, memory_bytes=512 << 20, result_bytes=16 << 20
    ),
)
async def parse(params: Content, context: Context) -> JSON:
    """Read the items of a feed, in the order of the feed."""
    del context
    data = _bytes_of(params)
    feedparser = require("feedparser", "feed")
    headers = {"content-location": params.address}
    if not params.base64:
        headers["content-type"] = "application/xml; charset=utf-8"
    elif params.content_type:
        headers["content-type"] = params.content_type
    # A stream: bytes alone would be tried as the name of a file.
    parsed = feedparser.parse(io.BytesIO(data), response_headers=headers)
    if not parsed.get("version") and not parsed.entries:
        raise StepError(_NOT_A_FEED, hint=_NOT_A_FEED_HINT)
    feed: JSON = {
        "title": plain(parsed.feed.get("title"), _LONGEST_NAME),
        "link": _word(parsed.feed.get("link"), _LONGEST_LINK),
        "url": params.address,
    }
    return {"feed": feed, "items": _items(parsed.entries[:MOST_ITEMS])}


def _bytes_of(params: Content) -> bytes:
    try:
        data = (
            base64.b64decode(params.content, validate=True)
            if params.base64
            else params.content.encode("utf-8", errors="replace")
        )
    except (binascii.Error, ValueError):
        raise StepError(_NOT_BASE64) from None
    if len(data) > _MOST_BYTES:
        raise StepError(_TOO_LARGE, limit=_MOST_BYTES >> 20)
    if _ENTITY.search(data) is not None:
        raise StepError(_ENTITIES)
    return data


def _items(entries: list[Any]) -> list[JSON]:
    items: list[JSON] = []
    room = _MOST_HTML
    for entry in entries:
        html = _html(entry)[: min(_LONGEST_HTML, max(0, room))]
        room -= len(html)
        items.append(_item(entry, html))
    return items


def _item(entry: Any, html: str) -> JSON:
    title = plain(entry.get("title"), _LONGEST_NAME)
    link = _word(entry.get("link"), _LONGEST_LINK)
    published = _moment(entry.get("published_parsed"))
    return {
        "id": _word(entry.get("id"), _LONGEST_LINK) or link or _made_up(title, published, html),
        "title": title,
        "link": link,
        "author": plain(entry.get("author"), _LONGEST_NAME),
        "summary": plain(entry.get("summary") or html, _LONGEST_SUMMARY),
        "html": html,
        "published": published,
        # Not by its own `get`, which passes off the other date for this one.
        "updated": _moment(dict.get(entry, "updated_parsed")),
        "categories": [
            _word(tag.get("term"), _LONGEST_NAME) for tag in entry.get("tags", [])[:_MOST_LISTED]
        ],
        "files": [
            {
                "url": _word(file.get("href"), _LONGEST_LINK),
                "type": _word(file.get("type"), _LONGEST_NAME),
            }
            for file in entry.get("enclosures", [])[:_MOST_LISTED]
        ],
    }


def _html(entry: Any) -> str:
    contents = [str(one.get("value") or "") for one in entry.get("content", [])]
    return next(filter(None, contents), "") or str(entry.get("summary") or "")


def _word(value: Any, longest: int) -> str:
    return str(value or "").strip()[:longest]


def plain(value: Any, longest: int) -> str:
    """Return the text of a piece of HTML, on one line."""
    import html

    text = _TAG.sub(" ", str(value or "")[: 10 * longest])
    return _SPACE.sub(" ", html.unescape(text)).strip()[:longest]


def _moment(parsed: Any) -> str | None:
    """Return a time that the reader has understood, in UTC, or None."""
    if parsed is None:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except (ValueError, TypeError):
        return None


def _made_up(*parts: str | None) -> str:
    """Return an id for an item that has neither an id nor a link."""
    return "sha256:" + hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()

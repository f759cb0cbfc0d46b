"""The trigger `feed.item`: each new item of a feed, once.

The ledger of known items decides what is new; the first look only fills it. An item and its
row in the ledger are committed together, so that a crash neither loses nor repeats one.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from rouage.sdk import JSON, Duration, Emit, StepError, Text, Trigger, param, params
from rouage.sdk.fetching import Fetched
from rouage.sdk.polling import STATE, Poller, deliver
from rouage_connectors.feed.declaration import FEED, ITEM, SAMPLE_ITEM, connector

_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
)
_BASELINE: Final = b"baseline"
_ROW: Final = b"i"
_MOST_ROWS: Final = 5_000
_DAY_SECONDS: Final = 86_400
_FRESH_DAYS: Final = 30

_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "item": ITEM,
        "feed": FEED,
        "change": {"enum": ["new", "changed"], "description": "Whether it was known before"},
    },
    "required": ["item", "feed", "change"],
}

_Item = dict[str, Any]
_Row = tuple[str, int]
"""What is kept of an item: a digest of its content, and the day it was seen."""


@params
class Followed:
    """Which feed, and how often to look."""

    url: str = param(
        Text("The address of the feed.", "L’adresse du flux."),
        title=Text("Address", "Adresse"),
        format="url",
        max_length=2_000,
        examples=["https://example.org/news.xml"],
    )
    interval: Duration = param(
        Text(
            "How often to look; a server that asks for more patience gets it.",
            "Tous les combien regarder ; un serveur qui demande plus de patience l’obtient.",
        ),
        title=Text("Interval", "Intervalle"),
        default=1800.0,
        minimum=60,
        maximum=7 * _DAY_SECONDS,
        examples=["1h"],
    )
    changed: bool = param(
        Text(
            "Whether an item whose title, link or content changes counts again.",
            "Si un article dont le titre, le lien ou le contenu change compte à nouveau.",
        ),
        title=Text("Changed items too", "Aussi les articles modifiés"),
        default=False,
    )
    existing: Literal["skip", "process"] = param(
        Text(
            "What to do with the items that are there at the first look: skip, or process.",
            "Que faire des articles présents au premier regard : skip (les passer) ou process "
            "(les traiter).",
        ),
        title=Text("Existing items", "Articles existants"),
        default="skip",
    )
    allow_private: list[str] = param(
        Text(
            "Machines of your own network that may be reached, as host:port.",
            "Machines de votre réseau qui peuvent être atteintes, sous la forme hôte:port.",
        ),
        title=Text("Private hosts", "Hôtes privés"),
        default=[],
        examples=[["localhost:8080"]],
    )


@connector.trigger(
    "item",
    title=Text("New item of a feed", "Nouvel article d’un flux"),
    about=Text(
        "Each new item of an RSS or Atom feed, once.",
        "Chaque nouvel article d’un flux RSS ou Atom, une fois.",
    ),
    event=_EVENT,
    sample={
        "item": SAMPLE_ITEM,
        "feed": {
            "title": "News",
            "link": "https://example.org",
            "url": "https://example.org/news.xml",
        },
        "change": "new",
    },
    example={"url": "https://example.org/news.xml", "interval": "1h"},
    describe=Text("each new item of {url}", "chaque nouvel article de {url}"),
)
class FeedItem(Trigger[Followed]):
    """Follow one feed."""

    _poller: Poller | None = None
    _rows: dict[bytes, _Row]

    async def listen(self, emit: Emit) -> None:
        """Emit each new item until cancelled."""
        stored = await self.context.items.load()
        self._poller = poller = Poller(
            self.context,
            url=self.params.url,
            interval=self.params.interval,
            accept=_ACCEPT,
            allow_private=self.params.allow_private,
        )
        if stored.get(_BASELINE) != poller.address:
            # Another feed: what is known of the old one says nothing about it.
            await self.context.items.put({key: None for key in stored if key != STATE})
            stored = {key: value for key, value in stored.items() if key == STATE}
        self._rows = {key: _row_of(row) for key, row in stored.items() if key[:1] == _ROW and row}
        self._is_first = _BASELINE not in stored

        async def look(fetched: Fetched) -> None:
            await self._look(fetched, emit, poller.address)

        await poller.run(look, stored)

    def status(self) -> dict[str, Any]:
        """Return when it looked, when it will, and how many items it knows."""
        if self._poller is None:
            return {}
        return {**self._poller.status(), "known": len(self._rows)}

    async def _look(self, fetched: Fetched, emit: Emit, address: str) -> None:
        read = await self.context.consult(
            "feed.parse",
            {
                "content": base64.b64encode(fetched.body).decode("ascii"),
                "base64": True,
                "address": self.params.url,
                "content_type": fetched.content_type,
            },
        )
        feed, items = _checked(read)
        if self._is_first:
            await self._begin(feed, items, emit, address)
        else:
            for item in reversed(items):  # feeds begin with their newest item
                await self._consider(feed, item, emit)
        await self._tidy({_key(item) for item in items})

    async def _begin(self, feed: JSON, items: list[_Item], emit: Emit, address: str) -> None:
        """Take the items of the first look: known from now on, or new like all others."""
        if self.params.existing == "process":
            for item in reversed(items):
                await self._consider(feed, item, emit)
        else:
            self._rows |= {_key(item): self._row(item) for item in items}
        rows: dict[bytes, JSON] = {key: list(row) for key, row in self._rows.items()}
        await self.context.items.put({**rows, _BASELINE: address})
        self._is_first = False

    async def _consider(self, feed: JSON, item: _Item, emit: Emit) -> None:
        key, row = _key(item), self._row(item)
        known = self._rows.get(key)
        if known is not None and (known[0] == row[0] or not self.params.changed):
            if row[1] - known[1] > _FRESH_DAYS:
                await self._keep(key, (known[0], row[1]))
            return
        change = "new" if known is None else "changed"
        name = key[1:].hex() if known is None else f"{key[1:].hex()}/{row[0]}"
        await deliver(
            self.context,
            emit,
            {"item": item, "feed": feed, "change": change},
            key=name,
            items={key: list(row)},
        )
        self._rows[key] = row

    async def _keep(self, key: bytes, row: _Row) -> None:
        await self.context.items.put({key: list(row)})
        self._rows[key] = row

    async def _tidy(self, present: set[bytes]) -> None:
        """Forget the items that left the feed longest ago, if there are too many."""
        extra = len(self._rows) - _MOST_ROWS
        if extra <= 0:
            return
        absent = sorted(self._rows.keys() - present, key=lambda key: self._rows[key][1])
        dropped = absent[:extra]
        await self.context.items.put(dict.fromkeys(dropped))
        for key in dropped:
            del self._rows[key]

    def _row(self, item: _Item) -> _Row:
        content = "\n".join(str(item[name]) for name in ("title", "link", "summary", "html"))
        day = int(self.context.clock.now().timestamp()) // _DAY_SECONDS
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16], day


def _checked(read: JSON) -> tuple[JSON, list[_Item]]:
    """Return the feed and its items: each id once, the first one counts."""
    if not isinstance(read, dict):
        raise StepError(Text("the feed could not be read", "le flux n’a pas pu être lu"))
    items: dict[bytes, _Item] = {}
    for item in cast("list[_Item]", read["items"]):
        items.setdefault(_key(item), item)
    return read["feed"], list(items.values())


def _key(item: Mapping[str, Any]) -> bytes:
    return _ROW + hashlib.sha256(str(item["id"]).encode("utf-8", "replace")).digest()[:16]


def _row_of(stored: JSON) -> _Row:
    if isinstance(stored, list) and len(stored) == 2:
        digest, day = stored
        return str(digest), day if isinstance(day, int) else 0
    return "", 0

"""The trigger `web.changed`: a page, or a part of it, says something else than before."""

import base64
from collections.abc import Mapping
from typing import Any, Final, cast

from rouage.sdk import JSON, Duration, Emit, StepError, Text, Trigger, param, params
from rouage.sdk.fetching import Fetched
from rouage.sdk.polling import Poller, deliver
from rouage_connectors.web.declaration import (
    COMPARED,
    IGNORE,
    IGNORE_TITLE,
    MATCH,
    MATCH_TITLE,
    SELECT,
    SELECT_TITLE,
    connector,
)
from rouage_connectors.web.page import BAD_SELECT
from rouage_connectors.web.selector import parse_selector

_ACCEPT: Final = "text/html, application/xhtml+xml, text/plain;q=0.9, */*;q=0.1"
_PAGE: Final = b"page"
_LONGEST_TOLD: Final = 20_000
_UNREADABLE: Final = Text("the page could not be read", "la page n’a pas pu être lue")


@params
class Watched:
    """Which page, which part of it, and how often to look."""

    url: str = param(
        Text("The address of the page.", "L’adresse de la page."),
        title=Text("Address", "Adresse"),
        format="url",
        max_length=2_000,
        examples=["https://example.org/prices"],
    )
    select: str | None = param(
        SELECT, title=SELECT_TITLE, default=None, max_length=200, examples=["main .price"]
    )
    match: str | list[str] = param(MATCH, title=MATCH_TITLE, default="*", examples=["*€*"])
    ignore: str | list[str] = param(
        IGNORE, title=IGNORE_TITLE, default=[], examples=[["*visitors today*"]]
    )
    interval: Duration = param(
        Text(
            "How often to look; a server that asks for more patience gets it.",
            "Tous les combien regarder ; un serveur qui demande plus de patience l’obtient.",
        ),
        title=Text("Interval", "Intervalle"),
        default=3600.0,
        minimum=60,
        maximum=7 * 86_400,
        examples=["6h"],
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
    "changed",
    title=Text("Page changes", "Une page change"),
    about=Text(
        "A web page, or a part of it, says something else than at the last look.",
        "Une page web, ou une partie, dit autre chose qu’au dernier regard.",
    ),
    event={
        "type": "object",
        "properties": {"url": {"type": "string"}, **COMPARED},
        "required": ["url", "title", "text", "added", "removed", "diff"],
    },
    sample={
        "url": "https://example.org/prices",
        "title": "Prices",
        "text": "Frame, oak\n42 €",
        "added": ["42 €"],
        "removed": ["39 €"],
        "diff": "@@ -1,2 +1,2 @@\n Frame, oak\n-39 €\n+42 €",
    },
    example={"url": "https://example.org/prices", "select": "main", "interval": "6h"},
    describe=Text("when the page {url} changes", "quand la page {url} change"),
)
class PageChanged(Trigger[Watched]):
    """Watch one page. The first look is what later ones are compared with."""

    _poller: Poller | None = None
    _lines: list[str] | None = None
    _number: int = 0

    @classmethod
    def check(cls, params: Watched) -> Text | None:
        """Say what is wrong with the selector, or None."""
        try:
            parse_selector(params.select or "")
        except ValueError as error:
            return BAD_SELECT.fill(word=str(error))
        return None

    async def listen(self, emit: Emit) -> None:
        """Emit each change until cancelled."""
        stored = await self.context.items.load()
        watched = self.params
        self._poller = poller = Poller(
            self.context,
            url=watched.url,
            interval=watched.interval,
            accept=_ACCEPT,
            shape=repr((watched.select, watched.match, watched.ignore)),
            allow_private=watched.allow_private,
        )
        self._recall(stored.get(_PAGE), poller.address)

        async def look(fetched: Fetched) -> None:
            await self._look(fetched, emit, poller.address)

        await poller.run(look, stored)

    def status(self) -> dict[str, Any]:
        """Return when it looked, when it will, and how many changes it saw."""
        if self._poller is None:
            return {}
        return {**self._poller.status(), "changes": self._number}

    def _recall(self, kept: JSON, address: str) -> None:
        """Take up what was kept of the page, if it is the same part of the same page."""
        if not isinstance(kept, dict) or kept.get("address") != address:
            return
        lines, number = kept.get("lines"), kept.get("number")
        if isinstance(lines, list) and isinstance(number, int):
            self._lines, self._number = [str(line) for line in lines], number

    async def _look(self, fetched: Fetched, emit: Emit, address: str) -> None:
        watched, before = self.params, self._lines
        read = await self.context.consult(
            "web.read",
            {
                "html": base64.b64encode(fetched.body).decode("ascii"),
                "base64": True,
                "content_type": fetched.content_type,
                "select": watched.select,
                "match": watched.match if isinstance(watched.match, str) else [*watched.match],
                "ignore": watched.ignore if isinstance(watched.ignore, str) else [*watched.ignore],
                "previous": [*(before or ())],
            },
        )
        if not isinstance(read, dict):
            raise StepError(_UNREADABLE)
        lines = cast("list[str]", read["lines"])
        if lines == before:
            return
        number = self._number + (before is not None)
        kept: Mapping[bytes, JSON] = {
            _PAGE: {"address": address, "lines": [*lines], "number": number}
        }
        if before is None:
            await self.context.items.put(kept)
        else:
            # The count is part of the key, and is committed with the event: never one twice.
            key = f"{address}/{number}"
            await deliver(self.context, emit, self._told(read), key=key, items=kept)
        self._lines, self._number = lines, number

    def _told(self, read: Mapping[str, JSON]) -> JSON:
        told = {name: read[name] for name in COMPARED}
        return {"url": self.params.url, **told, "text": str(read["text"])[:_LONGEST_TOLD]}

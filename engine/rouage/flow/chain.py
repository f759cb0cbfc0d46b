"""The hub between what recipes do and what others listen to: emitted events, ends, troubles.

What recipes emit is on its listeners' disk before `publish` returns. The ends of runs come as
hints; what counts is the journal, which is read at a start and when hints were too many.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from rouage.clock import Clock
from rouage.durable.port import Reader, RunFilter
from rouage.errors import RetryableError, RouageError
from rouage.flow.news import APPROVAL, News, approval_key, is_about, read_past, read_run
from rouage.language import Text
from rouage.model.run import RunState
from rouage.sdk.chain import ChainEvent, Deliver, RunNews
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_MOST_HINTS: Final = 10_000
_AT_ONCE: Final = 64
_OVERLAP: Final = timedelta(seconds=5)
"""Ends reach the disk in another order than that of their instants, by a little."""

_NOT_ACCEPTED: Final = Text(
    "the event “{name}” could not be handed on: {reason}",
    "l’événement « {name} » n’a pas pu être transmis : {reason}",
)


class Hub:
    """Who listens to what, in this process. `reader` is set before the first trigger listens."""

    def __init__(self, clock: Clock) -> None:
        self.reader: Reader | None = None
        self._clock = clock
        self._listeners: dict[str, list[Deliver]] = {}
        self._watchers: list[tuple[frozenset[str], Deliver]] = []
        self._followers: list[News] = []
        self._told = 0
        self._holds = 0
        self._released = asyncio.Event()
        self.on_followers: Callable[[bool], None] | None = None
        """Called when somebody begins to follow runs, and when nobody does any more."""

    async def publish(self, name: str, data: JSON, key: str, trail: tuple[str, ...]) -> int:
        """Hand an event to all who listen for *name*, and return how many they are.

        Safe to repeat: the same *key* is the same event.

        Raises:
            RetryableError: not all of them could take it.
        """
        while self._holds:
            self._released.clear()
            await self._released.wait()
        listeners = list(self._listeners.get(name, ()))
        event = ChainEvent(name=name, data=data, key=key, trail=trail)
        outcomes = await asyncio.gather(
            *[deliver(event) for deliver in listeners], return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, RouageError):
                reason = Text(outcome.render("en"), outcome.render("fr"))
                raise RetryableError(_NOT_ACCEPTED, name=name, reason=reason) from outcome
            if isinstance(outcome, BaseException):
                raise outcome
        return len(listeners)

    async def announce(
        self,
        kind: str,
        facts: Mapping[str, JSON],
        *,
        key: str | None = None,
        trail: tuple[str, ...] = (),
    ) -> int:
        """Tell those who watch the engine, and return how many they are.

        What they cannot take now is logged.
        """
        chosen = [deliver for kinds, deliver in self._watchers if kind in kinds]
        if not chosen:
            return 0
        event = ChainEvent(
            name=kind, data=dict(facts), key=key or self._key(kind, facts), trail=trail
        )
        outcomes = await asyncio.gather(
            *[deliver(event) for deliver in chosen], return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                known = isinstance(outcome, RouageError)
                trace = None if known else outcome
                logger.warning("%s could not be told: %s", kind, outcome, exc_info=trace)
        return len(chosen)

    def _key(self, kind: str, facts: Mapping[str, JSON]) -> str:
        """Return the identity of what is told: a question is one, however it is heard of."""
        if kind == APPROVAL and "path" in facts:
            return approval_key(str(facts.get("run")), str(facts["path"]))
        self._told += 1
        return f"{kind} {self._clock.now().isoformat()} {self._told}"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep what is published waiting while listeners are exchanged, so that none misses it."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._released.set()

    def note_run(self, run_id: str, recipe: str, state: RunState) -> None:
        """Take the hint that a run came to *state*, which is on disk; cheap when nobody asks."""
        for news in self._followers:
            news.hint(run_id, recipe, state)

    @property
    def has_followers(self) -> bool:
        """Say whether anybody wants to know how runs go."""
        return bool(self._followers)

    # -- what triggers see (sdk.Chain) -------------------------------------------------------

    @contextmanager
    def listen(self, name: str, deliver: Deliver) -> Iterator[None]:
        """Have *deliver* called with every event that is emitted as *name*."""
        self._listeners.setdefault(name, []).append(deliver)
        try:
            yield
        finally:
            self._listeners[name].remove(deliver)
            if not self._listeners[name]:
                del self._listeners[name]

    @contextmanager
    def watch(self, kinds: frozenset[str], deliver: Deliver) -> Iterator[None]:
        """Have *deliver* called with what the engine tells of itself."""
        entry = (kinds, deliver)
        self._watchers.append(entry)
        try:
            yield
        finally:
            self._watchers.remove(entry)

    async def follow(
        self, recipes: frozenset[str] | None, states: frozenset[str], *, since: datetime
    ) -> AsyncIterator[tuple[RunNews, ...]]:
        """Yield the runs of *recipes* that came to *states*, from *since* on."""
        reader, latest = self._reader(), since
        news = News(recipes, states, most=_MOST_HINTS)
        self._followers.append(news)
        self._tell_followers()
        try:
            while True:
                if news.must_read_all:
                    news.must_read_all = False
                    start = max(since, latest - _OVERLAP)
                    async for chunk in read_past(reader, recipes, states, start, _AT_ONCE):
                        latest = max(latest, *[one.time for one in chunk])
                        yield chunk
                hints = await news.take(_AT_ONCE)
                found = [one for hint in hints for one in await read_run(reader, *hint)]
                known = tuple([one for one in found if is_about(one, recipes, states)])
                if known:
                    latest = max(latest, *[one.time for one in known])
                    yield known
        finally:
            self._followers.remove(news)
            self._tell_followers()

    def _tell_followers(self) -> None:
        if self.on_followers is not None:
            self.on_followers(bool(self._followers))

    async def last_sign(self, of: str) -> datetime | None:
        """Return when a trigger or a recipe was last heard of."""
        reader = self._reader()
        if "/" in of:
            events = await reader.find_events(source=of, limit=1)
            return events[0].event.time if events else None
        page = await reader.list_runs(RunFilter(recipe=of), limit=1)
        return page.runs[0].created if page.runs else None

    def _reader(self) -> Reader:
        assert self.reader is not None  # noqa: S101 - the daemon sets it before it listens
        return self.reader

"""Gather events into one (`batch`, `debounce`): each is held in the journal until that is due.

What is held is the truth; the buckets here are a picture of it, made again at a start.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from rouage.clock import Clock
from rouage.durable.port import Accepted, Duplicate, Engine, held_by
from rouage.durable.values import NOT_JSON, decode, encode
from rouage.errors import JournalError, Overloaded
from rouage.flow.bucket import Bucket, Entry, Rule, read_buckets
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

MOST_HELD: Final = 100_000
MOST_CHARACTERS: Final = 64_000_000
"""So much one trigger holds in all its buckets; then the fullest is released early."""

_AT_ONCE: Final = 64
_LOOK_EVERY: Final = 256
"""Events from one look at all buckets to the next."""
_LONGEST_NAP_SECONDS: Final = 30.0
"""The wall clock is looked at this often: sleeps do not count a suspend (triggers 0.8)."""
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0

_FULL: Final = Text(
    "{source} holds {count} events that cannot be released now",
    "{source} retient {count} événements qui ne peuvent pas être relâchés pour l’instant",
)

Release = Callable[[Event, Mapping[bytes, JSON]], Awaitable[Accepted | Duplicate]]
"""Accept a gathered event, and drop the held items in the same commit."""

Commit = Callable[[Mapping[bytes, JSON]], Awaitable[bool]]
"""Accept an event with what is held of it; False when it counts for nothing (a duplicate)."""


class Gatherer:
    """The buckets of one trigger. *rule* is None when the recipe gathers no longer.

    While *is_held* says so (the recipe is paused), nothing is released.
    """

    def __init__(
        self,
        source: str,
        rule: Rule | None,
        *,
        engine: Engine,
        clock: Clock,
        release: Release,
        is_held: Callable[[], bool] = lambda: False,
    ) -> None:
        self.rule = rule
        self._is_held = is_held
        self._source = source
        self._engine = engine
        self._clock = clock
        self._release_event = release
        self._open: dict[str, Bucket] = {}
        self._closed: list[Bucket] = []
        self._bell = asyncio.Event()
        self._taken = 0

    def load(self, items: Mapping[bytes, JSON]) -> None:
        """Take up what the journal holds; only the newest bucket of a value stays open."""
        for bucket in read_buckets(items):
            older = self._open.pop(bucket.by, None)
            if older is not None:
                self._closed.append(older)
            self._open[bucket.by] = bucket
        self._bell.set()

    @property
    def count(self) -> int:
        """Return how many events are held."""
        return sum(bucket.count for bucket in self._buckets())

    def change(self, rule: Rule | None) -> None:
        """Go on under another rule; what is held without one is due now."""
        self.rule = rule
        self._bell.set()

    async def take(self, event: Event, by: str, commit: Commit) -> None:
        """Hold *event* with those that have the same value *by*.

        Raises:
            Overloaded: too much is held, and cannot be released now.
        """
        rule = self.rule
        assert rule is not None  # noqa: S101 - the caller looked
        try:
            text = encode(event.data)
        except NOT_JSON:
            await commit({})  # the engine says what is wrong with it
            return
        self._make_room()
        now = self._clock.now()
        bucket = self._open.get(by)
        if bucket is None:
            bucket = self._open[by] = Bucket(event.id, by, now)
            self._bell.set()
        entry = Entry(event.id, now, event.time, event.trail, text)
        held = bucket.submit(entry, rule.keep, event.data)
        if bucket.is_full(rule):
            self._close(bucket)
        try:
            counts = await commit(held)
        except asyncio.CancelledError:
            # The commit may go on without us: ask the journal before the release.
            bucket.settle(entry, counts=False)
            bucket.is_doubtful = True
            raise
        except BaseException:
            bucket.settle(entry, counts=False)
            raise
        bucket.settle(entry, counts=counts)

    async def keep(self) -> None:
        """Release each bucket when it is due; for ever."""
        while True:
            now = self._clock.now()
            waits = [(self._seconds_left(bucket, now), bucket) for bucket in self._buckets()]
            due = [bucket for seconds, bucket in waits if seconds <= 0]
            if due:
                await asyncio.gather(*[self._release(bucket) for bucket in due[:_AT_ONCE]])
            else:
                await self._nap(min([seconds for seconds, _ in waits], default=None))

    def _buckets(self) -> list[Bucket]:
        return [*self._closed, *self._open.values()]

    def _seconds_left(self, bucket: Bucket, now: datetime) -> float:
        if self._is_held():
            return _LONGEST_NAP_SECONDS
        pause = bucket.retry_at - self._clock.monotonic_seconds()
        if bucket.is_closed or self.rule is None:
            return pause
        return max(bucket.seconds_left(self.rule, now), pause)

    async def _nap(self, seconds: float | None) -> None:
        """Wait so long, or until something changes."""
        self._bell.clear()
        if seconds is None:
            await self._bell.wait()
            return
        nap = asyncio.ensure_future(self._clock.sleep(min(seconds, _LONGEST_NAP_SECONDS)))
        ring = asyncio.ensure_future(self._bell.wait())
        try:
            await asyncio.wait([nap, ring], return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            ring.cancel()
            await asyncio.gather(nap, ring, return_exceptions=True)

    def _close(self, bucket: Bucket) -> None:
        """Let nothing more in; the next event of its value opens another."""
        if not bucket.is_closed:
            bucket.is_closed = True
            if self._open.get(bucket.by) is bucket:
                del self._open[bucket.by]
            self._closed.append(bucket)
            self._bell.set()

    def _make_room(self) -> None:
        """Close the fullest bucket when all together hold too much.

        Raises:
            Overloaded: what is closed cannot be released.
        """
        self._taken += 1
        if self._taken % _LOOK_EVERY:
            return
        buckets = self._buckets()
        count, size = sum(one.count for one in buckets), sum(one.size for one in buckets)
        if count < MOST_HELD and size < MOST_CHARACTERS:
            return
        if any(bucket.retry_at > 0 for bucket in self._closed):
            raise Overloaded(_FULL, retry_after_seconds=5.0, source=self._source, count=count)
        if self._open:
            self._close(max(self._open.values(), key=lambda bucket: (bucket.size, bucket.count)))

    async def _release(self, bucket: Bucket) -> None:
        self._close(bucket)
        try:
            await self._try_release(bucket)
        except Exception as error:  # the border around a trigger
            pause = min(bucket.pause * 2, _LONGEST_PAUSE_SECONDS) or _FIRST_PAUSE_SECONDS
            bucket.pause = pause
            bucket.retry_at = self._clock.monotonic_seconds() + pause
            known = isinstance(error, JournalError)
            logger.warning(
                "%s: what was gathered cannot be released yet: %s",
                self._source,
                error,
                exc_info=None if known else error,
            )
        else:
            with contextlib.suppress(ValueError):
                self._closed.remove(bucket)

    async def _try_release(self, bucket: Bucket) -> None:
        await bucket.wait_settled()
        owner = held_by(self._source)
        if bucket.is_doubtful:
            bucket.read_again(await self._engine.load_items(owner))
        if not bucket.entries:
            return
        items = bucket.items_to_drop()
        answer = await self._release_event(self._event(bucket), items)
        if isinstance(answer, Duplicate):
            # It was released before, and only what was held is left over.
            await self._engine.put_items(owner, items)

    def _event(self, bucket: Bucket) -> Event:
        """Return the one event that stands for all; its key comes from the first of them."""
        now = self._clock.now()
        keep = "last" if self.rule is None else self.rule.keep
        entries = bucket.in_order()
        chosen = entries[0] if keep == "first" else entries[-1]
        if bucket.is_batch:
            data: JSON = {
                "items": [decode(entry.text) for entry in entries],
                "count": len(entries),
            }
        else:
            data = decode(chosen.text)
        return Event(
            id=new_event_id(now),
            source=self._source,
            time=now if bucket.is_batch else chosen.time,
            data=data,
            key=f"held {entries[0].id}",
            trail=max((entry.trail for entry in entries), key=len),
        )

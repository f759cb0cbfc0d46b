"""Whose turn it is: a bounded number at a time, recipes one after the other, none takes all."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from rouage.errors import RetryableError
from rouage.workers import texts

_MOST_WAITING: Final = 10_000


class Turns:
    """At most *places* at a time; at most *per_group* of one group, and *strangers* of foreigners.

    Groups (recipes) that wait are served in turn, whatever the number that each has waiting.
    """

    def __init__(self, places: int, *, per_group: int, strangers: int) -> None:
        self.places = places
        self._per_group = per_group
        self._most_strangers = strangers
        self._taken = self._strangers = 0
        self._by_group: dict[str, int] = {}
        self._waiting: OrderedDict[str, deque[tuple[bool, asyncio.Future[None]]]] = OrderedDict()
        self._count = 0

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return self._count

    @asynccontextmanager
    async def turn(self, group: str, *, is_stranger: bool) -> AsyncIterator[None]:
        """Hold a place until the context ends.

        Raises:
            RetryableError: too many wait already.
        """
        if self._waiting or not self._has_room(group, is_stranger=is_stranger):
            await self._wait(group, is_stranger=is_stranger)
        else:
            self._take(group, is_stranger=is_stranger)
        try:
            yield
        finally:
            self._give_back(group, is_stranger=is_stranger)

    async def _wait(self, group: str, *, is_stranger: bool) -> None:
        if self._count >= _MOST_WAITING:
            raise RetryableError(texts.TOO_MANY_WAIT, retry_after_seconds=5.0)
        future = asyncio.get_running_loop().create_future()
        entry = (is_stranger, future)
        self._waiting.setdefault(group, deque()).append(entry)
        self._count += 1
        self._serve()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._give_back(group, is_stranger=is_stranger)
            else:
                self._leave(group, entry)
            raise

    def _has_room(self, group: str, *, is_stranger: bool) -> bool:
        return (
            self._taken < self.places
            and self._by_group.get(group, 0) < self._per_group
            and not (is_stranger and self._strangers >= self._most_strangers)
        )

    def _take(self, group: str, *, is_stranger: bool) -> None:
        self._taken += 1
        self._strangers += is_stranger
        self._by_group[group] = self._by_group.get(group, 0) + 1

    def _give_back(self, group: str, *, is_stranger: bool) -> None:
        self._taken -= 1
        self._strangers -= is_stranger
        left = self._by_group[group] - 1
        if left:
            self._by_group[group] = left
        else:
            del self._by_group[group]
        if group in self._waiting:
            self._waiting.move_to_end(group)  # it had its turn
        self._serve()

    def _serve(self) -> None:
        """Give free places to who may have one, the group that waited longest first."""
        for group in list(self._waiting):
            if self._taken >= self.places:
                return
            entries = self._waiting[group]
            is_stranger, future = entries[0]
            if not self._has_room(group, is_stranger=is_stranger):
                continue
            entries.popleft()
            self._count -= 1
            if entries:
                self._waiting.move_to_end(group)
            else:
                del self._waiting[group]
            self._take(group, is_stranger=is_stranger)
            future.set_result(None)

    def _leave(self, group: str, entry: tuple[bool, "asyncio.Future[None]"]) -> None:
        entries = self._waiting.get(group)
        if entries is not None and entry in entries:
            entries.remove(entry)
            self._count -= 1
            if not entries:
                del self._waiting[group]
        self._serve()

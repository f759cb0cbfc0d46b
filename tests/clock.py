"""A clock for whole engines: time passes at once, and somebody may set it."""

import asyncio
import heapq
import itertools
from datetime import datetime, timedelta


class ManualClock:
    """A clock that moves only when told to.

    Unlike that of the SDK it moves without giving the loop a turn, so that an engine finds
    itself late, and its wall clock can be set apart from the time that passes.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._ticks = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the present instant of this clock."""
        return self._now

    def monotonic_seconds(self) -> float:
        """Return the seconds this clock was advanced by."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced by *seconds*."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._ticks), future))
        await future

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as an administrator or a bad server would."""
        self._now += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake who slept through it."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done() and not future.get_loop().is_closed():
                future.set_result(None)

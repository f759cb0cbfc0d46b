"""A clock that stands still until the rehearsal moves it on."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta


class StageClock:
    """Time as the rehearsal has it: who waits is woken when it is moved on."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the present instant of this clock."""
        return self._now

    def monotonic_seconds(self) -> float:
        """Return the seconds this clock was moved on by."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved on by *seconds*."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def is_awaited(self) -> bool:
        """Say whether somebody waits on this clock."""
        return any(not future.done() for _, _, future in self._sleepers)

    def restart(self, now: datetime) -> None:
        """Begin anew at *now*, for the next rehearsal on the same stage; nobody waits any more."""
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0
        self._sleepers.clear()

    def move_to(self, instant: datetime) -> None:
        """Move on to *instant*, never back, and wake who waited for that."""
        seconds = max(0.0, (instant - self._now).total_seconds())
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic + 1e-6:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)


class PassingClock:
    """The same time for an action that runs: where it would wait, time passes at once."""

    def __init__(self, clock: StageClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the present instant."""
        return self._clock.now()

    def monotonic_seconds(self) -> float:
        """Return the seconds that passed."""
        return self._clock.monotonic_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self._clock.move_to(self._clock.now() + timedelta(seconds=max(0.0, seconds)))
        await asyncio.sleep(0)

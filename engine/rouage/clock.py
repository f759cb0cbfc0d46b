"""Where time comes from, so that tests and replays can decide it."""

import asyncio
import math
import time
from datetime import UTC, datetime
from typing import Final, Protocol

_CELL_SECONDS: Final = 1 / 256
"""Whole seconds are multiples of it, and so lie as far as can be from the middle of a cell."""
_SHARED_FROM_SECONDS: Final = 0.05
"""Shorter sleeps are not stretched."""
_NOISE_SECONDS: Final = 0.001
"""Between reading two clocks the thread may have been held up for so long."""


class Clock(Protocol):
    """The wall clock, the monotonic clock, and the way to wait."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic_seconds(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds* of this clock."""
        ...


class _Alarm:
    """One timer of a loop, and all who sleep until it rings, in their order."""

    __slots__ = ("sleepers", "timer")

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.sleepers: dict[asyncio.Future[None], None] = {}


class SystemClock:
    """The clock of the machine.

    Long sleeps end in the middle of fixed cells of wall time, so that whoever waits for the
    same instant wakes in the same turn of the loop: what a hundred schedules do at the full
    second then shares its commits.
    """

    def __init__(self) -> None:
        self._lead = 0.0
        """Monotonic minus wall clock, as last measured without a disturbance worth noting."""
        self._alarms: dict[tuple[asyncio.AbstractEventLoop, float], _Alarm] = {}

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_seconds(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds* of real time, and up to a cell longer."""
        if seconds < _SHARED_FROM_SECONDS:
            await asyncio.sleep(max(0.0, seconds))
            return
        loop = asyncio.get_running_loop()
        wall, monotonic = time.time(), loop.time()
        if abs(monotonic - wall - self._lead) > _NOISE_SECONDS:
            self._lead = monotonic - wall
        moment = (math.ceil((wall + seconds) / _CELL_SECONDS - 0.5) + 0.5) * _CELL_SECONDS
        when = moment + self._lead
        if when < monotonic + seconds:
            when += _CELL_SECONDS
        await self._sleep_until(loop, when)

    async def _sleep_until(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        """Sleep with all who sleep until *when*: a hundred schedules need one timer."""
        alarm = self._alarms.get((loop, when))
        if alarm is None:
            timer = loop.call_at(when, self._wake, loop, when)
            alarm = self._alarms[loop, when] = _Alarm(timer)
        sleeper: asyncio.Future[None] = loop.create_future()
        alarm.sleepers[sleeper] = None
        try:
            await sleeper
        finally:
            if alarm.sleepers.pop(sleeper, sleeper) is None and not alarm.sleepers:
                alarm.timer.cancel()
                del self._alarms[loop, when]

    def _wake(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        alarm = self._alarms.pop((loop, when))
        sleepers, alarm.sleepers = alarm.sleepers, {}
        for sleeper in sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

"""Deadlines of waiting runs: one heap, one sleeper, never early (R8)."""

import asyncio
import heapq
import logging
from collections.abc import Callable
from typing import Final, Literal

from rouage.clock import Clock
from rouage.durable.values import to_microseconds

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0
_LONGEST_NAP_SECONDS: Final = 5.0
"""The wall clock may jump and the machine may sleep: look again at least this often."""


class Timers:
    """Call *due* with what was added and its instant, then or as soon after as can be.

    The rows in the journal are the truth; this only remembers when to look at them.
    """

    def __init__(self, clock: Clock, due: Callable[[int, int], None]) -> None:
        self._clock = clock
        self._due = due
        self._heap: list[tuple[int, int]] = []
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Event = asyncio.Event()
        self._is_stopped = False

    def add(self, deadline: int, number: int) -> None:
        """Remember to call for *number* at *deadline*, in microseconds since 1970."""
        if self._is_stopped:
            return
        heapq.heappush(self._heap, (deadline, number))
        if self._heap[0] == (deadline, number):
            self._wake.set()
        if self._task is None:
            self._start()

    async def stop(self) -> None:
        """Call nobody any more."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def _start(self) -> None:
        if not self._is_stopped:
            self._task = asyncio.get_running_loop().create_task(self._watch(), name="timers")
            self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Go on after a fault of ours: no deadline may be forgotten in silence (triggers D-8)."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.critical("the timers stopped; they start again", exc_info=error)
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._start)

    async def _watch(self) -> None:
        while True:
            self._wake.clear()
            while self._heap and self._seconds_left() <= 0:
                deadline, number = heapq.heappop(self._heap)
                self._due(number, deadline)
            await self._nap()

    def _seconds_left(self) -> float:
        return (self._heap[0][0] - to_microseconds(self._clock.now())) / 1e6

    async def _nap(self) -> None:
        """Sleep until the first deadline, or until an earlier one is added."""
        waits = {asyncio.ensure_future(self._wake.wait())}
        if self._heap:
            waits.add(asyncio.ensure_future(self._sleep()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _sleep(self) -> Literal[True]:
        # Asked here and not before: a clock that is moved by hand may have moved meanwhile.
        seconds = self._seconds_left()
        if seconds > 0:
            await self._clock.sleep(min(seconds, _LONGEST_NAP_SECONDS))
        return True

"""The sign of life that the service manager waits for, given only while all is sound (D-1)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from rouage.clock import Clock
from rouage.service.manager import ServiceManager

logger = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 10.0
"""The status line is looked at this often, with a watchdog or without."""


class Pulse:
    """Tell the service manager how things are, and that the daemon lives.

    *is_sound* asks the journal and the watchers for a sign of life; it may hang when they do.
    """

    def __init__(
        self,
        manager: ServiceManager,
        *,
        is_sound: Callable[[], Awaitable[bool]],
        status: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._manager = manager
        self._is_sound = is_sound
        self._status = status
        self._clock = clock

    @property
    def period_seconds(self) -> float:
        """Return how often to look: twice in the time after which the manager would act."""
        watchdog = self._manager.watchdog_seconds
        return LONGEST_SECONDS if watchdog is None else min(LONGEST_SECONDS, watchdog / 2)

    async def work(self) -> None:
        """Tell, again and again, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(self.period_seconds)

    async def look(self) -> None:
        """Tell once."""
        self._manager.status(self._status())
        if self._manager.watchdog_seconds is None:
            return
        try:
            async with asyncio.timeout(self._manager.watchdog_seconds):
                is_sound = await self._is_sound()
        except TimeoutError:
            is_sound = False
        if is_sound:
            self._manager.beat()
        else:
            logger.error("not everything answers: the watchdog gets no sign of life")

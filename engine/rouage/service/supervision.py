"""No task of the daemon dies in silence: it starts again, in sight, or the process ends (D-8)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from rouage.clock import Clock
from rouage.errors import RouageError
from rouage.language import Text
from rouage.records import dataclass

logger = logging.getLogger(__name__)

MOST_CRASHES: Final = 3
WITHIN_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]

_UNEXPECTED: Final = Text(
    "“{name}” stopped unexpectedly ({kind}); it was started again",
    "« {name} » s’est arrêté de façon inattendue ({kind}) ; il a été relancé",
)
_KNOWN: Final = Text(
    "“{name}” stopped, and was started again: {reason}",
    "« {name} » s’est arrêté, et a été relancé : {reason}",
)


@dataclass(slots=True)
class Trouble:
    """What happened to one task so far."""

    name: str
    reason: Text
    time: datetime
    crashes: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_CRASHES))


class Supervisor:
    """Start tasks, and start again those that fail.

    *give_up* is called when one task failed three times in a minute: only a fresh process can
    judge then. *tell* gets every failure.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        spawn: Spawn,
        give_up: Callable[[], None],
        tell: Callable[[Trouble], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._spawn = spawn
        self._give_up = give_up
        self._tell = tell
        self.troubles: dict[str, Trouble] = {}

    def keep(
        self, work: Callable[[], Coroutine[Any, Any, None]], name: str
    ) -> "asyncio.Task[None]":
        """Have *work* done, again after every failure, until it returns or is cancelled."""
        return self._spawn(self._keep(work, name), name)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Have *work* done once; a failure is told, and stops nothing else."""
        task = self._spawn(self._once(work, name), name)
        # Work that was cancelled before its first turn would be reported as forgotten.
        task.add_done_callback(lambda _: work.close())
        return task

    def note(self, name: str, error: BaseException) -> None:
        """Take note that *name* failed; give up when that happens too often."""
        trouble = self.troubles.get(name)
        if trouble is None:
            trouble = self.troubles[name] = Trouble(name, Text("", ""), self._clock.now())
        trouble.reason, trouble.time = _reason(name, error), self._clock.now()
        trouble.crashes += 1
        trouble.recent.append(self._clock.monotonic_seconds())
        known = isinstance(error, RouageError)
        logger.error("%s", trouble.reason.en, exc_info=None if known else error)
        self._tell(trouble)
        span = trouble.recent[-1] - trouble.recent[0]
        if len(trouble.recent) == MOST_CRASHES and span <= WITHIN_SECONDS:
            logger.critical("%s failed %s times in a minute: giving up", name, MOST_CRASHES)
            self._give_up()

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            began = self._clock.monotonic_seconds()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the border around a task of the daemon
                if self._clock.monotonic_seconds() - began > WITHIN_SECONDS:
                    pause = _FIRST_PAUSE_SECONDS
                self.note(name, error)
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _once(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the border around a task of the daemon
            self.note(name, error)


def _reason(name: str, error: BaseException) -> Text:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, RouageError):
        return _KNOWN.fill(name=name, reason=Text(error.render("en"), error.render("fr")))
    return _UNEXPECTED.fill(name=name, kind=type(error).__name__)

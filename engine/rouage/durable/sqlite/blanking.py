"""Blank what is due in a journal file, a few events after the other, beside everything else."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.keeping import PERSONAL, VALUES, Keeping, Places
from rouage.durable.sqlite.blanks import (
    Work,
    choose_blankable,
    parts_of,
    plan_blanks,
    write_blanks,
)
from rouage.settings.retention import Retention

_PLANNED_AT_ONCE: Final = 100
"""The values of so many events are in memory at a time."""


class Ask(Protocol):
    """Asks a question on a connection that reads."""

    def __call__(
        self, question: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Awaitable[Any]:
        """Return the answer."""
        ...


class Blanking:
    """One pass over a journal; `digests` are large values that may have lost their use."""

    def __init__(
        self,
        ask: Ask,
        write: Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]],
        *,
        piece: Callable[[], int],
        failpoints: Failpoints | None = None,
    ) -> None:
        self._ask = ask
        self._write = write
        self._piece = piece
        self._failpoints = failpoints
        self.digests: set[bytes] = set()

    async def run(self, keeping: Keeping, retention: Retention, now: int) -> int:
        """Blank what is due at *now*; return of how many events."""
        count = 0
        for level, places in ((VALUES, {}), (PERSONAL, keeping.places)):
            due = keeping.due(level, retention, now)
            if due:
                count += await self._level(level, due, places)
        return count

    async def _level(self, level: int, due: Mapping[str, int], places: Mapping[str, Places]) -> int:
        after, count = 0, 0
        while True:
            chosen = await self._ask(
                choose_blankable, due=due, level=level, after=after, limit=_PLANNED_AT_ONCE
            )
            if not chosen:
                return count
            after = chosen[-1]
            works = await self._ask(plan_blanks, chosen, level=level, places=places)
            for parts in parts_of(works, self._piece):
                done: list[Work] = await self._write(
                    partial(write_blanks, parts=parts, failpoints=self._failpoints)
                )
                count += len(done)
                self.digests.update(*[part.work.digests for part in parts])

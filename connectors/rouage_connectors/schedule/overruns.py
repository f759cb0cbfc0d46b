"""Notices a schedule whose runs take longer than its interval (triggers C-10)."""

import zlib
from typing import Final

from rouage.sdk import Receipt, Text, TriggerContext

_IN_A_ROW: Final = 3
_LOOK_EVERY_SECONDS: Final = 10.0

_TOO_SLOW: Final = Text(
    "the runs take longer than the interval: {count} times in a row the one before was not over; "
    "nothing is dropped, but they pile up: fire less often, or keep only the newest that waits "
    "with `concurrency: {{mode: latest}}`",
    "les exécutions durent plus longtemps que l’intervalle : {count} fois de suite, la précédente "
    "n’était pas finie ; rien n’est perdu, mais elles s’accumulent : espacez-les, ou ne gardez que "
    "la plus récente en attente avec `concurrency: {{mode: latest}}`",
)


class Overruns:
    """Looks, now and then, whether the run of the tick before has ended when the next one comes.

    Looking may cost a read of the journal: with an interval of a second, every tenth tick looks.
    """

    def __init__(self, context: TriggerContext) -> None:
        self._context = context
        self._runs: tuple[str, ...] = ()
        self._count = 0
        self._is_told = False
        # Schedules that fire together do not look together.
        offset = zlib.crc32(context.trigger_id.encode()) % int(_LOOK_EVERY_SECONDS)
        self._next_look = context.clock.monotonic_seconds() + offset

    def note(self, receipt: Receipt) -> None:
        """Take notice of the runs that a tick started."""
        self._runs = receipt.runs or self._runs

    async def look(self) -> None:
        """Look, before the next tick, at the runs of the one before."""
        now = self._context.clock.monotonic_seconds()
        if not self._runs or now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY_SECONDS
        if all([await self._context.has_ended(run) for run in self._runs]):
            self._count = 0
            if self._is_told:
                self._is_told = False
                self._context.report("listening", None)
            return
        self._count += 1
        if self._count >= _IN_A_ROW:
            self._complain()

    def _complain(self) -> None:
        told = _TOO_SLOW.fill(count=self._count)
        self._context.report("degraded", told)
        if not self._is_told:
            self._is_told = True
            self._context.log.warning("%s", told.en)

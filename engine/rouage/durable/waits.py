"""What one run waits for, and the answers it has had: kept only for runs that wait (R8, R9)."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from rouage.durable.batch import Batch, WaiterRow
from rouage.durable.values import Stored, to_column, to_microseconds
from rouage.model.run import SignalRecord
from rouage.sdk.json import JSON

News = dict[int, list[tuple[SignalRecord, Batch]]]
"""Signals that a run may not have read back yet, by its number, with the batch of each."""

LIMIT_SUFFIX: Final = "~limit"
"""Tells the row of a time limit from that of a wait at the same step."""

CHILD_PREFIX: Final = "child:"

ONCE_PREFIX: Final = "once:"
"""Begins the name of a wait for another run's step; who has one looks again at every start."""


def child_signal(run_id: str) -> str:
    """Return the name under which the end of a called run is told to its caller."""
    return CHILD_PREFIX + run_id


class Waits:
    """The waits of one run: `rows` as the journal has them, `held` those of this execution.

    What is in `rows` and not in `held` when the run stops is over. A run that is executed
    again writes only what changed.
    """

    __slots__ = ("_bell", "has_news", "held", "limit", "rows", "signals")

    def __init__(
        self, rows: Iterable[WaiterRow] = (), signals: Iterable[SignalRecord] = ()
    ) -> None:
        self.rows = {row[1]: row for row in rows}
        self.signals = list(signals)
        self.held: dict[str, WaiterRow] = {}
        self.limit: tuple[int, str] | None = None
        self.has_news = False
        self._bell: asyncio.Future[None] | None = None

    def listen(self) -> asyncio.Future[None]:
        """Return what is done when something next happens to the run."""
        if self._bell is None:
            self._bell = asyncio.get_running_loop().create_future()
        return self._bell

    def ring(self) -> None:
        """Tell the branches that wait in memory to look again."""
        if self._bell is not None:
            self._bell.set_result(None)
            self._bell = None

    def hold(
        self,
        batch: Batch,
        run: int,
        path: str,
        *,
        kind: str,
        deadline: int | None,
        name: str | None = None,
        question: Stored = None,
        now: int,
    ) -> bool:
        """Note a wait; True when its row had to be written, to *batch*."""
        known = self.rows.get(path)
        column = None if name is None else to_column(name)
        began = now if known is None or known[2] != kind else known[6]
        row = (run, path, kind, deadline, column, question, began)
        self.held[path] = row
        if row == known:
            return False
        self.rows[path] = batch.waiters[run, path] = row
        return True

    def settle(self, batch: Batch, run: int, path: str) -> None:
        """Note that the wait at *path* is over."""
        self.held.pop(path, None)
        if self.rows.pop(path, None) is not None:
            batch.waiters[run, path] = None

    def drop_stale(self, batch: Batch, run: int) -> None:
        """Forget the waits that this execution did not come to again."""
        for path in [path for path in self.rows if path not in self.held]:
            self.settle(batch, run, path)

    @property
    def deadline(self) -> int | None:
        """Return when the run must be looked at again, whatever comes."""
        deadlines = [row[3] for row in self.held.values() if row[3] is not None]
        return min(deadlines, default=None)

    def named(self, name: str) -> tuple[SignalRecord, ...]:
        """Return the answers under *name*, in the order in which they came."""
        return tuple([signal for signal in self.signals if signal.name == name])

    def hear(self, signals: Iterable[SignalRecord]) -> None:
        """Add answers that were recorded after the run was read back."""
        known = {(signal.name, signal.id) for signal in self.signals}
        for signal in signals:
            if (signal.name, signal.id) not in known:
                self.signals.append(signal)


def closes_at(question: JSON, deadline: int | None) -> int | None:
    """Return when an answer comes too late, which may be later than the next look at the wait."""
    if isinstance(question, dict) and "timeout_at" in question:
        instant = question["timeout_at"]
        return (
            to_microseconds(datetime.fromisoformat(instant)) if isinstance(instant, str) else None
        )
    return deadline

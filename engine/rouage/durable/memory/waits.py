"""Waits, answers, called runs and replays in the memory journal: as `sqlite.waiting` reads them."""

from collections.abc import Iterator, Mapping
from typing import Any

from rouage.durable.batch import RunRow, SignalRow, WaiterRow
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.records import signal_record, wait_record
from rouage.durable.values import Stored, from_column
from rouage.durable.waits import ONCE_PREFIX
from rouage.model.run import FINAL_STATES, SignalRecord, WaitKind, WaitRecord
from rouage.sdk.json import JSON


class MemoryWaits:
    """The part of the reader that is about runs that wait."""

    _rows: MemoryRows

    async def list_waits(
        self,
        *,
        kinds: frozenset[WaitKind] | None = None,
        run_id: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> tuple[WaitRecord, ...]:
        """Return what runs wait for, oldest first; *run_id* may be a prefix."""
        rows = self._rows
        found = [
            wait_record(row, rows.runs[row[0]][1], rows.runs[row[0]][3], rows.value)
            for row in sorted(rows.waiters.values(), key=lambda row: (row[6], row[0], row[1]))
        ]
        chosen = [
            wait
            for wait in found
            if (kinds is None or wait.kind in kinds)
            and (run_id is None or wait.run.startswith(run_id))
            and (name is None or wait.name == name)
        ]
        return tuple(chosen[:limit])

    async def list_signals(self, run_id: str) -> tuple[SignalRecord, ...]:
        """Return the signals that the run received, oldest first."""
        seq = next((seq for seq, run in self._rows.runs.items() if run[1] == run_id), None)
        return () if seq is None else tuple(self._signals_of(seq))

    def _signals_of(self, seq: int) -> list[SignalRecord]:
        rows = self._rows
        mine = [row for row in rows.signals.values() if row[0] == seq]
        mine.sort(key=lambda row: (row[5], row[2]))
        return [signal_record(row[1:], rows.value) for row in mine]

    def _waits_of(self, seq: int) -> list[WaiterRow]:
        return [row for row in self._rows.waiters.values() if row[0] == seq]

    async def fetch(self, stored: Stored) -> JSON:
        """Return the value of a column that was read as it stands."""
        value: JSON = self._rows.value(stored)
        return value

    def _open_runs(self) -> Iterator[tuple[int, RunRow]]:
        for seq, run in self._rows.runs.items():
            if self._rows.run_row(seq)[3] not in FINAL_STATES:
                yield seq, run

    async def called_by(self, seq: int) -> list[str]:
        """Return the ids of the unfinished runs for whose end this run waits."""
        return [run[1] for _, run in self._open_runs() if run[12] == seq and run[13] is not None]


def waiting_places(
    waiters: Mapping[tuple[int, str], WaiterRow], signals: Mapping[Any, SignalRow], seq: int
) -> tuple[int | None, bool, bool]:
    """Return the earliest deadline of a run, whether it waits, and whether something came."""
    mine = [row for row in waiters.values() if row[0] == seq]
    names = {row[4] for row in mine if row[4] is not None}
    is_answered = any(row[0] == seq and row[1] in names for row in signals.values())
    is_answered |= any(from_column(name).startswith(ONCE_PREFIX) for name in names)
    deadlines = [row[3] for row in mine if row[3] is not None]
    return min(deadlines, default=None), bool(mine), is_answered

"""A journal in memory: the engine for tests. Same contract, nothing survives the process.

It keeps the same rows as the SQLite journal, in dictionaries, and commits on the next turn
of the loop. A second engine over the same `MemoryRows` plays the part of a restart.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rouage.clock import Clock, SystemClock
from rouage.durable.batch import Batch, Column, EventRow, MatchRow, RunRow, RunUpdate, StepRow
from rouage.durable.embedded import CAPACITY, EmbeddedEngine
from rouage.durable.journal import Listeners, LoadedRun, Opened, OpenRun
from rouage.durable.port import EventRecord, Health, RunFilter, RunPage
from rouage.durable.records import (
    event_of,
    loaded_run,
    open_run,
    run_record,
    step_record,
    verdict_of,
)
from rouage.durable.values import Stored, decode, from_column, to_column
from rouage.errors import JournalError
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.run import FINAL_STATES, RunRecord, StepRecord
from rouage.sdk.json import JSON

_SETTLED = frozenset({"done", "failed", "skipped"})


@dataclass(slots=True)
class MemoryRows:
    """All rows, as the tables of the SQLite journal hold them."""

    events: dict[int, EventRow] = field(default_factory=dict)
    keys: dict[tuple[Column, Column], int] = field(default_factory=dict)
    matches: dict[tuple[int, Column], MatchRow] = field(default_factory=dict)
    runs: dict[int, RunRow] = field(default_factory=dict)
    updates: dict[int, RunUpdate] = field(default_factory=dict)
    steps: dict[int, dict[str, StepRow]] = field(default_factory=dict)
    waiters: dict[tuple[int, str], int] = field(default_factory=dict)
    items: dict[tuple[Column, bytes], Stored] = field(default_factory=dict)
    definitions: dict[str, tuple[Column, bytes]] = field(default_factory=dict)
    accepted: dict[Column, bytes] = field(default_factory=dict)
    effects: dict[tuple[int, str, int], Stored] = field(default_factory=dict)
    blobs: dict[bytes, bytes] = field(default_factory=dict)

    def apply(self, batch: Batch) -> None:
        """Write the rows of *batch*; events whose key is known are marked as duplicates."""
        self.blobs.update(batch.blobs)
        lost = self._add_events(batch)
        for match in batch.matches:
            if match[0] not in lost:
                self.matches.setdefault(match[:2], match)
        for run in batch.runs:
            if run[2] not in lost:
                self.runs.setdefault(run[0], run)
        for step in batch.steps:
            self._add_step(step)
        self.updates.update({seq: row for seq, row in batch.updates.items() if seq in self.runs})
        self.effects.update({row[:3]: row[3] for row in batch.effects})
        self._add_rest(batch)

    def _add_rest(self, batch: Batch) -> None:
        for seq in batch.matched:
            self.events[seq] = (*self.events[seq][:8], 1)
        fired = set(batch.fired)
        for waiter in [waiter for waiter in self.waiters if waiter[0] in fired]:
            del self.waiters[waiter]
        self.waiters.update({(row[0], row[1]): row[3] for row in batch.waiters})
        self.items.update(batch.items)
        for key in [key for key, value in batch.items.items() if value is None]:
            del self.items[key]
        for digest, recipe, _, body in batch.definitions:
            self.definitions[digest] = (recipe, body)
            self.accepted[recipe] = body

    def _add_events(self, batch: Batch) -> set[int]:
        lost = set()
        for row in batch.events:
            first = self.keys.setdefault((row[2], row[3]), row[0])
            if first == row[0]:
                self.events[row[0]] = row
            else:
                lost.add(row[0])
        for intake in batch.intakes:
            if intake.event_seq in lost:
                row = next(row for row in batch.events if row[0] == intake.event_seq)
                intake.first_id = self.events[self.keys[row[2], row[3]]][1]
        return lost

    def _add_step(self, step: StepRow) -> None:
        steps = self.steps.setdefault(step[0], {})
        before = steps.get(step[1])
        if before is not None:
            if before[2] in _SETTLED:
                return
            kept = [
                new if new is not None else old
                for new, old in zip(step[5:7], before[5:7], strict=True)
            ]
            step = (*step[:5], kept[0], kept[1], *step[7:])
        steps[step[1]] = step

    def value(self, stored: Stored) -> Any:
        """Return what a column stands for."""
        if stored is None:
            return None
        return decode(stored if isinstance(stored, str) else self.blobs[stored].decode())

    def run_row(self, seq: int) -> tuple[Any, ...]:
        """Return the columns of one run as the SQLite queries give them."""
        run = self.runs[seq]
        update = self.updates.get(seq)
        event = self.events[run[2]]
        state, reason, started, ended, error, outputs, cancel = (
            (run[6], None, run[11], None, None, None, None) if update is None else update[1:]
        )
        return (
            seq, run[1], run[3], state, run[5], run[7], run[8], run[9],
            event[1], event[2], run[4], reason, run[10], started, ended, error, outputs, cancel,
        )  # fmt: skip


class MemoryReader:
    """Answer questions from `MemoryRows`."""

    def __init__(self, rows: MemoryRows) -> None:
        self._rows = rows

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        below = None if cursor is None else int(cursor)
        found = [
            (seq, record)
            for seq, record in self._all_runs()
            if (below is None or seq < below) and _is_chosen(record, chosen)
        ]
        page = found[:limit]
        more = str(page[-1][0]) if len(found) > limit else None
        return RunPage(runs=tuple(record for _, record in page), cursor=more)

    def _all_runs(self) -> list[tuple[int, RunRecord]]:
        rows = self._rows
        return [
            (seq, run_record(rows.run_row(seq), rows.value))
            for seq in sorted(rows.runs, reverse=True)
        ]

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        rows = self._rows
        for seq, run in rows.runs.items():
            if run[1] == run_id:
                match = rows.matches[run[2], run[3]]
                return run_record(
                    rows.run_row(seq),
                    rows.value,
                    event_data=rows.value(rows.events[run[2]][6]),
                    conditions=rows.value(match[4]),
                    steps=tuple(self._steps(seq).values()),
                )
        return None

    def _steps(self, seq: int) -> dict[str, StepRecord]:
        rows, run = self._rows, self._rows.runs[seq]
        return {
            path: step_record(row, run[1], rows.value)
            for path, row in sorted(
                rows.steps.get(seq, {}).items(), key=lambda item: item[1][9] or 0
            )
        }

    async def find_events(
        self, *, source: str | None = None, subject: str | None = None, limit: int = 50
    ) -> tuple[EventRecord, ...]:
        """Return events, newest first, with verdicts and runs."""
        rows = self._rows
        found = [
            seq
            for seq in sorted(rows.events, reverse=True)
            if (source is None or from_column(rows.events[seq][2]) == source)
            and (subject is None or rows.events[seq][7] == to_column(subject))
        ]
        return tuple(self._event_record(seq) for seq in found[:limit])

    def _event_record(self, seq: int) -> EventRecord:
        rows = self._rows
        return EventRecord(
            event=event_of(rows.events[seq], rows.value),
            verdicts=tuple(
                verdict_of(row[1:6], rows.value)
                for key, row in rows.matches.items()
                if key[0] == seq
            ),
            runs=tuple(
                run_record(rows.run_row(run), rows.value)
                for run, row in rows.runs.items()
                if row[2] == seq
            ),
        )

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        rows, owner = self._rows, to_column(trigger)
        return {key: rows.value(value) for (of, key), value in rows.items.items() if of == owner}

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        counts: dict[str, int] = {}
        for _, record in self._all_runs():
            counts[record.state] = counts.get(record.state, 0) + 1
        unmatched = sum(1 for row in self._rows.events.values() if not row[8])
        return {**counts, "events": len(self._rows.events), "unmatched": unmatched}

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        found = self._rows.definitions.get(digest)
        return None if found is None else found[1]

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        return self._rows.accepted.get(to_column(recipe))

    async def load(self, seqs: Sequence[int]) -> list[LoadedRun]:
        """Return these runs, in this order; runs that do not exist are left out."""
        return [self._load(seq) for seq in seqs if seq in self._rows.runs]

    def _load(self, seq: int) -> LoadedRun:
        rows = self._rows
        event = rows.events[rows.runs[seq][2]]
        return loaded_run(
            rows.run_row(seq), event_of(event, rows.value), self._steps(seq), rows.value
        )

    async def find(self, run_id: str) -> LoadedRun | None:
        """Return the run with exactly this id."""
        for seq, run in self._rows.runs.items():
            if run[1] == run_id:
                return self._load(seq)
        return None

    async def find_event(self, event_id: str) -> tuple[int, Event, frozenset[str]] | None:
        """Return an event's number, the event, and the recipes that have a verdict on it."""
        rows = self._rows
        for seq, row in rows.events.items():
            if row[1] == event_id:
                known = frozenset(from_column(key[1]) for key in rows.matches if key[0] == seq)
                return seq, event_of(row, rows.value), known
        return None

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that have no verdicts yet, oldest first."""
        rows = self._rows
        return tuple(event_of(row, rows.value) for row in rows.events.values() if not row[8])

    def close(self) -> None:
        """Let go of nothing: there is nothing to let go of."""


def _is_chosen(run: RunRecord, chosen: RunFilter) -> bool:
    return (
        (chosen.recipe is None or run.recipe == chosen.recipe)
        and (chosen.states is None or run.state in chosen.states)
        and (chosen.event is None or run.event == chosen.event)
        and (chosen.run_id is None or run.id.startswith(chosen.run_id))
        and (chosen.since is None or run.created >= chosen.since)
        and (chosen.before is None or run.created < chosen.before)
    )


class MemoryJournal:
    """Commit to `MemoryRows` on the next turn of the loop.

    `break_down` and `mend` play a disk that cannot be written (R14).
    """

    def __init__(self, rows: MemoryRows | None = None) -> None:
        self.rows = rows if rows is not None else MemoryRows()
        self.reader = MemoryReader(self.rows)
        self._listeners: Listeners | None = None
        self._filling = Batch()
        self._kept: list[Batch] = []
        self._is_due = False
        self._is_broken = False

    async def open(self) -> Opened:
        """Return what is there; safe to call again."""
        rows = self.rows
        return Opened(
            last_event=max(rows.events, default=0),
            last_run=max(rows.runs, default=0),
            open_runs=[self._open_run(seq) for seq in sorted(rows.runs) if self._is_open(seq)],
        )

    def _is_open(self, seq: int) -> bool:
        return self.rows.run_row(seq)[3] not in FINAL_STATES

    def _open_run(self, seq: int) -> OpenRun:
        deadlines = [due for key, due in self.rows.waiters.items() if key[0] == seq]
        return open_run(self.rows.run_row(seq), min(deadlines, default=None))

    def start(self, listeners: Listeners) -> None:
        """Begin to write. Does nothing when already started."""
        self._listeners = self._listeners or listeners

    def filling(self) -> Batch:
        """Return the batch to add rows to, until the caller awaits something."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._commit)
        return self._filling

    @property
    def backlog(self) -> int:
        """Return about how many rows wait to be written."""
        return self._filling.size

    def health(self) -> Health:
        """Return whether writing works."""
        return Health(state="refusing", reason="broken") if self._is_broken else Health(state="ok")

    def break_down(self) -> None:
        """Refuse every commit from now on."""
        self._is_broken = True

    def mend(self) -> None:
        """Write again, first of all what was kept."""
        self._is_broken = False
        kept, self._kept = self._kept, []
        for batch in kept:
            self.rows.apply(batch)
        self._tell(lambda listeners: listeners.committed(kept))

    async def close(self, *, clean: bool) -> bool:
        """Write what waits; False when it cannot be written."""
        del clean
        self._commit()
        return not self._kept

    def _commit(self) -> None:
        batch, self._filling = self._filling, Batch()
        self._is_due = False
        if self._is_broken:
            error = JournalError(Text("the journal is broken", "le journal est en panne"))
            outside = batch.take_outside()
            self._tell(lambda listeners: listeners.refused([outside], error))
            self._kept.append(batch)
            return
        self.rows.apply(batch)
        self._tell(lambda listeners: listeners.committed([batch]))

    def _tell(self, what: Callable[[Listeners], None]) -> None:
        if self._listeners is not None:
            what(self._listeners)


def memory_engine(
    rows: MemoryRows | None = None, *, clock: Clock | None = None, capacity: int = CAPACITY
) -> EmbeddedEngine:
    """Return an engine whose journal is *rows*, in memory."""
    journal = MemoryJournal(rows)
    return EmbeddedEngine(journal, clock=clock or SystemClock(), capacity=capacity)

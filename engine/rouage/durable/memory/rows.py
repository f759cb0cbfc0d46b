"""The rows of a journal in memory, as the tables of the SQLite journal hold them."""

from dataclasses import field
from typing import Any

from rouage.durable.batch import (
    FREE,
    Batch,
    ClaimRow,
    Column,
    DefinitionRow,
    EventRow,
    LineageRow,
    MatchRow,
    RunRow,
    RunUpdate,
    SignalRow,
    StepRow,
    WaiterRow,
)
from rouage.durable.records import event_of
from rouage.durable.values import Stored, decode
from rouage.model.event import Event
from rouage.records import dataclass

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
    waiters: dict[tuple[int, str], WaiterRow] = field(default_factory=dict)
    signals: dict[tuple[int, Column, Column], SignalRow] = field(default_factory=dict)
    items: dict[tuple[Column, bytes], Stored] = field(default_factory=dict)
    definitions: dict[str, tuple[Column, bytes]] = field(default_factory=dict)
    accepted: dict[Column, bytes] = field(default_factory=dict)
    versions: dict[tuple[Column, str], DefinitionRow] = field(default_factory=dict)
    claims: dict[tuple[Column, Column], ClaimRow] = field(default_factory=dict)
    effects: dict[tuple[int, str, int], Stored] = field(default_factory=dict)
    lineage: dict[tuple[int, str, int], LineageRow] = field(default_factory=dict)
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    blanked: dict[int, int] = field(default_factory=dict)

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
        self.lineage.update({row[:3]: row for row in batch.lineage})
        self._add_rest(batch, lost)

    def _add_rest(self, batch: Batch, lost: set[int]) -> None:
        for seq in batch.matched:
            self.events[seq] = (*self.events[seq][:8], 1, self.events[seq][9])
        self._add_waits(batch)
        self._add_items(batch, lost)
        for row in batch.definitions:
            self._add_definition(row)
        self._add_claims(batch, lost)

    def _add_claims(self, batch: Batch, lost: set[int]) -> None:
        for claim in batch.claims:
            if claim[5] == FREE:
                self.claims.pop(claim[:2], None)
            elif claim[2] not in lost:
                self.claims[claim[:2]] = claim
        settled = set(batch.settled)
        for claim in [row for row in self.claims.values() if row[3] in settled]:
            if claim[5] == "started":
                self._settle_claim(claim)

    def _settle_claim(self, claim: ClaimRow) -> None:
        """Say what becomes of a key without a result now that its run is over."""
        step = self.steps.get(claim[3] or 0, {}).get(claim[4] or "")
        state = None if step is None else step[2]
        if state in {"failed", "skipped", "waiting"}:
            del self.claims[claim[:2]]
            return
        is_done = step is not None and state == "done"
        result = step[7] if step is not None and is_done else None
        self.claims[claim[:2]] = (
            *claim[:5],
            "done" if is_done else "doubtful",
            result,
            claim[7],
        )

    def _add_items(self, batch: Batch, lost: set[int]) -> None:
        items = dict(batch.items)
        for event, held in batch.held.items():
            items.update({} if event in lost else held)
        for key, value in items.items():
            if value is None:
                self.items.pop(key, None)
            else:
                self.items[key] = value

    def _add_definition(self, row: DefinitionRow) -> None:
        """Put a version before all others of its recipe; what is known of its text stays."""
        digest, recipe, accepted, body, file, source = row
        self.definitions[digest] = (recipe, body)
        self.accepted[recipe] = body
        before = self.versions.pop((recipe, digest), None)
        if source is None and before is not None:
            source = before[5]
        self.versions[recipe, digest] = (digest, recipe, accepted, body, file, source)

    def _add_waits(self, batch: Batch) -> None:
        for key, waiter in batch.waiters.items():
            if waiter is None:
                self.waiters.pop(key, None)
            else:
                self.waiters[key] = waiter
        fired = set(batch.fired)
        for key in [key for key in self.waiters if key[0] in fired]:
            del self.waiters[key]
        for signal in batch.signals:
            self.signals.setdefault(signal[:3], signal)

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

    def event(self, seq: int) -> Event:
        """Return one event."""
        row = self.events[seq]
        return event_of((*row[:7], row[9]), self.value)

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
            run[12], run[13], self._id_of(run[12]), self._id_of(run[14]), run[2],
            event[9], self.blanked.get(run[2]),
        )  # fmt: skip

    def _id_of(self, seq: int | None) -> str | None:
        return None if seq is None or seq not in self.runs else self.runs[seq][1]

"""A journal in memory: the engine for tests. Same contract, nothing survives the process.

It keeps the same rows as the SQLite journal, in dictionaries, and commits on the next turn
of the loop. A second engine over the same `MemoryRows` plays the part of a restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rouage.clock import Clock, SystemClock
from rouage.durable.batch import Batch
from rouage.durable.blanking import digest_of
from rouage.durable.embedded import CAPACITY, EmbeddedEngine
from rouage.durable.erasure import Found
from rouage.durable.erasure import Sought as Person
from rouage.durable.journal import Listeners, LoadedRun, Opened, OpenRun
from rouage.durable.keeping import Keeping
from rouage.durable.memory.events import find_events, get_event, held_back, is_kept
from rouage.durable.memory.lineage import MemoryLineage
from rouage.durable.memory.purge import purge
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.memory.waits import MemoryWaits, waiting_places
from rouage.durable.port import (
    ClaimRecord,
    DefinitionRecord,
    EventRecord,
    Health,
    Purged,
    RunFilter,
    RunPage,
)
from rouage.durable.records import (
    claim_record,
    definition_record,
    loaded_run,
    open_run_of,
    run_record,
    step_record,
)
from rouage.durable.sought import Sought
from rouage.durable.values import from_column, to_column
from rouage.errors import JournalError
from rouage.language import Text, as_text
from rouage.model.event import Event
from rouage.model.run import FINAL_STATES, RunRecord, StepRecord
from rouage.sdk.json import JSON
from rouage.settings.retention import Retention

_ENDS_WITH_US: Final = Text(
    "this journal is in memory alone: it is forgotten when the process ends",
    "ce journal n’est qu’en mémoire : il est oublié à la fin du processus",
)


class MemoryReader(MemoryWaits, MemoryLineage):
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
        self,
        *,
        source: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> tuple[EventRecord, ...]:
        """Return events, newest first, with verdicts and runs."""
        sought = Sought(source=source, subject=subject, key=key, since=since, until=until)
        return find_events(self._rows, sought, limit)

    async def held_back(
        self, *, since: datetime, recipe: str | None = None, after: int = 0, limit: int = 500
    ) -> tuple[tuple[int, Event], ...]:
        """Return events with a verdict `paused`, oldest first, each with its number."""
        return held_back(self._rows, since, recipe, after, limit)

    async def get_event(self, event_id: str) -> EventRecord | None:
        """Return one event with verdicts and runs."""
        return get_event(self._rows, event_id)

    async def is_kept(self, source: str, key: str) -> bool:
        """Say whether the event of this identity is still here, and not only its key."""
        return is_kept(self._rows, source, key)

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

    async def list_definitions(self, recipe: str) -> tuple[DefinitionRecord, ...]:
        """Return the accepted versions of the recipe, newest first, with their texts."""
        column = to_column(recipe)
        rows = [row for row in self._rows.versions.values() if row[1] == column]
        return tuple(
            definition_record(recipe, (row[0], row[2], *row[4:])) for row in reversed(rows)
        )

    async def list_versions(self) -> tuple[tuple[str, str], ...]:
        """Return the accepted versions of all recipes, as (recipe, hash), newest first."""
        newest_first = reversed(self._rows.versions.values())
        return tuple((from_column(row[1]), row[0]) for row in newest_first)

    async def find_claim(self, scope: str, key: str) -> ClaimRecord | None:
        """Return who holds a key of the ledger."""
        rows = self._rows
        row = rows.claims.get((to_column(scope), to_column(key)))
        if row is None:
            row = rows.claims.get((to_column(scope), to_column(digest_of(key))))
        if row is None:
            return None
        event = None if row[2] is None else rows.events.get(row[2])
        run = None if row[3] is None else rows.runs.get(row[3])
        ids = None if event is None else event[1], None if run is None else run[1]
        return claim_record((*row[:2], row[5], *ids, row[4], *row[6:]), rows.value)

    async def is_known(self, source: str, key: str) -> bool:
        """Say whether an event of this identity was accepted before (R2)."""
        return (to_column(source), to_column(key)) in self._rows.keys

    async def open_run(self, recipe: str, key: str | None) -> str | None:
        """Return the id of the oldest unfinished run of the recipe under this key."""
        place = to_column(recipe), None if key is None else to_column(key)
        runs = [run for _, run in sorted(self._open_runs()) if (run[3], run[8]) == place]
        return runs[0][1] if runs else None

    async def load(self, seqs: Sequence[int]) -> list[LoadedRun]:
        """Return these runs, in this order; runs that do not exist are left out."""
        return [self._load(seq) for seq in seqs if seq in self._rows.runs]

    def _load(self, seq: int) -> LoadedRun:
        rows = self._rows
        event = rows.event(rows.runs[seq][2])
        return loaded_run(
            rows.run_row(seq),
            event,
            self._steps(seq),
            rows.value,
            waits=self._waits_of(seq),
            signals=self._signals_of(seq),
        )

    async def siblings(self, event_id: str, recipe: str) -> int:
        """Return how many runs of the recipe there are for the event, replays included."""
        rows, column = self._rows, to_column(recipe)
        runs = [run for run in rows.runs.values() if run[3] == column]
        return sum(1 for run in runs if rows.events[run[2]][1] == event_id)

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
                return seq, rows.event(seq), known
        return None

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that have no verdicts yet, oldest first."""
        rows = self._rows
        return tuple(rows.event(seq) for seq, row in rows.events.items() if not row[8])

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
        and (chosen.parent is None or run.parent == chosen.parent)
        and (
            chosen.ended_since is None
            or (run.ended is not None and run.ended >= chosen.ended_since)
        )
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
        rows = self.rows
        deadline, has_waits, is_answered = waiting_places(rows.waiters, rows.signals, seq)
        return open_run_of(
            rows.run_row(seq), deadline, has_waits=has_waits, is_answered=is_answered
        )

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
        if self._is_broken:
            return Health(state="refusing", reason=as_text("broken"))
        return Health(state="ok")

    async def beat(self) -> None:
        """Return when writing shows a sign of life: here, at once."""

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

    async def purge(self, retention: Retention, keeping: Keeping, *, now: int) -> Purged:
        """Forget and blank what is due at *now*, microseconds since 1970."""
        return purge(self.rows, retention, keeping, now)

    async def erase(
        self, sought: Person, before: Callable[[Found], Awaitable[None]], *, now: int
    ) -> Found:
        """Refuse: what is only in memory is forgotten by ending the process."""
        del sought, before, now
        raise JournalError(_ENDS_WITH_US)

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

"""The embedded engine: everything a run needs of durability, over a narrow journal."""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, Literal

from rouage.clock import Clock
from rouage.durable.batch import Batch
from rouage.durable.decisions import Decisions
from rouage.durable.failpoints import Failpoints
from rouage.durable.intake import Intakes, store_items
from rouage.durable.journal import Journal, Listeners, Opened, OpenRun
from rouage.durable.port import (
    Accepted,
    Duplicate,
    EventRecord,
    Execute,
    Health,
    RunFilter,
    RunPage,
)
from rouage.durable.runner import Runner
from rouage.durable.values import to_column
from rouage.errors import JournalError
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.run import RunRecord, RunState
from rouage.sdk.json import JSON

CAPACITY: Final = 256
"""So many runs execute at once; others stay rows, and are claimed in order."""

_CLOSING: Final = Text("the engine is closing", "le moteur s’arrête")
_NOT_OPEN: Final = Text("the engine is not open yet", "le moteur n’est pas encore ouvert")
_REFUSING: Final = Text(
    "the journal cannot be written now: {reason}",
    "le journal ne peut pas être écrit en ce moment : {reason}",
)


class EmbeddedEngine:
    """Accept events, run runs, remember all of it; one process, one journal."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock,
        capacity: int = CAPACITY,
        failpoints: Failpoints | None = None,
    ) -> None:
        self._journal = journal
        self._reader = journal.reader
        self._runner = Runner(journal, clock=clock, capacity=capacity, failpoints=failpoints)
        self._intakes = Intakes(journal, self._runner, failpoints=failpoints)
        self._decisions = Decisions(journal, self._runner)
        self._opened: Opened | None = None
        self._is_open = False
        self._is_closed = False

    async def open(self, execute: Execute) -> None:
        """Recover, then claim: open runs go on at their first step without a result."""
        if self._is_open:
            return
        await self._prepare()
        opened = await self._journal.open()
        if not self._is_open:
            self._is_open = True
            self._runner.open(execute, opened.open_runs)

    async def _prepare(self) -> None:
        """Start to write, once; numbers go on from the highest in the journal."""
        if self._opened is not None:
            return
        self._opened = await self._journal.open()
        self._intakes.next_event = self._opened.last_event + 1
        self._intakes.next_run = self._opened.last_run + 1
        self._journal.start(
            Listeners(committed=self._committed, refused=self._refused, landed=self._landed)
        )

    async def close(self, grace_seconds: float = 20.0) -> bool:
        """Drain (R17): stop claiming, let running steps end, close. True when clean."""
        if self._is_closed:
            return True
        self._is_closed = True
        is_clean = await self._runner.drain(grace_seconds)
        self._reader.close()
        return await self._journal.close(clean=is_clean) and is_clean

    def health(self) -> Health:
        """Return how the engine is."""
        health = self._journal.health()
        if health.state == "ok" and self._runner.foreign:
            return Health(
                state="degraded",
                reason=f"{self._runner.foreign} run(s) of another protocol are left untouched",
            )
        return health

    async def wait_idle(self) -> None:
        """Return when no run is queued or running."""
        await self._runner.wait_idle()

    async def put_definition(self, recipe: str, definition: bytes) -> str:
        """Store *definition* as the newest accepted version of *recipe*; return its hash."""
        await self._check_writable()
        digest = sha256(definition).hexdigest()
        batch = self._journal.filling()
        batch.definitions.append((digest, to_column(recipe), self._runner.now(), definition))
        await _written(batch)
        self._runner.keep_definition(digest, definition)
        return digest

    async def put_items(self, trigger: str, items: Mapping[bytes, JSON]) -> None:
        """Write to the durable store of one trigger; None removes an item."""
        await self._check_writable()
        if items:
            batch = self._journal.filling()
            batch.items.update(store_items(trigger, items, batch.blobs))
            await _written(batch)

    async def accept(
        self,
        event: Event,
        verdicts: Sequence[Verdict] | None = None,
        *,
        items: Mapping[bytes, JSON] | None = None,
    ) -> Accepted | Duplicate:
        """Commit the event, its verdicts, its runs and the trigger's items in one go (R1-R3)."""
        if not self._is_open or self._is_closed or self._journal.health().state == "refusing":
            await self._check_open()
        return await self._intakes.accept(event, verdicts, items)

    async def record_matches(self, event_id: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
        """Record verdicts that come later, and start their runs; safe to repeat."""
        await self._check_open()
        return await self._intakes.record_matches(event_id, verdicts)

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that a start has to match again."""
        return await self._reader.unmatched()

    async def cancel(self, run_id: str, reason: str) -> RunState | None:
        """Ask durably for the end of a run; acts now on the running step (None: no run)."""
        await self._check_writable()
        return await self._decisions.cancel(run_id, reason)

    async def resolve(
        self, run_id: str, choice: Literal["retry", "done"], *, author: str, result: JSON = None
    ) -> RunState | None:
        """Settle a run that needs attention: call the step again, or take it as done (R4)."""
        await self._check_writable()
        return await self._decisions.resolve(run_id, choice, author=author, result=result)

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        return await self._reader.list_runs(chosen, cursor=cursor, limit=limit)

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        return await self._reader.get_run(run_id)

    async def find_events(
        self, *, source: str | None = None, subject: str | None = None, limit: int = 50
    ) -> tuple[EventRecord, ...]:
        """Return events, newest first, with verdicts and runs."""
        return await self._reader.find_events(source=source, subject=subject, limit=limit)

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        return await self._reader.load_items(trigger)

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        return await self._reader.stats()

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        return await self._reader.get_definition(digest)

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        return await self._reader.last_definition(recipe)

    async def _check_open(self) -> None:
        await self._check_writable()
        if not self._is_open:
            raise JournalError(_NOT_OPEN)

    async def _check_writable(self) -> None:
        """Return when the journal may be written to.

        Raises:
            JournalError: it may not, now.
        """
        if self._is_closed:
            raise JournalError(_CLOSING)
        if self._opened is None:
            await self._prepare()
        health = self._journal.health()
        if health.state == "refusing":
            raise JournalError(_REFUSING, reason=health.reason or "?")

    def _committed(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            batch.is_committed = True
            for intake in batch.intakes:
                self._intakes.settle(intake)
            for future in batch.waiting:
                if not future.done():
                    future.set_result(None)
            for future in batch.outside:
                if not future.done():
                    future.set_result(None)

    def _refused(self, batches: Sequence[Batch], error: BaseException) -> None:
        for batch in batches:
            for intake in batch.intakes:
                self._intakes.refuse(intake, error)
            for future in batch.outside:
                if not future.done():
                    future.set_exception(error)
        self._runner.dispatch()

    def _landed(self, runs: Sequence[OpenRun]) -> None:
        """Take up runs of events that were refused, but turned out to be on disk (R14)."""
        for run in runs:
            self._runner.restore(run)
        self._runner.dispatch()


async def _written(batch: Batch) -> None:
    """Wait for *batch*; what comes from outside may be refused, unlike what runs did."""
    future = asyncio.get_running_loop().create_future()
    batch.outside.append(future)
    await future

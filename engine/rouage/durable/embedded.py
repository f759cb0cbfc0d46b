"""The embedded engine: everything a run needs of durability, over a narrow journal."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import Final, Literal

from rouage.clock import Clock
from rouage.durable.admission import Succession
from rouage.durable.batch import Batch
from rouage.durable.buckets import TokenBuckets
from rouage.durable.calls import CalledRuns
from rouage.durable.decisions import Decisions
from rouage.durable.erasure import Found, Sought
from rouage.durable.failpoints import Failpoints
from rouage.durable.intake import Extras, Intakes
from rouage.durable.intake_rows import store_items
from rouage.durable.journal import Journal, Listeners, OpenRun
from rouage.durable.keeping import USUAL, Keeping
from rouage.durable.live import Parent
from rouage.durable.port import (
    Accepted,
    AlreadyAnswered,
    Claim,
    Duplicate,
    Execute,
    Health,
    NoSuchRun,
    Purged,
    Recorded,
    Wake,
)
from rouage.durable.questions import Questions
from rouage.durable.reading import FilesReading
from rouage.durable.replays import Replays
from rouage.durable.runner import Runner
from rouage.durable.signals import Signals
from rouage.durable.values import from_column, to_column
from rouage.durable.waits import CHILD_PREFIX
from rouage.errors import JournalError
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.run import RunState
from rouage.sdk.json import JSON
from rouage.settings.retention import Retention

CAPACITY: Final = 256
"""So many runs execute at once; others stay rows, and are claimed in order."""

_CLOSING: Final = Text("the engine is closing", "le moteur s’arrête")
_NOT_OPEN: Final = Text("the engine is not open yet", "le moteur n’est pas encore ouvert")
_FOREIGN: Final = Text(
    "{count} run(s) of another version of Rouage are left untouched",
    "{count} exécution(s) d’une autre version de Rouage sont laissées telles quelles",
)
_REFUSING: Final = Text(
    "the journal cannot be written now: {reason}",
    "le journal ne peut pas être écrit en ce moment : {reason}",
)


class EmbeddedEngine(Questions, FilesReading):
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
        self._signals = Signals(journal, self._runner)
        self._succession = Succession(journal, self._runner, clock)
        self._intakes = Intakes(
            journal,
            self._runner,
            self._signals,
            succession=self._succession,
            failpoints=failpoints,
        )
        self._decisions = Decisions(journal, self._runner, failpoints=failpoints)
        self._buckets = TokenBuckets(clock.monotonic_seconds)
        self._replays = Replays(
            journal,
            self._runner,
            take_number=self._intakes.take_run_number,
            failpoints=failpoints,
        )
        self._runner.calls = CalledRuns(journal, self._accept_child)
        self._failpoints = failpoints
        self._is_prepared = False
        self._is_open = False
        self._is_closed = False

    @property
    def on_change(self) -> Callable[[str, str, RunState], None] | None:
        """Return what is called with a run, its recipe and the state that it came to.

        It is called when that is on disk; nothing is gathered while it is None.
        """
        return self._runner.states.on_change

    @on_change.setter
    def on_change(self, call: Callable[[str, str, RunState], None] | None) -> None:
        self._runner.states.on_change = call

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
        if self._is_prepared:
            return
        opened = await self._journal.open()
        if self._is_prepared:
            return
        self._is_prepared = True
        self._intakes.next_event = opened.last_event + 1
        self._intakes.next_run = opened.last_run + 1
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
                reason=_FOREIGN.fill(count=self._runner.foreign),
            )
        return health

    async def beat(self) -> None:
        """Return when the journal shows a sign of life, for a watchdog."""
        await self._journal.beat()

    async def purge(self, retention: Retention, keeping: Keeping = USUAL) -> Purged:
        """Forget finished runs beyond *retention*, in pieces that delay nobody (R19)."""
        if self._is_closed:
            raise JournalError(_CLOSING)
        await self._prepare()
        return await self._journal.purge(retention, keeping, now=self._runner.now())

    def is_quiet(self, recipe: str) -> bool:
        """Say whether no run of *recipe* executes, waits or needs attention here."""
        return self._runner.lanes.is_quiet(recipe)

    async def erase(self, sought: Sought, before: Callable[[Found], Awaitable[None]]) -> Found:
        """Blank what names a person, in pieces that delay nobody; safe to repeat (N-11)."""
        await self._check_writable()
        self._runner.lingering.let_all_go()
        return await self._journal.erase(sought, before, now=self._runner.now())

    async def wait_idle(self) -> None:
        """Return when no run is queued or running."""
        await self._runner.wait_idle()

    async def put_definition(
        self,
        recipe: str,
        definition: bytes,
        *,
        file: str | None = None,
        source: bytes | None = None,
    ) -> str:
        """Store *definition* as the newest accepted version of *recipe*; return its hash."""
        await self._check_writable()
        digest = sha256(definition).hexdigest()
        batch = self._journal.filling()
        batch.definitions.append(
            (
                digest,
                to_column(recipe),
                self._runner.now(),
                definition,
                None if file is None else to_column(file),
                source,
            )
        )
        await _written(batch)
        self._runner.pinned.keep(digest, definition)
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
        held: Mapping[bytes, JSON] | None = None,
        claim: Claim | None = None,
        wakes: Sequence[Wake] = (),
    ) -> Accepted | Duplicate:
        """Commit the event, its verdicts, its runs and the trigger's items in one go (R1-R3)."""
        if not self._is_open or self._is_closed or self._journal.health().state == "refusing":
            await self._check_open()
        if held or wakes or claim is not None:
            extras = Extras(held=held, claim=claim, wakes=wakes)
            return await self._intakes.accept(event, verdicts, items, extras=extras)
        return await self._intakes.accept(event, verdicts, items)

    async def _accept_child(
        self, event: Event, verdict: Verdict, parent: Parent
    ) -> Accepted | Duplicate:
        await self._check_open()
        return await self._intakes.accept(event, [verdict], None, parent=parent)

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

    async def signal(
        self, run_id: str, name: str, payload: JSON, *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Give a run an answer, durable before return (R9); safe to repeat with the same id."""
        await self._check_writable()
        return await self._signals.signal(run_id, name, payload, signal_id=signal_id, author=author)

    async def replay(
        self, run_id: str, *, keep: Sequence[str], definition: str | None, author: str
    ) -> str | None:
        """Do a finished run again as a new run, and return its id (None: no such run)."""
        await self._check_writable()
        return await self._replays.replay(run_id, keep=keep, definition=definition, author=author)

    def take_tokens(self, bucket: str, count: int, *, limit: int, per_seconds: float) -> float:
        """Take from a token bucket, empty at the start (R16); return the seconds to wait."""
        return self._buckets.take(bucket, count, limit=limit, per_seconds=per_seconds)

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
        if not self._is_prepared:
            await self._prepare()
        health = self._journal.health()
        if health.state == "refusing":
            raise JournalError(_REFUSING, reason=health.reason or "?")

    def _committed(self, batches: Sequence[Batch]) -> None:
        if self._failpoints is not None:
            self._reach(self._failpoints, batches)
        for batch in batches:
            batch.is_committed = True
            for intake in batch.intakes:
                self._intakes.settle(intake)
            for future in chain(batch.waiting, batch.outside):
                if not future.done():
                    future.set_result(None)
            if self.on_change is not None:
                for change in batch.told:
                    self.on_change(*change)
        self._runner.tidy()

    def _reach(self, failpoints: Failpoints, batches: Sequence[Batch]) -> None:
        """Play a crash after an answer was recorded, before anybody looked at it."""
        names = [from_column(row[1]) for batch in batches for row in batch.signals]
        if any(name.startswith(CHILD_PREFIX) for name in names):
            failpoints.reach("child_end_recorded")
        if any(not name.startswith(CHILD_PREFIX) for name in names):
            failpoints.reach("signal_recorded")

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
        self._succession.restore(runs)
        self._runner.dispatch()


async def _written(batch: Batch) -> None:
    """Wait for *batch*; what comes from outside may be refused, unlike what runs did."""
    future = asyncio.get_running_loop().create_future()
    batch.outside.append(future)
    await future

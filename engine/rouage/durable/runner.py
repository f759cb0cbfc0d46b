"""Runs at work: started in fair order, driven to their end, parked when they must wait."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final

from rouage.clock import Clock
from rouage.durable.batch import Batch
from rouage.durable.context import EmbeddedRunContext, wait_for
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal, LoadedRun, OpenRun
from rouage.durable.lanes import Lane, Lanes
from rouage.durable.live import NOWHERE, LiveRun
from rouage.durable.port import PROTOCOL, BlockedRun, Execute, RunOutcome, RunParked
from rouage.durable.timers import Timers
from rouage.durable.values import microseconds_of, store
from rouage.errors import JournalError, RouageError
from rouage.language import Text
from rouage.model.run import RunState
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_DEFINITIONS_KEPT: Final = 4096
_PAUSE_SECONDS: Final = 1.0

_UNEXPECTED: Final = Text(
    "the engine failed in an unexpected way ({kind}); the log of the daemon has details",
    "le moteur a échoué de façon inattendue ({kind}) ; le journal du service en dit plus",
)
_NO_DEFINITION: Final = Text(
    "the version of the recipe that this run needs is not in the journal",
    "la version de la recette dont cette exécution a besoin n’est pas dans le journal",
)


class Runner:
    """Own the tasks of all runs. Everything here happens on the thread of the loop."""

    def __init__(
        self, journal: Journal, *, clock: Clock, capacity: int, failpoints: Failpoints | None
    ) -> None:
        self._journal = journal
        self._clock = clock
        self.now = microseconds_of(clock)
        self._failpoints = failpoints
        self._execute: Execute | None = None
        self._definitions: dict[str, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._parked: dict[int, tuple[Lane, Batch]] = {}
        self._idle: list[asyncio.Future[None]] = []
        self._last = NOWHERE
        self.is_closing = False
        self.foreign = 0
        self.lanes = Lanes(capacity)
        self.live: dict[str, LiveRun] = {}
        self.loading: dict[int, asyncio.Task[None]] = {}
        self.timers = Timers(clock, self._due)

    def open(self, execute: Execute, open_runs: Iterable[OpenRun]) -> None:
        """Put every unfinished run where it belongs, oldest first, then claim."""
        self._execute = execute
        ordered = sorted(
            open_runs, key=lambda run: (run.state not in {"running", "waiting"}, run.seq)
        )
        for run in ordered:
            self.restore(run)
        if self._failpoints is not None:
            self._failpoints.reach("during_recovery")
        self.dispatch()

    def restore(self, run: OpenRun) -> None:
        """Put one unfinished run where it belongs."""
        if run.protocol != PROTOCOL:
            self.foreign += 1
            return
        if run.state in {"needs_attention", "waiting_node"}:
            return
        lane = self.lanes.lane(run.recipe, run.key, run.mode, run.maximum)
        if run.state == "waiting" and run.deadline is not None:
            self.lanes.hold(lane)
            self._parked[run.seq] = (lane, self._last)
            self.timers.add(run.deadline, run.seq)
        else:
            self.lanes.join(lane, run.seq)

    def keep_definition(self, digest: str, definition: bytes) -> None:
        """Remember the bytes of a version that runs will need."""
        if len(self._definitions) >= _DEFINITIONS_KEPT:
            del self._definitions[next(iter(self._definitions))]
        self._definitions[digest] = definition

    def launch(self, run: LiveRun) -> None:
        """Execute a run that has its lane and its slot, and is on disk as running."""
        if self.is_closing or self._execute is None:
            self.write(run, "queued")
            self.lanes.leave(run.lane)
            return
        run.state = "running"
        self.live[run.id] = run
        task = asyncio.get_running_loop().create_task(self._drive(run, self._execute))
        run.task = task
        self._tasks.add(task)

    def dispatch(self) -> None:
        """Start whatever may start now, in order; claims share the commit of what freed them."""
        if self.is_closing or self._execute is None:
            return
        cold: list[tuple[int, Lane]] = []
        while (turn := self.lanes.next()) is not None:
            entry, lane = turn
            if isinstance(entry, int):
                cold.append((entry, lane))
            else:
                self._claim(entry)
        if cold:
            self._own(self._load(cold), [seq for seq, _ in cold])

    def _claim(self, run: LiveRun) -> None:
        if self._failpoints is not None:
            self._failpoints.reach("between_record_and_claim")
        if run.started is None:
            run.started = self.now()
        self.write(run, "running")
        self.launch(run)

    def _own(self, load: Coroutine[Any, Any, None], seqs: Sequence[int]) -> None:
        task = asyncio.get_running_loop().create_task(load)
        for seq in seqs:
            self.loading[seq] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, cold: list[tuple[int, Lane]]) -> None:
        """Read runs back and start them; each holds its lane and its slot already."""
        lanes = dict(cold)
        for seq in lanes:
            _, batch = self._parked.pop(seq, (None, None))
            if batch is not None:
                await wait_for(batch)
        try:
            found = {run.run.seq: run for run in await self._journal.reader.load(list(lanes))}
        except JournalError as error:
            logger.warning("runs could not be read back; trying again: %s", error)
            await self._put_back(cold)
            return
        for seq, lane in cold:
            self.loading.pop(seq, None)
            loaded = found.get(seq)
            if loaded is None or loaded.run.state not in {
                "queued",
                "running",
                "waiting",
                "blocked",
            }:
                self.lanes.leave(lane)
                continue
            run = self.revive(loaded, lane)
            if run.cancel is not None:
                self.write(run, "cancelled", ended=True)
                self.lanes.leave(lane)
            else:
                self._claim(run)
        self.dispatch()

    async def _put_back(self, cold: list[tuple[int, Lane]]) -> None:
        """Queue again, in their old order, runs that could not be read now."""
        await self._clock.sleep(_PAUSE_SECONDS)
        for seq, lane in reversed(cold):
            self.loading.pop(seq, None)
            self.lanes.leave(lane)
            self.lanes.join(lane, seq, first=True)
        self.dispatch()

    def revive(self, loaded: LoadedRun, lane: Lane) -> LiveRun:
        """Return the run as it goes on in memory."""
        run = LiveRun(
            seq=loaded.run.seq,
            run_id=loaded.id,
            recipe=loaded.run.recipe,
            event=loaded.event,
            definition=loaded.definition,
            created=loaded.created,
            lane=lane,
        )
        run.is_fresh = False
        run.started = loaded.started
        run.cancel = loaded.cancel
        run.steps = loaded.steps or None
        run.state = loaded.run.state
        return run

    async def _drive(self, run: LiveRun, execute: Execute) -> None:
        try:
            definition = self._definitions.get(run.definition)
            if definition is None:
                definition = await self._fetch(run.definition)
            context = EmbeddedRunContext(
                run,
                journal=self._journal,
                clock=self._clock,
                now=self.now,
                failpoints=self._failpoints,
            )
            outcome = await execute(context, definition)
            self._end(run, outcome)
        except RunParked:
            self._stop(run)
        except BlockedRun as blocked:
            self.write(run, "blocked", reason=blocked.reason)
        except asyncio.CancelledError as error:
            if run.halt is None and not self.is_closing:
                self._end(run, _unexpected(run, error))
                return
            self._stop(run)
            raise
        except Exception as error:  # noqa: BLE001 - no run can stop the daemon
            self._end(run, _unexpected(run, error))
        finally:
            self._leave(run)

    async def _fetch(self, digest: str) -> bytes:
        definition = await self._journal.reader.get_definition(digest)
        if definition is None:
            raise BlockedRun(RouageError(_NO_DEFINITION).record())
        self.keep_definition(digest, definition)
        return definition

    def _end(self, run: LiveRun, outcome: RunOutcome) -> None:
        if run.state != "running":
            self._stop(run)
            return
        if self._failpoints is not None:
            self._failpoints.reach("record_queued")
        self.write(run, outcome.state, ended=True, error=outcome.error, outputs=outcome.outputs)

    def _stop(self, run: LiveRun) -> None:
        """Record why a run does not go on now: it waits, is in doubt, cancelled, or handed back."""
        if run.state == "waiting":
            self.write(run, "waiting")
        elif run.state == "needs_attention":
            self.write(run, "needs_attention", reason=run.reason)
        elif run.halt == "cancel":
            self.write(run, "cancelled", ended=True, reason=run.cancel)
        else:
            self.write(run, "queued")

    def _leave(self, run: LiveRun) -> None:
        self.live.pop(run.id, None)
        if run.task is not None:
            self._tasks.discard(run.task)
        self._last = run.batch
        if run.state == "waiting" and run.deadline is not None:
            self._parked[run.seq] = (run.lane, run.batch)
            self.lanes.pause()
            self.timers.add(run.deadline, run.seq)
        else:
            self.lanes.leave(run.lane)
        self.dispatch()
        if self._idle and self.lanes.is_idle:
            self._tell_idle()

    def write(
        self,
        run: LiveRun,
        state: RunState,
        *,
        reason: JSON = None,
        error: JSON = None,
        outputs: JSON = None,
        ended: bool = False,
    ) -> Batch:
        """Add the row of the run's new state; the newest in a batch wins."""
        batch = self._journal.filling()
        blobs = batch.blobs
        batch.updates[run.seq] = (
            run.seq,
            state,
            None if reason is None else store(reason, blobs),
            run.started,
            self.now() if ended else None,
            None if error is None else store(error, blobs),
            None if outputs is None else store(outputs, blobs),
            None if run.cancel is None else store(run.cancel, blobs),
        )
        if not run.is_fresh and state != "waiting":
            batch.fired.append(run.seq)
        run.state = state
        run.batch = batch
        return batch

    def _due(self, seq: int) -> None:
        parked = self._parked.get(seq)
        if parked is None or self.is_closing:
            return
        if self._failpoints is not None:
            self._failpoints.reach("timer_firing")
        self.lanes.resume(seq, parked[0])
        self.dispatch()

    def forget(self, run: OpenRun) -> None:
        """Take a run that does not execute out of its queue, or off its deadline."""
        parked = self._parked.pop(run.seq, None)
        if parked is not None:
            self.lanes.drop_resumed(run.seq)
            self.lanes.leave(parked[0], had_slot=False)
        elif run.state == "queued":
            lane = self.lanes.lane(run.recipe, run.key, run.mode, run.maximum)
            self.lanes.remove(lane, run.seq)
        self.dispatch()

    async def wait_idle(self) -> None:
        """Return when nothing executes, nothing is queued, and the last end is on disk."""
        while not self.lanes.is_idle:
            future = asyncio.get_running_loop().create_future()
            self._idle.append(future)
            await future
        await wait_for(self._last)

    def _tell_idle(self) -> None:
        waiting, self._idle = self._idle, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def drain(self, grace_seconds: float) -> bool:
        """Let running steps end, then cut what is left; True when nothing had to be cut."""
        self.is_closing = True
        await self.timers.stop()
        for run in self.live.values():
            run.halt = run.halt or "close"
        if self._failpoints is not None:
            self._failpoints.reach("during_drain")
        tasks = set(self._tasks)
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=max(0.0, grace_seconds))
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return not late


def _unexpected(run: LiveRun, error: BaseException) -> RunOutcome:
    logger.error("run %s failed unexpectedly", run.id, exc_info=error)
    failure = RouageError(_UNEXPECTED, kind=type(error).__name__)
    return RunOutcome(state="failed", error=failure.record())

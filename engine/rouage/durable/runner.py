"""Runs at work: started in fair order, driven to their end, parked when they must wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from typing import Any, Final

from rouage.clock import Clock
from rouage.durable.claims import StepClaims
from rouage.durable.context import EmbeddedRunContext
from rouage.durable.failpoints import Failpoints
from rouage.durable.following import Followers
from rouage.durable.journal import Journal, LoadedRun, OpenRun
from rouage.durable.lanes import Lane, Lanes
from rouage.durable.lingering import Lingering
from rouage.durable.live import NOWHERE, LiveRun, Reason
from rouage.durable.parking import Parking
from rouage.durable.pinned import Pinned
from rouage.durable.port import PROTOCOL, BlockedRun, Execute, RunOutcome, RunParked
from rouage.durable.states import RunStates
from rouage.durable.values import microseconds_of
from rouage.durable.waiting import Calls
from rouage.durable.waits import Waits
from rouage.errors import JournalError, RouageError
from rouage.language import Text
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0
_RESTING: Final = frozenset({"needs_attention", "blocked"})

_UNEXPECTED: Final = Text(
    "the engine failed in an unexpected way ({kind}); the log of the daemon has details",
    "le moteur a échoué de façon inattendue ({kind}) ; le journal du service en dit plus",
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
        self.pinned = Pinned(journal)
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[None]] = []
        self._last = NOWHERE
        self.is_closing = False
        self.foreign = 0
        self.lanes = Lanes(capacity)
        self.live: dict[int, LiveRun] = {}
        self.loading: dict[int, tuple[asyncio.Task[None], Lane]] = {}
        self.parking = Parking(
            self.lanes, clock, dispatch=self.dispatch, ring=self._ring, failpoints=failpoints
        )
        self.lingering = Lingering(self, clock)
        self.followers = Followers()
        self.claims = StepClaims(journal, self.look_again)
        self.states = RunStates(
            journal,
            now=self.now,
            parking=self.parking,
            followers=self.followers,
            claims=self.claims,
            failpoints=failpoints,
        )
        self.write = self.states.write
        self.calls: Calls | None = None
        self.end_calls: Callable[[LiveRun], Awaitable[None]] | None = None
        self.cancel_number: Callable[[int, Reason], Coroutine[Any, Any, None]] | None = None
        self.settle_order: Callable[[Sequence[OpenRun]], None] | None = None

    def open(self, execute: Execute, open_runs: Iterable[OpenRun]) -> None:
        """Put every unfinished run where it belongs, oldest first, then claim."""
        self._execute = execute
        ordered = sorted(
            open_runs, key=lambda run: (run.state not in {"running", "waiting"}, run.seq)
        )
        for run in ordered:
            self.restore(run)
        if self.settle_order is not None:
            self.settle_order(ordered)
        if self._failpoints is not None:
            self._failpoints.reach("during_recovery")
        self.dispatch()

    def restore(self, run: OpenRun) -> None:
        """Put one unfinished run where it belongs."""
        lane = self.lanes.lane(run.recipe, run.key, run.mode, run.maximum)
        if run.protocol != PROTOCOL or run.state in {"needs_attention", "waiting_node"}:
            self.foreign += run.protocol != PROTOCOL
            self.lanes.rest(lane, run.seq)
        elif run.state == "waiting":
            self.lanes.hold(lane)
            self.parking.add(run.seq, lane, self._last, run.deadline)
            if run.is_answered or not run.has_waits:
                self.parking.wake([run.seq])
        else:
            self.lanes.join(lane, run.seq, has_begun=run.has_begun)

    def launch(self, run: LiveRun) -> None:
        """Execute a run that has its lane and its slot, and is on disk as running."""
        if self.is_closing or self._execute is None:
            self.states.write(run, "queued")
            self.lanes.leave(run.lane)
            return
        self.followers.note_move(run)
        run.state = "running"
        self.live[run.seq] = run
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
            if not isinstance(entry, int):
                self._claim(entry)
            elif self.lingering.is_empty or not self.lingering.go_on(entry):
                cold.append((entry, lane))
        if cold:
            self._read_back(cold)

    def _claim(self, run: LiveRun) -> None:
        if self._failpoints is not None:
            self._failpoints.reach("between_record_and_claim")
        if run.started is None:
            run.started = self.now()
        self.states.write(run, "running")
        self.launch(run)

    def _read_back(self, cold: list[tuple[int, Lane]]) -> None:
        task = self.own(self._load(cold))
        for seq, lane in cold:
            self.loading[seq] = (task, lane)

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do *work* in a task of the engine, which a drain waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self.watch_end(task)
        return task

    def watch_end(self, task: asyncio.Task[None]) -> None:
        """Have a drain wait for the end of *task*."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, cold: list[tuple[int, Lane]]) -> None:
        """Read runs back and start them; each holds its lane and its slot already."""
        lanes = dict(cold)
        for seq in lanes:
            await self.parking.arrive(seq).reach_disk()
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
            if run.cancel is not None and run.started is None:
                self.states.write(run, "cancelled", reason=run.cancel, ended=True)
                self.lanes.leave(lane)
                self.followers.tell_resting(run)
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
        run.started = loaded.started
        run.is_resumed = loaded.started is not None
        run.cancel = loaded.cancel
        run.steps = loaded.steps or None
        run.state = loaded.run.state
        run.parent = loaded.parent
        news = self.parking.news.pop(run.seq, None)
        if loaded.waits or loaded.signals or news:
            run.waits = Waits(loaded.waits, loaded.signals)
            run.waits.hear([signal for signal, _ in news or ()])
        return run

    async def _drive(self, run: LiveRun, execute: Execute) -> None:
        # After a cancel the run is executed once more, so that `finally` can be done.
        cancel = run.cancel
        run.is_ending = is_last = cancel is not None
        try:
            pinned = self.pinned
            definition = pinned.get(run.definition) or await pinned.fetch(run.definition)
            if is_last and self.end_calls is not None:
                await self.end_calls(run)
            context = self._context(run, cancel)
            outcome = await execute(context, definition)
            self.states.end(run, outcome, is_last=is_last)
        except RunParked:
            self.states.stop(run, is_last=is_last, is_closing=self.is_closing)
        except BlockedRun as blocked:
            if is_last:
                self.states.end(run, RunOutcome(state="cancelled"), is_last=True)
            else:
                self.states.write(run, "blocked", reason=blocked.reason)
        except asyncio.CancelledError as error:
            if run.halt is None and not self.is_closing:
                self.states.end(run, _unexpected(run, error), is_last=is_last)
                return
            run.rest = run.rest if run.rest == "needs_attention" else "queued"
            self.states.stop(run, is_last=is_last, is_closing=self.is_closing)
            raise
        except Exception as error:  # noqa: BLE001 - no run can stop the daemon
            self.states.end(run, _unexpected(run, error), is_last=is_last)
        finally:
            self.set_aside(run)

    def _context(self, run: LiveRun, cancel: JSON) -> EmbeddedRunContext:
        return EmbeddedRunContext(
            run,
            journal=self._journal,
            clock=self._clock,
            now=self.now,
            failpoints=self._failpoints,
            news=self.parking.news,
            calls=self.calls,
            claims=self.claims,
            lingering=self.lingering,
            cancel=cancel,
        )

    def set_aside(self, run: LiveRun) -> None:
        """Give its slot, and unless it waits its lane, to others: it stops executing."""
        if run.is_left:
            return
        self.live.pop(run.seq, None)
        if run.task is not None:
            self._tasks.discard(run.task)
        self._last = run.batch
        if run.state == "running" and run.cancel is not None:
            self.parking.turn(run.seq, run.lane, run.batch)
            self._read_back([(run.seq, run.lane)])
            return
        if run.state == "waiting":
            self.parking.add(run.seq, run.lane, run.batch, run.deadline)
            self.lanes.pause()
            if run.seq in self.parking.news or (run.waits is not None and run.waits.has_news):
                self.parking.wake([run.seq])
        else:
            if run.state in _RESTING:
                self.lanes.rest(run.lane, run.seq)
            self.lanes.leave(run.lane)
        self.tell_end(run)

    def take_back(self, run: LiveRun) -> None:
        """Have a run execute on that was set aside with its execution, and has its slot again."""
        self.parking.arrive(run.seq)
        self.states.write(run, "running")
        self.live[run.seq] = run
        if run.task is not None:
            self._tasks.add(run.task)

    def tell_end(self, run: LiveRun) -> None:
        """Let others go on, now that a run is over or stopped, and tell who waited for that."""
        self._last = run.batch
        self.followers.tell_resting(run)
        self.dispatch()
        if self._idle and self.lanes.is_idle:
            self._tell_idle()

    def look_again(self, seqs: Collection[int]) -> None:
        """Have these runs look again at what they wait for, also those that execute."""
        for seq in seqs:
            run = self.live.get(seq)
            if run is not None and run.waits is not None:
                run.waits.has_news = True
                run.waits.ring()
        self.parking.wake(seqs)

    async def pass_by(self, seq: int) -> None:
        """Wait while the run is being read back."""
        loading = self.loading.get(seq)
        if loading is None:
            await asyncio.sleep(0)
        else:
            await asyncio.wait([loading[0]])

    def find_live(self, run_id: str) -> LiveRun | None:
        """Return the run if it executes now."""
        for run in self.live.values():
            if run.id == run_id:
                return run
        return None

    @property
    def is_open(self) -> bool:
        """Say whether runs may execute."""
        return self._execute is not None and not self.is_closing

    def tidy(self) -> None:
        """Forget what only mattered until a commit."""
        if self.parking.is_untidy:
            self.parking.tidy(lambda seq: seq in self.live or seq in self.loading)
        if not self.lingering.is_empty:
            self.lingering.expire()

    def _ring(self, seq: int) -> None:
        run = self.live.get(seq)
        if run is not None and run.waits is not None:
            run.waits.ring()

    def forget(self, run: OpenRun) -> None:
        """Take a run that does not execute out of its queue, or off its wait."""
        lane = self.parking.take(run.seq)
        if lane is not None:
            self.lanes.leave(lane, had_slot=False)
        elif run.state in {"queued", "running"}:
            lane = self.lanes.lane(run.recipe, run.key, run.mode, run.maximum)
            self.lanes.remove(lane, run.seq)
        self.parking.news.pop(run.seq, None)
        self.dispatch()

    async def wait_idle(self) -> None:
        """Return when nothing executes, nothing is queued, and the last end is on disk."""
        while not self.lanes.is_idle:
            future = asyncio.get_running_loop().create_future()
            self._idle.append(future)
            await future
        await self._last.reach_disk()

    def _tell_idle(self) -> None:
        waiting, self._idle = self._idle, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def drain(self, grace_seconds: float) -> bool:
        """Let running steps end, then cut what is left; True when nothing had to be cut."""
        self.is_closing = True
        self.parking.is_closed = True
        await self.parking.timers.stop()
        self.lingering.let_all_go()
        for run in self.live.values():
            run.halt = run.halt or "close"
            self._ring(run.seq)
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

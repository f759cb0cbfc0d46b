"""The part of a run's context that is about waiting: instants, answers, called recipes (R8, R9).

Several branches of one run may wait at once. While another branch works, the run is in memory
anyway, and a branch that waits goes on as soon as it can. When all wait, the run is parked:
then it is executed again from its record when something happens.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from rouage.clock import Clock
from rouage.durable.journal import Journal
from rouage.durable.lingering import Lingering
from rouage.durable.live import LiveRun
from rouage.durable.port import RunParked, StepSpec, WaitSpec, WaitTimeout
from rouage.durable.steps import SETTLED, StepWriter
from rouage.durable.values import from_column, to_microseconds
from rouage.durable.waits import CHILD_PREFIX, LIMIT_SUFFIX, News, Waits, child_signal
from rouage.errors import JournalError
from rouage.model.event import Event, Verdict
from rouage.model.run import SignalRecord, StepRecord
from rouage.sdk.json import JSON

_NOTHING: Final[Mapping[str, StepRecord]] = {}
_BUSY_SECONDS: Final = 5
_STRANGE_CHILD_SECONDS: Final = 30
_LONGEST_NAP_SECONDS: Final = 5.0
_TURNS: Final = 5
"""So many turns of the loop a branch may take from one of its steps to the next."""


class Calls(Protocol):
    """What calling another recipe needs of the engine."""

    async def start(
        self, run: LiveRun, path: str, event: Event, verdict: Verdict, *, is_awaited: bool
    ) -> str | None:
        """Accept *event*, and return the id of the run that it started, now or earlier."""
        ...

    async def outcome(self, run: LiveRun, child: str) -> tuple[Mapping[str, JSON] | None, bool]:
        """Return how the run ended, None while it is open; and whether it tells its parent."""
        ...


class WaitingContext:
    """What the interpreter may wait for, kept in step with the journal."""

    def __init__(
        self,
        run: LiveRun,
        *,
        journal: Journal,
        clock: Clock,
        now: Callable[[], int],
        news: News,
        calls: Calls | None,
        lingering: Lingering,
        cancel: JSON,
    ) -> None:
        self._run = run
        self._journal = journal
        self._clock = clock
        self._now = now
        self._news = news
        self._calls = calls
        self._lingering = lingering
        self._known = run.steps or _NOTHING
        self._writer = StepWriter(run, journal)
        self._cancel = cancel
        self._is_told = False
        if cancel is not None:
            # The last pass gets nowhere until the interpreter has asked why it is called.
            run.halt = "cancel"

    @property
    def cancelled(self) -> JSON:
        """Return the request to end this run, if there is one: only `finally` is to be done."""
        if self._cancel is not None and not self._is_told:
            self._is_told = True
            self._run.halt = None
        return self._cancel

    def recorded(self, path: str) -> StepRecord | None:
        """Return what is already known of the step."""
        known = self._writer.written(path)
        return self._known.get(path) if known is None else known

    async def sleep_until(
        self, path: str, instant: datetime, *, conditions: tuple[JSON, ...] = ()
    ) -> None:
        """Wait durably until *instant*; late after downtime, never early (R8)."""
        known, now = self.recorded(path), self._now()
        if known is not None and known.state in SETTLED:
            return
        self._check_halt()
        if known is not None and known.next_attempt is not None:
            deadline = to_microseconds(known.next_attempt)
        else:
            deadline = to_microseconds(instant)
            if deadline > now:
                self._writer.asleep(path, deadline, now, conditions)
        await self._wait_until(path, "timer", deadline)
        began = now if known is None or known.started is None else to_microseconds(known.started)
        spec = StepSpec(action="wait", effect="none")
        self._writer.done(path, spec, 1, "null", (began, self._now()))

    def wake_by(self, path: str, instant: datetime) -> None:
        """Have a run that parks looked at again by *instant* at the latest (time limits)."""
        waits, limit = self._waits(), (to_microseconds(instant), path + LIMIT_SUFFIX)
        waits.limit = limit if waits.limit is None else min(waits.limit, limit)

    async def wait_signal(
        self, path: str, spec: WaitSpec, *, deadline: datetime | None, after: int = 0
    ) -> tuple[SignalRecord, ...]:
        """Return all signals under `spec.name` as soon as there are more than *after* (R9).

        *deadline* must be the same after a restart: compute it from recorded instants.
        """
        last = None if deadline is None else to_microseconds(deadline)
        while True:
            self._check_halt()
            found = self._heard(spec.name)
            if len(found) > after:
                return found
            now = self._now()
            if last is not None and last <= now:
                raise WaitTimeout
            if self.recorded(path) is None:
                self._writer.expects(path, spec, now)
            await self._park(path, spec.kind, last, name=spec.name, question=spec.question)

    async def call(
        self, path: str, event: Event, verdict: Verdict, *, background: bool
    ) -> Mapping[str, JSON]:
        """Run another recipe for *event*, and return `{run, state, outputs, error}`."""
        child = self._called(path)
        while child is None:
            self._check_halt()
            assert self._calls is not None  # noqa: S101 - the engine wires it before it opens
            try:
                child = await self._calls.start(
                    self._run, path, event, verdict, is_awaited=not background
                )
            except JournalError:
                # No room, or no disk: nothing was accepted, and later it may be.
                await self._wait_until(path, "retry", self._now() + _BUSY_SECONDS * 1_000_000)
            else:
                break
        if background or child is None:
            state = "skipped" if child is None else "queued"
            return {"run": child, "state": state, "outputs": None, "error": None}
        return await self._outcome_of(child, path, verdict.recipe)

    async def _outcome_of(self, child: str, path: str, recipe: str) -> Mapping[str, JSON]:
        """Return how a called run ended; wait while it is open."""
        assert self._calls is not None  # noqa: S101 - the caller looked
        name = child_signal(child)
        spec = WaitSpec(kind="call", name=name, action="call")
        question: JSON = {"run": child, "recipe": recipe}
        while not self._heard(name):
            outcome, will_tell = await self._calls.outcome(self._run, child)
            if outcome is not None:
                return outcome
            if self._heard(name):
                break
            self._check_halt()
            now = self._now()
            again = None if will_tell else now + _STRANGE_CHILD_SECONDS * 1_000_000
            if self.recorded(path) is None:
                self._writer.expects(path, spec, now)
            await self._park(path, "call", again, name=name, question=question)
        payload = self._heard(name)[0].payload
        return payload if isinstance(payload, dict) else {}

    def _called(self, path: str) -> str | None:
        """Return the run for which the call at *path* waits since an earlier execution."""
        waits = self._run.waits
        row = None if waits is None else waits.rows.get(path)
        if row is None or row[2] != "call" or row[4] is None:
            return None
        return from_column(row[4]).removeprefix(CHILD_PREFIX)

    def _check_halt(self) -> None:
        """Return when this branch may go on.

        Raises:
            RunParked: the run must stop at this boundary.
        """
        run = self._run
        if run.halt is not None:
            if run.rest != "needs_attention":
                run.rest = "queued"
            raise RunParked

    async def _wait_until(self, path: str, kind: str, deadline: int) -> None:
        """Return at *deadline*, which may have passed already.

        Raises:
            RunParked: all branches of the run wait.
        """
        while deadline > self._now():
            await self._park(path, kind, deadline)

    async def _park(
        self,
        path: str,
        kind: str,
        deadline: int | None,
        *,
        name: str | None = None,
        question: JSON = None,
    ) -> None:
        """Record a wait; return when it is worth another look.

        Raises:
            RunParked: no other branch keeps the run in memory.
        """
        self._writer.holds(
            path, kind=kind, deadline=deadline, now=self._now(), name=name, question=question
        )
        run, waits = self._run, self._waits()
        if run.busy and await self._linger(waits, deadline):
            waits.held.pop(path, None)
            return
        seconds = None if deadline is None else (deadline - self._now()) / 1e6
        if self._lingering.takes(run, waits, seconds) and await self._lingering.wait(run, waits):
            return
        run.rest = run.rest or "waiting"
        raise RunParked

    async def _linger(self, waits: Waits, deadline: int | None) -> bool:
        """Wait in memory while others work; True when something happened first."""
        run, known = self._run, len(waits.signals)
        while run.halt is None and await self._is_busy():
            self._hear(waits)
            if len(waits.signals) > known or (deadline is not None and deadline <= self._now()):
                return True
            await self._nap(waits.listen(), deadline)
        return False

    async def _is_busy(self) -> bool:
        """Say whether another branch is in a step, or on its way to the next one."""
        for _ in range(_TURNS):
            if self._run.busy:
                return True
            await asyncio.sleep(0)
        return False

    async def _nap(self, bell: asyncio.Future[None], deadline: int | None) -> None:
        """Wait for *bell*, or until it is time to look at the clock."""
        if deadline is None:
            await asyncio.wait([bell])
            return
        seconds = min(max(0.0, (deadline - self._now()) / 1e6), _LONGEST_NAP_SECONDS)
        nap = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait([bell, nap], return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            await asyncio.gather(nap, return_exceptions=True)

    def _waits(self) -> Waits:
        run = self._run
        if run.waits is None:
            run.waits = Waits()
        return run.waits

    def _heard(self, name: str) -> tuple[SignalRecord, ...]:
        """Return the answers under *name*, those that came in the meantime included."""
        waits = self._waits()
        self._hear(waits)
        return waits.named(name)

    def _hear(self, waits: Waits) -> None:
        run = self._run
        news = self._news.pop(run.seq, None)
        if news is None:
            return
        waits.hear([signal for signal, _ in news])
        if waits.held:
            # It may be for a branch that has given up in the meantime: look again.
            waits.has_news = True
        if not all(batch.is_committed for _, batch in news):
            # A newer batch: the next call waits for the answer to be on disk.
            run.batch = self._journal.filling()

"""What the interpreter may do for one run, kept in step with the journal (R4-R6, R8, R15)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rouage.clock import Clock
from rouage.durable.batch import Batch
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun
from rouage.durable.port import Attempt, RunParked, StepFailed, StepSpec
from rouage.durable.steps import StepWriter
from rouage.durable.values import (
    NOT_JSON,
    decode,
    encode,
    from_microseconds,
    to_microseconds,
)
from rouage.errors import JournalError, RetryableError, StepError, StepTimeout
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.ids import idempotency_key
from rouage.model.run import StepRecord
from rouage.sdk.json import JSON

_UNEXPECTED: Final = Text(
    "the action {action} failed in an unexpected way ({kind})",
    "l’action {action} a échoué de façon inattendue ({kind})",
)
_NOT_JSON: Final = Text(
    "the action {action} returned something that cannot be recorded",
    "l’action {action} a rendu un résultat qui ne peut pas être enregistré",
)
_UNKNOWN_OUTCOME: Final = Text(
    "the step {path} may or may not have acted: it was interrupted before its result was recorded",
    "l’étape {path} a peut-être agi : elle a été interrompue avant l’enregistrement du résultat",
)
_NOT_RECORDED: Final = Text(
    "a result could not be recorded", "un résultat n’a pas pu être enregistré"
)
_NOTHING: Final[Mapping[str, StepRecord]] = {}
_SETTLED: Final = frozenset({"done", "failed", "skipped"})


class EmbeddedRunContext:
    """One execution of one run: from the start or from where the record ends."""

    def __init__(
        self,
        run: LiveRun,
        *,
        journal: Journal,
        clock: Clock,
        now: Callable[[], int],
        failpoints: Failpoints | None,
    ) -> None:
        self._run = run
        self._clock = clock
        self._now = now
        self._failpoints = failpoints
        self._known = run.steps or _NOTHING
        self._writer = StepWriter(run, journal)

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._run.id

    @property
    def event(self) -> Event:
        """Return the event that the run is for."""
        return self._run.event

    @property
    def started(self) -> datetime:
        """Return when the run started first; the same after every restart."""
        run = self._run
        return from_microseconds(run.created if run.started is None else run.started)

    def recorded(self, path: str) -> StepRecord | None:
        """Return what is already known of the step."""
        known = self._writer.written(path)
        return self._known.get(path) if known is None else known

    def skip(self, path: str, action: str, conditions: Sequence[JSON]) -> None:
        """Record that the step was skipped, and the values that decided it."""
        self._writer.skipped(path, action, conditions, self._now())

    def now(self, path: str) -> datetime:
        """Return the present, recorded at the first call for *path*."""
        known = self.recorded(path)
        if known is not None and isinstance(known.result, str):
            return datetime.fromisoformat(known.result)
        present = self._clock.now()
        instant = to_microseconds(present)
        spec = StepSpec(action="now", effect="none")
        self._writer.done(path, spec, 1, encode(present.isoformat()), (instant, instant))
        return present

    async def sleep_until(self, path: str, instant: datetime) -> None:
        """Wait durably until *instant*; late after downtime, never early (R8)."""
        known, now = self.recorded(path), self._now()
        if known is not None and known.state in _SETTLED:
            return
        if known is not None and known.next_attempt is not None:
            deadline = to_microseconds(known.next_attempt)
        else:
            deadline = to_microseconds(instant)
            if deadline > now:
                self._writer.asleep(path, deadline, now)
        if deadline > now:
            self._park_until(path, "timer", deadline)
        began = now if known is None or known.started is None else to_microseconds(known.started)
        self._writer.done(path, StepSpec(action="wait", effect="none"), 1, "null", (began, now))

    async def step(
        self, path: str, spec: StepSpec, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Execute a step durably and return its result (see the port)."""
        attempts, first = 0, None
        run = self._run
        known = self._known.get(path)
        if known is not None:
            if known.state in _SETTLED:
                return _outcome(known)
            attempts, first = self._take_up(path, spec, known)
        needs_start = spec.inverse is not None or not spec.may_repeat
        key = idempotency_key(run.id, path)
        while True:
            attempts += 1
            if needs_start or run.halt is not None or not run.batch.is_committed:
                await self._reach_disk(path, spec, attempts, first, needs_start=needs_start)
            began = self._now()
            if first is None:
                first = began
            try:
                result = await call(Attempt(number=attempts, idempotency_key=key))
                text = encode(result)
            except BaseException as error:  # noqa: BLE001 - the border around a step
                self._judge(path, spec, attempts, error, first)
                continue
            if self._failpoints is not None:
                self._failpoints.reach("after_effect")
            self._writer.done(path, spec, attempts, text, (first, self._now()))
            value: JSON = decode(text)
            return value

    async def _reach_disk(
        self, path: str, spec: StepSpec, attempt: int, first: int | None, *, needs_start: bool
    ) -> None:
        """Return when everything recorded so far is on disk, the start of this call included.

        Raises:
            RunParked: the run must stop at this boundary; the call was not made.
        """
        run = self._run
        if run.halt is not None:
            raise RunParked
        if needs_start:
            self._writer.started(path, spec, attempt, self._now() if first is None else first)
        batch = run.batch
        if not batch.is_committed:
            future = asyncio.get_running_loop().create_future()
            batch.waiting.append(future)
            try:
                await future
            except asyncio.CancelledError:
                if needs_start:
                    self._writer.not_started(path, spec, attempt - 1)
                raise
        if batch.errors and run.seq in batch.errors:
            raise JournalError(_NOT_RECORDED) from batch.errors[run.seq]
        if needs_start and self._failpoints is not None:
            self._failpoints.reach("after_start_commit")

    def _judge(
        self, path: str, spec: StepSpec, attempts: int, error: BaseException, first: int
    ) -> None:
        """Record how a call went wrong; return when it may be made again at once."""
        if isinstance(error, StepError):
            self._fail(path, spec, attempts, error, first)
        elif isinstance(error, Exception):
            text = _NOT_JSON if isinstance(error, NOT_JSON) else _UNEXPECTED
            failure = StepError(text, action=spec.action, kind=type(error).__name__)
            self._fail(path, spec, attempts, failure, first)
        else:
            if isinstance(error, asyncio.CancelledError):
                self._cut(path, spec, attempts, first)
            raise error

    def _take_up(self, path: str, spec: StepSpec, known: StepRecord) -> tuple[int, int | None]:
        """Return the attempts already made and when the first began; park what is in doubt."""
        first = None if known.started is None else to_microseconds(known.started)
        if known.state == "in_doubt" or (known.state == "started" and not spec.may_repeat):
            error = StepError(_UNKNOWN_OUTCOME, path=path)
            self._doubt(path, spec, known.attempts, error, first)
            raise RunParked
        if known.state == "waiting" and known.next_attempt is not None:
            deadline = to_microseconds(known.next_attempt)
            if deadline > self._now():
                self._park_until(path, "retry", deadline)
        return known.attempts, first

    def _fail(self, path: str, spec: StepSpec, attempts: int, error: StepError, first: int) -> None:
        """Record a failed attempt; return when the next one may follow at once.

        Raises:
            StepFailed: it was the last one.
            RunParked: the next one comes later, or a human must decide.
        """
        if isinstance(error, StepTimeout) and not spec.may_repeat:
            self._doubt(path, spec, attempts, error, first)
            raise RunParked
        pause = None
        if spec.pause is not None and isinstance(error, RetryableError | StepTimeout):
            pause = spec.pause(attempts, error, (self._now() - first) / 1e6)
        record = error.record()
        now = self._now()
        if pause is None:
            self._writer.failed(path, spec, attempts, record, (first, now))
            raise StepFailed(record, attempts)
        deadline = now + round(max(0.0, pause) * 1e6)
        self._writer.retrying(path, spec, attempts, record, (first, deadline))
        if deadline > now:
            self._park_until(path, "retry", deadline)

    def _cut(self, path: str, spec: StepSpec, attempts: int, first: int) -> None:
        """Judge a call that was interrupted: repeated later, or in doubt (R4, R17)."""
        if not spec.may_repeat and self._run.halt is not None:
            self._doubt(path, spec, attempts, StepError(_UNKNOWN_OUTCOME, path=path), first)

    def _doubt(
        self, path: str, spec: StepSpec, attempts: int, error: StepError, first: int | None
    ) -> None:
        record = error.record()
        self._writer.in_doubt(path, spec, attempts, record, first)
        self._run.state = "needs_attention"
        self._run.reason = {**record, "step": path}

    def _park_until(self, path: str, kind: str, deadline: int) -> None:
        self._writer.waits(path, kind, deadline)
        self._run.state = "waiting"
        self._run.deadline = deadline
        raise RunParked


async def wait_for(batch: Batch) -> None:
    """Return when *batch* is on disk."""
    if not batch.is_committed:
        future = asyncio.get_running_loop().create_future()
        batch.waiting.append(future)
        await future


def _outcome(known: StepRecord) -> JSON:
    """Return a recorded result, or raise the recorded failure again."""
    if known.state == "failed":
        raise StepFailed(known.error, known.attempts)
    return known.result

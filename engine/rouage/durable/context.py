"""What the interpreter may do for one run, kept in step with the journal (R4-R6, R8, R15)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from rouage.clock import Clock
from rouage.durable.claims import Asking, Held, OnceAttempt, StepClaims
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal
from rouage.durable.lingering import Lingering
from rouage.durable.live import LiveRun
from rouage.durable.port import (
    Attempt,
    RunParked,
    StepFailed,
    StepSpec,
)
from rouage.durable.steps import SETTLED
from rouage.durable.values import (
    NOT_JSON,
    decode,
    encode,
    from_microseconds,
    to_microseconds,
    too_large,
)
from rouage.durable.waiting import Calls, WaitingContext
from rouage.durable.waits import ONCE_PREFIX, News
from rouage.errors import (
    EffectInDoubt,
    JournalError,
    OutcomeUnknown,
    RetryableError,
    StepError,
)
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.run import StepRecord
from rouage.sdk.json import JSON
from rouage.sdk.limits import MOST_RESULT_BYTES

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
_LOOK_AGAIN_SECONDS: Final = 30
"""A step that waits for another run's is told when that is over; after a restart it looks."""


class EmbeddedRunContext(WaitingContext):
    """One execution of one run: from the start or from where the record ends."""

    def __init__(
        self,
        run: LiveRun,
        *,
        journal: Journal,
        clock: Clock,
        now: Callable[[], int],
        failpoints: Failpoints | None,
        news: News,
        calls: Calls | None,
        claims: StepClaims,
        lingering: Lingering,
        cancel: JSON,
    ) -> None:
        super().__init__(
            run,
            journal=journal,
            clock=clock,
            now=now,
            news=news,
            calls=calls,
            lingering=lingering,
            cancel=cancel,
        )
        self._failpoints = failpoints
        self._claims = claims

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

    @property
    def is_fresh(self) -> bool:
        """Say whether nothing of the run was ever done: it is executed for the first time."""
        return not self._run.is_resumed and not self._run.steps

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

    async def step(  # noqa: C901, PLR0915 - the hot path, written out
        self, path: str, spec: StepSpec, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Execute a step durably and return its result (see the port)."""
        if spec.once is not None:
            return await self._step_once(path, spec, spec.once, call)
        attempts, first = 0, None
        run = self._run
        known = self._known.get(path)
        if known is not None:
            if known.state in SETTLED:
                return _outcome(known)
            attempts, first = await self._take_up(path, spec, known)
        needs_start = spec.inverse is not None or not spec.may_repeat
        run.busy += 1
        try:
            while True:
                attempts += 1
                if spec.prepare is not None:
                    if not await self._prepare(path, spec, attempts, known, first):
                        continue
                    needs_start = spec.inverse is not None or not spec.may_repeat
                    known = None
                if needs_start or run.halt is not None or not run.batch.is_committed:
                    await self._reach_disk(path, spec, attempts, first, needs_start=needs_start)
                first = first or self._now()
                try:
                    text = _text_of(
                        spec, await call(Attempt(number=attempts, run=run.id, path=path))
                    )
                except BaseException as error:  # noqa: BLE001 - the border around a step
                    await self._judge(path, spec, attempts, error, first)
                    continue
                if self._failpoints is not None:
                    self._failpoints.reach("after_effect")
                self._writer.done(path, spec, attempts, text, (first, self._now()))
                value: JSON = decode(text)
                return value
        finally:
            run.busy -= 1
            if run.waits is not None:
                run.waits.ring()

    async def _prepare(
        self,
        path: str,
        spec: StepSpec,
        attempts: int,
        known: StepRecord | None,
        first: int | None,
    ) -> bool:
        """Learn how to take the effect back, before it is had; False when that failed.

        A call that was cut may have had its effect: what was recorded before it stays.
        """
        assert spec.prepare is not None  # noqa: S101 - the caller looked
        try:
            if known is not None and known.state == "started":
                spec.inverse = await self._journal.reader.inverse_of(self._run.seq, path)
            else:
                spec.inverse = await spec.prepare()
        except Exception as error:  # noqa: BLE001 - the border around a step
            await self._judge(path, spec, attempts, error, first or self._now())
            return False
        return True

    async def _step_once(
        self, path: str, spec: StepSpec, key: str, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Execute a step unless it was done under *key* before, whichever run did it (R5)."""
        run, known = self._run, self.recorded(path)
        if known is not None and known.state in SETTLED:
            return _outcome(known)
        asking = Asking(
            run=run, path=path, may_repeat=spec.may_repeat, is_settled=_is_settled(known)
        )
        if known is not None and known.state == "in_doubt":
            self._check_halt()
            self._need_attention(known.error, path)
            raise RunParked
        if known is None or known.state == "waiting" or spec.may_repeat:
            held = await self._ask(path, spec, key, asking)
            if held is not None:
                return self._writer.taken_over(path, spec, key, held, self._now())
            # The claim shares the commit of the start, where that is recorded.
            run.batch = self._claims.claim(key, asking)

        async def call_once(attempt: Attempt) -> JSON:
            return await call(OnceAttempt(number=attempt.number, run=run.id, path=path, once=key))

        # The same one: the call notes there what it came to know.
        spec.once = None
        return await self._act_once(path, spec, key, asking, call_once)

    async def _act_once(
        self,
        path: str,
        spec: StepSpec,
        key: str,
        asking: Asking,
        call: Callable[[Attempt], Awaitable[JSON]],
    ) -> JSON:
        """Execute a step that has its key, and let the ledger know how it ended."""
        try:
            result = await self.step(path, spec, call)
        except StepFailed:
            self._claims.release(key, asking)
            raise
        except (RunParked, asyncio.CancelledError):
            known = self.recorded(path)
            if known is not None and known.state == "in_doubt":
                self._claims.doubt(key, asking)
            raise
        self._claims.done(key, asking, result)
        return result

    async def _ask(self, path: str, spec: StepSpec, key: str, asking: Asking) -> Held | None:
        """Wait for a result under *key*; None when it is for this step to act, in this turn.

        Raises:
            RunParked: another run is at it, or nobody knows whether one did it.
        """
        while True:
            self._check_halt()
            held = await self._claims.look(key, asking)
            if held is None:
                self._check_halt()
            if held is None or held.state == "done":
                return held
            if held.state == "doubtful":
                known = self.recorded(path)
                attempts = 0 if known is None else known.attempts
                self._doubt(path, spec, attempts, held.as_error(key), None)
                raise RunParked
            again = self._now() + _LOOK_AGAIN_SECONDS * 1_000_000
            question: JSON = {"once": key, "run": held.run}
            await self._park(path, "retry", again, name=ONCE_PREFIX + key, question=question)

    async def _reach_disk(
        self, path: str, spec: StepSpec, attempt: int, first: int | None, *, needs_start: bool
    ) -> None:
        """Return when everything recorded so far is on disk, the start of this call included.

        Raises:
            RunParked: the run must stop at this boundary; the call was not made.
        """
        run = self._run
        self._check_halt()
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

    async def _judge(
        self, path: str, spec: StepSpec, attempts: int, error: BaseException, first: int
    ) -> None:
        """Record how a call went wrong; return when it may be made again at once."""
        if isinstance(error, StepError):
            await self._fail(path, spec, attempts, error, first)
        elif isinstance(error, Exception):
            text = _NOT_JSON if isinstance(error, NOT_JSON) else _UNEXPECTED
            failure = StepError(text, action=spec.action, kind=type(error).__name__)
            await self._fail(path, spec, attempts, failure, first)
        else:
            if isinstance(error, asyncio.CancelledError):
                self._cut(path, spec, attempts, first)
            raise error

    async def _take_up(
        self, path: str, spec: StepSpec, known: StepRecord
    ) -> tuple[int, int | None]:
        """Return the attempts already made and when the first began; park what is in doubt."""
        self._check_halt()
        first = None if known.started is None else to_microseconds(known.started)
        if known.state == "in_doubt" or (known.state == "started" and not spec.may_repeat):
            error = StepError(_UNKNOWN_OUTCOME, path=path)
            self._doubt(path, spec, known.attempts, error, first)
            raise RunParked
        if known.state == "waiting" and known.next_attempt is not None:
            deadline = to_microseconds(known.next_attempt)
            await self._wait_until(path, "retry", deadline)
        return known.attempts, first

    async def _fail(
        self, path: str, spec: StepSpec, attempts: int, error: StepError, first: int
    ) -> None:
        """Record a failed attempt; return when the next one may follow at once.

        Raises:
            StepFailed: it was the last one.
            RunParked: the next one comes later, or a human must decide.
        """
        is_unknown = isinstance(error, OutcomeUnknown)
        if is_unknown and (not spec.may_repeat or isinstance(error, EffectInDoubt)):
            self._doubt(path, spec, attempts, error, first)
            raise RunParked
        pause = None
        if spec.pause is not None and isinstance(error, RetryableError | OutcomeUnknown):
            pause = spec.pause(attempts, error, (self._now() - first) / 1e6)
        record = error.record()
        now = self._now()
        if pause is None:
            self._writer.failed(path, spec, attempts, record, (first, now))
            raise StepFailed(record, attempts)
        deadline = now + round(max(0.0, pause) * 1e6)
        self._writer.retrying(path, spec, attempts, record, (first, deadline))
        if deadline > now:
            await self._pause(path, deadline)

    async def _pause(self, path: str, deadline: int) -> None:
        """Wait between two attempts; meanwhile this branch keeps nobody in memory."""
        run = self._run
        run.busy -= 1
        if run.waits is not None:
            run.waits.ring()
        try:
            await self._wait_until(path, "retry", deadline)
        finally:
            run.busy += 1

    def _cut(self, path: str, spec: StepSpec, attempts: int, first: int) -> None:
        """Judge a call that was interrupted: repeated later, or in doubt (R4, R17)."""
        if not spec.may_repeat and self._run.halt is not None:
            self._doubt(path, spec, attempts, StepError(_UNKNOWN_OUTCOME, path=path), first)

    def _doubt(
        self, path: str, spec: StepSpec, attempts: int, error: StepError, first: int | None
    ) -> None:
        record = error.record()
        self._writer.in_doubt(path, spec, attempts, record, first)
        self._need_attention(record, path)

    def _need_attention(self, record: dict[str, Any], path: str) -> None:
        if self._run.rest != "needs_attention":
            self._run.rest = "needs_attention"
            self._run.reason = {**record, "step": path}


def _outcome(known: StepRecord) -> JSON:
    """Return a recorded result, or raise the recorded failure again."""
    if known.state == "failed":
        raise StepFailed(known.error, known.attempts)
    return known.result


def _is_settled(known: StepRecord | None) -> bool:
    """Say whether a human, asked about this step, had it called."""
    resolution = None if known is None else known.resolution
    return isinstance(resolution, dict) and resolution.get("choice") == "retry"


def _text_of(spec: StepSpec, result: JSON) -> str:
    """Return the result of a call as JSON text."""
    text = encode(result)
    if len(text) > MOST_RESULT_BYTES:
        raise too_large(spec.action)
    return text

"""The contract between the flow and whatever makes it durable (specs: durability R1-R20).

Everything above this line (recipes, expressions, flow, connectors, console) is the same for
every engine. Values are JSON only. All methods are async and cancellable.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from rouage.errors import StepError
from rouage.model.event import Event, Verdict
from rouage.model.ids import idempotency_key
from rouage.model.run import (
    RunRecord,
    RunState,
    SignalRecord,
    StepRecord,
    WaitKind,
    WaitRecord,
)
from rouage.sdk.connector import Effect, Idempotent
from rouage.sdk.json import JSON
from rouage.settings.retention import Retention

HELD_SUFFIX = "#held"


def held_by(source: str) -> str:
    """Return the owner of what a batch or a debounce of the trigger *source* gathers."""
    return source + HELD_SUFFIX


PROTOCOL = 1
"""The meaning of the engine: a run started under an unknown number is left untouched (R7)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The event is on disk; `runs` are the runs it started (empty while unmatched)."""

    event_id: str
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """The (source, key) was accepted before; nothing was started."""

    first_id: str


@dataclass(kw_only=True, slots=True)
class Attempt:
    """What a call to an action is told: which try this is, and its stable key (R5).

    The key is worked out when it is asked for: engine words never do.
    """

    number: int
    run: str
    path: str

    @property
    def idempotency_key(self) -> str:
        """Return the key, the same for every attempt at this step of this run."""
        return idempotency_key(self.run, self.path)


@dataclass(kw_only=True, slots=True)
class StepSpec:
    """What the engine must know of a step before it is called.

    Not frozen, like `Attempt`: both are made for every step, and a frozen one takes three
    times as long to make.

    `pause` decides about a failure: seconds until the next attempt, or None to give up; it
    is called with the attempts made so far, the error, and the seconds since the first one.
    `parameters` and `conditions` are recorded as given: mask secrets before.
    `inverse` is recorded, committed, before the call (undoable actions).
    `once` is the key under which all recipes know this effect (R5): a step found done under
    it is not executed, and takes over the recorded result.
    """

    action: str
    effect: Effect = "irreversible"
    idempotent: Idempotent = "no"
    parameters: JSON = None
    conditions: tuple[JSON, ...] = ()
    pause: Callable[[int, StepError, float], float | None] | None = None
    inverse: JSON = None
    once: str | None = None

    @property
    def may_repeat(self) -> bool:
        """Say whether a call in doubt is simply made again (R4)."""
        return self.effect == "none" or self.idempotent != "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitSpec:
    """What a run waits for: the name under which an answer comes, and what is asked.

    `kind` and `question` are for those who must answer or look; `action` is the engine word.
    """

    kind: WaitKind
    name: str
    action: str
    question: JSON = None
    conditions: tuple[JSON, ...] = ()


class WaitTimeout(Exception):  # noqa: N818 - an outcome, not a fault
    """The deadline of a wait came before an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A key that one event may have, and no other (features N-8): `once` on a trigger."""

    scope: str
    key: str
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimRecord:
    """Who holds a key of the ledger: an event, or a step with its result."""

    scope: str
    key: str
    state: Literal["claimed", "started", "done"]
    event: str | None = None
    run: str | None = None
    path: str | None = None
    result: JSON = None
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wake:
    """An event that a waiting run gets as the answer of its wait at *path*."""

    run: str
    path: str
    name: str
    payload: JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """The signal is on disk and counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlreadyAnswered:
    """The wait has had its answer, which stays (R9)."""

    answer: SignalRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class NoSuchRun:
    """There is no such run, or it is over."""

    state: RunState | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionRecord:
    """One accepted version of a recipe; `source` is the text of its file, where known."""

    recipe: str
    hash: str
    accepted: datetime
    file: str | None = None
    source: bytes | None = None


class StepFailed(Exception):  # noqa: N818 - an outcome that was recorded, not a fault of ours
    """The step ended in failure, which is recorded; `error` is its record, `attempts` the tries.

    The interpreter notes in `step` which step it was.
    """

    def __init__(self, error: JSON, attempts: int, step: str | None = None) -> None:
        self.error = error
        self.attempts = attempts
        self.step = step
        super().__init__(str(error))


class RunParked(BaseException):
    """Leave the interpreter at once: the run was parked, cancelled, or its engine closes.

    A BaseException, so that no `except Exception` around a step mistakes it for a failure.
    The interpreter lets it pass; the engine that raised it has recorded the reason.
    """


class RunContext(Protocol):
    """What the interpreter may do for one run. Paths are stable for a pinned definition."""

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        ...

    @property
    def event(self) -> Event:
        """Return the event that started the run."""
        ...

    @property
    def started(self) -> datetime:
        """Return when the run first started."""
        ...

    async def step(
        self, path: str, spec: StepSpec, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Execute a step durably and return its result (R4-R6, R15).

        A recorded success returns its recorded result without a call; a recorded final
        failure raises the same `StepFailed` again. Before *call*, everything recorded so
        far is on disk. The start of a call that may not be repeated is committed first,
        in the same commit as the previous result where possible. The result passes through
        JSON even the first time. The interpreter may go on before the result is on disk:
        the next call, wait, or end is the barrier.

        *call* raises `RetryableError` (not done: `spec.pause` decides), `StepError` (final)
        or `OutcomeUnknown`, which for a call that may not be repeated is a doubt: the run is
        parked as `needs_attention`. Any other exception is recorded as a failure.

        Raises:
            StepFailed: the step failed for good.
            RunParked: the run cannot go on now.
        """
        ...

    def recorded(self, path: str) -> StepRecord | None:
        """Return what is already known of the step, so that a skip is not decided twice."""
        ...

    def skip(self, path: str, action: str, conditions: Sequence[JSON]) -> None:
        """Record that the step was skipped, and the values that decided it."""
        ...

    async def sleep_until(
        self, path: str, instant: datetime, *, conditions: tuple[JSON, ...] = ()
    ) -> None:
        """Wait durably until *instant*; late after downtime, never early (R8).

        The instant, and the *conditions* that were looked at before, are recorded with it.
        """
        ...

    def wake_by(self, path: str, instant: datetime) -> None:
        """Have a run that parks looked at again by *instant* at the latest (time limits)."""
        ...

    async def wait_signal(
        self, path: str, spec: WaitSpec, *, deadline: datetime | None, after: int = 0
    ) -> tuple[SignalRecord, ...]:
        """Return all signals under `spec.name` as soon as there are more than *after* (R9).

        Signals that came before the wait began count. The wait is recorded, committed,
        before this parks the run; the caller records its outcome with `step`. A signal and
        the deadline: whichever was committed first.

        Raises:
            WaitTimeout: *deadline* came first.
            RunParked: nothing yet.
        """
        ...

    async def call(
        self, path: str, event: Event, verdict: Verdict, *, background: bool
    ) -> Mapping[str, JSON]:
        """Run another recipe for *event*, and return `{run, state, outputs, error}`.

        Safe to repeat: the event's key makes it one run. In the background it returns as soon
        as the run is on disk; otherwise when it is over (the run parks meanwhile).
        """
        ...

    @property
    def cancelled(self) -> JSON:
        """Return the request to end this run, if there is one: only `finally` is to be done."""
        ...

    def now(self, path: str) -> datetime:
        """Return the present, recorded at the first call for *path*."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutcome:
    """How the interpreter says a run ended."""

    state: Literal["succeeded", "failed", "skipped", "cancelled"]
    reason: JSON = None
    error: JSON = None
    outputs: JSON = None


Execute = Callable[[RunContext, bytes], Awaitable[RunOutcome]]
"""The shared interpreter: `execute(context, definition)` runs one run to its end."""


class BlockedRun(Exception):  # noqa: N818 - a state, not a fault
    """Raised by the interpreter: the run cannot go on here (a connector is missing)."""

    def __init__(self, reason: JSON) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFilter:
    """Which runs to list; None admits all. `run_id` may be a prefix of at least 4 letters."""

    recipe: str | None = None
    states: frozenset[RunState] | None = None
    event: str | None = None
    run_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    parent: str | None = None
    ended_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPage:
    """Runs, newest first, and where to go on (None: that was all)."""

    runs: tuple[RunRecord, ...]
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRecord:
    """An event and its verdicts, for `why`."""

    event: Event
    verdicts: tuple[Verdict, ...] = ()
    runs: tuple[RunRecord, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """What was forgotten: rows by kind, and how much smaller the journal is in use."""

    runs: int = 0
    events: int = 0
    keys: int = 0
    claims: int = 0
    blobs: int = 0
    freed_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How the engine is (R14): `refusing` means that nothing can be accepted now."""

    state: Literal["ok", "degraded", "refusing"]
    reason: str | None = None


class Reader(Protocol):
    """Questions to the journal. They never block the writer, and need no daemon."""

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        ...

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        ...

    async def find_events(
        self, *, source: str | None = None, subject: str | None = None, limit: int = 50
    ) -> tuple[EventRecord, ...]:
        """Return events, newest first, with verdicts and runs.

        *subject* is what the event is about, as `why` asks for it (a path): it equals
        `event.data["file"]["path"]` for files.
        """
        ...

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        ...

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        ...

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        ...

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        ...

    async def list_definitions(self, recipe: str) -> tuple[DefinitionRecord, ...]:
        """Return the accepted versions of the recipe, newest first, with their texts."""
        ...

    async def list_waits(
        self,
        *,
        kinds: frozenset[WaitKind] | None = None,
        run_id: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> tuple[WaitRecord, ...]:
        """Return what runs wait for, oldest first; *run_id* may be a prefix."""
        ...

    async def list_signals(self, run_id: str) -> tuple[SignalRecord, ...]:
        """Return the signals that the run received, oldest first."""
        ...

    async def find_claim(self, scope: str, key: str) -> ClaimRecord | None:
        """Return who holds a key of the ledger."""
        ...


class Engine(Reader, Protocol):
    """Accept events, run runs, remember all of it."""

    async def open(self, execute: Execute) -> None:
        """Recover, then claim: open runs go on at their first step without a result."""
        ...

    async def put_definition(
        self,
        recipe: str,
        definition: bytes,
        *,
        file: str | None = None,
        source: bytes | None = None,
    ) -> str:
        """Store *definition* as the newest accepted version of *recipe*; return its hash.

        *source* is the text of its *file*, so that it can be shown and restored.
        """
        ...

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
        """Commit the event, its verdicts, its runs and the trigger's items in one go (R1-R3).

        Safe to repeat. Without *verdicts* the event stays unmatched until
        `record_matches`. *items* are written even for a duplicate. A queue that is full for
        a matched recipe raises, and nothing is written, unless the recipe's `when_full` says
        otherwise; `single`, `restart` and `latest` are decided here (R13).

        *held* is written to the store of `held_by(event.source)`: what a batch or a debounce
        gathers. With a *claim* that another event holds, the event is recorded with the
        verdict `duplicate`, whose error names the first, and starts nothing. *wakes* are
        the waiting runs that get the event, in the same commit.

        Raises:
            Overloaded: nothing was accepted.
            JournalError: nothing was accepted.
        """
        ...

    async def record_matches(self, event_id: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
        """Record verdicts that come later, and start their runs; safe to repeat."""
        ...

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that a start has to match again."""
        ...

    async def put_items(self, trigger: str, items: Mapping[bytes, JSON]) -> None:
        """Write to the durable store of one trigger; None removes an item."""
        ...

    async def cancel(self, run_id: str, reason: str) -> RunState | None:
        """Ask durably for the end of a run; acts now on the running step (None: no run)."""
        ...

    async def signal(
        self, run_id: str, name: str, payload: JSON, *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Give a run an answer, durable before return (R9); safe to repeat with the same id."""
        ...

    async def replay(
        self,
        run_id: str,
        *,
        keep: Sequence[str],
        definition: str | None,
        author: str,
    ) -> str | None:
        """Do a finished run again as a new run, and return its id (None: no such run).

        The recorded outcomes of the paths *keep* are taken over; idempotency keys are new.
        *definition* is the hash of the version to use, that of the old run if None.

        Raises:
            StepError: the run is not over.
        """
        ...

    def take_tokens(self, bucket: str, count: int, *, limit: int, per_seconds: float) -> float:
        """Take from a token bucket, empty at the start (R16); return the seconds to wait."""
        ...

    async def resolve(
        self, run_id: str, choice: Literal["retry", "done"], *, author: str, result: JSON = None
    ) -> RunState | None:
        """Settle a run that needs attention: call the step again, or take it as done (R4)."""
        ...

    async def purge(self, retention: Retention) -> Purged:
        """Forget finished runs beyond *retention*, in pieces that delay nobody (R19).

        Open runs, what they need, and event keys younger than 30 days stay (R2).
        """
        ...

    def health(self) -> Health:
        """Return how the engine is."""
        ...

    async def wait_idle(self) -> None:
        """Return when no run is queued or running (for `rouage run --wait` and tests)."""
        ...

    async def close(self, grace_seconds: float = 20.0) -> bool:
        """Drain (R17): stop claiming, let running steps end, close. True when clean."""
        ...

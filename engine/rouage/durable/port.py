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
from rouage.model.run import RunRecord, RunState, StepRecord
from rouage.sdk.connector import Effect, Idempotent
from rouage.sdk.json import JSON

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
    """What a call to an action is told: which try this is, and its stable key (R5)."""

    number: int
    idempotency_key: str


@dataclass(kw_only=True, slots=True)
class StepSpec:
    """What the engine must know of a step before it is called.

    Not frozen, like `Attempt`: both are made for every step, and a frozen one takes three
    times as long to make.

    `pause` decides about a failure: seconds until the next attempt, or None to give up; it
    is called with the attempts made so far, the error, and the seconds since the first one.
    `parameters` and `conditions` are recorded as given: mask secrets before.
    `inverse` is recorded, committed, before the call (undoable actions).
    """

    action: str
    effect: Effect = "irreversible"
    idempotent: Idempotent = "no"
    parameters: JSON = None
    conditions: tuple[JSON, ...] = ()
    pause: Callable[[int, StepError, float], float | None] | None = None
    inverse: JSON = None

    @property
    def may_repeat(self) -> bool:
        """Say whether a call in doubt is simply made again (R4)."""
        return self.effect == "none" or self.idempotent != "no"


class StepFailed(Exception):  # noqa: N818 - an outcome that was recorded, not a fault of ours
    """The step ended in failure, which is recorded; `error` is its record, `attempts` the tries."""

    def __init__(self, error: JSON, attempts: int) -> None:
        self.error = error
        self.attempts = attempts
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
        or `StepTimeout`, which for a call that may not be repeated is a doubt: the run is
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

    async def sleep_until(self, path: str, instant: datetime) -> None:
        """Wait durably until *instant*; late after downtime, never early (R8)."""
        ...

    def now(self, path: str) -> datetime:
        """Return the present, recorded at the first call for *path*."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutcome:
    """How the interpreter says a run ended."""

    state: Literal["succeeded", "failed", "skipped"]
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


class Engine(Reader, Protocol):
    """Accept events, run runs, remember all of it."""

    async def open(self, execute: Execute) -> None:
        """Recover, then claim: open runs go on at their first step without a result."""
        ...

    async def put_definition(self, recipe: str, definition: bytes) -> str:
        """Store *definition* as the newest accepted version of *recipe*; return its hash."""
        ...

    async def accept(
        self,
        event: Event,
        verdicts: Sequence[Verdict] | None = None,
        *,
        items: Mapping[bytes, JSON] | None = None,
    ) -> Accepted | Duplicate:
        """Commit the event, its verdicts, its runs and the trigger's items in one go (R1-R3).

        Safe to repeat. Without *verdicts* the event stays unmatched until
        `record_matches`. *items* are written even for a duplicate. A queue that is full for
        a matched recipe raises, and nothing is written.

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

    async def resolve(
        self, run_id: str, choice: Literal["retry", "done"], *, author: str, result: JSON = None
    ) -> RunState | None:
        """Settle a run that needs attention: call the step again, or take it as done (R4)."""
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

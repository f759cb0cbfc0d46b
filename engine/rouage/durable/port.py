"""The contract between the flow and whatever makes it durable (specs: durability R1-R20).

Everything above this line (recipes, expressions, flow, connectors, console) is the same for
every engine. Values are JSON only. All methods are async and cancellable.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from rouage.durable.erasure import Found, Sought
from rouage.durable.keeping import USUAL, Keeping
from rouage.durable.messages import (
    HELD_SUFFIX,
    PROTOCOL,
    Accepted,
    AlreadyAnswered,
    Attempt,
    BlockedRun,
    Claim,
    ClaimRecord,
    DefinitionRecord,
    Duplicate,
    EventRecord,
    FileRecord,
    FileUse,
    Health,
    NoSuchRun,
    Product,
    Purged,
    Recorded,
    RunFilter,
    RunOutcome,
    RunPage,
    RunParked,
    SecretUse,
    StepFailed,
    StepSpec,
    WaitSpec,
    WaitTimeout,
    Wake,
    held_by,
)
from rouage.durable.reader import Reader
from rouage.model.event import Event, Verdict
from rouage.model.run import (
    RunState,
    SignalRecord,
    StepRecord,
)
from rouage.sdk.json import JSON
from rouage.settings.retention import Retention

__all__ = [
    "HELD_SUFFIX",
    "PROTOCOL",
    "Accepted",
    "AlreadyAnswered",
    "Attempt",
    "BlockedRun",
    "Claim",
    "ClaimRecord",
    "DefinitionRecord",
    "Duplicate",
    "Engine",
    "EventRecord",
    "Execute",
    "FileRecord",
    "FileUse",
    "Health",
    "NoSuchRun",
    "Product",
    "Purged",
    "Reader",
    "Recorded",
    "RunContext",
    "RunFilter",
    "RunOutcome",
    "RunPage",
    "RunParked",
    "SecretUse",
    "StepFailed",
    "StepSpec",
    "WaitSpec",
    "WaitTimeout",
    "Wake",
    "held_by",
]


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

    @property
    def is_fresh(self) -> bool:
        """Say whether nothing of the run was ever done; False when that is not certain."""
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


Execute = Callable[[RunContext, bytes], Awaitable[RunOutcome]]
"""The shared interpreter: `execute(context, definition)` runs one run to its end."""


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

    async def purge(self, retention: Retention, keeping: Keeping = USUAL) -> Purged:
        """Forget finished runs beyond *retention*, in pieces that delay nobody (R19).

        Open runs, what they need, and event keys younger than 30 days stay (R2). *keeping* says
        for which recipes other bounds count, and whose values are to be blanked.
        """
        ...

    async def erase(self, sought: Sought, before: Callable[[Found], Awaitable[None]]) -> Found:
        """Blank what names a person, in pieces that delay nobody; safe to repeat (N-11).

        Rows stay: what happened, and when. What belongs to open runs, and to batches that wait,
        is left and told. *before* is given each finding before it is blanked, to deal with what
        lies elsewhere.
        """
        ...

    def health(self) -> Health:
        """Return how the engine is."""
        ...

    def is_quiet(self, recipe: str) -> bool:
        """Say whether no run of *recipe* executes, waits or needs attention here."""
        ...

    async def wait_idle(self) -> None:
        """Return when no run is queued or running (for `rouage run --wait` and tests)."""
        ...

    async def close(self, grace_seconds: float = 20.0) -> bool:
        """Drain (R17): stop claiming, let running steps end, close. True when clean."""
        ...

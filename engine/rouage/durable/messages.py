"""The values that the flow and its engine hand each other: requests, answers, outcomes, records."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from rouage.errors import StepError
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.ids import idempotency_key
from rouage.model.run import (
    Blanked,
    RunRecord,
    RunState,
    SignalRecord,
    WaitKind,
)
from rouage.records import dataclass
from rouage.sdk.connector import Effect, Idempotent
from rouage.sdk.json import JSON

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


@dataclass(frozen=True, slots=True)
class FileUse:
    """A file that a step read or wrote, and the hash of its content then, where known."""

    path: str
    hash: bytes | None
    is_written: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRecord:
    """A file as the journal knows it: which step of which run read or wrote it."""

    run: str
    step: str
    path: str
    hash: bytes | None
    is_written: bool


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A secret that a step was given: its name, never its value (security S-60)."""

    run: str
    recipe: str
    created: datetime
    step: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """A file that a step made, with its content, and when."""

    run: str
    recipe: str
    step: str
    path: str
    hash: bytes
    made: datetime


@dataclass(kw_only=True, slots=True)
class StepSpec:
    """What the engine must know of a step before it is called.

    Not frozen, like `Attempt`: both are made for every step, and a frozen one takes three
    times as long to make.

    `pause` decides about a failure: seconds until the next attempt, or None to give up; it
    is called with the attempts made so far, the error, and the seconds since the first one.
    `parameters` and `conditions` are recorded as given: mask secrets before.
    `inverse` is recorded, committed, before the call (undoable actions); `prepare` gives it
    anew before each call. The call may set what it is now, and the `files` that it read and
    wrote: both are recorded with the result. `secrets` are the names of those it was given,
    recorded with whatever became of it.
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
    prepare: Callable[[], Awaitable[JSON]] | None = None
    files: tuple[FileUse, ...] = ()
    secrets: frozenset[str] = frozenset()

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
    state: Literal["claimed", "started", "done", "doubtful"]
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


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutcome:
    """How the interpreter says a run ended."""

    state: Literal["succeeded", "failed", "skipped", "cancelled"]
    reason: JSON = None
    error: JSON = None
    outputs: JSON = None


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
    blanked: Blanked | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """What was forgotten: rows by kind, and how much smaller the journal is in use."""

    runs: int = 0
    events: int = 0
    keys: int = 0
    claims: int = 0
    blobs: int = 0
    freed_bytes: int = 0
    blanked: int = 0
    """Events whose values, or whose personal ones, were blanked with those of their runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How the engine is (R14): `refusing` means that nothing can be accepted now."""

    state: Literal["ok", "degraded", "refusing"]
    reason: Text | None = None

"""One recipe executing for one event: its states, their legal moves, its steps."""

from datetime import datetime
from typing import Any, Final, Literal

from rouage.records import dataclass
from rouage.sdk.json import JSON

RunState = Literal[
    "queued",
    "running",
    "waiting",
    "waiting_node",
    "blocked",
    "needs_attention",
    "succeeded",
    "failed",
    "skipped",
    "cancelled",
]
Blanked = Literal["personal", "values", "person"]
"""What was blanked of a finished run: its personal values, all values, or what named a person."""

StepState = Literal["started", "waiting", "done", "failed", "skipped", "in_doubt"]

FINAL_STATES: Final[frozenset[RunState]] = frozenset(
    {"succeeded", "failed", "skipped", "cancelled"}
)
OPEN_STATES: Final[frozenset[RunState]] = frozenset(
    {"queued", "running", "waiting", "waiting_node", "blocked", "needs_attention"}
)

SHADOW: Final = "shadow:"
"""Before the id of an action in the trace of a run: it was only played, nothing was done."""

UNDO: Final = "undo:"
"""Before the id of a recipe: the recipe of runs that undo its runs; before that of a run: the
source of their events."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRecord:
    """What the journal knows of one step of one run."""

    path: str
    state: StepState
    action: str
    attempts: int = 0
    parameters: JSON = None
    conditions: tuple[JSON, ...] = ()
    result: JSON = None
    error: Any = None
    idempotency_key: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    next_attempt: datetime | None = None
    resolution: JSON = None
    """Who settled a doubt, when and how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """What the journal knows of one run; `steps` and `event_data` only where asked for."""

    id: str
    recipe: str
    state: RunState
    event: str
    definition: str
    source: str = ""
    reason: JSON = None
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    error: Any = None
    outputs: JSON = None
    event_data: JSON = None
    conditions: tuple[JSON, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    parent: str | None = None
    """The run that called this one, by id."""
    replay_of: str | None = None
    """The run that a user had done again, of which this is the replay."""
    trail: tuple[str, ...] = ()
    """The recipes whose runs caused its event, oldest first."""
    blanked: Blanked | None = None


WaitKind = Literal["timer", "retry", "approval", "event", "call", "limit", "hold"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitRecord:
    """What one run waits for at one step.

    `name` is the name under which an answer comes; `question` what is asked or expected;
    `deadline` when the wait is looked at again, whatever comes.
    """

    run: str
    recipe: str
    path: str
    kind: WaitKind
    name: str | None = None
    question: JSON = None
    deadline: datetime | None = None
    created: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalRecord:
    """One answer or message that a run received."""

    name: str
    id: str
    payload: JSON
    author: str
    received: datetime

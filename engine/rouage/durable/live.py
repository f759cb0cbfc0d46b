"""A run in memory, from its acceptance to its end or to its next long wait."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from rouage.durable.batch import Batch
from rouage.model.event import Event
from rouage.model.run import RunState, StepRecord
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from rouage.durable.batch import StepRow
    from rouage.durable.lanes import Lane
    from rouage.durable.waits import Waits

Halt = Literal["cancel", "close"]
Rest = Literal["waiting", "queued", "needs_attention"]
Parent = tuple[int, str | None]
Reason = str | Mapping[str, JSON]
"""Why a run is to end: the words of a human, or a record in both languages."""

NOWHERE: Final = Batch()
"""The batch of a run that has no rows on their way."""
NOWHERE.is_committed = True


class LiveRun:
    """One run that executes or is about to. `batch` holds its newest row.

    `halt` says that it must stop at the next step boundary, and why. `rest` is the worst of
    what its branches said when they could not go on; `deadline` is when to look at the run
    again. `busy` is how many of its branches are in a step. `has_keys` says that a step took a
    key of the ledger in this execution, `is_left` that this execution lingered and was let go:
    another one may be at work, and nothing is to be recorded here any more. `waits` is there
    only for a run that waits, or has had an answer. `parent` is the number of the run that
    called it, with the path of the call where that waits for the end. `is_ending` says that
    this execution is the last pass after a cancel. A run in memory is only touched by the
    thread of the loop.
    """

    __slots__ = (
        "batch",
        "busy",
        "cancel",
        "created",
        "deadline",
        "definition",
        "event",
        "halt",
        "has_keys",
        "id",
        "is_ending",
        "is_left",
        "is_resumed",
        "lane",
        "parent",
        "reason",
        "recipe",
        "rest",
        "seq",
        "started",
        "state",
        "steps",
        "task",
        "waits",
        "written",
    )

    def __init__(
        self,
        *,
        seq: int,
        run_id: str,
        recipe: str,
        event: Event,
        definition: str,
        created: int,
        lane: "Lane",
    ) -> None:
        self.seq = seq
        self.id = run_id
        self.recipe = recipe
        self.event = event
        self.definition = definition
        self.created = created
        self.lane = lane
        self.batch = NOWHERE
        self.busy = 0
        self.has_keys = False
        self.is_ending = False
        self.is_left = False
        self.is_resumed = False
        self.started: int | None = None
        self.state: RunState = "queued"
        self.reason: JSON = None
        self.cancel: JSON = None
        self.deadline: int | None = None
        self.halt: Halt | None = None
        self.steps: Mapping[str, StepRecord] | None = None
        self.task: asyncio.Task[None] | None = None
        self.rest: Rest | None = None
        self.waits: Waits | None = None
        self.parent: Parent | None = None
        self.written: dict[str, StepRow] | None = None

"""A run in memory, from its acceptance to its end or to its next long wait."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from rouage.durable.batch import Batch
from rouage.model.event import Event
from rouage.model.run import RunState, StepRecord
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from rouage.durable.lanes import Lane

Halt = Literal["cancel", "close"]

NOWHERE: Final = Batch()
"""The batch of a run that has no rows on their way."""
NOWHERE.is_committed = True


class LiveRun:
    """One run that executes or is about to. `batch` holds its newest row.

    `halt` says that it must stop at the next step boundary, and why; `deadline` is when to
    go on after a wait. A run in memory is only touched by the thread of the loop.
    """

    __slots__ = (
        "batch",
        "cancel",
        "created",
        "deadline",
        "definition",
        "event",
        "halt",
        "id",
        "is_fresh",
        "lane",
        "reason",
        "recipe",
        "seq",
        "started",
        "state",
        "steps",
        "task",
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
        self.started: int | None = None
        self.state: RunState = "queued"
        self.reason: JSON = None
        self.cancel: JSON = None
        self.deadline: int | None = None
        self.halt: Halt | None = None
        self.is_fresh = True
        self.steps: Mapping[str, StepRecord] | None = None
        self.task: asyncio.Task[None] | None = None

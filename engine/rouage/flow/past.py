"""What is over, walked once more: its record is taken over, and nothing is done.

A run that goes on after a wait finds its results and variables by walking its steps again.
Inside a block that ended early (it failed, a branch was cut, the run was cancelled) only what
is on record counts: whatever the block had not come to must not be come to now.
"""

# ruff: noqa: ARG002 - the contract names what the past has no use for

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from rouage.durable.port import Attempt, RunContext, StepFailed, StepSpec, WaitSpec
from rouage.errors import StepError
from rouage.flow.journey import SETTLED, BranchCut, Journey, Refused, StopRun
from rouage.model.event import Event, Verdict
from rouage.model.run import SignalRecord, StepRecord
from rouage.sdk.json import JSON

Word = Callable[[Journey], Awaitable[object]]


async def recall(journey: Journey, walk: Word) -> StepFailed | None:
    """Take over what *walk* recorded before it ended; return how it failed, if it did."""
    past = Journey(
        journey.plan,
        PastContext(journey.context),
        journey.scope,
        journey.services,
        place=journey.place,
        approved=journey.approved,
        kept=journey.kept,
        heard=journey.heard,
        is_past=True,
    )
    try:
        await walk(past)
    except StepFailed as failure:
        return failure
    except (StepError, StopRun, Refused, BranchCut):
        pass
    return None


class PastContext:
    """The record of a run, where nothing can be added: what is not there ends the branch."""

    def __init__(self, context: RunContext) -> None:
        self._context = context

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._context.run_id

    @property
    def event(self) -> Event:
        """Return the event that started the run."""
        return self._context.event

    @property
    def started(self) -> datetime:
        """Return when the run first started."""
        return self._context.started

    @property
    def is_fresh(self) -> bool:
        """Say no: it has a past."""
        return False

    @property
    def cancelled(self) -> JSON:
        """Return the request to end this run, if there is one."""
        return self._context.cancelled

    def recorded(self, path: str) -> StepRecord | None:
        """Return what is known of the step."""
        return self._context.recorded(path)

    async def step(
        self, path: str, spec: StepSpec, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Return the recorded result of the step, or raise its failure."""
        known = self._settled(path)
        if known.state == "failed":
            raise StepFailed(known.error, known.attempts)
        return known.result

    def skip(self, path: str, action: str, conditions: Sequence[JSON]) -> None:
        """Return when the step is known to have been skipped."""
        self._settled(path)

    async def sleep_until(
        self, path: str, instant: datetime, *, conditions: tuple[JSON, ...] = ()
    ) -> None:
        """Return when the wait is over."""
        self._settled(path)

    def wake_by(self, path: str, instant: datetime) -> None:
        """Do nothing: no time limit runs any more."""

    async def wait_signal(
        self, path: str, spec: WaitSpec, *, deadline: datetime | None, after: int = 0
    ) -> tuple[SignalRecord, ...]:
        """Wait for nothing."""
        self._end()

    async def call(
        self, path: str, event: Event, verdict: Verdict, *, background: bool
    ) -> Mapping[str, JSON]:
        """Call nothing."""
        self._end()

    def now(self, path: str) -> datetime:
        """Return the instant that was recorded."""
        self._settled(path)
        return self._context.now(path)

    def _settled(self, path: str) -> StepRecord:
        known = self._context.recorded(path)
        if known is None or known.state not in SETTLED:
            self._end()
        return known

    def _end(self) -> NoReturn:
        raise BranchCut

"""What a step gave for an event, awaited for a while: answers to senders who wait (W-10)."""

import asyncio
from collections.abc import Callable

from rouage.clock import Clock
from rouage.durable.port import Reader, RunFilter
from rouage.flow.named import all_steps
from rouage.flow.plan import Plan
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.sdk.outcomes import AwaitOutcome, Outcome

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.2


def outcome_for(plan_of: Callable[[], Plan], reader: Reader, clock: Clock) -> AwaitOutcome:
    """Return how to wait for the outcome of a step of the recipe that *plan_of* gives.

    The journal is asked again and again, with growing pauses: few senders wait, and what is
    read there is on disk.
    """

    async def outcome(event_id: str, step: str, seconds: float) -> Outcome:
        paths = [use.path for use in all_steps(plan_of().recipe) if use.id == step]
        until = clock.monotonic_seconds() + seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            found = await _look(reader, event_id, frozenset(paths))
            is_over = found.state is None or found.state in FINAL_STATES
            left = until - clock.monotonic_seconds()
            if found.is_done or is_over or left <= 0:
                return found
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    return outcome


async def _look(reader: Reader, event_id: str, paths: frozenset[str]) -> Outcome:
    page = await reader.list_runs(RunFilter(event=event_id), limit=1)
    run = await reader.get_run(page.runs[0].id) if page.runs else None
    return Outcome() if run is None else _outcome(run, paths)


def _outcome(run: RunRecord, paths: frozenset[str]) -> Outcome:
    for step in run.steps:
        if step.path in paths and step.state == "done":
            return Outcome(run=run.id, state=run.state, is_done=True, result=step.result)
    return Outcome(run=run.id, state=run.state)

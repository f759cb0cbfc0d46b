"""Take steps in order, engine words included, and do what their `on_error` says."""

from collections.abc import Mapping
from typing import Final

from rouage.durable.port import StepFailed
from rouage.errors import StepError
from rouage.expressions import mask
from rouage.flow.approvals import approve
from rouage.flow.blocks import (
    BLOCKS,
    Conditions,
    Take,
    choose,
    fail,
    group,
    record,
    take_block,
)
from rouage.flow.branches import parallel
from rouage.flow.calls import call, emit
from rouage.flow.facts import error_facts
from rouage.flow.journey import Journey
from rouage.flow.loops import for_each, repeat
from rouage.flow.plan import StepPlan
from rouage.flow.step import note, take
from rouage.flow.waits import wait
from rouage.sdk.json import JSON

WORDS: Final[Mapping[str, Take]] = {
    "approve": approve,
    "call": call,
    "choose": choose,
    "emit": emit,
    "for_each": for_each,
    "group": group,
    "parallel": parallel,
    "repeat": repeat,
    "wait": wait,
}


async def walk(journey: Journey, steps: tuple[StepPlan, ...]) -> None:
    """Take *steps* in order.

    Raises:
        StepFailed: one failed, and its `on_error` says `stop`.
        OutOfTime: a time limit is over.
    """
    is_watched = journey.limit is not None or bool(journey.cuts) or journey.is_past
    results = journey.scope["steps"]
    for step in steps:
        if is_watched and step.use.uses not in BLOCKS:
            place = journey.place
            before = () if place is None else place.before(step.path)
            journey.check(journey.path_of(step.path), *before)
        try:
            word = None if step.action is not None else WORDS.get(step.use.uses)
            if word is None:
                await take(journey, step)
            else:
                await _take_word(journey, step, word)
        except StepFailed as failure:
            await _handle(journey, step, failure)
        name = step.use.id
        if step.inner or (name is not None and name not in results):
            fill_in(journey, (step,))


async def _take_word(journey: Journey, step: StepPlan, word: Take) -> None:
    path = journey.path_of(step.path)
    known = journey.context.recorded(path)
    if known is not None and known.state == "skipped":
        return
    try:
        conditions = await _conditions(journey, step, path)
    except StepError as error:
        await fail(journey, path, step.use.uses, error)
        return
    if conditions is None:
        return
    result = await take_block(journey, step, conditions, word=word, walk=walk)
    note(journey.scope, step, result)


async def _conditions(journey: Journey, step: StepPlan, path: str) -> Conditions | None:
    """Return the values that let the step be taken, decided once; None when it is skipped."""
    if step.condition is None or _was_done(journey, step):
        return ()
    known = journey.context.recorded(f"{path}:if")
    if known is not None:
        return known.conditions
    holds, seen = step.condition.explain(journey.scope)
    if not holds:
        journey.context.skip(path, step.use.uses, (seen,))
        return None
    await record(journey, f"{path}:if", "if", True, conditions=(seen,))
    return (seen,)


def _was_done(journey: Journey, step: StepPlan) -> bool:
    """Say whether the step was done in an earlier attempt of the block around it."""
    place = journey.place
    return place is not None and any(journey.done(one) for one in place.before(step.path))


async def _handle(journey: Journey, step: StepPlan, failure: StepFailed) -> None:
    """Do what the step's `on_error` says; re-raise when it says `stop`."""
    if failure.step is None:
        inner = failure.error.get("step") if isinstance(failure.error, dict) else None
        failure.step = inner if isinstance(inner, str) else step.use.id or step.path
    if step.use.on_error == "stop":
        raise failure
    if step.use.id is not None:
        journey.scope["steps"][step.use.id] = await _substitute(journey, step)
    if not step.handlers:
        return
    before = journey.scope.get("error")
    journey.scope["error"] = error_facts(
        failure.error,
        step=failure.step,
        attempts=failure.attempts,
        language=journey.services.language,
    )
    try:
        await walk(journey, step.handlers)
    finally:
        journey.scope["error"] = before


async def _substitute(journey: Journey, step: StepPlan) -> JSON:
    """Return what stands in for the result of a step that failed, worked out once.

    Raises:
        StepFailed: it cannot be worked out.
    """
    if step.substitute is None:
        return step.use.substitute
    path = f"{journey.path_of(step.path)}:value"
    known = journey.done(path)
    if known is not None:
        return known.result
    try:
        value = mask(step.substitute.render(journey.scope))
    except StepError as error:
        raise StepFailed(error.record(), 1, step.use.id or step.path) from error
    return await record(journey, path, "value", value)


def fill_in(journey: Journey, steps: tuple[StepPlan, ...]) -> None:
    """Give null to the ids of *steps*, and to those inside them, that were not come to."""
    results = journey.scope["steps"]
    for step in steps:
        if step.use.id is not None:
            results.setdefault(step.use.id, None)
        for name in step.inner:
            results.setdefault(name, None)

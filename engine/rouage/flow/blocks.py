"""Steps that hold steps, and engine words as a whole: attempts, time limits, records."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from rouage.durable.port import Attempt, RunParked, StepFailed, StepSpec
from rouage.errors import StepError
from rouage.expressions import mask
from rouage.flow.journey import Journey, Limit, OutOfTime
from rouage.flow.past import recall
from rouage.flow.place import Place, attempt
from rouage.flow.plan import StepPlan
from rouage.flow.retry import pause_before
from rouage.language import Text
from rouage.model.run import StepRecord
from rouage.sdk.json import JSON

Conditions = tuple[JSON, ...]
Walk = Callable[[Journey, tuple[StepPlan, ...]], Awaitable[None]]
Take = Callable[[Journey, StepPlan, Place, Conditions, Walk], Awaitable[JSON]]
"""Do what one engine word says, at its place; `walk` takes steps inside it."""

BLOCKS: Final = frozenset({"choose", "for_each", "group", "parallel", "repeat"})
"""The words that hold steps: limits and cuts end them at a step inside."""

WAITING_WORDS: Final = frozenset({"approve", "call", "wait"})
"""The words that may keep a run waiting at their own place."""

_INSIDE: Final = Text("a step inside failed", "une étape à l’intérieur a échoué")


class InnerFailure(StepError):  # noqa: N818 - it stands for another error
    """A step inside a block failed; its record is that of the step, which it names."""

    def __init__(self, record: JSON, step: str | None = None) -> None:
        self._record = dict(record) if isinstance(record, dict) else {}
        if step is not None:
            self._record.setdefault("step", step)
        super().__init__(_INSIDE)

    def record(self) -> dict[str, Any]:
        """Return the record of the step that failed."""
        return dict(self._record)


async def take_block(
    journey: Journey, step: StepPlan, conditions: Conditions, *, word: Take, walk: Walk
) -> JSON:
    """Take the engine word *step*, as often as its `retry` says.

    A repeated attempt keeps the results of the steps that were done before, so that only
    what failed is done again (features U-5.10).

    Raises:
        StepFailed: the last attempt failed.
    """
    path, policy = journey.path_of(step.path), step.use.retry
    earlier = () if journey.place is None else journey.place.before(step.path)
    if policy.times > 0 and policy.max_total_seconds is not None:
        journey.context.now(f"{path}:first")
    around = journey
    if policy.times > 0 and journey.kept is None:
        around = replace(journey, kept={})
    number = 1
    while True:
        place = Place(step.path, attempt(path, number), earlier)
        try:
            return await _attempt(around, step, place, conditions, word=word, walk=walk)
        except StepFailed as failure:
            failure.attempts = number
            if policy.times <= 0 or not await _tries_again(journey, step, place, failure):
                raise
        earlier, number = (place.path, *earlier), number + 1


async def _attempt(
    journey: Journey,
    step: StepPlan,
    place: Place,
    conditions: Conditions,
    *,
    word: Take,
    walk: Walk,
) -> JSON:
    """Make one attempt; how it failed is recorded, and stays so.

    Raises:
        StepFailed: it failed, now or before.
        OutOfTime: a time limit around the block is over.
    """
    known = journey.context.recorded(place.path)
    if known is not None and known.state == "failed":
        if step.use.uses in BLOCKS:
            await recall(
                journey.inside(place), lambda past: word(past, step, place, conditions, walk)
            )
        raise StepFailed(known.error, known.attempts)
    limit = _limit(journey, step, place, known)
    inside = journey.inside(place, limit=limit)
    own_limit = None if limit is journey.limit else limit
    try:
        if limit is not None and step.use.uses not in BLOCKS:
            inside.check(place.path, *place.earlier)
        return await word(inside, step, place, conditions, walk)
    except (StepFailed, StepError) as failure:
        error = _inner_error(failure, own_limit)
    except RunParked:
        if step.use.uses in WAITING_WORDS:
            journey.parked.append((place.path, step.use.uses))
        raise
    try:
        return await fail(journey, place.path, step.use.uses, error, conditions=conditions)
    except StepFailed:
        # Only now: without a record of the failure, these waits would be passed over.
        give_up(journey, place.path)
        raise


def _inner_error(failure: StepFailed | StepError, own_limit: Limit | None) -> StepError:
    """Return what is recorded of a block for *failure* inside it.

    Raises:
        OutOfTime: it is the end of a time limit around the block.
    """
    if isinstance(failure, StepFailed):
        return InnerFailure(failure.error, failure.step)
    if isinstance(failure, OutOfTime) and failure.limit is not own_limit:
        raise failure
    return failure


def give_up(journey: Journey, path: str) -> None:
    """End the waits at *path* and inside it: what they wait for does not matter any more."""
    inside = (f"{path}.", f"{path}[")
    for place, word in list(journey.parked):
        if place.startswith(inside):
            journey.context.skip(place, word, ())
            journey.parked.remove((place, word))


def _limit(
    journey: Journey, step: StepPlan, place: Place, known: StepRecord | None
) -> Limit | None:
    seconds = step.use.timeout_seconds
    # What `choose` records is its choice: the branch may be still to be taken.
    is_over = known is not None and known.state == "done" and step.use.uses != "choose"
    if seconds is None or is_over:
        return journey.limit
    limit = journey.limit_from(journey.context.now(f"{place.path}:start"), seconds)
    journey.wake_by(place.path, limit)
    return limit


async def _tries_again(journey: Journey, step: StepPlan, place: Place, failure: StepFailed) -> bool:
    """Say whether there is another attempt, and pause before it; both are decided once."""
    context, at, number = journey.context, place.path, failure.attempts
    if context.recorded(f"{at}:last") is not None:
        return False
    seconds: float | None = 0.0
    if context.recorded(f"{at}:pause") is None:
        first = context.now(f"{journey.path_of(step.path)}:first")
        error = InnerFailure(failure.error, failure.step)
        seconds = pause_before(journey, step.use.retry, number, error, first)
    if seconds is None:
        await record(journey, f"{at}:last", "retry", True)
        return False
    wake = journey.services.clock.now() + timedelta(seconds=seconds)
    await context.sleep_until(f"{at}:pause", wake)
    return True


async def record(
    journey: Journey,
    path: str,
    action: str,
    result: JSON,
    *,
    parameters: JSON = None,
    conditions: Conditions = (),
) -> JSON:
    """Record *result* as the outcome at *path*, and return what was recorded first."""

    async def known(_: Attempt) -> JSON:
        return result

    spec = StepSpec(action=action, effect="none", parameters=parameters, conditions=conditions)
    recorded = await journey.context.step(path, spec, known)
    if journey.kept is not None:
        journey.kept[path] = recorded
    return recorded


async def fail(
    journey: Journey,
    path: str,
    action: str,
    error: StepError,
    *,
    conditions: Conditions = (),
) -> JSON:
    """Record *error* as the outcome at *path*, where none is recorded yet.

    Raises:
        StepFailed: always.
    """
    known = journey.context.recorded(path)
    if known is not None and known.state == "done":
        # `choose` and `approve` record what was decided, which stays.
        raise StepFailed(error.record(), 1)

    async def refuse(_: Attempt) -> JSON:
        raise error

    spec = StepSpec(action=action, effect="none", conditions=conditions)
    return await journey.context.step(path, spec, refuse)


def outcome_of(journey: Journey, place: Place) -> StepRecord | None:
    """Return the record of a word that is done, in this attempt or in an earlier one."""
    for path in (place.path, *place.earlier):
        known = journey.done(path)
        if known is not None:
            return known
    return None


async def choose(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Take the first branch whose condition holds; the choice is made once."""
    known = journey.done(place.path)
    if known is not None:
        result: Any = known.result
    else:
        taken, looked = _choice(journey, step)
        result = await record(
            journey,
            place.path,
            "choose",
            {"branch": taken},
            conditions=(*conditions, *looked),
        )
    if result["branch"] is not None:
        await walk(journey, step.body.get(f"choose.{result['branch']}.do", ()))
    chosen: JSON = result
    return chosen


def _choice(journey: Journey, step: StepPlan) -> tuple[int | None, list[JSON]]:
    """Return the number of the branch to take, and the conditions that were looked at."""
    looked: list[JSON] = []
    for number, condition in enumerate(step.parts):
        if condition is None:
            return number, looked
        holds, seen = condition.explain(journey.scope)
        looked.append(seen)
        if holds:
            return number, looked
    return None, looked


async def group(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Take the steps inside, in order."""
    await walk(journey, step.body["group.do"])
    return await record(journey, place.path, "group", {}, conditions=conditions)


def own_steps(scope: Mapping[str, Any], before: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the results that came into *scope* since *before*, by id."""
    steps = scope["steps"]
    return {
        name: mask(value)
        for name, value in steps.items()
        if name not in before or before[name] is not value
    }


SCOPE_NAMES: Final = ("steps", "vars")


def own_scope(journey: Journey, **names: Any) -> dict[str, Any]:
    """Return a scope whose results and variables are its own, with *names* added."""
    scope = {**journey.scope, **names}
    for name in SCOPE_NAMES:
        scope[name] = dict(journey.scope[name])
    return scope


async def remember(journey: Journey, place: Place, before: Mapping[str, Any]) -> None:
    """Record what a block did to the variables, so that it need not be walked again."""
    now = journey.scope["vars"]
    changed = {name: value for name, value in now.items() if before.get(name) is not value}
    if changed:
        await record(journey, f"{place.path}:vars", "set", mask(changed))


def restore(journey: Journey, known: StepRecord) -> None:
    """Take over what a block that is over did to the variables."""
    changed = journey.done(f"{known.path}:vars")
    if changed is not None and isinstance(changed.result, dict):
        journey.scope["vars"].update(changed.result)

"""One step: decide, render, call the action within its time, and say how it ended."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from rouage.durable.port import Attempt, StepSpec
from rouage.errors import StepError, StepTimeout
from rouage.expressions import mask, reveal, secret_names
from rouage.flow.gate.passing import pass_gate
from rouage.flow.journey import OUT_OF_TIME, Journey, StopRun
from rouage.flow.lending import Lent
from rouage.flow.place import Place
from rouage.flow.plan import Scope, StepPlan
from rouage.flow.rates import keep_to, with_rate
from rouage.flow.retry import pause_of, widened
from rouage.flow.services import Rate, Services
from rouage.flow.shown import check_approved
from rouage.flow.traces import (
    Calling,
    FilesSeen,
    conclude,
    touches_files,
    withdraw,
    without_secrets,
)
from rouage.language import Text
from rouage.sdk.connector import ActionSpec
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.quantities import write_duration

logger = logging.getLogger(__name__)

_TRACE_LIMIT: Final = 2_000
"""Longest text kept in the trace of a step's parameters, in characters."""

_UNEXPECTED: Final = Text(
    "the action {action} failed in an unexpected way ({kind}); the log of the daemon has details",
    "l’action {action} a échoué de façon inattendue ({kind}) ; le journal du service en dit plus",
)
_TOO_SLOW: Final = Text("the step took longer than {limit}", "l’étape a duré plus de {limit}")


async def take(journey: Journey, step: StepPlan) -> None:
    """Take *step*: skip it, or do it and note its result under `steps.<id>`.

    Raises:
        StepFailed: it failed for good and its `on_error` says `stop`.
        StopRun: it was a `stop`.
    """
    place, context = journey.place, journey.context
    path = step.path if place is None else place.of(step.path)
    if place is not None and place.earlier and _was_done(journey, step, place):
        return
    known = context.recorded(path)
    if known is not None and known.state == "skipped":
        return
    conditions: tuple[JSON, ...] = ()
    try:
        if step.condition is not None and (known is None or known.state == "in_doubt"):
            holds, record = step.condition.explain(journey.scope)
            conditions = (record,)
            if not holds:
                context.skip(path, step.use.uses, conditions)
                return
        result = await _perform(journey, step, path, conditions)
    except StepError as error:
        result = await _fail(journey, step, path, error)
    note(journey.scope, step, result)
    if journey.kept is not None:
        journey.kept[path] = result


def _was_done(journey: Journey, step: StepPlan, place: Place) -> bool:
    """Take over the result of an earlier attempt, if there is one."""
    for path in place.before(step.path):
        known = journey.done(path)
        if known is not None:
            note(journey.scope, step, known.result)
            if step.use.uses == "stop":
                raise _stop(known.result)
            return True
    return False


def note(scope: Scope, step: StepPlan, result: JSON) -> None:
    """Make *result* known to the steps that follow."""
    if step.use.id is not None:
        scope["steps"][step.use.id] = result
    if step.use.uses == "set" and isinstance(result, dict):
        scope["vars"].update(result)


async def _fail(journey: Journey, step: StepPlan, path: str, error: StepError) -> JSON:
    """Record that the step failed before its action could be called."""

    async def refuse(_: Attempt) -> JSON:
        raise error

    return await journey.context.step(path, StepSpec(action=step.use.uses, effect="none"), refuse)


async def _perform(
    journey: Journey, step: StepPlan, path: str, conditions: tuple[JSON, ...]
) -> JSON:
    rendered = step.parameters.render(journey.scope)
    action = step.action
    if action is None:
        return await _plain_word(journey, step, path, mask(rendered), conditions)
    clear = rendered if step.parameters.is_constant else reveal(rendered)
    if step.ready is not None:
        ready = step.ready
    else:
        ready = action.parameters.build(clear if isinstance(clear, dict) else {})
    spec = StepSpec(
        action=action.id,
        effect=action.effect,
        idempotent=action.idempotent,
        parameters=_trace(mask(rendered) if journey.plan.uses_secrets else clear),
        conditions=conditions,
        pause=None if step.use.retry.times <= 0 else pause_of(journey, step.use.retry),
        secrets=secret_names(rendered) if journey.plan.uses_secrets else frozenset(),
    )
    if step.once is not None:
        spec.once = _once_key(step.once.render(journey.scope))
    calling = Calling(step, action, ready, path, spec, clear)
    if journey.plan.gate is not None:
        await pass_gate(journey, journey.plan.gate, calling)
    rate = journey.services.rate_of(action.id)
    if rate is not None:
        await _keep_rate(journey, rate, path, spec)
    spec.prepare = _preparing(journey, calling)

    async def call(attempt: Attempt) -> JSON:
        if journey.approved:
            await check_approved(journey, calling.clear)
        return await _call(journey, calling, attempt)

    return await journey.context.step(path, spec, call)


async def _keep_rate(journey: Journey, rate: Rate, path: str, spec: StepSpec) -> None:
    """Wait for the turn of a new call, and have its repetitions keep to the rate too."""
    if journey.context.recorded(path) is None:
        await keep_to(rate, journey, path)
    spec.pause = with_rate(rate, journey, spec.pause)


def _preparing(journey: Journey, calling: Calling) -> Callable[[], Awaitable[JSON]] | None:
    """Return what gives the inverse of a step before each call; None where nothing does."""
    undo = calling.action.undo
    if undo is None or undo.prepare is None:
        return None
    prepare = undo.prepare

    async def before() -> JSON:
        attempt = Attempt(number=0, run=journey.context.run_id, path=calling.path)
        inverse = await prepare(calling.parameters, _context(journey, calling, attempt))
        return without_secrets(inverse, journey)

    return before


async def _plain_word(
    journey: Journey,
    step: StepPlan,
    path: str,
    shown: JSON,
    conditions: tuple[JSON, ...],
) -> JSON:
    """Take `set` or `stop`, which only compute."""

    async def call(_: Attempt) -> JSON:
        return shown

    word = step.use.uses
    # What `set` was given is what it gives: recorded once.
    given = None if word == "set" else shown
    spec = StepSpec(action=word, effect="none", parameters=given, conditions=conditions)
    result = await journey.context.step(path, spec, call)
    if word == "stop":
        raise _stop(result)
    return result


def _stop(rendered: JSON) -> StopRun:
    if isinstance(rendered, dict):
        text = rendered.get("text")
        return StopRun(
            str(rendered.get("result", "succeeded")),
            None if text is None else str(text),
            rendered.get("outputs"),
        )
    return StopRun("succeeded", None if rendered is None else str(rendered), None)


def _once_key(rendered: Any) -> str:
    """Return the key of an effect; one that holds a secret is kept as its hash alone."""
    key = str(reveal(rendered))
    if str(mask(rendered)) == key:
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


async def _call(journey: Journey, calling: Calling, attempt: Attempt) -> JSON:
    step, action, ready = calling.step, calling.action, calling.parameters
    seconds = step.use.timeout_seconds
    if journey.limit is not None:
        seconds = _nearer(seconds, journey.seconds_left())
    seen = FilesSeen() if touches_files(calling) else None
    context = _context(journey, calling, attempt, seen)
    told = journey.services.accounts_told()
    limit: asyncio.Timeout | None = None
    try:
        if seconds is None:
            result = await action.run(ready, context)
        else:
            async with asyncio.timeout(seconds) as limit:
                result = await action.run(ready, context)
    except StepError as error:
        await withdraw(calling, error, context)
        raise _as_told(journey, step, error, attempt.number) from error.__cause__
    except TimeoutError as error:
        if seconds is not None and limit is not None and limit.expired():
            raise _too_slow(journey, seconds, is_own=seconds == step.use.timeout_seconds) from error
        raise _unexpected(action, error) from error
    except Exception as error:  # the border around a step
        raise _unexpected(action, error) from error
    await conclude(journey, calling, result, context, seen)
    # A server may have repeated a password: that of the recipe, or that of an account.
    if journey.plan.uses_secrets or journey.services.accounts_told() != told:
        return journey.services.mask(result)
    return result


def _as_told(journey: Journey, step: StepPlan, error: StepError, attempts: int) -> StepError:
    """Return *error* as it is recorded: without secrets, and worth an attempt if wanted so."""
    _hide_secrets(error, journey.services)
    return widened(journey, step.use.retry, error, attempts) or error


def _nearer(own: float | None, left: float | None) -> float | None:
    return left if own is None else own if left is None else min(own, left)


def _too_slow(journey: Journey, seconds: float, *, is_own: bool) -> StepTimeout:
    """Return why an action was cut: its own limit, or that of the run or a block around it."""
    if is_own or journey.limit is None:
        return StepTimeout(_TOO_SLOW, limit=write_duration(seconds))
    return StepTimeout(OUT_OF_TIME, limit=write_duration(journey.limit.seconds))


def _hide_secrets(error: StepError, services: Services) -> None:
    """Mask what a program or a server may have repeated in its complaint (security S-57)."""

    def hidden(text: object) -> str:
        return str(services.mask(str(text)))

    error.message = Text(hidden(error.message.en), hidden(error.message.fr))
    if error.hint is not None:
        error.hint = Text(hidden(error.hint.en), hidden(error.hint.fr))
    masked: dict[str, object] = {
        name: fact if isinstance(fact, Text | int | float) else hidden(fact)
        for name, fact in error.facts.items()
    }
    error.facts = masked


def _unexpected(action: ActionSpec, error: Exception) -> StepError:
    logger.error("unexpected failure in %s", action.id, exc_info=error)
    return StepError(_UNEXPECTED, action=action.id, kind=type(error).__name__)


def _context(
    journey: Journey, calling: Calling, attempt: Attempt, seen: FilesSeen | None = None
) -> Context:
    run_id, services, folders = journey.context.run_id, journey.services, journey.plan.folders

    def note_written(written: str) -> None:
        if seen is not None:
            seen.note_written(written)
        services.wrote(written, (*journey.context.event.trail, journey.plan.recipe.id))

    return Context(
        run_id=run_id,
        recipe_id=journey.plan.recipe.id,
        step=calling.path,
        attempt=attempt.number,
        idempotency_key=attempt.idempotency_key,
        workspace=services.workspace,
        files=folders if seen is None else folders.telling(seen.note_read),
        timezone=journey.plan.timezone,
        clock=services.clock,
        log=services.log,
        open_http=services.open_http,
        scratch=lambda: services.scratch_of(run_id),
        render=journey.plan.render_text,
        templates=calling.step.templates,
        wrote=note_written,
        accounts=Lent(services, calling.spec),
        business=services.business,
        ledger=services.ledger,
    )


def _is_short(value: dict[str, JSON]) -> bool:
    """Say whether *value* holds plain values only, and no long text."""
    for item in value.values():
        if isinstance(item, str):
            if len(item) > _TRACE_LIMIT:
                return False
        elif isinstance(item, dict | list):
            return False
    return True


def _trace(value: JSON) -> JSON:
    """Shorten long texts: the trace shows what was passed, it does not store documents."""
    if isinstance(value, dict):
        if _is_short(value):
            return value
        return {name: _trace(item) for name, item in value.items()}
    if isinstance(value, str):
        return value if len(value) <= _TRACE_LIMIT else value[: _TRACE_LIMIT - 1] + "…"
    if isinstance(value, list):
        return [_trace(item) for item in value[:100]]
    return value

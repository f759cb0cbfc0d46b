"""One step: decide, render, call the action within its time, and say how it ended."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from rouage.durable.port import Attempt, RunContext, StepFailed, StepSpec
from rouage.errors import RetryableError, StepError, StepTimeout
from rouage.expressions import mask, reveal
from rouage.flow.plan import Plan, Scope, StepPlan
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.recipe import RetryPolicy
from rouage.sdk.connector import ActionSpec
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_TRACE_LIMIT: Final = 2_000
"""Longest text kept in the trace of a step's parameters, in characters."""

_UNEXPECTED: Final = Text(
    "the action {action} failed in an unexpected way ({kind}); the log of the daemon has details",
    "l’action {action} a échoué de façon inattendue ({kind}) ; le journal du service en dit plus",
)
_TOO_SLOW: Final = Text(
    "the step took longer than {seconds} s", "l’étape a duré plus de {seconds} s"
)


class StopRun(Exception):  # noqa: N818 - the recipe said so
    """The recipe asked to stop here, with a result."""

    def __init__(self, result: str, text: str | None, outputs: JSON) -> None:
        self.result = result
        self.text = text
        self.outputs = outputs
        super().__init__(text or result)


@dataclass(slots=True)
class Journey:
    """One run on its way: what its steps share. `vars` and `steps` grow in `scope`."""

    plan: Plan
    context: RunContext
    scope: Scope
    services: Services
    deadline: float | None = None

    def seconds_left(self) -> float | None:
        """Return what the run's own time limit leaves, or None without one."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - self.services.clock.monotonic_seconds())


async def take(journey: Journey, step: StepPlan) -> None:
    """Take *step*: skip it, or do it and note its result under `steps.<id>`.

    Raises:
        StepFailed: it failed for good and its `on_error` says `stop`.
        StopRun: it was a `stop`.
    """
    known = journey.context.recorded(step.path)
    if known is not None and known.state == "skipped":
        return
    conditions: tuple[JSON, ...] = ()
    try:
        if step.condition is not None and (known is None or known.state == "in_doubt"):
            holds, record = step.condition.explain(journey.scope)
            conditions = (record,)
            if not holds:
                journey.context.skip(step.path, step.use.uses, conditions)
                return
        result = await _perform(journey, step, conditions)
    except StepError as error:
        result = await _fail(journey, step, error)
    _note(journey.scope, step, result)


def _note(scope: Scope, step: StepPlan, result: JSON) -> None:
    if step.use.id is not None:
        scope["steps"][step.use.id] = result
    if step.use.uses == "set" and isinstance(result, dict):
        scope["vars"].update(result)


async def _fail(journey: Journey, step: StepPlan, error: StepError) -> JSON:
    """Record that the step failed before its action could be called."""

    async def refuse(_: Attempt) -> JSON:
        raise error

    return await journey.context.step(
        step.path, StepSpec(action=step.use.uses, effect="none"), refuse
    )


async def _perform(journey: Journey, step: StepPlan, conditions: tuple[JSON, ...]) -> JSON:
    rendered = step.parameters.render(journey.scope)
    if step.action is None:
        return await _engine_word(journey, step, rendered, conditions)
    action = step.action
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
        pause=_pause_of(journey, step.use.retry),
    )

    async def call(attempt: Attempt) -> JSON:
        return await _call(journey, step, action, ready, attempt)

    return await journey.context.step(step.path, spec, call)


async def _engine_word(
    journey: Journey, step: StepPlan, rendered: Any, conditions: tuple[JSON, ...]
) -> JSON:
    shown = mask(rendered)

    async def call(_: Attempt) -> JSON:
        return shown

    spec = StepSpec(action=step.use.uses, effect="none", parameters=shown, conditions=conditions)
    result = await journey.context.step(step.path, spec, call)
    if step.use.uses == "stop":
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


async def _call(
    journey: Journey, step: StepPlan, action: ActionSpec, ready: Any, attempt: Attempt
) -> JSON:
    seconds = _shortest(step.use.timeout_seconds, journey.seconds_left())
    context = _context(journey, step, attempt)
    limit: asyncio.Timeout | None = None
    try:
        if seconds is None:
            result = await action.run(ready, context)
        else:
            async with asyncio.timeout(seconds) as limit:
                result = await action.run(ready, context)
    except StepError as error:
        if journey.plan.uses_secrets:
            _hide_secrets(error, journey.services)
        raise
    except TimeoutError as error:
        if seconds is not None and limit is not None and limit.expired():
            raise StepTimeout(_TOO_SLOW, seconds=f"{seconds:g}") from error
        raise _unexpected(action, error) from error
    except Exception as error:  # the border around a step
        raise _unexpected(action, error) from error
    return journey.services.mask(result) if journey.plan.uses_secrets else result


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


def _context(journey: Journey, step: StepPlan, attempt: Attempt) -> Context:
    run_id, services = journey.context.run_id, journey.services
    return Context(
        run_id=run_id,
        recipe_id=journey.plan.recipe.id,
        step=step.path,
        attempt=attempt.number,
        idempotency_key=attempt.idempotency_key,
        workspace=services.workspace,
        files=journey.plan.folders,
        timezone=journey.plan.timezone,
        clock=services.clock,
        log=services.log,
        open_http=services.open_http,
        scratch=lambda: services.scratch_of(run_id),
        render=journey.plan.render_text,
        templates=step.templates,
    )


def _shortest(*limits: float | None) -> float | None:
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _pause_of(journey: Journey, policy: RetryPolicy) -> Any:
    """Return the decision about a failed attempt, or None when nothing is retried."""
    if policy.times <= 0:
        return None

    def pause(attempts: int, error: StepError, elapsed: float) -> float | None:
        if attempts > policy.times:
            return None
        seconds = policy.wait_seconds * policy.backoff ** (attempts - 1)
        seconds = _shortest(seconds, policy.max_wait_seconds) or 0.0
        if policy.jitter:
            spread = hash((journey.context.run_id, attempts)) % 1000 / 1000
            seconds *= 1 + policy.jitter * (2 * spread - 1)
        if isinstance(error, RetryableError) and error.retry_after_seconds is not None:
            seconds = max(seconds, error.retry_after_seconds)
        if policy.max_total_seconds is not None and elapsed + seconds > policy.max_total_seconds:
            return None
        left = journey.seconds_left()
        return None if left is not None and seconds >= left else seconds

    return pause


def _is_short(value: JSON) -> bool:
    return value is None or (
        len(value) <= _TRACE_LIMIT if isinstance(value, str) else isinstance(value, int | float)
    )


def _trace(value: JSON) -> JSON:
    """Shorten long texts: the trace shows what was passed, it does not store documents."""
    if isinstance(value, dict) and all(map(_is_short, value.values())):
        return value
    if isinstance(value, str):
        return value if len(value) <= _TRACE_LIMIT else value[: _TRACE_LIMIT - 1] + "…"
    if isinstance(value, dict):
        return {name: _trace(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_trace(item) for item in value[:100]]
    return value


__all__ = ["Journey", "StepFailed", "StopRun", "take"]

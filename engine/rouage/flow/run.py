"""One run: its steps in order, its failures, its end. This is the shared interpreter."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.durable.port import (
    Attempt,
    BlockedRun,
    RunContext,
    RunOutcome,
    StepFailed,
    StepSpec,
)
from rouage.errors import RouageError, StepError
from rouage.expressions import Condition, mask
from rouage.flow.blocks import give_up
from rouage.flow.blocks import record as note_outcome
from rouage.flow.facts import error_facts
from rouage.flow.journey import Journey, Limit, OutOfTime, Refused, StopRun
from rouage.flow.past import recall
from rouage.flow.plan import MissingActionError, Plan
from rouage.flow.services import Services
from rouage.flow.walk import fill_in, walk
from rouage.language import Text
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_WAITED_SECONDS: Final = 1.0
"""A run that was queued longer than this has its recipe's `if` looked at again."""
_UNASKED: Final = frozenset({"manual", "call"})
"""What starts a run without the recipe's `if` being looked at."""
_DO_END: Final = "do:end"
_ON_ERROR_END: Final = "on_error:end"
_THROUGH: Final[Mapping[str, Any]] = {"state": "succeeded"}
"""The end of `do` after its last step."""
_STOPPED: Final = Text("stopped by the recipe", "arrêt par la recette")


class OvertakenError(RouageError):
    """The event came to nothing before its run began."""


class Interpreter:
    """Execute runs. `plan_of` gives the plan of a pinned definition (made once, kept)."""

    def __init__(self, plan_of: Callable[[bytes], Plan], services: Services) -> None:
        self._plan_of = plan_of
        self._services = services

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        """Run one run to its end; what was recorded before is not done again.

        Raises:
            BlockedRun: a connector that the definition needs is not installed.
        """
        try:
            plan = self._plan_of(definition)
        except MissingActionError as error:
            raise BlockedRun(error.record()) from error
        request = context.cancelled
        journey = await self._set_out(plan, context)
        if request is not None:
            await recall(journey, lambda past: walk(past, plan.steps))
            if plan.on_error and context.recorded(_DO_END) is not None:
                await recall(journey, lambda past: walk(past, plan.on_error))
            outcome = RunOutcome(state="cancelled", reason=request)
        else:
            outcome = await self._course(journey)
        return outcome if not plan.finally_ else await self._finally(journey, outcome)

    async def _course(self, journey: Journey) -> RunOutcome:
        """Take the steps of `do`, and of `on_error` after a failure."""
        if journey.plan.may_be_overtaken and journey.context.is_fresh:
            overtaken = await self._overtaken(journey)
            if overtaken is not None:
                return overtaken
        if journey.plan.condition is not None:
            refused = await self._look_again(journey, journey.plan.condition)
            if refused is not None:
                return refused
        ending = await self._do(journey)
        if ending is not _THROUGH:
            fill_in(journey, journey.plan.steps)
        outcome = self._outcome(journey, ending)
        if outcome.state == "failed" and "stop" not in ending:
            await self._recover(journey, ending)
        return outcome

    async def _overtaken(self, journey: Journey) -> RunOutcome | None:
        """Skip a run whose event came to nothing before it began (triggers F-22).

        Asked only while nothing was done: later, it may be our own doing.
        """
        event = journey.context.event
        trigger = journey.plan.triggers.get(event.source.rpartition("/")[2])
        if trigger is None or trigger.overtaken is None:
            return None
        try:
            reason = await trigger.overtaken(event.data, event.key)
        except Exception:  # the border around a trigger
            logger.exception("%s cannot tell whether its event still counts", event.source)
            return None
        return None if reason is None else RunOutcome(state="skipped", reason=_record(reason))

    async def _do(self, journey: Journey) -> Mapping[str, Any]:
        """Take the steps of `do`, and say how they ended.

        When other steps follow, that is recorded, and stays so.
        """
        plan = journey.plan
        may_follow = bool(plan.finally_ or plan.on_error)
        known = journey.done(_DO_END) if may_follow else None
        if known is not None:
            await recall(journey, lambda past: walk(past, plan.steps))
            return dict(known.result) if isinstance(known.result, dict) else {}
        try:
            await walk(journey, plan.steps)
            ending: Mapping[str, Any] = _THROUGH
        except StopRun as stop:
            ending = _stopped(stop)
        except Refused as no:
            ending = {"state": "cancelled", "reason": no.reason}
        except StepFailed as failure:
            ending = {
                "state": "failed",
                "error": failure.error,
                "step": failure.step,
                "attempts": failure.attempts,
            }
        except StepError as error:
            ending = {"state": "failed", "error": await self._out_of_time(journey, error)}
        if plan.finally_ or (plan.on_error and ending["state"] == "failed"):
            await note_outcome(journey, _DO_END, "end", dict(ending))
            give_up(journey, "do")
        return ending

    async def _out_of_time(self, journey: Journey, error: StepError) -> JSON:
        """Record that the run's time was over, so that it stays so."""
        record = error.record()
        if not isinstance(error, OutOfTime):
            return record
        return await note_outcome(journey, "timeout", "timeout", record)

    async def _look_again(self, journey: Journey, condition: Condition) -> RunOutcome | None:
        """Look at the recipe's `if` once more after a wait in the queue (features 4.3.7)."""
        plan, context = journey.plan, journey.context
        trigger = context.event.source.rpartition("/")[2]
        if trigger in _UNASKED and trigger not in plan.triggers:
            return None
        known = context.recorded("if")
        if known is None:
            waited = (context.started - context.event.time).total_seconds()
            if waited < _WAITED_SECONDS or context.recorded("do.0") is not None:
                return None
            holds, seen = condition.explain(journey.scope)
            still: Any = await note_outcome(journey, "if", "if", holds, conditions=(seen,))
        else:
            still = known.result
        return None if still else RunOutcome(state="skipped")

    async def _set_out(self, plan: Plan, context: RunContext) -> Journey:
        event, services = context.event, self._services
        trigger = event.source.rpartition("/")[2]
        scope = plan.scope(event, trigger, services, started=context.started)
        scope["steps"] = {}
        if plan.uses_run:
            scope["run"] = {
                "id": context.run_id,
                "started_at": context.started.isoformat(),
                "event": event.data,
            }
        journey = Journey(plan, context, scope, services)
        if plan.recipe.timeout_seconds is not None and context.cancelled is None:
            journey.limit = _time_limit(journey, plan.recipe.timeout_seconds)
        if plan.constants is None:
            scope["vars"] = await self._variables(journey)
        return journey

    async def _variables(self, journey: Journey) -> dict[str, Any]:
        """Compute `vars` once per run; a restart reads what was recorded."""

        async def compute(_: Attempt) -> JSON:
            return mask(journey.plan.variables.render(journey.scope))

        spec = StepSpec(action="vars", effect="none")
        result = await journey.context.step("vars", spec, compute)
        return dict(result) if isinstance(result, dict) else {}

    def _outcome(self, journey: Journey, ending: Mapping[str, Any]) -> RunOutcome:
        if ending is _THROUGH:
            return RunOutcome(state="succeeded", outputs=self._outputs(journey))
        state, outputs = ending["state"], ending.get("outputs")
        if outputs is None and (state in {"succeeded", "skipped"} or "stop" in ending):
            outputs = self._outputs(journey)
        return RunOutcome(
            state=state, reason=ending.get("reason"), error=ending.get("error"), outputs=outputs
        )

    async def _recover(self, journey: Journey, ending: Mapping[str, Any]) -> None:
        """Take the recipe's `on_error` steps; what fails there is recorded and hides nothing."""
        step, attempts = ending.get("step") or "", ending.get("attempts") or 0
        journey.scope["error"] = self._facts(ending.get("error"), step, attempts)
        plan, journey.limit = journey.plan, None
        if not plan.on_error:
            return
        if journey.context.recorded(_ON_ERROR_END) is not None:
            await recall(journey, lambda past: walk(past, plan.on_error))
            return
        try:
            await walk(journey, plan.on_error)
        except (StopRun, Refused):
            pass
        except (StepFailed, StepError) as second:
            logger.warning("on_error of %s failed too: %s", plan.recipe.id, second)
        if plan.finally_:
            await note_outcome(journey, _ON_ERROR_END, "end", True)
            give_up(journey, "on_error")

    async def _finally(self, journey: Journey, outcome: RunOutcome) -> RunOutcome:
        """Take the steps of `finally`; a failure there makes a success a failure."""
        journey.limit, journey.cuts = None, ()
        if "error" not in journey.scope or outcome.error is None:
            failed = outcome.error is not None
            journey.scope["error"] = self._facts(outcome.error) if failed else None
        try:
            await walk(journey, journey.plan.finally_)
        except (StopRun, Refused):
            pass
        except StepFailed as failure:
            return _worse(outcome, failure.error)
        except StepError as error:
            return _worse(outcome, error.record())
        return outcome

    def _facts(self, error: JSON, step: str = "", attempts: int = 0) -> dict[str, JSON]:
        language = self._services.language
        return error_facts(error, step=step, attempts=attempts, language=language)

    def _outputs(self, journey: Journey) -> JSON:
        if not journey.plan.recipe.outputs:
            return None
        try:
            return mask(journey.plan.outputs.render(journey.scope))
        except RouageError as error:
            return {"error": error.record()}


def _time_limit(journey: Journey, seconds: float) -> Limit:
    """Return the time limit of the run; once it was over it stays so, whatever the clock says."""
    context = journey.context
    if context.recorded("timeout") is not None:
        return Limit(context.started, journey.services.clock.monotonic_seconds(), seconds)
    limit = journey.limit_from(context.started, seconds)
    journey.wake_by("timeout", limit)
    return limit


def _record(reason: Text) -> JSON:
    return OvertakenError(reason).record()


def _worse(outcome: RunOutcome, error: JSON) -> RunOutcome:
    if outcome.state != "succeeded":
        return outcome
    return RunOutcome(state="failed", error=error, outputs=outcome.outputs)


def _stopped(stop: StopRun) -> dict[str, Any]:
    state = stop.result if stop.result in {"failed", "skipped"} else "succeeded"
    ending = {"state": state, "stop": True, "outputs": stop.outputs}
    if state == "failed":
        ending["error"] = StepError(stop.text or _STOPPED).record()
    return ending

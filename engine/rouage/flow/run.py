"""One run: its steps in order, its failures, its end. This is the shared interpreter."""

import logging
from collections.abc import Callable
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
from rouage.expressions import mask
from rouage.flow.plan import MissingActionError, Plan, StepPlan
from rouage.flow.services import Services
from rouage.flow.step import Journey, StopRun, take
from rouage.language import Language, Text
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_OUT_OF_TIME: Final = Text(
    "the run took longer than {seconds} s", "l’exécution a duré plus de {seconds} s"
)


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
        journey = await self._set_out(plan, context)
        try:
            await self._walk(journey, plan.steps)
            return RunOutcome(state="succeeded", outputs=self._outputs(journey))
        except StopRun as stop:
            return await self._stopped(journey, stop)
        except StepFailed as failure:
            return await self._failed(journey, failure)
        except StepError as error:
            await self._recover(journey, self._facts(error.record()))
            return RunOutcome(state="failed", error=error.record())

    async def _set_out(self, plan: Plan, context: RunContext) -> Journey:
        event, services = context.event, self._services
        trigger = event.source.rpartition("/")[2]
        scope = plan.scope(event, trigger, services, started=context.started)
        scope["steps"] = {}
        scope["run"] = {"id": context.run_id, "started_at": context.started.isoformat()}
        deadline = None
        if plan.recipe.timeout_seconds is not None:
            spent = (services.clock.now() - context.started).total_seconds()
            left = plan.recipe.timeout_seconds - max(0.0, spent)
            deadline = services.clock.monotonic_seconds() + left
        journey = Journey(plan, context, scope, services, deadline)
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

    async def _walk(self, journey: Journey, steps: tuple[StepPlan, ...]) -> None:
        for step in steps:
            if journey.deadline is not None and journey.seconds_left() == 0:
                raise StepError(_OUT_OF_TIME, seconds=f"{journey.plan.recipe.timeout_seconds:g}")
            try:
                await take(journey, step)
            except StepFailed as failure:
                await self._handle(journey, step, failure)

    async def _handle(self, journey: Journey, step: StepPlan, failure: StepFailed) -> None:
        """Do what the step's `on_error` says; re-raise when it says `stop`."""
        if step.use.on_error == "stop":
            failure.__dict__.setdefault("step", step.use.id or step.path)
            raise failure
        if step.use.id is not None:
            journey.scope["steps"][step.use.id] = step.use.substitute
        if step.handlers:
            journey.scope["error"] = self._facts(
                failure.error, step.use.id or step.path, failure.attempts
            )
            try:
                await self._walk(journey, step.handlers)
            finally:
                journey.scope.pop("error", None)

    async def _stopped(self, journey: Journey, stop: StopRun) -> RunOutcome:
        outputs = stop.outputs if stop.outputs is not None else self._outputs(journey)
        if stop.result == "failed":
            error = StepError(stop.text or Text("stopped by the recipe", "arrêt par la recette"))
            return RunOutcome(state="failed", error=error.record(), outputs=outputs)
        state = "skipped" if stop.result == "skipped" else "succeeded"
        return RunOutcome(state=state, outputs=outputs)  # type: ignore[arg-type] # two literals

    async def _failed(self, journey: Journey, failure: StepFailed) -> RunOutcome:
        step = str(failure.__dict__.get("step", ""))
        await self._recover(journey, self._facts(failure.error, step, failure.attempts))
        return RunOutcome(state="failed", error=failure.error)

    async def _recover(self, journey: Journey, error: JSON) -> None:
        """Take the recipe's `on_error` steps; what fails there is recorded and hides nothing."""
        if not journey.plan.on_error:
            return
        journey.scope["error"] = error
        journey.deadline = None
        try:
            await self._walk(journey, journey.plan.on_error)
        except StopRun:
            pass
        except (StepFailed, StepError) as second:
            logger.warning("on_error of %s failed too: %s", journey.plan.recipe.id, second)

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


def error_facts(error: JSON, *, step: str, attempts: int, language: Language) -> dict[str, JSON]:
    """Return `error` as the expressions of an `on_error` see it."""
    record = error if isinstance(error, dict) else {}
    message = record.get("message")
    return {
        "step": step,
        "kind": record.get("kind", "StepError"),
        "message": message.get(language) if isinstance(message, dict) else message,
        "attempts": attempts,
    }

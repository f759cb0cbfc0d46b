"""Which recipes want this event? Every verdict is kept with the values it compared."""

from typing import Literal

from rouage.errors import StepError
from rouage.expressions import Condition
from rouage.flow.admission import admission
from rouage.flow.pauses import RESUMED
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.services import Services
from rouage.flow.trail import find_loop
from rouage.model.event import Event, Verdict
from rouage.sdk.json import JSON

Part = Literal["whole", "arrival", "release"]
"""What is asked: all of it, or for a trigger that gathers, what concerns one event on its
`arrival` (the trigger's own condition), and what concerns the gathered one at its `release`."""


def match(
    plan: Plan,
    trigger: TriggerPlan | None,
    event: Event,
    services: Services,
    *,
    part: Part = "whole",
    is_own_file: bool = False,
) -> Verdict:
    """Return the verdict of one recipe about *event*; it never raises.

    *trigger* is None for a start by hand, which no condition refuses. Matching is bounded
    (expressions are), so the verdict goes into the event's own commit. *is_own_file* says
    that the event is about a file that the recipe wrote itself.
    """
    recipe, pause = plan.recipe, services.pause_of(plan.recipe.id)
    if pause is not None and _is_held_back(trigger, event):
        return Verdict(recipe=recipe.id, outcome="paused", definition=recipe.hash, error=pause)
    return _judge(plan, trigger, event, services, part, is_own_file)


def _judge(
    plan: Plan,
    trigger: TriggerPlan | None,
    event: Event,
    services: Services,
    part: Part,
    is_own_file: bool,
) -> Verdict:
    recipe = plan.recipe
    conditions: list[JSON] = []
    try:
        if event.trail:
            loop = find_loop(recipe.id, event.trail, is_own_file=is_own_file)
            if loop is not None:
                return _verdict(plan, "looped", error=loop)
        asked = _conditions(plan, trigger, part)
        if not asked and part != "arrival" and plan.unconditional is not None:
            return plan.unconditional
        scope = plan.scope(event, trigger.use.id if trigger else "manual", services)
        for condition in asked:
            holds, record = condition.explain(scope)
            conditions.append(record)
            if not holds:
                return _verdict(plan, "refused", conditions)
        if part == "arrival":
            return _verdict(plan, "held", conditions)
        return Verdict(
            recipe=recipe.id,
            outcome="matched",
            definition=recipe.hash,
            admission=admission(plan, scope),
            conditions=tuple(conditions),
        )
    except StepError as error:
        return _verdict(plan, "failed", conditions, error)


def _is_held_back(trigger: TriggerPlan | None, event: Event) -> bool:
    """Say whether a pause concerns *event*: no start by hand, nothing that is being let go."""
    return trigger is not None and not event.key.startswith(RESUMED)


def _conditions(plan: Plan, trigger: TriggerPlan | None, part: Part) -> list[Condition]:
    if trigger is None:
        return []
    own = None if part == "release" else trigger.condition
    of_recipe = None if part == "arrival" else plan.condition
    return [condition for condition in (own, of_recipe) if condition is not None]


def _verdict(
    plan: Plan,
    outcome: Literal["refused", "failed", "held", "looped"],
    conditions: list[JSON] | None = None,
    error: StepError | None = None,
) -> Verdict:
    return Verdict(
        recipe=plan.recipe.id,
        outcome=outcome,
        definition=plan.recipe.hash,
        conditions=tuple(conditions or ()),
        error=None if error is None else error.record(),
    )

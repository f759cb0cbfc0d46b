"""Which recipes want this event? Every verdict is kept with the values it compared."""

from rouage.errors import StepError
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.queue import admission
from rouage.flow.services import Services
from rouage.model.event import Event, Verdict
from rouage.sdk.json import JSON


def match(plan: Plan, trigger: TriggerPlan | None, event: Event, services: Services) -> Verdict:
    """Return the verdict of one recipe about *event*; it never raises.

    *trigger* is None for a start by hand, which no condition refuses. Matching is bounded
    (expressions are), so the verdict goes into the event's own commit.
    """
    recipe = plan.recipe
    conditions: list[JSON] = []
    try:
        scope = plan.scope(event, trigger.use.id if trigger else "manual", services)
        if trigger is not None:
            for condition in (trigger.condition, plan.condition):
                if condition is None:
                    continue
                holds, record = condition.explain(scope)
                conditions.append(record)
                if not holds:
                    return Verdict(
                        recipe=recipe.id,
                        outcome="refused",
                        definition=recipe.hash,
                        conditions=tuple(conditions),
                    )
        return Verdict(
            recipe=recipe.id,
            outcome="matched",
            definition=recipe.hash,
            admission=admission(plan, scope),
            conditions=tuple(conditions),
        )
    except StepError as error:
        return Verdict(
            recipe=recipe.id,
            outcome="failed",
            definition=recipe.hash,
            conditions=tuple(conditions),
            error=error.record(),
        )

"""May a run start now? The recipe's `concurrency`, with its key worked out for one event."""

from dataclasses import replace
from typing import Any

from rouage.expressions import mask
from rouage.flow.plan import Plan
from rouage.model.event import Admission


def admission(plan: Plan, scope: dict[str, Any]) -> Admission:
    """Return how the run of this event shares the road with others of its recipe.

    Raises:
        ExpressionError: the key cannot be worked out from this event.
    """
    declared = plan.recipe.admission
    if plan.admission_key is None:
        return declared
    return replace(declared, key=str(mask(plan.admission_key.render(scope))))

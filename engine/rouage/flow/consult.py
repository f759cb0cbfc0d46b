"""How a trigger calls an action that changes nothing, such as the one that parses its source.

What comes from outside is parsed in a worker process (decision 0007). Actions are what the
workers run, so a trigger has its bytes parsed by an isolated action of its own connector.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from rouage.errors import StepError
from rouage.flow.plan import Plan
from rouage.flow.services import Services
from rouage.language import Text
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

Consult = Callable[[str, Mapping[str, JSON]], Awaitable[JSON]]

_NOT_HERE: Final = Text(
    "the action “{name}” is not installed here", "l’action « {name} » n’est pas installée ici"
)
_ACTS: Final = Text(
    "a trigger may not call “{name}”: it changes something",
    "un déclencheur ne peut pas appeler « {name} » : elle change quelque chose",
)


def consult_for(plan: Plan, source: str, services: Services) -> Consult:
    """Return how the trigger *source* of *plan* calls actions without effect."""
    return consult_with(lambda: _context(plan, source, services), services)


def consult_with(make_context: Callable[[], Context], services: Services) -> Consult:
    """Return how to call actions without effect, each with a context of its own."""

    async def consult(name: str, parameters: Mapping[str, JSON]) -> JSON:
        action = services.catalog.actions.get(name)
        if action is None:
            raise StepError(_NOT_HERE, name=name)
        if action.effect != "none":
            raise StepError(_ACTS, name=name)
        context = make_context()
        result: JSON = await action.run(action.parameters.build(parameters), context)
        return result

    return consult


def _context(plan: Plan, source: str, services: Services) -> Context:
    def scratch() -> Path:
        return services.scratch_of(source.replace("/", "."))

    return Context(
        run_id=source,
        recipe_id=plan.recipe.id,
        step=source,
        attempt=1,
        idempotency_key=source,
        workspace=services.workspace,
        files=plan.folders,
        timezone=plan.timezone,
        clock=services.clock,
        log=services.log,
        open_http=services.open_http,
        scratch=scratch,
        accounts=services.accounts,
        business=services.business,
    )

"""Events that runs wait for (`wait: {event: ...}`): given to those whose question they answer."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from rouage.durable.port import Accepted, Duplicate, Engine, Wake
from rouage.errors import StepError
from rouage.expressions import Condition, compile_condition
from rouage.flow.plan import Plan
from rouage.flow.services import Services
from rouage.model.event import Event, Verdict
from rouage.model.run import WaitKind, WaitRecord
from rouage.sdk.json import JSON

MOST_WAITS: Final = 100_000
_AT_ONCE: Final = 100
_SHOWN: Final = 10
_EVENT: Final[frozenset[WaitKind]] = frozenset({"event"})
_LOOPS: Final = (".for_each.", ".repeat.")


async def deliver(
    event: Event,
    plan: Plan,
    *,
    engine: Engine,
    services: Services,
    items: Mapping[bytes, JSON] | None = None,
) -> Accepted | Duplicate:
    """Commit *event*, and give it to the runs that wait for it, in the same commit.

    It starts no run of its own. The questions are looked at in portions, so that however many
    runs wait, others get their turn.
    """
    waits = await _waits(event.source, engine)
    wakes: list[Wake] = []
    conditions: list[JSON] = []
    questions: dict[str, Condition] = {}
    for number, wait in enumerate(waits, 1):
        record = _answer(wait, event, plan, services, questions)
        if record is None or record["value"] is True:
            wakes.append(
                Wake(run=wait.run, path=wait.path, name=wait.name or "", payload=event.data)
            )
        if record is not None and len(conditions) < _SHOWN:
            conditions.append({**record, "run": wait.run})
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    verdict = Verdict(
        recipe=plan.recipe.id,
        outcome="held" if wakes else "refused",
        definition=plan.recipe.hash,
        conditions=tuple(conditions),
    )
    return await engine.accept(event, (verdict,), items=items, wakes=tuple(wakes))


async def _waits(source: str, engine: Engine) -> list[WaitRecord]:
    """Return the runs that wait for events of *source*.

    Inside a loop each turn waits under a name of its own: `source@path`.
    """
    if not any(loop in source for loop in _LOOPS):
        return list(await engine.list_waits(kinds=_EVENT, name=source, limit=MOST_WAITS))
    found = await engine.list_waits(kinds=_EVENT, limit=MOST_WAITS)
    mine = f"{source}@"
    return [wait for wait in found if wait.name == source or (wait.name or "").startswith(mine)]


def _answer(
    wait: WaitRecord,
    event: Event,
    plan: Plan,
    services: Services,
    questions: dict[str, Condition],
) -> dict[str, Any] | None:
    """Return what one waiting run makes of the event; None when any event will do."""
    question = wait.question if isinstance(wait.question, dict) else {}
    source = question.get("if")
    if not isinstance(source, str):
        return None
    given = question.get("scope")
    scope: dict[str, Any] = dict(plan.base)
    if isinstance(given, dict):
        scope |= given
    scope |= {"event": event.data, "now": plan.now}
    if "secrets" in source:
        scope["secrets"] = services.secrets()
    try:
        condition = questions.get(source)
        if condition is None:
            condition = questions[source] = compile_condition(source)
        return dict(condition.explain(scope)[1])
    except StepError as error:
        return {"expression": source, "value": None, "error": error.record()}

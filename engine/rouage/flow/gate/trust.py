"""`trust`: act for show only, ask before the first effect of a run, or act (features N-6)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal

from rouage.catalog.catalog import Catalog
from rouage.catalog.standins import stand_in
from rouage.flow.blocks import record
from rouage.flow.gate.asking import TELLING, ask, effects_to_come, refuse
from rouage.flow.gate.rules import Gate
from rouage.flow.gate.tallies import Tallies
from rouage.flow.journey import Journey
from rouage.flow.plan import StepPlan
from rouage.flow.traces import Calling
from rouage.language import Text
from rouage.model.recipe import Trust
from rouage.model.run import SHADOW
from rouage.sdk.connector import ActionSpec, Run
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

PATH: Final = "trust"
"""Where in a run its trust is recorded."""

Way = Literal["shadow", "ask", "auto"]

_ASK: Final = Text("{recipe}: go ahead with this?", "{recipe} : faire ceci ?")
_ASK_COUNTED: Final = Text(
    "{recipe}: go ahead with this? ({done} of {needed} approvals before it acts by itself)",
    "{recipe} : faire ceci ? ({done} accord(s) sur {needed} avant qu’elle agisse seule)",
)


async def find_way(journey: Journey, gate: Gate, trust: Trust, tallies: Tallies) -> Way:
    """Return how far this run may go, decided once at its first effect."""
    known = journey.done(PATH)
    if known is not None:
        way: Any = known.result.get("way", "ask") if isinstance(known.result, dict) else "ask"
        return "shadow" if way == "shadow" else "auto" if way == "auto" else "ask"
    if trust.start == "shadow":
        return await _note(journey, "shadow")
    # A run that has asked waits for its answer, whatever the others have earned meanwhile.
    if trust.auto_after is not None and journey.context.recorded(f"{PATH}:question") is None:
        count = await tallies.approvals(journey.plan.recipe.id, gate.fingerprint)
        if count >= trust.auto_after:
            return await _note(journey, "auto")
    return "ask"


async def _note(journey: Journey, way: Way) -> Way:
    await record(journey, PATH, "trust", {"way": way})
    return way


async def ask_first(
    journey: Journey,
    gate: Gate,
    trust: Trust,
    tallies: Tallies,
    *,
    step: StepPlan,
    path: str,
    effect: Callable[[], list[JSON]],
) -> None:
    """Return once somebody said yes to the effects of this run, of which *effect* is the first.

    Raises:
        RunParked: nobody has answered yet.
        Refused: the answer was no.
    """
    recipe, run = journey.plan.recipe, journey.context.run_id
    text, show = _ASK.fill(recipe=recipe.name), list[JSON]()
    if journey.context.recorded(f"{PATH}:question") is None:
        show = [*effect(), *effects_to_come(journey, step)]
        if trust.auto_after is not None:
            done = await tallies.approvals(recipe.id, gate.fingerprint)
            text = _ASK_COUNTED.fill(recipe=recipe.name, done=done, needed=trust.auto_after)
    decision = await ask(journey, PATH, text, show)
    if not decision.get("approved"):
        await tallies.forget_approvals(recipe.id)
        refuse(step, path, decision)
    if trust.auto_after is not None:
        await tallies.note_approval(recipe.id, gate.fingerprint, run)


async def may_tell_others(journey: Journey, step: StepPlan, path: str, name: str) -> bool:
    """Say whether `call` or `emit` at *path*, of *name*, is to be done or only played.

    Raises:
        RunParked: nobody has said yes yet.
        Refused: the answer was no.
    """
    gate, tallies = journey.plan.gate, journey.services.tallies
    if gate is None or gate.trust is None or tallies is None:
        return True
    if journey.context.recorded(path) is not None:
        return True
    way = await find_way(journey, gate, gate.trust, tallies)
    if way == "ask":
        said = TELLING[step.use.uses].render(journey.services.language, {"name": name})
        shown: JSON = {"text": said}
        await ask_first(
            journey, gate, gate.trust, tallies, step=step, path=path, effect=lambda: [shown]
        )
    return way != "shadow"


def play(calling: Calling, catalog: Catalog) -> None:
    """Have the call only played: simulated where its action says how, else made up."""
    action, spec = calling.action, calling.spec
    calling.action = replace(
        action, run=_played(action, catalog), undo=None, effect="none", isolated=False
    )
    spec.action, spec.effect, spec.idempotent = SHADOW + action.id, "none", "yes"
    spec.once = None


def _played(action: ActionSpec, catalog: Catalog) -> Run:
    async def run(params: Any, context: Context) -> JSON:
        # What a foreign package calls a simulation may act: it is never called.
        foreseen = None
        if action.simulate is not None and not catalog.is_foreign(action.id):
            foreseen = await action.simulate(params, context)
        return stand_in(action, vars_of(params)) if foreseen is None else foreseen

    return run


def vars_of(params: Any) -> dict[str, Any]:
    """Return the parameters of a call by name."""
    return {name: getattr(params, name) for name in getattr(params, "__dataclass_fields__", ())}

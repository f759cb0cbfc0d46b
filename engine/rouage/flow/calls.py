"""`call` runs another recipe, `emit` tells those that listen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from rouage.durable.port import Attempt, StepSpec
from rouage.errors import JournalError, RetryableError, StepError
from rouage.expressions import mask, reveal
from rouage.flow.admission import admission
from rouage.flow.answers import AnswerError, check_value
from rouage.flow.blocks import Conditions, Walk, outcome_of, record
from rouage.flow.gate.trust import may_tell_others
from rouage.flow.journey import Journey
from rouage.flow.place import Place
from rouage.flow.plan import Plan, StepPlan
from rouage.flow.trail import find_loop
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.run import SHADOW
from rouage.sdk.json import JSON

CALL: Final = "call"
_BUSY_SECONDS: Final = 5.0
_LONGEST_BUSY_SECONDS: Final = 60.0

_NO_RECIPE: Final = Text(
    "no active recipe is called “{recipe}”",
    "aucune recette active ne s’appelle « {recipe} »",
)
_NO_INPUT: Final = Text(
    "the recipe {recipe} has no input “{name}”",
    "la recette {recipe} n’a pas d’entrée « {name} »",
)
_MISSING: Final = Text(
    "the recipe {recipe} needs the input “{name}”",
    "la recette {recipe} a besoin de l’entrée « {name} »",
)
_UNFIT: Final = Text(
    "the input “{name}” of {recipe} does not fit: {reason}",
    "l’entrée « {name} » de {recipe} ne convient pas : {reason}",
)
_FAILED: Final = Text(
    "the recipe {recipe} {state} (run {run}){why}",
    "la recette {recipe} {state} (exécution {run}){why}",
)
_STATES: Final[Mapping[str, Text]] = {
    "failed": Text("failed", "a échoué"),
    "cancelled": Text("was cancelled", "a été annulée"),
}
_NO_PLACE: Final = Text(
    "the recipe {recipe} was not run: its `concurrency` left no place",
    "la recette {recipe} n’a pas été exécutée : sa « concurrency » ne laissait pas de place",
)


_SECRET: Final = Text(
    "{word}: a secret cannot be handed on to another recipe, it would have to be stored",
    "{word} : un secret ne peut pas être transmis à une autre recette, il faudrait l’enregistrer",
)
_SECRET_HINT: Final = Text(
    "let the other recipe name the secret itself: ${{ secrets.NAME }}",
    "laissez l’autre recette nommer elle-même le secret : ${{ secrets.NOM }}",
)


class CallFailed(StepError):  # noqa: N818 - the kind that recipes know
    """The called recipe did not succeed."""


async def call(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Run another recipe, and return its outputs."""
    del walk
    known = outcome_of(journey, place)
    if known is not None:
        return known.result
    given: Any = _given(journey, step)
    name = str(given["recipe"])
    is_background = bool(given.get("background", False))
    if not await may_tell_others(journey, step, place.path, name):
        played: JSON = {"run": None} if is_background else {}
        return await record(journey, place.path, SHADOW + CALL, played, parameters=given)
    event, verdict = _prepare(journey, place, name, given.get("inputs"))
    outcome = await journey.context.call(place.path, event, verdict, background=is_background)
    result = _result(name, outcome, is_background=is_background)
    shown: JSON = {"recipe": name, "inputs": given.get("inputs") or {}, "run": outcome["run"]}
    return await record(journey, place.path, CALL, result, parameters=shown, conditions=conditions)


def _given(journey: Journey, step: StepPlan) -> JSON:
    """Return what the step was given, which goes into the journal as it is.

    Raises:
        StepError: a secret is in it, which is never stored.
    """
    rendered = step.parameters.render(journey.scope)
    given = mask(rendered)
    if journey.plan.uses_secrets and reveal(rendered) != given:
        raise StepError(_SECRET, hint=_SECRET_HINT, word=step.use.uses)
    return given


def _prepare(journey: Journey, place: Place, name: str, given: JSON) -> tuple[Event, Verdict]:
    """Return the event of the called run, and what its recipe makes of it.

    Raises:
        StepError: there is no such recipe, its inputs do not fit, or recipes go in a circle.
    """
    trail = (*journey.context.event.trail, journey.plan.recipe.id)
    now = journey.services.clock.now()
    event = Event(
        id=new_event_id(now),
        source=f"{name}/{CALL}",
        time=now,
        data={},
        key=f"{journey.context.run_id}/{place.path}",
        trail=trail,
    )
    if journey.context.recorded(place.path) is not None:
        # The called run is under way: its recipe may be gone by now.
        return event, Verdict(recipe=name, outcome="matched")
    plan = journey.services.recipe_of(name)
    if plan is None:
        raise StepError(_NO_RECIPE, recipe=name)
    loop = find_loop(name, trail)
    if loop is not None:
        raise loop
    event = replace(event, data={"inputs": _inputs(plan, given)})
    return event, _verdict(plan, event, journey)


def _result(name: str, outcome: Mapping[str, JSON], *, is_background: bool) -> JSON:
    """Return what the called run gave.

    Raises:
        StepError: it failed, was cancelled, or never started.
    """
    run, state = outcome["run"], outcome["state"]
    if run is None:
        raise CallFailed(_NO_PLACE, recipe=name)
    if is_background:
        return {"run": run}
    if state in {"succeeded", "skipped"}:
        return {} if outcome["outputs"] is None else outcome["outputs"]
    error: Any = outcome.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    why = Text("", "")
    if isinstance(message, dict):
        why = Text(f": {message.get('en')}", f" : {message.get('fr')}")
    raise CallFailed(_FAILED, recipe=name, state=_STATES.get(str(state), state), run=run, why=why)


def _verdict(plan: Plan, event: Event, journey: Journey) -> Verdict:
    scope = plan.scope(event, CALL, journey.services)
    return Verdict(
        recipe=plan.recipe.id,
        outcome="matched",
        definition=plan.recipe.hash,
        admission=admission(plan, scope),
    )


def _inputs(plan: Plan, values: JSON) -> dict[str, JSON]:
    """Return the inputs of the called recipe, checked against what it declares."""
    declared, recipe = plan.recipe.inputs, plan.recipe.id
    given = values if isinstance(values, dict) else {}
    for name in given:
        if name not in declared:
            raise StepError(_NO_INPUT, recipe=recipe, name=name)
    inputs: dict[str, JSON] = {}
    for name, declaration in declared.items():
        found = declaration if isinstance(declaration, dict) else {}
        value = given.get(name, found.get("default"))
        if value is None and found.get("required") is not False and "default" not in found:
            raise StepError(_MISSING, recipe=recipe, name=name)
        try:
            inputs[name] = value if value is None else check_value(name, found, value)
        except AnswerError as error:
            reason = Text(error.render("en"), error.render("fr"))
            raise StepError(_UNFIT, recipe=recipe, name=name, reason=reason) from error
    return inputs


async def emit(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Tell the recipes that listen; the key absorbs a second telling after a crash."""
    del walk
    known = outcome_of(journey, place)
    if known is not None:
        return known.result
    given: Any = _given(journey, step)
    trail = (*journey.context.event.trail, journey.plan.recipe.id)
    if not await may_tell_others(journey, step, place.path, str(given["name"])):
        played: JSON = {"listeners": 0}
        return await record(journey, place.path, SHADOW + "emit", played, parameters=given)

    async def publish(attempt: Attempt) -> JSON:
        name, data, key = str(given["name"]), given.get("data"), attempt.idempotency_key
        try:
            return {"listeners": await journey.services.publish(name, data, key, trail)}
        except JournalError as full:
            raise RetryableError(Text(full.render("en"), full.render("fr"))) from full

    spec = StepSpec(
        action="emit",
        effect="local",
        idempotent="by key",
        parameters=given,
        conditions=conditions,
        pause=_until_there_is_room,
    )
    return await journey.context.step(place.path, spec, publish)


def _until_there_is_room(attempts: int, error: StepError, elapsed: float) -> float:
    """Return the seconds until what listens may have room again: an event is not given up."""
    del error, elapsed
    return min(_BUSY_SECONDS * attempts, _LONGEST_BUSY_SECONDS)

"""Questions that a gate asks: answered like those of `approve`, in the same places."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from rouage.durable.port import Attempt, StepSpec
from rouage.errors import StepError
from rouage.expressions import mask, reveal
from rouage.flow.approvals import RefusedStep
from rouage.flow.asking import Asking
from rouage.flow.blocks import record
from rouage.flow.gate.phrases import phrase
from rouage.flow.journey import Journey, Refused
from rouage.flow.plan import StepPlan
from rouage.flow.traces import Calling
from rouage.language import Text
from rouage.sdk.json import JSON

_MOST_SHOWN: Final = 40
_REFUSED: Final = Text("refused by {by}", "refusé par {by}")
_EACH: Final = Text("for each item: {said}", "pour chaque élément : {said}")
_IF: Final = Text("{said} (if {condition})", "{said} (si {condition})")
_MORE: Final = Text("… and {count} more", "… et {count} de plus")
TELLING: Final[Mapping[str, Text]] = {
    "call": Text("Run the recipe {name}", "Exécuter la recette {name}"),
    "emit": Text(
        "Tell the recipes that listen for “{name}”", "Prévenir les recettes qui écoutent « {name} »"
    ),
}
"""What the words do that have other recipes act."""

_LOOPS: Final = frozenset({"for_each", "repeat"})


async def ask(journey: Journey, path: str, text: Text, show: list[JSON]) -> dict[str, Any]:
    """Ask *text* at *path*, once, and return the decision, which stays.

    Of several branches that come to it, one asks; the others get its answer.

    Raises:
        RunParked: nobody has answered yet.
    """
    async with journey.questions.setdefault(path, asyncio.Lock()):
        known = journey.done(path)
        decided: Any = None if known is None else known.result
        if decided is None:
            decided = await _ask(journey, path, text, show)
    return dict(decided)


async def _ask(journey: Journey, path: str, text: Text, show: list[JSON]) -> JSON:
    known = journey.done(f"{path}:question")
    question: Any = None if known is None else known.result
    if question is None:

        async def make(_: Attempt) -> JSON:
            said = text.render(journey.services.language)
            return _worded(said, show, journey.services.ask_via)

        spec = StepSpec(action="approve", effect="none")
        question = await journey.context.step(f"{path}:question", spec, make)
    decision = await Asking(journey, {}, path, dict(question)).outcome()
    shown: JSON = {name: question[name] for name in ("ask", "digest")}
    return await record(journey, path, "approve", decision, parameters=shown)


def _worded(text: str, show: list[JSON], via: Iterable[str]) -> dict[str, JSON]:
    question: dict[str, JSON] = {"ask": text, "show": show, "fields": {}, "need": 1}
    question |= {"from": [], "then": [], "via": [*via]}
    told = json.dumps(question, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
    return {**question, "digest": digest}


def refuse(step: StepPlan, path: str, decision: dict[str, Any], text: Text = _REFUSED) -> NoReturn:
    """End the step, or the run: somebody said no, which *text* tells.

    Raises:
        RefusedStep: the step's `on_error` takes care of it.
        Refused: it does not; the run ends as cancelled.
    """
    error = RefusedStep(text, by=decision.get("by"))
    if step.use.on_error != "stop":
        raise error
    raise Refused({**error.record(), **decision, "step": step.use.id or path})


def effect_shown(journey: Journey, calling: Calling) -> list[JSON]:
    """Return what the call is about to do: a sentence, and its parameters."""
    values = calling.spec.parameters
    said = phrase(calling.action, values, journey.services.language)
    shown: list[JSON] = [{"text": said}]
    if isinstance(values, dict) and values:
        shown.append({"table": values})
    return shown


def effects_to_come(journey: Journey, after: StepPlan) -> list[JSON]:
    """Return the effects of the steps after *after*, as far as they are known now."""
    language, told = journey.services.language, []
    is_later = False
    for step, is_each in _flat(journey.plan.steps, is_each=False):
        said = _effect_of(journey, step) if is_later else None
        if said is not None:
            if step.use.condition is not None:
                facts = {"said": said, "condition": step.use.condition}
                said = _IF.render(language, facts)
            told.append(_EACH.render(language, {"said": said}) if is_each else said)
        is_later = is_later or step is after
    shown: list[JSON] = [{"text": said} for said in told[:_MOST_SHOWN]]
    if len(told) > _MOST_SHOWN:
        count = len(told) - _MOST_SHOWN
        shown.append({"text": _MORE.render(language, {"count": count})})
    return shown


def _effect_of(journey: Journey, step: StepPlan) -> str | None:
    """Return what a later step does to the world, as far as it is known; None: nothing."""
    language = journey.services.language
    if step.action is not None:
        is_bare = step.action.effect == "none"
        return None if is_bare else phrase(step.action, _as_known(journey, step), language)
    told = TELLING.get(step.use.uses)
    if told is None:
        return None
    given = step.use.parameters
    named = given.get("recipe", given.get("name")) if isinstance(given, dict) else given
    return told.render(language, {"name": named})


def _flat(steps: tuple[StepPlan, ...], *, is_each: bool) -> Iterator[tuple[StepPlan, bool]]:
    for step in steps:
        yield step, is_each
        for body in step.body.values():
            yield from _flat(body, is_each=is_each or step.use.uses in _LOOPS)


def _as_known(journey: Journey, step: StepPlan) -> JSON:
    """Return the parameters of a later step; as they are written where that needs its turn."""
    try:
        rendered = step.parameters.render(journey.scope)
    except StepError:
        return step.use.parameters
    values: JSON = mask(rendered) if journey.plan.uses_secrets else reveal(rendered)
    return values

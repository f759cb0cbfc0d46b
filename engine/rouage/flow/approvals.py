"""`approve`: a question to people, whose answer is journaled; the clock never says yes."""

import hashlib
import json
from typing import Any, Final

from rouage.durable.port import Attempt, StepFailed, StepSpec
from rouage.errors import StepError
from rouage.expressions import mask
from rouage.flow.asking import Asking
from rouage.flow.blocks import Conditions, Walk, record
from rouage.flow.journey import Journey, Refused
from rouage.flow.place import Place
from rouage.flow.plan import StepPlan
from rouage.flow.shown import shown
from rouage.flow.terms import told
from rouage.language import Text
from rouage.sdk.json import JSON

_MOST_SHOWN: Final = 50

_TOO_MUCH: Final = Text(
    "approve shows at most {limit} things", "approve montre au plus {limit} choses"
)
_NO_ANSWER: Final = Text("nobody answered within {duration}", "personne n’a répondu en {duration}")
_REFUSED: Final = Text("refused by {by}", "refusé par {by}")
_TIME_IS_UP: Final = Text("nobody answered in time", "personne n’a répondu à temps")


class ApprovalTimeout(StepError):  # noqa: N818 - the kind that recipes know
    """Nobody answered a question in time, and `on_timeout` says `stop`."""


class RefusedStep(StepError):  # noqa: N818 - a human's decision
    """A refusal that the step's `on_error` handles."""

    def record(self) -> dict[str, Any]:
        """Return the refusal as JSON data, under the name that recipes know."""
        return {**super().record(), "kind": "Refused"}


async def approve(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Ask, wait for the answer, and go on only after a yes.

    Raises:
        Refused: the answer was no; the run ends.
        StepFailed: it was no or late, and the step's `on_error` or `on_timeout` wants that.
    """
    result: Any = _decided(journey, place)
    if result is None:
        asking = Asking(
            journey, step.use.parameters, place.path, await _question(journey, step, place.path)
        )
        decision = await asking.outcome()
        recorded: Any = await record(
            journey,
            place.path,
            "approve",
            decision,
            parameters={name: asking.question[name] for name in ("ask", "digest")},
            conditions=conditions,
        )
        result = recorded
    if result.get("approved"):
        journey.approved.update(result.get("files") or {})
        return {name: value for name, value in result.items() if name != "files"}
    return await _no(journey, step, place.path, result, walk)


def _decided(journey: Journey, place: Place) -> Any:
    """Return what was decided before; an attempt that only ran out of time is asked anew."""
    known = journey.done(place.path)
    if known is not None:
        return known.result
    for path in place.earlier:
        result: Any = None if (known := journey.done(path)) is None else known.result
        if isinstance(result, dict) and result.get("late") != "stop":
            return result
    return None


async def _no(
    journey: Journey, step: StepPlan, path: str, result: dict[str, Any], walk: Walk
) -> JSON:
    late = result.get("late")
    body = step.body.get("approve.on_timeout") if late else None
    if body is not None:
        await walk(journey, body)
    elif late == "stop":
        term = result["within"] if "within" in result else result["seconds"]
        raise ApprovalTimeout(_NO_ANSWER, duration=told(term))
    error = RefusedStep(_TIME_IS_UP) if late else RefusedStep(_REFUSED, by=result.get("by"))
    if step.use.on_error != "stop":
        raise StepFailed(error.record(), 1)
    raise Refused({**error.record(), **result, "step": step.use.id or path})


async def _question(journey: Journey, step: StepPlan, path: str) -> dict[str, Any]:
    """Return the question, worked out once: what is shown stays what it was."""

    async def make(_: Attempt) -> JSON:
        return await _make_question(journey, step)

    result: Any = await journey.context.step(
        f"{path}:question", StepSpec(action="approve", effect="none"), make
    )
    return dict(result)


async def _make_question(journey: Journey, step: StepPlan) -> dict[str, JSON]:
    given: Any = mask(step.parameters.render(journey.scope))
    listed = given.get("show") or []
    if not isinstance(listed, list):
        listed = [listed]
    if len(listed) > _MOST_SHOWN:
        raise StepError(_TOO_MUCH, limit=_MOST_SHOWN)
    question: dict[str, JSON] = {
        "ask": str(given["ask"]),
        "show": [await shown(journey, item) for item in listed],
        "fields": {
            name: {**declared, "value": declared.get("default")}
            for name, declared in (given.get("fields") or {}).items()
        },
        "need": given.get("need", 1),
        **{name: _names(given.get(name)) for name in ("from", "then", "via")},
    }
    text = json.dumps(question, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return {**question, "digest": digest}


def _names(given: Any) -> list[JSON]:
    """Return a list of people or ways, where one alone may be written."""
    if given is None or given == "":
        return []
    return list(given) if isinstance(given, list) else [str(given)]

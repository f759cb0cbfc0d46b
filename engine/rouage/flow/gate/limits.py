"""`limits`: an effect beyond a brake waits for a yes, as if an approval stood there (N-7)."""

from collections.abc import Mapping
from typing import Final

from rouage.errors import StepError
from rouage.flow.gate.asking import ask, effect_shown, refuse
from rouage.flow.gate.phrases import amount, unit_word
from rouage.flow.gate.rules import Gate
from rouage.flow.gate.tallies import Beyond, Tallies
from rouage.flow.journey import Journey
from rouage.flow.traces import Calling
from rouage.language import Text
from rouage.sdk.json import JSON
from rouage.sdk.quantities import write_duration

PATH: Final = "limits."
"""Before the unit and the brake: where in a run a brake asks."""

_PER_RUN: Final = Text(
    "{recipe}: {most} {unit} is the limit of one run, this one wants {wanted}{whole}. Let it?",
    "{recipe} : {most} {unit} est la limite d’une exécution, celle-ci en veut {wanted}{whole}. "
    "La laisser faire ?",
)
_PER: Final = Text(
    "{recipe}: {most} {unit} in {per} is the limit, this would be {wanted}{whole}. Let it?",
    "{recipe} : {most} {unit} en {per} est la limite, ce serait {wanted}{whole}. "
    "La laisser faire ?",
)
_UNUSUAL: Final = Text(
    "{recipe}: usually {low} to {high} {unit}, this time {wanted}{whole}. Let it?",
    "{recipe} : d’habitude {low} à {high} {unit}, cette fois {wanted}{whole}. La laisser faire ?",
)
_USUALLY: Final = Text(
    "{recipe}: usually {low} {unit}, this time {wanted}{whole}. Let it?",
    "{recipe} : d’habitude {low} {unit}, cette fois {wanted}{whole}. La laisser faire ?",
)
_WHOLE: Final = Text(" already, up to {count} in all", " déjà, jusqu’à {count} en tout")
_COVERS: Final = Text(
    "A yes lets this run go on to its end past this limit.",
    "Un oui laisse cette exécution aller au bout malgré cette limite.",
)
_STOPPED: Final = Text(
    "usually {low} to {high} {unit}, this time {wanted}{whole}: stopped by `unusual: stop`",
    "d’habitude {low} à {high} {unit}, cette fois {wanted}{whole} : arrêté par « unusual: stop »",
)


class LimitReached(StepError):  # noqa: N818 - the kind that recipes know
    """A run did far more than usual, and its recipe says to stop then."""


async def keep_within(journey: Journey, gate: Gate, calling: Calling, tallies: Tallies) -> None:
    """Return once the effect is counted: within the limits, or let past them by somebody.

    Raises:
        RunParked: nobody has answered yet.
        Refused: the answer was no.
        LimitReached: it is unusual, and the recipe says to stop then.
    """
    amounts = calling.action.counts(calling.parameters)

    def is_granted(key: str) -> bool:
        return journey.done(PATH + key) is not None

    while True:
        beyond = await tallies.reserve(
            journey.plan.recipe.id,
            gate,
            run=journey.context.run_id,
            path=calling.path,
            amounts=amounts,
            is_granted=is_granted,
        )
        if beyond is None:
            return
        if beyond.brake == "unusual" and gate.unusual == "stop":
            raise LimitReached(_STOPPED.fill(**_facts(journey, beyond)))
        await _ask(journey, calling, beyond)


async def _ask(journey: Journey, calling: Calling, beyond: Beyond) -> None:
    text = {"run": _PER_RUN, "period": _PER, "unusual": _UNUSUAL}[beyond.brake]
    facts = _facts(journey, beyond)
    if beyond.usual is not None and facts["low"] == facts["high"]:
        text = _USUALLY
    covers: JSON = {"text": _COVERS.render(journey.services.language)}
    show = [*effect_shown(journey, calling), covers]
    decision = await ask(journey, PATH + beyond.key, text.fill(**facts), show)
    if not decision.get("approved"):
        refuse(calling.step, calling.path, decision)


def _facts(journey: Journey, beyond: Beyond) -> dict[str, object]:
    low, high = beyond.usual or (0.0, 0.0)
    wanted = beyond.used + beyond.more
    left = _left(journey.scope)
    whole: object = ""
    if left:
        whole = _WHOLE.fill(count=amount(wanted + left * beyond.more))
    return {
        "recipe": journey.plan.recipe.name,
        "unit": unit_word(beyond.unit),
        "most": amount(beyond.most),
        "wanted": amount(wanted),
        "per": write_duration(beyond.per_seconds or 0.0),
        "low": amount(low),
        "high": amount(high),
        "whole": whole,
    }


def _left(scope: Mapping[str, object]) -> int:
    """Return how many items the loop around the step has still to come."""
    loop = scope.get("loop")
    if not isinstance(loop, Mapping) or not isinstance(loop.get("count"), int):
        return 0
    return int(loop["count"]) - int(loop.get("index") or 0)

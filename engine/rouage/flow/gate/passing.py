"""The gate before an effect: trust, then limits, then the outbox. Without any there is none."""

from rouage.flow.gate.asking import effect_shown
from rouage.flow.gate.hold import MARK, hold
from rouage.flow.gate.limits import keep_within
from rouage.flow.gate.rules import Gate
from rouage.flow.gate.trust import ask_first, find_way, play
from rouage.flow.journey import SETTLED, Journey
from rouage.flow.traces import Calling


async def pass_gate(journey: Journey, gate: Gate, calling: Calling) -> None:
    """Return when *calling* may be made, as it now is: it may have been edited, or only be played.

    Every decision is recorded in the run, so that a restart finds it. A rehearsal has no tallies:
    there nothing is asked and nothing counted.

    Raises:
        RunParked: somebody has to answer first, or it is not due yet.
        Refused: somebody said no.
        StepError: the recipe says to stop here.
    """
    if calling.action.effect == "none":
        return
    known = journey.context.recorded(calling.path)
    if known is not None and known.state in SETTLED:
        return
    tallies = journey.services.tallies
    if tallies is not None and gate.trust is not None:
        way = await find_way(journey, gate, gate.trust, tallies)
        if way == "shadow":
            play(calling, journey.services.catalog)
            return
        if way == "ask":
            await ask_first(
                journey,
                gate,
                gate.trust,
                tallies,
                step=calling.step,
                path=calling.path,
                effect=lambda: effect_shown(journey, calling),
            )
    # What was started or held was counted then.
    is_new = known is None and journey.context.recorded(calling.path + MARK) is None
    if tallies is not None and gate.counts and is_new:
        await keep_within(journey, gate, calling, tallies)
    if calling.step.use.hold is not None:
        await hold(journey, calling, tallies)

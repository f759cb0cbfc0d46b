"""The verdict of a recipe about an event, with the values it compared."""

from dataclasses import replace
from typing import Any

from rouage.flow.match import match


async def verdict(flow: Any, text: str, data: Any) -> Any:
    plan = await flow.load(text)
    return flow.verdict(plan, flow.event(data))


RECIPE = """\
name: R
when:
  - rec.event: {}
    if: event.kind == 'order'
if: event.total > 100
do:
  - rec.say: {text: hi}
"""


async def test_an_event_that_meets_all_conditions_matches(flow: Any) -> None:
    answer = await verdict(flow, RECIPE, {"kind": "order", "total": 150})
    assert answer.is_match
    assert [c["value"] for c in answer.conditions] == [True, True]


async def test_a_refusal_keeps_the_values_that_were_compared(flow: Any) -> None:
    answer = await verdict(flow, RECIPE, {"kind": "order", "total": 87.4})
    assert answer.outcome == "refused"
    assert answer.conditions[-1]["values"] == {"event.total": 87.4}


async def test_the_condition_of_the_trigger_comes_first(flow: Any) -> None:
    answer = await verdict(flow, RECIPE, {"kind": "quote", "total": 150})
    assert answer.outcome == "refused"
    assert len(answer.conditions) == 1


async def test_a_condition_that_cannot_be_worked_out_is_a_recorded_failure(flow: Any) -> None:
    answer = await verdict(flow, RECIPE, {"kind": "order"})
    assert answer.outcome == "failed"
    assert "total" in answer.error["message"]["en"]


async def test_the_key_of_concurrency_comes_from_the_event(flow: Any) -> None:
    text = "concurrency: {mode: queued, key: event.customer}\n" + RECIPE
    answer = await verdict(flow, text, {"kind": "order", "total": 150, "customer": "Dubois"})
    assert answer.admission.key == "Dubois"
    assert answer.admission.mode == "queued"


async def test_a_recipe_that_came_round_three_times_is_stopped_before_its_conditions(
    flow: Any,
) -> None:
    plan = await flow.load(RECIPE)
    event = replace(flow.event({"kind": "quote"}), trail=("r", "b", "r", "b", "r", "b"))
    answer = flow.verdict(plan, event)
    assert answer.outcome == "looped"
    assert "r > b > r" in answer.error["message"]["en"]
    assert answer.conditions == ()
    assert flow.verdict(plan, replace(event, trail=("r", "b"))).outcome == "refused"


async def test_a_gathering_trigger_is_asked_in_two_parts(flow: Any) -> None:
    plan = await flow.load(RECIPE)
    (trigger,) = plan.triggers.values()
    event = flow.event({"kind": "order", "total": 50})
    arrival = match(plan, trigger, event, flow.services, part="arrival")
    assert (arrival.outcome, len(arrival.conditions)) == ("held", 1)
    release = match(plan, trigger, event, flow.services, part="release")
    assert (release.outcome, len(release.conditions)) == ("refused", 1)
    assert release.conditions[0]["values"] == {"event.total": 50}


async def test_a_file_of_its_own_making_starts_nothing(flow: Any) -> None:
    plan = await flow.load(RECIPE)
    event = replace(flow.event({"kind": "order", "total": 150}), trail=("r",))
    assert flow.verdict(plan, event).is_match
    (trigger,) = plan.triggers.values()
    answer = match(plan, trigger, event, flow.services, is_own_file=True)
    assert answer.outcome == "looped"

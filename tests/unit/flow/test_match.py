"""The verdict of a recipe about an event, with the values it compared."""

from typing import Any


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

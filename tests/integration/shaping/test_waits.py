"""Events that runs wait for: given to those whose question they answer, in one commit."""

from typing import Any

import pytest

from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id

TEXT = """\
name: R
concurrency: {mode: parallel}
when:
  - manual.start: {}
do:
  - wait:
      event:
        pipe.event: {}
      if: event.order == run.event.order
    id: answer
outputs: {seen: "${{ steps.answer }}"}
"""
WAIT = "r/wait:do.0"


@pytest.fixture
def text() -> str:
    return TEXT.replace("manual.start", "pipe.event")


async def start(desk: Any, order: int) -> str:
    receipt = await desk.send({"order": order})
    await desk.pass_time(1)
    return str(receipt.runs[0])


async def state_of(desk: Any, run: str) -> str:
    return str((await desk.engine.get_run(run)).state)


async def test_the_run_that_the_event_is_for_goes_on_with_it(desk: Any, text: str) -> None:
    async with desk.open(text=text):
        first, second = [await start(desk, order) for order in (1, 2)]
        assert await state_of(desk, first) == "waiting"
        receipt = await desk.send({"order": 2, "paid": True}, source=WAIT)
        assert receipt.runs == ()
        await desk.pass_time(1)
        assert await state_of(desk, first) == "waiting"
        found = await desk.engine.get_run(second)
        assert (found.state, found.outputs["seen"]) == ("succeeded", {"order": 2, "paid": True})
        (verdict,) = await desk.verdicts(WAIT)
        assert verdict.outcome == "held"
        assert {one["value"] for one in verdict.conditions} == {True, False}


async def test_an_event_for_nobody_is_recorded_with_what_was_compared(desk: Any, text: str) -> None:
    async with desk.open(text=text):
        await start(desk, 1)
        await desk.send({"order": 7}, source=WAIT)
        await desk.send({"odd": 7}, source=WAIT)
        first, second = await desk.verdicts(WAIT)
        assert (first.outcome, second.outcome) == ("refused", "refused")
        assert first.conditions[0]["values"]["event.order"] == 7
        assert "order" in str(second.conditions[0]["error"])


async def test_the_same_event_twice_wakes_once(desk: Any, text: str) -> None:
    async with desk.open(text=text):
        run = await start(desk, 1)
        await desk.send({"order": 1}, source=WAIT, key="same")
        assert (await desk.send({"order": 1}, source=WAIT, key="same")).is_duplicate
        await desk.pass_time(1)
        assert len(await desk.engine.list_signals(run)) == 1


async def test_the_wait_goes_on_after_a_crash(desk: Any, text: str) -> None:
    async with desk.open(text=text):
        run = await start(desk, 1)
        desk.crash()
    async with desk.open(text=text):
        await desk.send({"order": 1}, source=WAIT)
        await desk.pass_time(1)
        assert await state_of(desk, run) == "succeeded"


async def test_turns_of_a_loop_do_not_take_each_others_events(desk: Any, text: str) -> None:
    looped = (
        "name: R\nwhen:\n  - pipe.event: {}\ndo:\n  - repeat:\n      times: 2\n      do:\n"
        "        - wait: {event: {pipe.event: {}}}\n          id: one\n"
        "        - set: {all: '${{ vars.all + [steps.one] }}'}\n"
        "vars: {all: []}\noutputs: {seen: '${{ vars.all }}'}\n"
    )
    async with desk.open(text=looped):
        run = await start(desk, 1)
        (source,) = [name for name in desk.emits if "wait:" in name]
        await desk.send({"n": 1}, source=source)
        await desk.pass_time(1)
        assert await state_of(desk, run) == "waiting"
        await desk.send({"n": 2}, source=source)
        await desk.pass_time(1)
        found = await desk.engine.get_run(run)
        assert found.outputs["seen"] == [{"n": 1}, {"n": 2}]


async def test_a_thousand_waiting_runs_do_not_hold_the_others_up(desk: Any, text: str) -> None:
    async with desk.open(text=text):
        plan = desk.listener.plan_of("r")
        now = desk.clock.now()
        verdict = Verdict(
            recipe="r",
            outcome="matched",
            definition=plan.recipe.hash,
            admission=plan.recipe.admission,
        )
        for number in range(1_000):
            event = Event(
                id=new_event_id(now),
                source="r/trigger_1",
                time=now,
                data={"order": number},
                key=str(number),
            )
            await desk.engine.accept(event, (verdict,))
        await desk.pass_time(1)
        assert len(await desk.engine.list_waits(name=WAIT, limit=2_000)) == 1_000
        await desk.send({"order": 500}, source=WAIT)
        await desk.pass_time(1)
        assert (await desk.engine.stats())["waiting"] == 999

"""Recipes that call recipes, runs done again, and the end of what was called."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryJournal
from rouage.durable.port import (
    Attempt,
    RunContext,
    RunFilter,
    RunOutcome,
    StepFailed,
    StepSpec,
    WaitSpec,
)
from rouage.errors import JournalError, StepError
from rouage.language import Text

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
NONE = StepSpec(action="call", effect="none")


async def is_in(engine: Any, run: str, state: str) -> bool:
    return (await engine.get_run(run)).state == state


class Family:
    """An interpreter in which `orders` calls `child`, which does what *child* says."""

    def __init__(self, harness: Any, child: Any, *, background: bool = False) -> None:
        self.harness = harness
        self.child = child
        self.background = background
        self.key: str | None = None
        self.admission: dict[str, Any] = {"mode": "parallel"}

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.source.endswith("/called"):
            outcome: RunOutcome = await self.child(context)
            return outcome
        if context.cancelled is not None:
            self.harness.recorder.effects.append("finally")
            return RunOutcome(state="cancelled")
        key = self.key or f"{context.run_id} do.0"
        event = self.harness.event(key, source="orders/called")
        verdict = self.harness.matched("child", **self.admission)
        result = await context.call("do.0", event, verdict, background=self.background)

        async def tell(_: Attempt) -> Any:
            return dict(result)

        return RunOutcome(state="succeeded", outputs=await context.step("do.0", NONE, tell))


async def give(context: RunContext) -> RunOutcome:
    return RunOutcome(state="succeeded", outputs={"n": 1})


async def test_a_called_run_gives_its_outputs_to_its_caller(harness: Any) -> None:
    engine = await harness.open(Family(harness, give).execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    (child,) = (await engine.list_runs(RunFilter(parent=run))).runs
    assert record.outputs == {
        "run": child.id, "state": "succeeded", "outputs": {"n": 1}, "error": None,
    }  # fmt: skip
    assert (child.recipe, child.parent, record.parent) == ("child", run, None)
    assert (await engine.list_runs(RunFilter(parent=child.id))).runs == ()
    assert [step.path for step in record.steps] == ["do.0"]
    assert await engine.list_waits() == ()


async def test_a_failed_child_tells_its_error(harness: Any) -> None:
    async def fail(context: RunContext) -> RunOutcome:
        return RunOutcome(state="failed", error={"kind": "StepError"})

    engine = await harness.open(Family(harness, fail).execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    outputs = (await engine.get_run(run)).outputs
    assert (outputs["state"], outputs["error"]) == ("failed", {"kind": "StepError"})


async def test_a_caller_waits_for_a_child_that_waits_across_a_restart(
    harness: Any, eventually: Any
) -> None:
    async def sleep(context: RunContext) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(hours=1))
        return RunOutcome(state="succeeded", outputs="awake")

    family = Family(harness, sleep)
    engine = await harness.open(family.execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    (wait,) = await engine.list_waits(kinds=frozenset({"call"}))
    assert (wait.run, wait.question["recipe"]) == (run, "child")
    engine = await harness.restart(family.execute)
    harness.clock.advance(3606)
    await eventually(lambda: is_in(engine, run, "succeeded"))
    assert (await engine.get_run(run)).outputs["outputs"] == "awake"
    assert (await engine.stats())["events"] == 2


async def test_a_background_call_goes_on_at_once(harness: Any, eventually: Any) -> None:
    gate = asyncio.Event()

    async def hold(context: RunContext) -> RunOutcome:
        await context.step("do.0", LOCAL, lambda _: gate.wait())
        return RunOutcome(state="succeeded")

    engine = await harness.open(Family(harness, hold, background=True).execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: is_in(engine, run, "succeeded"))
    child = (await engine.get_run(run)).outputs["run"]
    (known,) = (await engine.list_runs(RunFilter(parent=run))).runs
    assert (known.id, known.state) == (child, "running")
    gate.set()
    await engine.wait_idle()
    assert await engine.list_signals(run) == ()


async def test_a_child_that_was_over_before_is_not_waited_for(harness: Any) -> None:
    family = Family(harness, give)
    family.key = "the same for all"
    engine = await harness.open(family.execute)
    first = (await harness.send(engine, "a")).runs[0]
    await engine.wait_idle()
    second = (await harness.send(engine, "b")).runs[0]
    await engine.wait_idle()
    outputs = [(await engine.get_run(run)).outputs for run in (first, second)]
    assert outputs[0] == outputs[1]
    assert (await engine.list_runs(RunFilter(recipe="child"))).runs[0].parent == first


async def test_a_child_of_another_caller_is_looked_at_from_time_to_time(
    harness: Any, eventually: Any
) -> None:
    async def sleep(context: RunContext) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(seconds=10))
        return RunOutcome(state="succeeded")

    family = Family(harness, sleep)
    family.key = "the same for all"
    engine = await harness.open(family.execute)
    await harness.send(engine, "a", mode="parallel")
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await engine.wait_idle()
    (child,) = (await engine.list_runs(RunFilter(recipe="child"))).runs
    harness.clock.advance(11)
    await eventually(lambda: is_in(engine, child.id, "succeeded"))
    await engine.wait_idle()
    harness.clock.advance(31)
    await eventually(lambda: is_in(engine, second, "succeeded"))


async def test_a_call_that_would_wait_for_itself_is_an_error(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        event = harness.event(f"{context.run_id} again", source="orders/called")
        with pytest.raises(StepError, match="wait for"):
            await context.call("do.0", event, harness.matched(), background=False)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, run, "succeeded")


async def test_recipes_that_call_each_other_in_a_circle_do_not_wait_for_ever(
    harness: Any,
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        here = "child" if context.event.source.endswith("/called") else "orders"
        other = "orders" if here == "child" else "child"
        event = replace(
            harness.event(f"{context.run_id} do.0", source="orders/called"),
            trail=(*context.event.trail, here),
        )
        try:
            result = await context.call("do.0", event, harness.matched(other), background=False)
        except StepError as error:
            return RunOutcome(state="failed", error=error.record())
        return RunOutcome(state="succeeded", outputs=result["error"])

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert record.state == "succeeded"
    assert "wait for" in record.outputs["message"]["en"]


async def test_a_call_that_finds_no_room_is_tried_again(harness: Any, eventually: Any) -> None:
    gate = asyncio.Event()

    async def hold(context: RunContext) -> RunOutcome:
        await context.step("do.0", LOCAL, lambda _: gate.wait())
        return RunOutcome(state="succeeded")

    family = Family(harness, hold)
    family.admission = {"queue_limit": 0}
    engine = await harness.open(family.execute)
    first = (await harness.send(engine, "a", mode="parallel")).runs[0]
    await eventually(lambda: engine.list_waits(run_id=first))
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await eventually(lambda: is_in(engine, second, "waiting"))
    gate.set()
    await engine.wait_idle()
    harness.clock.advance(6)
    await eventually(lambda: is_in(engine, second, "succeeded"))


async def test_what_is_not_json_cannot_be_passed_to_a_recipe(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        event = harness.event("x", data={"n": float("nan")}, source="orders/called")
        with pytest.raises(StepError, match="cannot be recorded"):
            await context.call("do.0", event, harness.matched("child"), background=True)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, run, "succeeded")


async def test_cancelling_a_caller_cancels_what_it_waits_for(harness: Any, eventually: Any) -> None:
    async def sleep(context: RunContext) -> RunOutcome:
        if context.cancelled is not None:
            harness.recorder.effects.append("finally of the child")
            return RunOutcome(state="cancelled")
        await context.sleep_until("do.0", context.started + timedelta(hours=1))
        return RunOutcome(state="succeeded")

    engine = await harness.open(Family(harness, sleep).execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    (child,) = (await engine.list_runs(RunFilter(parent=run))).runs
    assert child.state == "waiting"
    assert await engine.cancel(run, "enough") == "cancelled"
    assert await is_in(engine, child.id, "cancelled")
    assert harness.recorder.effects == ["finally of the child", "finally"]
    harness.clock.advance(7200)
    await engine.wait_idle()
    assert await engine.list_waits() == ()


class Flaky:
    """An interpreter of three steps, the second of which fails until it is mended."""

    def __init__(self, harness: Any) -> None:
        self.harness = harness
        self.is_mended = False
        self.keys: list[str] = []

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        async def middle(attempt: Attempt) -> Any:
            self.keys.append(attempt.idempotency_key)
            if not self.is_mended:
                raise StepError(Text("broken", "en panne"))
            return 2

        call = self.harness.recorder.call
        first: Any = await context.step("do.0", LOCAL, call("first", {"é": "x" * 70_000}))
        try:
            await context.step("do.1", LOCAL, middle)
        except StepFailed as failure:
            return RunOutcome(state="failed", error=failure.error)
        await context.step("do.2", LOCAL, call("last"))
        return RunOutcome(state="succeeded", outputs=[first["é"][:1], definition.decode()])


async def test_a_replay_keeps_what_it_is_told_to_and_does_the_rest_again(harness: Any) -> None:
    flaky = Flaky(harness)
    engine = await harness.open(flaky.execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, run, "failed")
    flaky.is_mended = True
    again = await engine.replay(run, keep=["do.0", "do.7"], definition=None, author="zoé")
    assert again not in {None, run}
    await engine.wait_idle()
    record = await engine.get_run(again)
    assert (record.state, record.outputs[0], record.replay_of) == ("succeeded", "x", run)
    assert harness.recorder.effects == ["first#1", "last#1"]
    assert len(set(flaky.keys)) == 2
    note = next(step.result for step in record.steps if step.path == "replay")
    assert (note["of"], note["author"], note["kept"]) == (run, "zoé", ["do.0"])
    third = await engine.replay(run, keep=[], definition=None, author="zoé")
    await engine.wait_idle()
    assert harness.recorder.effects[2:] == ["first#1", "last#1"]
    assert len({run, again, third}) == 3
    assert (await engine.get_run(run)).state == "failed"
    (found,) = await engine.find_events()
    assert [known.id for known in found.runs] == [run, again, third]
    page = await engine.list_runs(RunFilter(event=record.event))
    assert {known.id for known in page.runs} == {run, again, third}


async def test_a_replay_may_use_another_version_of_the_recipe(harness: Any) -> None:
    flaky = Flaky(harness)
    flaky.is_mended = True
    engine = await harness.open(flaky.execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    newer = await engine.put_definition("orders", b'{"id":"orders","v":2}')
    again = await engine.replay(run, keep=["do.0"], definition=newer, author="zoé")
    await engine.wait_idle()
    assert (await engine.get_run(again)).outputs == ["x", '{"id":"orders","v":2}']
    with pytest.raises(StepError, match="not in the journal"):
        await engine.replay(run, keep=[], definition="0" * 64, author="zoé")


async def test_only_a_run_that_is_over_can_be_done_again(harness: Any) -> None:
    spec = WaitSpec(kind="event", name="x", action="wait")

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.wait_signal("do.0", spec, deadline=None)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    with pytest.raises(StepError, match="not over"):
        await engine.replay(run, keep=[], definition=None, author="zoé")
    assert await engine.replay("nowhere", keep=[], definition=None, author="zoé") is None


async def test_a_replay_that_cannot_be_written_leaves_nothing_behind(
    memory_harness: Any,
) -> None:
    harness = memory_harness
    journal = MemoryJournal(harness.rows)
    engine = EmbeddedEngine(journal, clock=harness.clock)
    harness.engines.append(engine)
    await engine.put_definition("orders", b'{"id":"orders"}')
    await engine.open(Flaky(harness).execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    replaying = asyncio.ensure_future(
        engine.replay(run, keep=["do.0"], definition=None, author="zoé")
    )
    await asyncio.sleep(0)
    journal.break_down()
    with pytest.raises(JournalError):
        await replaying
    journal.mend()
    assert set(harness.rows.steps) == {1}
    assert len((await engine.list_runs(RunFilter())).runs) == 1

"""The end that a user asks for: `finally` is done once, whatever the run was doing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.port import (
    Attempt,
    BlockedRun,
    RunContext,
    RunOutcome,
    StepSpec,
    WaitSpec,
)
from rouage.errors import StepTimeout
from rouage.language import Text

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
ASK = WaitSpec(kind="approval", name="do.1", action="approve")
LAST = ["finally.0#1"]


class Tidy:
    """An interpreter with a first step, something long at do.1, and a `finally`."""

    def __init__(self, harness: Any, what: str) -> None:
        self.harness = harness
        self.what = what
        self.seen: list[Any] = []

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        if context.cancelled is None:
            await context.step("do.0", LOCAL, self.harness.recorder.call("do.0"))
            await self._long(context)
        else:
            self.seen.append(context.cancelled)
        if self.what == "sleepy finally":
            await context.sleep_until("finally.9", context.now("finally.8") + timedelta(hours=1))
        await context.step("finally.0", LOCAL, self.harness.recorder.call("finally.0"))
        return RunOutcome(state="succeeded", outputs="x")

    async def _long(self, context: RunContext) -> None:
        async def block(_: Attempt) -> Any:
            self.harness.recorder.effects.append("block")
            await asyncio.Event().wait()

        async def slow(_: Attempt) -> Any:
            raise StepTimeout(Text("too slow", "trop lent"))

        if self.what == "wait":
            await context.wait_signal("do.1", ASK, deadline=None)
        elif self.what == "doubt":
            await context.step("do.1", MAIL, slow)
        elif self.what == "blocked":
            raise BlockedRun({"missing": "mail"})
        else:
            await context.step("do.1", LOCAL, block)


async def is_in(engine: Any, run: str, *states: str) -> bool:
    return (await engine.get_run(run)).state in states


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("block", "running"),
        ("wait", "waiting"),
        ("doubt", "needs_attention"),
        ("blocked", "blocked"),
    ],
)
async def test_finally_is_done_before_a_cancelled_run_ends(
    harness: Any, eventually: Any, what: str, state: str
) -> None:
    tidy = Tidy(harness, what)
    engine = await harness.open(tidy.execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: is_in(engine, run, state))
    if what == "block":
        await eventually(lambda: "block" in harness.recorder.effects)
    assert await engine.cancel(run, "enough") == "cancelled"
    record = await engine.get_run(run)
    assert (record.state, record.reason["reason"]) == ("cancelled", "enough")
    assert harness.recorder.effects[-1:] == LAST
    assert harness.recorder.effects.count("do.0#1") == 1
    assert tidy.seen[0]["reason"] == "enough"
    assert await engine.list_waits() == ()
    assert await engine.cancel(run, "again") == "cancelled"
    await engine.wait_idle()


async def test_a_run_that_never_started_ends_at_once(harness: Any, eventually: Any) -> None:
    tidy = Tidy(harness, "block")
    engine = await harness.open(tidy.execute)
    await harness.send(engine, "a")
    second = (await harness.send(engine, "b")).runs[0]
    await eventually(lambda: "block" in harness.recorder.effects)
    assert await engine.cancel(second, "enough") == "cancelled"
    assert tidy.seen == []


async def test_a_cancel_that_was_cut_by_a_crash_is_finished_at_the_next_start(
    harness: Any, eventually: Any
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.cancelled is None:
            await context.wait_signal("do.1", ASK, deadline=None)
        await context.step("finally.0", LOCAL, harness.recorder.call("finally.0"))
        await context.step("finally.1", LOCAL, lambda _: gate.wait())
        return RunOutcome(state="cancelled", reason={"who": "zoé"})

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    cancelling = asyncio.ensure_future(engine.cancel(run, "enough"))
    await eventually(lambda: harness.recorder.effects)
    engine = await harness.restart(execute)
    await cancelling
    gate.set()
    await eventually(lambda: is_in(engine, run, "cancelled"))
    assert harness.recorder.effects == LAST
    assert (await engine.get_run(run)).reason == {"who": "zoé"}


async def test_finally_may_wait_and_a_second_cancel_cuts_it(harness: Any, eventually: Any) -> None:
    engine = await harness.open(Tidy(harness, "sleepy finally").execute)
    first = (await harness.send(engine, "a", mode="parallel")).runs[0]
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await eventually(lambda: harness.recorder.effects.count("block") == 2)
    assert await engine.cancel(first, "enough") == "waiting"
    assert await engine.cancel(second, "enough") == "waiting"
    assert await engine.cancel(second, "really") == "cancelled"
    harness.clock.advance(3606)
    await eventually(lambda: is_in(engine, first, "cancelled"))
    assert harness.recorder.effects.count("finally.0#1") == 1


async def test_a_second_cancel_cuts_a_step_of_finally(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def block(_: Attempt) -> Any:
            harness.recorder.effects.append("block")
            await asyncio.Event().wait()

        path = "do.0" if context.cancelled is None else "finally.0"
        await context.step(path, LOCAL, block)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    first = asyncio.ensure_future(engine.cancel(run, "enough"))
    await eventually(lambda: len(harness.recorder.effects) == 2)
    assert await engine.cancel(run, "really") == "cancelled"
    assert await first == "cancelled"
    assert (await engine.get_run(run)).reason["reason"] == "enough"


async def test_an_interpreter_that_never_asks_gets_no_further(
    harness: Any, eventually: Any
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.wait_signal("do.0", ASK, deadline=None)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await engine.cancel(run, "enough") == "cancelled"
    assert (await engine.get_run(run)).reason["reason"] == "enough"


async def test_a_doubt_of_a_cancelled_run_is_settled_before_its_finally(
    harness: Any, eventually: Any
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def block(_: Attempt) -> Any:
            harness.recorder.effects.append("block")
            await asyncio.Event().wait()

        if context.cancelled is None:
            await context.step("do.0", MAIL, block)
        await context.step("finally.0", LOCAL, harness.recorder.call("finally.0"))
        return RunOutcome(state="cancelled")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    assert await engine.cancel(run, "enough") == "needs_attention"
    assert harness.recorder.effects == ["block"]
    assert await engine.resolve(run, "done", author="zoé") == "cancelled"
    assert harness.recorder.effects == ["block", *LAST]


async def test_the_runs_of_a_lane_can_be_cancelled_together(harness: Any, eventually: Any) -> None:
    tidy = Tidy(harness, "wait")
    engine = await harness.open(tidy.execute)
    runs = [(await harness.send(engine, str(n), mode="parallel")).runs[0] for n in range(3)]
    other = (await harness.send(engine, "other", mode="parallel", key="b")).runs[0]
    await engine.wait_idle()
    lane = engine._runner.lanes.lane("orders", None, "parallel", None)
    engine._succession.end_active(lane, "a newer event")
    engine._succession.end_active(lane, "a newer event")
    for run in runs:
        await eventually(lambda run=run: is_in(engine, run, "cancelled"))
    assert await is_in(engine, other, "waiting")
    assert harness.recorder.effects.count("finally.0#1") == 3


async def test_a_run_that_is_cancelled_before_its_first_turn_does_its_finally(
    harness: Any,
) -> None:
    tidy = Tidy(harness, "block")
    engine = await harness.open(tidy.execute)
    sending = asyncio.ensure_future(harness.send(engine))
    async with asyncio.timeout(30):
        # Each turn of the loop: the run is seen before its own task has had one.
        while not engine._runner.live:
            await asyncio.sleep(0)
        (live,) = engine._runner.live.values()
        assert await engine.cancel(live.id, "enough") == "cancelled"
    await sending
    assert harness.recorder.effects == LAST

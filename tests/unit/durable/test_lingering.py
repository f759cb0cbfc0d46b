"""Runs with a long record keep their execution while they wait; on disk they wait like others."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.port import Recorded, RunContext, RunOutcome, StepSpec, WaitSpec
from rouage.settings.retention import Retention

WORK = StepSpec(action="test.do", effect="none")
LONG = 80
"""More steps than a run has that is read back for each wait."""


class Loop:
    """A run of many steps, then turns that each wait; how often it was walked from the start."""

    def __init__(self, *, turns: int = 3, steps: int = LONG, pause: float = 1.0) -> None:
        self.turns, self.steps, self.pause = turns, steps, pause
        self.walks = 0
        self.done: list[str] = []

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        self.walks += 1
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")

        async def nothing(_: Any) -> Any:
            return None

        for number in range(self.steps):
            await context.step(f"do.{number}", WORK, nothing)
        for turn in range(self.turns):
            await self.wait(context, f"turn.{turn}")

            async def note(_: Any, turn: int = turn) -> Any:
                self.done.append(f"{context.event.key} {turn}")

            spec = StepSpec(action="test.act", effect="irreversible", idempotent="no")
            await context.step(f"turn.{turn}.do", spec, note)
        return RunOutcome(state="succeeded")

    async def wait(self, context: RunContext, path: str) -> None:
        known = context.recorded(path)
        now = context.now(f"{path}:now")
        if known is None or known.state != "done":
            await context.sleep_until(path, now + timedelta(seconds=self.pause))


class Questions(Loop):
    """The same, but each turn asks."""

    async def wait(self, context: RunContext, path: str) -> None:
        spec = WaitSpec(kind="approval", name=path, action="approve", question={"need": 1})
        answers = await context.wait_signal(path, spec, deadline=None)

        async def tell(_: Any) -> Any:
            return [answer.payload for answer in answers]

        await context.step(path, StepSpec(action="approve", effect="none"), tell)


async def start(harness: Any, engine: Any, key: str = "a") -> str:
    answer = await harness.send(engine, key, mode="parallel")
    await engine.wait_idle()
    return str(answer.runs[0])


async def pass_time(harness: Any, engine: Any, seconds: float) -> None:
    harness.clock.advance(seconds)
    for _ in range(10):
        await asyncio.sleep(0)
        await engine.wait_idle()


async def test_a_long_run_is_walked_once_however_often_it_waits(harness: Any) -> None:
    loop = Loop(turns=20)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    for turn in range(20):
        assert (await engine.get_run(run)).state == "waiting"
        assert len(await engine.list_waits(run_id=run)) == 1
        assert len(loop.done) == turn
        await pass_time(harness, engine, 1)
    assert (await engine.get_run(run)).state == "succeeded"
    assert loop.walks == 1
    assert await engine.list_waits(run_id=run) == ()


async def test_a_short_run_is_read_back_for_each_wait(harness: Any) -> None:
    loop = Loop(turns=3, steps=2)
    engine = await harness.open(loop.execute)
    await start(harness, engine)
    for _ in range(3):
        await pass_time(harness, engine, 1)
    assert (loop.walks, len(loop.done)) == (4, 3)


@pytest.mark.parametrize("turn", [0, 1])
async def test_a_restart_finds_the_wait_where_it_was(harness: Any, turn: int) -> None:
    loop = Loop()
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    for _ in range(turn):
        await pass_time(harness, engine, 1)
    engine = await harness.restart(loop.execute)
    assert len(loop.done) == turn
    for _ in range(3):
        await pass_time(harness, engine, 1)
    assert (await engine.get_run(run)).state == "succeeded"
    assert loop.done == ["a 0", "a 1", "a 2"]
    assert loop.walks == 2


async def test_answers_reach_a_run_that_lingers(harness: Any) -> None:
    loop = Questions(turns=5)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    for turn in range(5):
        name = f"turn.{turn}"
        said = await engine.signal(run, name, {"n": turn}, signal_id="one", author="zoé")
        assert said == Recorded()
        again = await engine.signal(run, name, {"n": 9}, signal_id="two", author="zoé")
        assert not isinstance(again, Recorded)
        await engine.wait_idle()
        step = next(one for one in (await engine.get_run(run)).steps if one.path == name)
        assert step.result == [{"n": turn}]
    assert (await engine.get_run(run)).state == "succeeded"
    assert loop.walks == 1


async def test_a_run_that_lingers_can_be_cancelled(harness: Any) -> None:
    loop = Loop()
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    assert await engine.cancel(run, "enough") == "cancelled"
    await pass_time(harness, engine, 10)
    assert (await engine.get_run(run)).state == "cancelled"
    assert loop.done == []
    # The lane is free: another run of the recipe starts.
    other = await start(harness, engine, "b")
    assert (await engine.get_run(other)).state == "waiting"


async def test_a_run_that_lingers_keeps_its_lane_and_no_slot(harness: Any, eventually: Any) -> None:
    loop = Loop(pause=30)
    engine = await harness.open(loop.execute, capacity=1)
    first = await harness.send(engine, "a")
    second = await harness.send(engine, "b")
    other = await harness.send(engine, "c", key="other")

    async def states() -> list[str]:
        return [(await engine.get_run(one.runs[0])).state for one in (first, second, other)]

    async def come_to_rest() -> bool:
        return await states() == ["waiting", "queued", "waiting"]

    await eventually(come_to_rest)
    assert not engine._runner.lingering.is_empty


async def test_after_a_minute_a_run_is_read_back(harness: Any) -> None:
    """What was changed in the meantime, such as a secret, holds for it then."""
    loop = Questions(turns=2)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    harness.clock.advance(61)
    await engine.signal(run, "turn.0", None, signal_id="one", author="zoé")
    await engine.wait_idle()
    assert (loop.walks, loop.done) == (2, ["a 0"])


async def test_a_long_wait_is_not_kept_in_memory(harness: Any) -> None:
    loop = Loop(pause=3600)
    engine = await harness.open(loop.execute)
    await start(harness, engine)
    await pass_time(harness, engine, 3600)
    assert (loop.walks, loop.done) == (2, ["a 0"])


async def test_few_runs_linger_and_the_others_end_all_the_same(harness: Any) -> None:
    loop = Loop(turns=2)
    engine = await harness.open(loop.execute)
    runs = [await start(harness, engine, str(number)) for number in range(40)]
    assert len(engine._runner.lingering._places) <= 16
    for _ in range(2):
        await pass_time(harness, engine, 1)
    for run in runs:
        assert (await engine.get_run(run)).state == "succeeded"
    assert sorted(loop.done) == sorted(f"{key} {turn}" for key in range(40) for turn in range(2))


async def test_a_run_with_large_results_is_not_kept_in_memory(harness: Any) -> None:
    class Large(Loop):
        async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
            async def large(_: Any) -> Any:
                return "x" * 60_000

            for number in range(200):
                await context.step(f"large.{number}", WORK, large)
            return await super().execute(context, definition)

    loop = Large(turns=1, steps=0)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    assert engine._runner.lingering.is_empty
    await pass_time(harness, engine, 1)
    assert (await engine.get_run(run)).state == "succeeded"


async def test_a_time_limit_that_ends_during_a_wait_is_seen(harness: Any) -> None:
    seen: list[str] = []

    class Limited(Loop):
        async def wait(self, context: RunContext, path: str) -> None:
            limit = context.started + timedelta(seconds=5)
            if harness.clock.now() >= limit:
                seen.append("late")
                return
            context.wake_by("group", limit)
            await context.sleep_until(path, context.started + timedelta(seconds=30))

    loop = Limited(turns=1)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    await pass_time(harness, engine, 5)
    assert (await engine.get_run(run)).state == "succeeded"
    assert seen == ["late"]


async def test_forgetting_others_leaves_a_run_that_lingers_alone(harness: Any) -> None:
    loop = Loop(turns=2)
    engine = await harness.open(loop.execute)
    run = await start(harness, engine)
    await engine.purge(Retention(age_seconds=0, runs=0, size_bytes=None))
    for _ in range(2):
        await pass_time(harness, engine, 1)
    assert (await engine.get_run(run)).state == "succeeded"
    assert loop.walks == 1

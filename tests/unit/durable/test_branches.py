"""Several branches of one run: each waits for itself, the run for all of them (R4, R6)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.port import (
    Attempt,
    RunContext,
    RunOutcome,
    RunParked,
    StepSpec,
    WaitSpec,
)
from rouage.errors import RetryableError, StepTimeout
from rouage.language import Text

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
DONE = RunOutcome(state="succeeded")


async def join(*branches: Awaitable[Any]) -> list[Any]:
    """Run branches as the flow does: one that parks does not stop the others."""
    parked = []

    async def follow(branch: Awaitable[Any]) -> Any:
        try:
            return await branch
        except RunParked as park:
            parked.append(park)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow(branch)) for branch in branches]
    if parked:
        raise parked[0]
    return [task.result() for task in tasks]


def ask(path: str) -> WaitSpec:
    return WaitSpec(kind="approval", name=path, action="approve", question={"need": 1})


async def is_in(engine: Any, run: str, state: str) -> bool:
    return (await engine.get_run(run)).state == state


async def approve(context: RunContext, path: str) -> Any:
    answers = await context.wait_signal(path, ask(path), deadline=None)

    async def tell(_: Attempt) -> Any:
        return answers[0].payload

    return await context.step(path, StepSpec(action="approve", effect="none"), tell)


async def test_one_branch_parks_and_the_others_go_on(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def quick() -> None:
            for number in range(3):
                await context.step(f"b.{number}", LOCAL, harness.recorder.call(f"b.{number}"))

        async def later() -> None:
            await context.sleep_until("c.0", context.started + timedelta(hours=1))
            await context.step("c.1", MAIL, harness.recorder.call("c.1"))

        results = await join(approve(context, "a.0"), quick(), later())
        return RunOutcome(state="succeeded", outputs=results[0])

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, run, "waiting")
    assert harness.recorder.effects == ["b.0#1", "b.1#1", "b.2#1"]
    assert {wait.path for wait in await engine.list_waits()} == {"a.0", "c.0"}
    harness.clock.advance(3606)
    await eventually(lambda: "c.1#1" in harness.recorder.effects)
    await engine.wait_idle()
    assert [wait.path for wait in await engine.list_waits()] == ["a.0"]
    assert await is_in(engine, run, "waiting")
    engine = await harness.restart(execute)
    await engine.signal(run, "a.0", "yes", signal_id="1", author="zoé")
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, record.outputs) == ("succeeded", "yes")
    assert harness.recorder.effects == ["b.0#1", "b.1#1", "b.2#1", "c.1#1"]


async def test_an_answer_that_comes_while_another_branch_works_is_not_lost(
    harness: Any, eventually: Any
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def slow() -> None:
            async def work(_: Attempt) -> Any:
                harness.recorder.effects.append("slow")
                await gate.wait()

            await context.step("b.0", LOCAL, work)

        results = await join(approve(context, "a.0"), slow())
        return RunOutcome(state="succeeded", outputs=results[0])

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    await eventually(engine.list_waits)
    await engine.signal(run, "a.0", "yes", signal_id="1", author="zoé")
    gate.set()
    await eventually(lambda: is_in(engine, run, "succeeded"))
    assert harness.recorder.effects == ["slow"]
    assert (await engine.get_run(run)).outputs == "yes"


async def test_a_doubt_in_one_branch_outweighs_a_wait_in_another(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def doubtful() -> None:
            async def slow(attempt: Attempt) -> Any:
                harness.recorder.effects.append("mail")
                raise StepTimeout(Text("too slow", "trop lent"))

            await context.step("b.0", MAIL, slow)

        await join(doubtful(), approve(context, "a.0"))
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, record.reason["step"]) == ("needs_attention", "b.0")
    assert [wait.path for wait in await engine.list_waits()] == ["a.0"]
    await engine.signal(run, "a.0", "yes", signal_id="1", author="zoé")
    assert await engine.resolve(run, "done", author="zoé") == "queued"
    await engine.wait_idle()
    assert await is_in(engine, run, "succeeded")
    assert harness.recorder.effects == ["mail"]
    step = next(step for step in (await engine.get_run(run)).steps if step.path == "b.0")
    assert (step.resolution["choice"], step.resolution["author"]) == ("done", "zoé")


async def test_pauses_of_several_branches_are_each_kept(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def shaky(number: int) -> None:
            async def call(attempt: Attempt) -> Any:
                harness.recorder.effects.append(f"{number}#{attempt.number}")
                if attempt.number == 1:
                    raise RetryableError(Text("busy", "occupé"))

            spec = StepSpec(
                action="a", effect="local", idempotent="yes", pause=lambda *_: 60.0 * number
            )
            await context.step(f"b.{number}", spec, call)

        await join(shaky(1), shaky(2), shaky(3))
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert sorted(harness.recorder.effects) == ["1#1", "2#1", "3#1"]
    for number in (1, 2, 3):
        harness.clock.advance(61)
        await eventually(lambda number=number: f"{number}#2" in harness.recorder.effects)
        await engine.wait_idle()
    assert await is_in(engine, run, "succeeded")
    assert len(harness.recorder.effects) == 6


async def test_a_branch_that_is_abandoned_leaves_no_wait_behind(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def first_of() -> None:
            try:
                await approve(context, "a.0")
            except RunParked:
                await context.step("b.0", LOCAL, harness.recorder.call("b.0"))

        if context.recorded("b.0") is None:
            await first_of()
        if context.event.key == "wait":
            await approve(context, "a.1")
        return DONE

    engine = await harness.open(execute)
    over = (await harness.send(engine, "end", mode="parallel")).runs[0]
    waits = (await harness.send(engine, "wait", mode="parallel")).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, over, "succeeded")
    assert {(wait.run, wait.path) for wait in await engine.list_waits()} == {
        (waits, "a.0"),
        (waits, "a.1"),
    }
    await engine.signal(waits, "stray", 1, signal_id="1", author="zoé")
    await engine.wait_idle()
    assert [wait.path for wait in await engine.list_waits()] == ["a.1"]


async def test_what_branches_recorded_is_on_disk_before_a_later_call(harness: Any) -> None:
    seen: list[set[str]] = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def branch(number: int) -> None:
            for step in range(3):
                await context.step(f"{number}.{step}", LOCAL, harness.recorder.call("x"))

        async def look(attempt: Attempt) -> Any:
            record = await harness.engines[-1].get_run(context.run_id)
            seen.append({step.path for step in record.steps if step.state == "done"})

        await join(*[branch(number) for number in range(4)])
        await context.step("last", LOCAL, look)
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    assert seen == [{f"{number}.{step}" for number in range(4) for step in range(3)}]


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_a_halt_reaches_every_branch(harness: Any, eventually: Any, how: str) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def branch(number: int) -> None:
            async def block(_: Attempt) -> Any:
                harness.recorder.effects.append(f"{number}")
                if len(harness.recorder.effects) <= 3:
                    await asyncio.Event().wait()

            await context.step(f"{number}.0", LOCAL, block)
            await context.step(f"{number}.1", LOCAL, harness.recorder.call("after"))

        await join(approve(context, "a.0"), *[branch(number) for number in range(3)])
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: len(harness.recorder.effects) == 3)
    if how == "cancel":
        assert await engine.cancel(run, "enough") == "cancelled"
        assert sorted(harness.recorder.effects) == ["0", "1", "2"]
        assert await engine.list_waits() == ()
        return
    engine = await harness.restart(execute)
    await eventually(lambda: harness.recorder.effects.count("after#1") == 3)
    await engine.wait_idle()
    assert await is_in(engine, run, "waiting")


@pytest.mark.parametrize("what", ["answer", "instant", "pause", "call"])
async def test_a_branch_goes_on_while_another_one_still_works(
    harness: Any, eventually: Any, what: str
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.source == "orders/called":
            await context.sleep_until("do.0", context.started + timedelta(minutes=1))
            return DONE

        async def slow() -> None:
            harness.recorder.effects.append("slow")
            await context.step("b.0", LOCAL, lambda _: gate.wait())

        async def shaky(attempt: Attempt) -> Any:
            if attempt.number == 1:
                raise RetryableError(Text("busy", "occupé"))

        async def quick() -> None:
            if what == "answer":
                await approve(context, "a.0")
            elif what == "instant":
                await context.sleep_until("a.0", context.started + timedelta(minutes=1))
            elif what == "call":
                event = harness.event(f"{context.run_id} a.0", source="orders/called")
                verdict = harness.matched("child", mode="parallel")
                await context.call("a.0", event, verdict, background=False)
            else:
                spec = StepSpec(action="a", effect="local", idempotent="yes", pause=lambda *_: 60.0)
                await context.step("a.0", spec, shaky)
            await context.step("a.1", LOCAL, harness.recorder.call("after"))

        await join(slow(), quick())
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    await eventually(lambda: engine.list_waits(run_id=run))
    if what == "answer":
        await engine.signal(run, "a.0", "yes", signal_id="1", author="zoé")
    elif what == "call":
        await eventually(lambda: engine.list_waits(kinds=frozenset({"timer"})))
    assert await is_in(engine, run, "running")
    for _ in range(14):
        harness.clock.advance(5)
        await asyncio.sleep(0.002)
    await eventually(lambda: "after#1" in harness.recorder.effects)
    assert await is_in(engine, run, "running")
    gate.set()
    await engine.wait_idle()
    assert await is_in(engine, run, "succeeded")
    assert harness.recorder.effects == ["slow", "after#1"]
    assert await engine.list_waits() == ()


async def test_a_branch_that_waits_in_memory_parks_when_the_others_are_done(
    harness: Any, eventually: Any
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await join(
            approve(context, "a.0"),
            approve(context, "a.1"),
            context.step("b.0", LOCAL, lambda _: gate.wait()),
        )
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: engine.list_waits(run_id=run))
    gate.set()
    await engine.wait_idle()
    assert await is_in(engine, run, "waiting")
    assert await engine.close() is True

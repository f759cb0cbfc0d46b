"""Whether a recipe has runs under way is known without reading the journal."""

import asyncio
from datetime import timedelta
from typing import Any

from rouage.durable.port import Attempt, RunContext, RunOutcome, StepSpec

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
DONE = RunOutcome(state="succeeded")


async def test_a_recipe_is_quiet_before_and_after_its_run_and_not_meanwhile(harness: Any) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def block(attempt: Attempt) -> Any:
        begun.set()
        await release.wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", LOCAL, block)
        return DONE

    engine = await harness.open(execute)
    assert engine.is_quiet("orders")
    await harness.send(engine)
    await asyncio.wait_for(begun.wait(), 30)
    assert not engine.is_quiet("orders")
    assert engine.is_quiet("others")
    release.set()
    await engine.wait_idle()
    assert engine.is_quiet("orders")


async def test_a_run_that_sleeps_for_long_is_under_way_also_after_a_restart(
    harness: Any, eventually: Any
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(days=1))
        return DONE

    engine = await harness.open(execute)
    (run,) = (await harness.send(engine)).runs

    async def waits() -> bool:
        return str((await engine.get_run(run)).state) == "waiting"

    await eventually(waits)
    assert not engine.is_quiet("orders")
    engine = await harness.restart(execute)
    assert not engine.is_quiet("orders")

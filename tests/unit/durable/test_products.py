"""What steps made lately, as both journals tell it."""

from datetime import timedelta
from typing import Any

from rouage.durable.port import Attempt, FileUse, RunContext, RunOutcome, StepSpec

SHA = bytes(range(32))


async def test_what_was_made_lately_is_told_newest_run_first(harness: Any) -> None:
    made: list[tuple[FileUse, ...]] = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="test.make", effect="local", idempotent="by key")

        async def call(attempt: Attempt) -> Any:
            spec.files = made.pop(0)
            return {}

        await context.step("do.0", spec, call)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    runs = []
    for number, name in enumerate(("/out/\udce9", "/out/b")):
        files = (FileUse("/in/x", SHA, False), FileUse(name, SHA, True))
        made.append((*files, FileUse("/out/unknown", None, True)))
        runs += (await harness.send(engine, f"k{number}")).runs
        await engine.wait_idle()
        harness.clock.advance(60)
    now = harness.clock.now()
    newest, oldest = await engine.list_products(since=now - timedelta(hours=1))
    assert (newest.run, newest.path, newest.hash) == (runs[1], "/out/b", SHA)
    assert (oldest.run, oldest.path, oldest.step) == (runs[0], "/out/\udce9", "do.0")
    assert newest.recipe == "orders"
    assert now - oldest.made == timedelta(seconds=120)
    assert await engine.list_products(since=now - timedelta(seconds=90)) == (newest,)
    assert await engine.list_products(since=now) == ()
    assert await engine.list_products(since=now - timedelta(hours=1), limit=1) == (newest,)

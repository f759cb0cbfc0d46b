"""When the loop stands still, the watch says for how long and because of whom."""

import asyncio
import logging
import time

import pytest

from rouage.catalog.catalog import Catalog
from rouage.sdk import Connector, Context, NoParams, Trigger
from rouage.sdk.testing import MemoryItems, RecordingEmit, Surroundings, make_context
from rouage.workers.safeguards import Safeguards
from rouage.workers.stalls import StallWatch

connector = Connector("slow", about="A connector for tests.")


@connector.action("sleep")
async def sleep(params: NoParams, context: Context):
    """Block the loop through an inner function, as real ones do."""
    return await _inside(context)


async def _inside(context):
    time.sleep(0.4)  # noqa: ASYNC251 - what is watched for
    return {}


@connector.trigger("listen")
class Listen(Trigger[NoParams]):
    """A trigger that blocks the loop."""

    async def listen(self, emit):
        """Block."""
        time.sleep(0.4)  # noqa: ASYNC251 - what is watched for


@pytest.fixture
async def safeguards():
    parts = Safeguards(Catalog([connector]), stalls=StallWatch(period_seconds=0.05, ticks=2))
    parts.start()
    yield parts
    await parts.close()


async def over(safeguards):
    async with asyncio.timeout(5):
        while safeguards.stalls.recent is None or not safeguards.stalls.recent.is_over:
            await asyncio.sleep(0.01)


async def test_a_loop_that_waits_is_not_woken_to_say_that_it_lives():
    class Counting(StallWatch):
        woken = 0

        def _answer(self):
            self.woken += 1
            super()._answer()

    watch = Counting(period_seconds=0.01)
    watch.start(asyncio.get_running_loop())
    try:
        await asyncio.sleep(0.5)
        # It may come upon the loop just as that begins or ends to wait.
        assert watch.woken < 10
        assert watch.recent is None
    finally:
        watch.stop()


async def test_a_step_that_blocks_the_loop_is_named(safeguards, tmp_path, caplog):
    spec = safeguards.catalog.actions["slow.sleep"]
    with caplog.at_level(logging.WARNING):
        await spec.run(NoParams(), make_context(tmp_path, step="do.3"))
        await over(safeguards)
    assert "because of the step do.3 of the recipe test" in caplog.text
    assert "test_stalls.py" in caplog.text, "the log shows the place"
    told = safeguards.add_to({"state": "ok", "reason": None, "pid": 1})
    assert told["state"] == "degraded"
    assert "à cause de l’étape do.3 de la recette test" in told["reason"]["fr"]
    assert told["pid"] == 1
    assert safeguards.add_to({"state": "refusing", "reason": "disk"})["reason"] == "disk"


async def test_a_trigger_that_blocks_the_loop_is_named(safeguards, tmp_path):
    context = Surroundings(workspace=tmp_path).context()
    await Listen(NoParams(), context).listen(RecordingEmit(MemoryItems()))
    await over(safeguards)
    assert safeguards.stalls.recent.culprit.en == "the trigger trigger_1 of the recipe test"


async def test_a_loop_that_is_only_busy_is_left_in_peace(safeguards):
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        time.sleep(0.01)  # noqa: ASYNC251 - busy
        await asyncio.sleep(0)
    assert safeguards.stalls.recent is None
    assert safeguards.add_to({"state": "ok"})["state"] == "ok"

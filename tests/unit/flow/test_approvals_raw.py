"""Answers that come to the engine as they are, past all that checks them before (R9)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.port import AlreadyAnswered, Recorded
from rouage.sdk import JSON
from tests.unit.flow.stage import Stage

TWO_OF_THREE = """
name: Two of three
when: [{rec.event: {}}]
do:
  - approve: {ask: "Pay?", from: [ana, bob, eve], need: 2}
    id: paid
  - rec.say: {text: "${{ steps.paid.by }}"}
"""
ONE = TWO_OF_THREE.replace(", need: 2", "")
DEPUTY = """
name: A deputy
when: [{rec.event: {}}]
do:
  - approve: {ask: "Pay?", from: [ana], then: [bob], timeout: 1h, on_timeout: escalate}
    id: paid
  - rec.say: {text: "${{ steps.paid.by }}"}
"""
YES: JSON = {"choice": "approve", "fields": {}}


@pytest.fixture(params=[False, True], ids=["memory", "sqlite"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path, is_on_disk=request.param)
    await stage.open()
    yield stage
    await stage.close()


async def tell(stage: Stage, run: str, author: str, payload: Any = None) -> Any:
    """Answer without any check, as a caller of the engine can."""
    answer = YES if payload is None else payload
    said = await stage.engine.signal(run, "do.0", answer, signal_id=author, author=author)
    await stage.engine.wait_idle()
    return said


@pytest.mark.parametrize("restarts", [False, True])
async def test_who_may_not_answer_does_not_count(stage: Stage, restarts: bool) -> None:
    run = (await stage.run(TWO_OF_THREE)).id
    for stranger in ("mallory", "trudy"):
        await tell(stage, run, stranger)
    if restarts:
        await stage.restart()
    assert (await stage.rest(run)).state == "waiting"
    assert await tell(stage, run, "ana") == Recorded()
    assert (await stage.rest(run)).state == "waiting"
    assert await tell(stage, run, "bob") == Recorded()
    assert (await stage.rest(run)).state == "succeeded"
    assert stage.world.said == ["ana, bob"]


async def test_a_stranger_does_not_take_the_place_of_the_only_answer(stage: Stage) -> None:
    run = (await stage.run(ONE)).id
    await tell(stage, run, "mallory")
    await tell(stage, run, "trudy", {"choice": "refuse"})
    assert (await stage.rest(run)).state == "waiting"
    assert await tell(stage, run, "eve") == Recorded()
    assert stage.world.said == ["eve"]


async def test_one_person_counts_once_under_many_ids(stage: Stage) -> None:
    run = (await stage.run(TWO_OF_THREE)).id
    for number in range(3):
        await stage.engine.signal(run, "do.0", YES, signal_id=f"n{number}", author="ana")
    assert (await stage.rest(run)).state == "waiting"
    await tell(stage, run, "bob")
    assert stage.world.said == ["ana, bob"]


async def test_who_comes_after_the_decision_is_told_the_answer_that_counted(stage: Stage) -> None:
    run = (await stage.run(ONE)).id
    await tell(stage, run, "mallory")
    first, late = await tell(stage, run, "ana"), await tell(stage, run, "bob")
    assert first == Recorded()
    assert not isinstance(late, Recorded)
    assert stage.world.said == ["ana"]


async def test_a_deputy_who_was_too_early_counts_from_the_deadline_on(stage: Stage) -> None:
    run = (await stage.run(DEPUTY)).id
    await tell(stage, run, "bob")
    assert (await stage.rest(run)).state == "waiting"
    assert (await stage.later(run, 3600)).state == "succeeded"
    assert stage.world.said == ["bob"]


async def test_a_deputy_who_was_too_early_does_not_silence_the_one_who_is_asked(
    stage: Stage,
) -> None:
    run = (await stage.run(DEPUTY)).id
    await tell(stage, run, "bob")
    assert not isinstance(await tell(stage, run, "ana"), AlreadyAnswered)
    assert stage.world.said == ["ana"]

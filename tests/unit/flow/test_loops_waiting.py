"""Long loops whose items wait: the run keeps its execution, and nobody can tell (R8, R9)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rouage.durable.port import RunFilter
from rouage.sdk import JSON
from tests.unit.flow.stage import Stage, step

LOOP = """
name: Loop
when: [{rec.event: {}}]
do:
  - for_each:
      in: ${{ event.items }}
      do:
        - wait: 1s
        - approve: {ask: "Send ${{ item }}?"}
          id: asked
        - rec.say: {text: "${{ item }} by ${{ steps.asked.by }}"}
          id: said
    id: loop
outputs: {count: "${{ steps.loop.count }}", last: "${{ steps.loop.results }}"}
"""
LIMITED = """
name: Limited
when: [{rec.event: {}}]
do:
  - for_each:
      in: ${{ event.items }}
      on_item_error: continue
      do:
        - group:
            do:
              - rec.say: {text: "${{ item }}"}
              - approve: {ask: "Send ${{ item }}?"}
          timeout: 10s
    id: loop
outputs: {failed: "${{ steps.loop.failed | length }}"}
"""
ITEMS: JSON = [f"n{number}" for number in range(30)]


@pytest.fixture(params=[False, True], ids=["memory", "sqlite"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path, is_on_disk=request.param)
    await stage.open()
    yield stage
    await stage.close()


async def move_on(stage: Stage, run: str) -> bool:
    """Do the one thing the run waits for; False when it waits for nothing."""
    for path, wait in (await stage.waits(run)).items():
        if wait.kind == "approval":
            await stage.answer(run, path)
        else:
            await stage.later(run, 1)
        return True
    return False


@pytest.mark.parametrize("restarts_every", [None, 7])
async def test_each_item_waits_and_asks_in_its_turn(
    stage: Stage, restarts_every: int | None
) -> None:
    run, turn = (await stage.run(LOOP, {"items": ITEMS})).id, 0
    while await move_on(stage, run):
        turn += 1
        if restarts_every is not None and turn % restarts_every == 0:
            await stage.restart()
    record = await stage.rest(run)
    assert record.state == "succeeded", record.error
    assert isinstance(record.outputs, dict)
    assert record.outputs["count"] == 30
    assert stage.world.said == [f"n{number} by zoé" for number in range(30)]
    assert turn == 60
    assert await stage.waits(run) == {}


async def test_a_long_loop_lingers_and_is_cancelled_where_it_waits(stage: Stage) -> None:
    run = (await stage.run(LOOP, {"items": ITEMS})).id
    while len(stage.world.said) < 25:
        await move_on(stage, run)
    assert not stage.engine._runner.lingering.is_empty
    assert await stage.engine.cancel(run, "enough") == "cancelled"
    assert stage.engine._runner.lingering.is_empty
    await stage.later(run, 3600)
    assert len(stage.world.said) == 25
    page = await stage.engine.list_runs(RunFilter())
    assert [one.state for one in page.runs] == ["cancelled"]


async def test_a_time_limit_inside_a_long_loop_ends_the_item_it_is_for(stage: Stage) -> None:
    run = (await stage.run(LIMITED, {"items": ITEMS})).id
    late = {3, 25}
    for number in range(30):
        ((path, _),) = [one for one in (await stage.waits(run)).items() if one[1].kind != "limit"]
        assert f"[{number}]" in path
        if number in late:
            await stage.later(run, 10)
        else:
            await stage.later(run, 4)
            await stage.answer(run, path)
    record = await stage.rest(run)
    assert record.state == "succeeded", record.error
    assert record.outputs == {"failed": len(late)}
    assert stage.world.said == ITEMS
    result = step(record, "do.0").result
    assert isinstance(result, dict)
    failed = result["failed"]
    assert isinstance(failed, list)
    assert [one["index"] for one in failed if isinstance(one, dict)] == [4, 26]

"""`parallel`: branches with their own scopes, each waiting for itself."""

import asyncio
from typing import Any

from tests.unit.flow.stage import Stage, settle, states, step

WHEN = "name: R\nvars: {a: 0, b: 0}\nwhen:\n  - rec.event: {}\ndo:\n"


def recipe(branches: str, *, join: str = "all", tail: str = "") -> str:
    return (
        f"{WHEN}  - parallel:\n      join: {join}\n      branches:\n{branches}    id: both\n{tail}"
    )


async def test_all_branches_are_taken_at_once_and_their_results_are_known_after(
    stage: Stage,
) -> None:
    stage.world.gate = asyncio.Event()
    await stage.load(
        recipe(
            "        left: [{rec.say: {text: l}, id: l}]\n"
            "        right: [{rec.say: {text: r}, id: r}]\n",
            tail='  - rec.say: {text: "${{ steps.l.text }}'
            '${{ steps.both.branches.right.r.text }}"}\n',
        )
    )
    run = await stage.send()
    for _ in range(50):
        await asyncio.sleep(0)
    assert stage.world.busy == 2
    stage.world.gate.set()
    record = await stage.rest(run)
    assert record.state == "succeeded", record.error
    assert stage.world.said == ["l", "r", "lr"]
    assert step(record, "do.0").parameters == {"join": "all"}


async def test_branches_do_not_see_each_other_and_are_merged_in_the_order_of_the_file(
    stage: Stage,
) -> None:
    run = await stage.run(
        recipe(
            "        z_first:\n          - wait: 1m\n"
            '          - set: {a: 1, b: "${{ vars.b + 1 }}"}\n'
            "        a_second:\n          - set: {a: 2}\n"
            '          - rec.say: {text: "b ${{ vars.b }}"}\n',
            tail='  - rec.say: {text: "${{ vars.a }} ${{ vars.b }}"}\n',
        )
    )
    assert (await stage.drive(run.id)).state == "succeeded"
    assert stage.world.said == ["b 0", "2 1"]


async def test_a_branch_that_waits_parks_alone_and_the_run_when_nothing_else_goes_on(
    stage: Stage,
) -> None:
    await stage.load(
        recipe(
            "        asks: [{approve: sure?}, {rec.say: {text: yes}}]\n"
            "        sleeps: [{wait: 1h}, {rec.say: {text: awake}}]\n"
            "        works: [{rec.say: {text: one}}, {rec.say: {text: two}}]\n",
            tail="  - rec.say: {text: end}\n",
        )
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert stage.world.said == ["one", "two"]
    await stage.restart()
    assert (await stage.later(run, 3600)).state == "waiting"
    assert stage.world.said == ["one", "two", "awake"]
    await stage.restart()
    record = await stage.answer(run, "do.0.parallel.branches.asks.0")
    assert record.state == "succeeded"
    assert stage.world.said == ["one", "two", "awake", "yes", "end"]


async def test_any_goes_on_after_the_first_and_the_others_stop_at_their_next_step(
    stage: Stage,
) -> None:
    await stage.load(
        recipe(
            "        slow: [{approve: sure?}, {rec.say: {text: never}}]\n"
            "        fast: [{wait: 1m}, {rec.say: {text: fast}, id: fast}]\n",
            join="any",
            tail='  - rec.say: {text: "${{ steps.both.first }} ${{ steps.fast.text }}"}\n'
            "  - wait: 1h\n",
        )
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 60)
    assert stage.world.said == ["fast", "fast fast"]
    assert list(await stage.waits(run)) == ["do.2"]
    record = await stage.later(run, 3600)
    assert record.state == "succeeded"
    assert states(record)["do.0.parallel.branches.slow.0"] == "skipped"


async def test_with_any_a_faulty_branch_ends_nothing_while_another_may_come_through(
    stage: Stage,
) -> None:
    await stage.load(
        recipe(
            "        faulty: [{rec.break: {text: bad}}]\n"
            "        good: [{wait: 1m}, {rec.say: {text: good}}]\n",
            join="any",
        )
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    record = await stage.later(run, 60)
    assert record.state == "succeeded"
    assert stage.world.said == ["good"]


async def test_with_any_it_fails_when_all_branches_fail(stage: Stage) -> None:
    run = await stage.run(
        recipe(
            "        one: [{rec.break: {text: first}}]\n"
            "        two: [{set: {a: 1}}, {rec.break: {text: second}}]\n",
            join="any",
        )
    )
    assert run.state == "failed"
    assert run.error["message"]["en"] == "first"


async def test_a_failure_stops_the_other_branches_at_their_next_step(stage: Stage) -> None:
    await stage.load(
        recipe(
            "        other: [{rec.linger: {seconds: 30}}, {rec.say: {text: never}}]\n"
            "        asks: [{approve: sure?}]\n"
            "        faulty: [{rec.say: {text: one}}, {rec.break: {text: bad}}]\n",
            tail="  - rec.say: {text: never}\n",
        )
    )
    run = await stage.send()
    for _ in range(50):
        await asyncio.sleep(0)
    assert stage.world.failures["bad"] == 1
    record = await stage.later(run, 30)
    assert record.state == "failed"
    assert record.error["message"]["en"] == "bad"
    assert stage.world.said == ["one"]
    assert states(record)["do.0.parallel.branches.other.0"] == "done"


async def test_stop_in_a_branch_ends_the_run(stage: Stage) -> None:
    run = await stage.run(
        recipe(
            "        stops: [{stop: {text: enough, outputs: {n: 1}}}]\n"
            "        waits: [{wait: 1h}]\n"
        )
    )
    assert (run.state, run.outputs) == ("succeeded", {"n": 1})


async def test_a_cancel_reaches_every_branch(stage: Stage) -> None:
    stage.world.gate = asyncio.Event()
    await stage.load(
        recipe("        one: [{rec.say: {text: one}}]\n        two: [{rec.say: {text: two}}]\n")
    )
    run = await stage.send()
    for _ in range(50):
        await asyncio.sleep(0)
    assert stage.world.busy == 2
    await stage.engine.cancel(run, "enough")
    await settle(stage.engine)
    assert (await stage.rest(run)).state == "cancelled"
    assert stage.world.said == []


async def test_branches_inside_branches_wait_each_for_itself(stage: Stage) -> None:
    inner = (
        "        outer:\n          - parallel:\n              branches:\n"
        "                a: [{wait: 1m}, {rec.say: {text: a}}]\n"
        "                b: [{wait: 2m}, {rec.say: {text: b}}]\n"
        "          - rec.say: {text: ab}\n"
        "        other: [{wait: 90s}, {rec.say: {text: other}}]\n"
    )
    await stage.load(recipe(inner))
    run = await stage.send()
    await stage.rest(run)
    for _ in range(4):
        await stage.restart()
        record: Any = await stage.later(run, 30)
    assert record.state == "succeeded"
    assert stage.world.said == ["a", "other", "b", "ab"]


async def test_a_retry_of_parallel_repeats_only_the_faulty_branch(stage: Stage) -> None:
    text = recipe(
        "        good: [{rec.say: {text: good}, id: good}]\n"
        "        shaky: [{rec.break: {text: shaky, times: 1}}]\n",
        tail='  - rec.say: {text: "${{ steps.good.text }}"}\n',
    ).replace("    id: both\n", "    id: both\n    retry: {times: 1, wait: 0s}\n")
    run = await stage.run(text)
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["good", "good"]
    assert stage.world.failures["shaky"] == 2

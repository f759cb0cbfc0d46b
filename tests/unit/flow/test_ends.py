"""How runs end: time limits, `finally`, the second look at `if`, rates, results, errors."""

import asyncio
import math
from typing import Any

import pytest

from tests.unit.flow.stage import Stage, settle, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"


# -- the run's time ------------------------------------------------------------------------------


async def test_the_time_of_a_run_counts_from_its_recorded_start_waits_included(
    stage: Stage,
) -> None:
    await stage.load(
        "name: R\ntimeout: 1h\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - rec.say: {text: one}\n    id: one\n  - wait: 40m\n  - wait: 40m\n"
        "  - rec.say: {text: never}\n"
        'on_error:\n  - rec.say: {text: "${{ error.kind }} after ${{ steps.one.text }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 2400)
    await stage.restart()
    assert (await stage.later(run, 1199)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "failed"
    assert record.error["message"]["en"].startswith("it took longer than 1h")
    assert stage.world.said == ["one", "StepTimeout after one"]


async def test_a_run_that_was_too_late_stays_so_when_the_clock_is_set_back(stage: Stage) -> None:
    await stage.load(
        "name: R\ntimeout: 1h\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - wait: 2h\n  - rec.say: {text: never}\n"
        "on_error:\n  - rec.say: {text: late}\n  - wait: 1h\n  - rec.say: {text: end}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 3600)
    assert stage.world.said == ["late"]
    stage.clock.jump(-3000)
    await stage.restart()
    record = await stage.later(run, 7200)
    assert record.state == "failed"
    assert stage.world.said == ["late", "end"]


async def test_a_time_limit_that_is_over_does_not_wake_a_run_that_waits_for_something_else(
    stage: Stage,
) -> None:
    await stage.load(
        "name: R\ntimeout: 1h\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - rec.break: {}\non_error:\n  - wait: 1d\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 3600)
    await stage.later(run, 3600)
    kinds = {wait.kind for wait in (await stage.waits(run)).values()}
    assert kinds == {"timer"}
    assert (await stage.later(run, 86_400)).state == "failed"


async def test_an_action_is_cut_at_the_end_of_the_run_and_says_whose_limit_it_was(
    stage: Stage,
) -> None:
    await stage.load(
        "name: R\ntimeout: 50ms\nwhen:\n  - rec.event: {}\ndo:\n  - rec.linger: {seconds: 60}\n"
    )
    run = await stage.send()
    record = await stage.rest(run)
    assert record.state == "failed"
    assert record.error["kind"] == "StepTimeout"
    assert "0.05s, the time limit of the run" in record.error["message"]["en"]


# -- finally -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ("  - rec.say: {text: x}\n", "succeeded"),
        ("  - rec.break: {}\n", "failed"),
        ("  - stop: {text: enough, result: skipped}\n", "skipped"),
        ("  - stop: {text: bad, result: failed}\n", "failed"),
    ],
)
async def test_finally_is_taken_however_the_run_ends(stage: Stage, steps: str, state: str) -> None:
    run = await stage.run(WHEN + steps + "finally:\n  - rec.say: {text: bye}\n")
    assert run.state == state
    assert stage.world.said[-1] == "bye"
    assert states(run)["finally.0"] == "done"


async def test_finally_comes_after_on_error_and_sees_the_error(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - rec.break: {text: no paper}\n"
        "on_error:\n  - rec.say: {text: handled}\n"
        'finally:\n  - rec.say: {text: "bye ${{ error.message }}"}\n'
    )
    assert run.state == "failed"
    assert stage.world.said == ["handled", "bye no paper"]


async def test_a_failure_in_finally_makes_a_success_a_failure_and_hides_no_other(
    stage: Stage,
) -> None:
    run = await stage.run(WHEN + "  - set: {a: 1}\nfinally:\n  - rec.break: {text: last}\n")
    assert (run.state, run.error["message"]["en"]) == ("failed", "last")
    run = await stage.run(
        WHEN + "  - rec.break: {text: first}\nfinally:\n  - rec.break: {text: last}\n"
    )
    assert (run.state, run.error["message"]["en"]) == ("failed", "first")


async def test_finally_may_wait_and_goes_on_after_a_restart(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - rec.break: {}\n"
        "finally:\n  - rec.say: {text: one}\n  - wait: 1h\n  - rec.say: {text: two}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    record = await stage.later(run, 3600)
    assert record.state == "failed"
    assert stage.world.said == ["one", "two"]


async def test_finally_after_a_cancel_sees_what_was_done_at_any_depth(stage: Stage) -> None:
    await stage.load(
        "name: R\nvars: {sum: 0}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - group:\n      do: [{rec.say: {text: one}, id: one}]\n"
        "  - for_each: {in: [1, 2], do: [{set: {sum: '${{ vars.sum + item }}'}}]}\n"
        "  - wait: 1d\n"
        'finally:\n  - rec.say: {text: "${{ steps.one.text }} ${{ vars.sum }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    await stage.engine.cancel(run, "enough")
    record = await stage.rest(run)
    assert record.state == "cancelled", record.error
    assert stage.world.said == ["one", "one 3"]


# -- the second look at the recipe's `if` --------------------------------------------------------


LOOK = (
    "name: R\nconcurrency: {mode: queued}\nif: now() < '2026-03-02T08:10:00Z' | parse_date\n"
    "when:\n  - rec.event: {}\ndo:\n  - rec.linger: {seconds: 900}\n    if: event.slow\n"
    "  - rec.say: {text: done}\n"
)


async def test_a_run_that_was_queued_looks_at_its_condition_again_and_says_so(
    stage: Stage,
) -> None:
    await stage.load(LOOK)
    first = await stage.send({"slow": True})
    second = await stage.send({"slow": False})
    while not stage.world.calls:
        await asyncio.sleep(0)
    stage.clock.advance(900)
    await settle(stage.engine)
    assert (await stage.rest(first)).state == "succeeded"
    record = await stage.rest(second)
    assert record.state == "skipped"
    again = step(record, "if")
    assert again.result is False
    assert again.conditions[0]["expression"].startswith("now() <")
    assert stage.world.said == ["done"]


async def test_a_run_that_did_not_wait_does_not_look_again(stage: Stage) -> None:
    run = await stage.run(LOOK, {"slow": False})
    assert run.state == "succeeded"
    assert "if" not in states(run)


# -- rates ---------------------------------------------------------------------------------------


async def test_calls_beyond_the_rate_of_an_account_wait_durably_and_in_turn(stage: Stage) -> None:
    stage.rates["rec.say"] = ("shop", 1, 3600.0)
    await stage.load(WHEN + "  - rec.say: {text: one}\n  - rec.say: {text: two}\n")
    run = await stage.send()
    await stage.rest(run)
    for _ in range(4):
        if stage.world.said == ["one"]:
            break
        await stage.later(run, 3600)
    assert stage.world.said == ["one"]
    record = await stage.rest(run)
    assert record.state == "waiting"
    assert {wait.path for wait in (await stage.waits(run)).values()} == {"do.1:rate"}
    await stage.restart()
    record = await stage.later(run, 3600)
    assert record.state == "succeeded"
    assert stage.world.said == ["one", "two"]


async def test_a_step_that_is_done_takes_no_token_when_the_run_goes_on(stage: Stage) -> None:
    taken: list[Any] = []
    stage.rates["rec.say"] = ("shop", 100, 1.0)
    await stage.load(WHEN + "  - rec.say: {text: one}\n  - wait: 1h\n")
    take = stage.engine.take_tokens

    def counted(*given: Any, **named: Any) -> float:
        taken.append(given)
        return take(*given, **named)

    stage.engine.take_tokens = counted  # type: ignore[method-assign] # it only counts
    run = await stage.send()
    for _ in range(20):
        await asyncio.sleep(0)
    assert stage.world.said == []
    stage.clock.advance(0.01)
    await stage.drive(run)
    assert stage.world.said == ["one"]
    assert len(taken) == 1


# -- results that are no JSON --------------------------------------------------------------------

CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, b"bytes", CYCLE, {1, 2}, "x" * 50_000_000],
    ids=["nan", "infinity", "bytes", "cycle", "set", "50 MB"],
)  # fmt: skip
async def test_a_result_that_is_no_json_fails_its_step_and_harms_no_neighbour(
    stage: Stage, value: Any
) -> None:
    stage.world.odd = value
    await stage.load("name: Good\nwhen:\n  - rec.event: {}\ndo:\n  - rec.say: {text: g}\n", "good")
    await stage.load(WHEN + "  - rec.odd: {}\n    on_error: continue\n  - rec.say: {text: on}\n")
    bad, good = await stage.send(), await stage.send(name="good")
    record = await stage.rest(bad)
    assert record.state == "succeeded"
    assert step(record, "do.0").state == "failed"
    assert "rec.odd" in step(record, "do.0").error["message"]["fr"]
    assert (await stage.rest(good)).state == "succeeded"
    assert sorted(stage.world.said) == ["g", "on"]


@pytest.mark.parametrize("where", ["do", "group", "for_each", "parallel"])
async def test_such_a_result_inside_a_block_fails_the_block(stage: Stage, where: str) -> None:
    stage.world.odd = math.nan
    inside = {
        "do": "  - rec.odd: {}\n",
        "group": "  - group: {do: [{rec.odd: {}}]}\n",
        "for_each": "  - for_each: {in: [1], do: [{rec.odd: {}}]}\n",
        "parallel": "  - parallel: {branches: {a: [{rec.odd: {}}]}}\n",
    }[where]
    run = await stage.run(WHEN + inside)
    assert run.state == "failed"
    assert states(run)["do.0"] == "failed"

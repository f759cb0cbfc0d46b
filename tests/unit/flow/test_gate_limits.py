"""`limits`: beyond a brake a run waits for a yes; of two runs one gets the last place."""

from typing import Any

import pytest

from rouage.flow.gate.tallies import usual_range
from tests.unit.flow.stage import Stage, step

HEAD = "name: R\nwhen:\n  - rec.event: {}\nconcurrency: {mode: parallel}\n"
MAILS = (
    "do:\n  - for_each:\n      in: ${{ event.texts }}\n      do:\n"
    '        - rec.mail: {text: "${{ item }}"}\n'
)


def limited(limits: str, steps: str = MAILS) -> str:
    return f"{HEAD}limits: {{{limits}}}\n{steps}"


async def many(stage: Stage, count: int) -> str:
    run = await stage.send({"texts": [f"t{number}" for number in range(count)]})
    await stage.rest(run)
    return run


async def state_of(stage: Stage, run: str) -> str:
    return (await stage.rest(run)).state


async def test_a_run_waits_before_the_effect_beyond_its_limit(stage: Stage) -> None:
    await stage.load(limited("requests: 3"))
    run = await many(stage, 10)
    assert await state_of(stage, run) == "waiting"
    assert stage.world.said == ["t0", "t1", "t2"]
    question: Any = (await stage.waits(run))["limits.requests.run"].question
    assert "3" in question["ask"]
    assert "10" in question["ask"], "how much it would be in all"
    await stage.restart()
    record = await stage.answer(run, "limits.requests.run")
    assert record.state == "succeeded"
    assert len(stage.world.said) == 10, "a yes covers the run to its end"


async def test_a_no_stops_the_run_where_it_stands(stage: Stage) -> None:
    await stage.load(limited("effects: 3"))
    run = await many(stage, 10)
    record = await stage.answer(run, "limits.effects.run", "refuse")
    assert (record.state, len(stage.world.said)) == ("cancelled", 3)


async def test_runs_share_the_limit_of_a_period_and_a_restart_forgets_nothing(
    stage: Stage,
) -> None:
    await stage.load(limited("requests: 5 per 1d"))
    assert await state_of(stage, await many(stage, 3)) == "succeeded"
    await stage.restart()
    run = await many(stage, 3)
    assert await state_of(stage, run) == "waiting"
    assert len(stage.world.said) == 5
    stage.clock.advance(2 * 86_400)
    assert await state_of(stage, await many(stage, 5)) == "succeeded"


async def test_two_runs_at_once_never_share_the_last_place(stage: Stage) -> None:
    await stage.load(limited("requests: 7 per 1d"))
    runs = [await stage.send({"texts": ["a", "b"]}) for _ in range(8)]
    states = [await state_of(stage, run) for run in runs]
    assert len(stage.world.said) == 7
    assert states.count("succeeded") <= 3


async def test_an_effect_is_counted_once_whatever_happens_in_between(stage: Stage) -> None:
    await stage.load(limited("requests: 1", "do:\n  - rec.mail: {text: x}\n    hold: 10m\n"))
    run = await stage.send()
    await stage.rest(run)
    for _ in range(3):
        await stage.restart()
    assert (await stage.later(run, 600)).state == "succeeded"


async def test_a_cancelled_mail_gives_its_place_back(stage: Stage) -> None:
    steps = "do:\n  - rec.mail: {text: x}\n    hold: 10m\n"
    await stage.load(limited("requests: 1 per 1d", steps))
    run = await stage.send()
    await stage.rest(run)
    cancel: Any = {"choice": "cancel", "reason": None}
    await stage.engine.signal(run, "do.0:hold", cancel, signal_id="1", author="zoé")
    assert await state_of(stage, run) == "cancelled"
    again = await stage.send()
    await stage.rest(again)
    assert "do.0:hold" in await stage.waits(again)


async def test_what_is_unusual_asks_and_says_what_is_usual(stage: Stage) -> None:
    await stage.load(limited("unusual: ask"))
    for number in range(10):
        assert await state_of(stage, await many(stage, 3 + number % 4)) == "succeeded"
    await stage.restart()
    run = await many(stage, 40)
    question: Any = (await stage.waits(run))["limits.requests.unusual"].question
    assert "usually 3" in question["ask"]
    assert "40" in question["ask"]
    before = len(stage.world.said)
    assert (await stage.answer(run, "limits.requests.unusual")).state == "succeeded"
    assert len(stage.world.said) > before


async def test_unusual_stop_fails_the_step(stage: Stage) -> None:
    await stage.load(limited("unusual: stop"))
    for _ in range(10):
        await many(stage, 1)
    run = await many(stage, 30)
    record = await stage.rest(run)
    assert record.state == "failed"
    error: Any = record.error
    assert error["kind"] == "LimitReached"
    assert step(record, "do.0").state == "failed"


@pytest.mark.parametrize(
    ("past", "most"),
    [([1.0] * 9, None), ([1.0] * 10, 4.0), ([3.0, 4.0, 5.0, 6.0] * 5, 10.5), ([100.0] * 10, 200.0)],
)
def test_what_is_usual_comes_from_the_quartiles(past: list[float], most: float | None) -> None:
    found = usual_range(past)
    assert (None if found is None else found[2]) == most


async def test_items_at_once_ask_once_and_one_yes_lets_them_all_go_on(stage: Stage) -> None:
    steps = MAILS.replace("      do:\n", "      max_parallel: 4\n      do:\n", 1)
    await stage.load(limited("requests: 3", steps))
    run = await many(stage, 12)
    assert len(stage.world.said) == 3
    assert list(await stage.waits(run)) == ["limits.requests.run"]
    record = await stage.answer(run, "limits.requests.run")
    assert record.state == "succeeded"
    assert len(stage.world.said) == 12

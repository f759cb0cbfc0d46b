"""`for_each` and `repeat`: each item has its own record, each decision is made once."""

import asyncio
from typing import Any

import pytest

from tests.unit.flow.stage import Stage, settle, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
EACH = WHEN + "  - for_each:\n      in: ${{ event.items }}\n      as: letter\n"


async def test_for_each_does_its_steps_for_every_item_and_gathers_their_results(
    stage: Stage,
) -> None:
    run = await stage.run(
        EACH + "      do:\n"
        '        - rec.say: {text: "${{ loop.index }} ${{ letter }} ${{ loop.first }} '
        '${{ loop.last }}"}\n          id: said\n'
        "    id: all\n"
        '  - rec.say: {text: "${{ steps.all.results[1].said.text }}"}\n',
        {"items": ["a", "b"]},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["1 a true false", "2 b false true", "2 b false true"]
    result: Any = step(run, "do.0").result
    assert (result["count"], result["succeeded"], result["failed"]) == (2, 2, [])
    assert step(run, "do.0").parameters == {"as": "letter", "count": 2}
    assert states(run)["do.0[1].for_each.do.0"] == "done"


async def test_an_empty_list_is_no_failure(stage: Stage) -> None:
    run = await stage.run(EACH + "      do: [{rec.say: {text: never}}]\n", {"items": []})
    assert run.state == "succeeded"
    assert stage.world.said == []
    assert step(run, "do.0").result == {"count": 0, "succeeded": 0, "failed": [], "results": []}


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("abc", "a text"), (None, "nothing"), ({"a": 1}, "names with values"), (7, "a number"),
        (True, "true or false"),
    ],
)  # fmt: skip
async def test_a_loop_over_something_that_is_no_list_says_what_it_got(
    stage: Stage, items: Any, said: str
) -> None:
    run = await stage.run(EACH + "      do: [{rec.say: {text: never}}]\n", {"items": items})
    assert run.state == "failed"
    assert said in run.error["message"]["en"]
    assert step(run, "do.0").state == "failed"
    assert stage.world.said == []


async def test_a_list_that_is_too_long_is_refused_before_the_first_item(stage: Stage) -> None:
    run = await stage.run(
        EACH + "      do: [{rec.say: {text: never}}]\n", {"items": list(range(10_001))}
    )
    assert run.state == "failed"
    assert "10001" in run.error["message"]["en"]
    assert stage.world.said == []


FAULTY = (
    EACH + "      on_item_error: {how}\n      do:\n"
    '        - rec.say: {{text: "${{{{ letter }}}}"}}\n'
    "        - rec.break: {{text: bad}}\n          if: letter == 'b'\n"
    '        - rec.say: {{text: "end ${{{{ letter }}}}"}}\n'
    "    id: all\n"
)


def faulty(how: str) -> str:
    head, tail = FAULTY.split("      on_item_error")
    return head + ("      on_item_error" + tail).format(how=how)


async def test_the_first_faulty_item_ends_the_loop(stage: Stage) -> None:
    run = await stage.run(faulty("stop"), {"items": ["a", "b", "c"]})
    assert run.state == "failed"
    assert run.error["message"]["en"] == "bad"
    assert stage.world.said == ["a", "end a", "b"]


async def test_continue_passes_over_faulty_items_and_tells_them(stage: Stage) -> None:
    run = await stage.run(faulty("continue"), {"items": ["a", "b", "c"]})
    assert run.state == "succeeded"
    result: Any = step(run, "do.0").result
    assert (result["count"], result["succeeded"]) == (3, 2)
    (failed,) = result["failed"]
    assert (failed["index"], failed["item"]) == (2, "b")
    assert failed["error"]["message"]["en"] == "bad"
    assert result["results"][1] is None
    assert stage.world.said == ["a", "end a", "b", "c", "end c"]


async def test_collect_does_all_items_and_then_fails(stage: Stage) -> None:
    run = await stage.run(faulty("collect"), {"items": ["b", "c", "b"]})
    assert run.state == "failed"
    assert run.error["message"]["en"] == "2 of 3 items failed; the first: bad"
    assert stage.world.said == ["b", "c", "end c", "b"]


async def test_a_retry_of_a_loop_repeats_only_the_faulty_items(stage: Stage) -> None:
    run = await stage.run(
        EACH + "      on_item_error: collect\n      do:\n"
        '        - rec.say: {text: "${{ letter }}"}\n          id: said\n'
        "        - rec.break: {text: bad, times: 1}\n          if: letter == 'b'\n"
        "    retry: {times: 1, wait: 0s}\n    id: all\n"
        '  - rec.say: {text: "${{ steps.all.results[0].said.text }}"}\n',
        {"items": ["a", "b", "c"]},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["a", "b", "c", "a"]
    result: Any = step(run, "do.0#2").result
    assert result["failed"] == []
    assert [one["said"]["text"] for one in result["results"]] == ["a", "b", "c"]


async def test_max_parallel_bounds_how_many_items_are_worked_on_at_once(stage: Stage) -> None:
    stage.world.gate = asyncio.Event()
    await stage.load(
        EACH + "      max_parallel: 3\n"
        '      do: [{rec.say: {text: "${{ letter }}"}}, {set: {last: "${{ letter }}"}}]\n'
        '  - rec.say: {text: "last ${{ vars.last }}"}\n'
    )
    run = await stage.send({"items": list("abcdefgh")})
    for _ in range(100):
        await asyncio.sleep(0)
    assert stage.world.busy == 3
    stage.world.gate.set()
    record = await stage.rest(run)
    assert record.state == "succeeded"
    assert stage.world.most_busy == 3
    assert sorted(stage.world.said[:-1]) == list("abcdefgh")
    assert stage.world.said[-1] == "last h"


async def test_items_that_wait_keep_their_place_and_go_on_after_a_restart(stage: Stage) -> None:
    await stage.load(
        EACH + "      max_parallel: 2\n      do:\n"
        '        - rec.say: {text: "ask ${{ letter }}"}\n'
        '        - approve: {ask: "${{ letter }}?"}\n'
        '        - rec.say: {text: "yes ${{ letter }}"}\n'
    )
    run = await stage.send({"items": ["a", "b", "c"]})
    await stage.rest(run)
    assert sorted(stage.world.said) == ["ask a", "ask b"]
    await stage.restart()
    assert set(await stage.waits(run)) == {
        "do.0[0].for_each.do.1", "do.0[1].for_each.do.1"
    }  # fmt: skip
    await stage.answer(run, "do.0[1].for_each.do.1")
    assert stage.world.said[2:] == ["yes b", "ask c"]
    await stage.answer(run, "do.0[0].for_each.do.1")
    record = await stage.answer(run, "do.0[2].for_each.do.1")
    assert record.state == "succeeded"
    assert stage.world.said[4:] == ["yes a", "yes c"]


async def test_a_faulty_item_does_not_wait_for_one_that_asks(stage: Stage) -> None:
    run = await stage.run(
        EACH + "      max_parallel: 2\n      do:\n"
        "        - approve: {ask: sure?}\n          if: letter == 'a'\n"
        "        - rec.break: {text: bad}\n          if: letter == 'b'\n"
        "    on_error: continue\n  - wait: 1h\n",
        {"items": ["a", "b"]},
    )
    assert run.state == "waiting"
    assert list(await stage.waits(run.id)) == ["do.1"]
    assert step(run, "do.0").state == "failed"


async def test_a_list_that_depends_on_the_clock_stays_what_it_was(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - for_each:\n"
        "      in: ${{ ['now'] if now() < '2026-03-02T09:00:00Z' | parse_date "
        "else ['later', 'much later'] }}\n"
        '      do: [{wait: 2h}, {rec.say: {text: "${{ item }}"}}]\n'
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    record = await stage.later(run, 7200)
    assert record.state == "succeeded"
    assert stage.world.said == ["now"]


async def test_stop_inside_a_loop_ends_the_run(stage: Stage) -> None:
    run = await stage.run(
        EACH + "      do:\n        - stop: {text: enough, result: skipped}\n"
        "          if: letter == 'b'\n"
        '        - rec.say: {text: "${{ letter }}"}\n',
        {"items": ["a", "b", "c"]},
    )
    assert run.state == "skipped"
    assert stage.world.said == ["a"]


async def test_results_that_are_too_large_together_are_left_out(stage: Stage) -> None:
    run = await stage.run(
        EACH + "      do:\n"
        '        - rec.say: {text: a, extra: "${{ letter }}"}\n          id: said\n'
        "    id: all\n"
        '  - rec.say: {text: "${{ steps.all.succeeded }} of ${{ steps.all.count }}"}\n',
        {"items": ["x" * 3_000_000] * 3},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said[-1] == "3 of 3"


async def test_variables_set_in_a_sequential_loop_add_up(stage: Stage) -> None:
    run = await stage.run(
        "name: R\nvars: {sum: 0}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - for_each:\n      in: ${{ event.items }}\n"
        '      do: [{set: {sum: "${{ vars.sum + item }}"}}, {wait: 1m}]\n'
        '  - rec.say: {text: "sum ${{ vars.sum }}"}\n',
        {"items": [1, 2, 3]},
    )
    record = await stage.drive(run.id)
    assert record.state == "succeeded"
    assert stage.world.said == ["sum 6"]


# -- repeat ------------------------------------------------------------------------------------


async def test_repeat_counts(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - repeat:\n      times: ${{ event.n }}\n      do: [{rec.say: {text: "
        '"turn ${{ loop.index }}"}}]\n    id: all\n'
        '  - rec.say: {text: "${{ steps.all.count }} turns"}\n',
        {"n": 3},
    )
    assert run.state == "succeeded"
    assert stage.world.said == ["turn 1", "turn 2", "turn 3", "3 turns"]
    assert step(run, "do.0").parameters == {"times": 3}


async def test_until_is_decided_after_each_turn_and_recorded(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - repeat:\n      until: now() > '2026-03-02T08:00:30Z' | parse_date\n"
        '      wait: 1m\n      do: [{rec.say: {text: "turn ${{ loop.index }}"}}]\n'
    )
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 59)).state == "waiting"
    await stage.restart()
    record = await stage.later(run, 1)
    assert record.state == "succeeded"
    assert stage.world.said == ["turn 1", "turn 2"]
    assert step(record, "do.0").result == {"count": 2}
    assert step(record, "do.0[0]:until").result is False


async def test_while_is_decided_before_each_turn(stage: Stage) -> None:
    run = await stage.run(
        "name: R\nvars: {left: 2}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - repeat:\n      while: vars.left > 0\n"
        '      do: [{set: {left: "${{ vars.left - 1 }}"}}, {rec.say: {text: x}}]\n'
        '  - rec.say: {text: "left ${{ vars.left }}"}\n'
    )
    assert run.state == "succeeded"
    assert stage.world.said == ["x", "x", "left 0"]


async def test_an_endless_repeat_is_stopped_at_its_max(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - repeat:\n      while: true\n      max: 5\n      do: [{rec.say: {text: x}}]\n"
    )
    assert run.state == "failed"
    assert run.error["message"]["en"] == "repeat stopped after 5 turns, which is its max"
    assert len(stage.world.said) == 5


async def test_an_endless_repeat_without_a_max_is_stopped_too(stage: Stage) -> None:
    run = await stage.run(WHEN + "  - repeat:\n      until: false\n      do: [{set: {a: 1}}]\n")
    assert run.state == "failed"
    assert "1000" in run.error["message"]["en"]


@pytest.mark.parametrize("times", ["many", None, 1.5, True, [1]])
async def test_times_must_be_a_whole_number(stage: Stage, times: Any) -> None:
    run = await stage.run(
        WHEN + "  - repeat:\n      times: ${{ event.n }}\n      do: [{rec.say: {text: x}}]\n",
        {"n": times},
    )
    assert run.state == "failed"
    assert "whole number" in run.error["message"]["en"]
    assert stage.world.said == []


async def test_a_pause_between_turns_that_is_no_duration_fails_the_step(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - repeat:\n      times: 2\n      wait: ${{ event.pause }}\n"
        "      do: [{rec.say: {text: x}}]\n    on_error: continue\n",
        {"pause": "soon"},
    )
    assert run.state == "succeeded"
    assert "soon" in step(run, "do.0").error["message"]["fr"]


async def test_a_retry_of_a_repeat_does_not_pause_again_before_turns_that_were_done(
    stage: Stage,
) -> None:
    await stage.load(
        WHEN + "  - repeat:\n      times: 3\n      wait: 10m\n      do:\n"
        '        - rec.say: {text: "turn ${{ loop.index }}"}\n'
        "        - rec.break: {times: 1}\n          if: loop.index == 3\n"
        "    retry: {times: 1, wait: 1m}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 600)
    await stage.later(run, 600)
    record = await stage.later(run, 60)
    assert record.state == "succeeded"
    assert stage.world.said == ["turn 1", "turn 2", "turn 3"]


async def test_a_cancel_reaches_all_items(stage: Stage) -> None:
    stage.world.gate = asyncio.Event()
    await stage.load(EACH + "      max_parallel: 2\n      do: [{rec.say: {text: a}}]\n")
    run = await stage.send({"items": list("abcdef")})
    for _ in range(50):
        await asyncio.sleep(0)
    await stage.engine.cancel(run, "enough")
    stage.world.gate.set()
    await settle(stage.engine)
    record = await stage.rest(run)
    assert record.state == "cancelled"
    assert (stage.world.said, stage.world.most_busy) == ([], 2)

"""A recipe of all words, ended at each recorded step: it goes on, and nothing is done twice."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.values import from_column
from rouage.model.run import RunRecord
from tests.unit.flow.stage import Stage

CHILD = """\
name: Child
inputs:
  who: {type: text}
do:
  - rec.say: {text: "child ${{ inputs.who }}"}
    id: hello
  - wait: 10m
outputs: {greeting: "${{ steps.hello.text }}"}
"""
ALL = """\
name: All
timeout: 30d
vars: {at: "${{ now() }}", sum: 0}
when:
  - rec.event: {}
do:
  - set: {sum: "${{ vars.sum + event.n }}"}
  - choose:
      - if: vars.sum > 100
        do: [{rec.say: {text: never}}]
      - do:
          - rec.say: {text: "chosen ${{ vars.sum }}"}
            id: chosen
  - for_each:
      in: ["a", "b", "c", "d", "e"]
      as: letter
      max_parallel: 2
      on_item_error: continue
      do:
        - rec.say: {text: "item ${{ letter }} ${{ loop.index }}"}
          id: said
        - rec.break: {text: "bad c"}
          if: letter == 'c'
    id: letters
  - repeat:
      until: vars.sum >= 10
      wait: 1m
      do:
        - set: {sum: "${{ vars.sum + 2 }}"}
        - rec.say: {text: "turn ${{ loop.index }} ${{ vars.sum }}"}
  - group:
      do:
        - rec.say: {text: before}
        - rec.break: {text: twice, times: 2, passing: true}
        - rec.say: {text: after}
    retry: {times: 3, wait: 1m}
    timeout: 1d
  - parallel:
      branches:
        left:
          - rec.say: {text: left 1}
          - wait: 1h
          - rec.say: {text: left 2}
            id: left_two
        right:
          - approve:
              ask: "Go on with ${{ vars.sum }}?"
              remind: 1d
              timeout: 3d
              on_timeout: stop
            id: answer
          - rec.say: {text: "right ${{ steps.answer.by }}"}
        fast:
          - rec.mail: {text: fast}
          - set: {fast: true}
    id: both
  - wait:
      event:
        rec.event: {}
      if: event.order == vars.sum
      timeout: 5d
    id: paid
  - call: {recipe: child, inputs: {who: "${{ steps.paid.name }}"}}
    id: called
  - emit: {name: done, data: {said: "${{ steps.called.greeting }}"}}
  - rec.break: {text: handled}
    on_error:
      - rec.say: {text: "handled ${{ error.message }}"}
  - stop:
      text: enough
      outputs: {letters: "${{ steps.letters.succeeded }}", sum: "${{ vars.sum }}"}
    if: vars.fast
  - rec.say: {text: never}
finally:
  - rec.say: {text: "bye ${{ steps.left_two.text }}"}
  - wait: 5m
  - rec.say: {text: really}
"""
EVENTS = {"do.6": {"order": 11, "name": "Ada"}}
SAID = {
    "chosen 3", "item a 1", "item b 2", "item c 3", "item d 4", "item e 5",
    "turn 1 5", "turn 2 7", "turn 3 9", "turn 4 11", "before", "after",
    "left 1", "left 2", "right zoé", "fast", "child Ada", "handled handled", "bye left 2", "really",
}  # fmt: skip


@asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[Stage]:
    await stage.open()
    try:
        yield stage
    finally:
        await stage.close()


def check_end(run: RunRecord) -> None:
    assert run.state == "succeeded", (run.error, run.reason)
    assert run.outputs == {"letters": 4, "sum": 11}


@pytest.fixture
async def story(stage: Stage) -> tuple[Stage, str, list[tuple[Stage, set[Any]]]]:
    """Return a run that was driven to its end, and the stage as it was after each record."""
    await stage.load(CHILD, "child")
    await stage.load(ALL)
    moments: list[tuple[Stage, set[Any]]] = []

    def keep() -> None:
        moments.append((stage.crashed(), set(stage.world.calls)))

    stage.rows.on_steps = keep
    run = await stage.send({"n": 3})
    check_end(await stage.drive(run, EVENTS))
    stage.rows.on_steps = None
    return stage, run, moments


async def test_all_words_work_together(story: Any) -> None:
    stage, run, _ = story
    assert set(stage.world.said) == SAID
    assert len(stage.world.said) == len(SAID)
    assert [name for name, _, _ in stage.world.told.values()] == ["done"]
    assert next(iter(stage.world.told.values()))[1:] == ({"said": "child Ada"}, ("r",))
    record = await stage.rest(run)
    assert not [one for one in record.steps if one.state in {"started", "waiting", "in_doubt"}]


@pytest.mark.slow
async def test_a_run_that_is_cut_after_any_record_goes_on_and_repeats_nothing(story: Any) -> None:
    whole, run, moments = story
    everything = set(whole.world.calls)
    assert len(moments) > 40
    for number, (stage, before) in enumerate(moments):
        recorded = await done_paths(stage)
        async with opened(stage):
            check_end(await stage.drive(run, EVENTS))
            repeated = [call for call in stage.world.calls if call in recorded]
            assert repeated == [], f"recorded and done again after record {number}"
            assert before | set(stage.world.calls) == everything, f"missed after record {number}"
            assert len(await stage.children(run)) == 1
            assert len(stage.world.told) <= 1


async def done_paths(stage: Stage) -> set[tuple[str, str]]:
    """Return the steps that are recorded as done or failed, by recipe and path."""
    return {
        (from_column(stage.rows.runs[seq][3]), path)
        for seq, steps in stage.rows.steps.items()
        for path, row in steps.items()
        if row[2] in {"done", "failed"}
    }


@pytest.mark.slow
async def test_all_words_go_on_over_a_file_after_every_wait(tmp_path: Path) -> None:
    stage = Stage(tmp_path, is_on_disk=True)
    async with opened(stage):
        await stage.load(CHILD, "child")
        await stage.load(ALL)
        run = await stage.send({"n": 3})
        check_end(await stage.drive(run, EVENTS, restarts=True))
        assert Counter(stage.world.said) == Counter(SAID)
        assert len(await stage.children(run)) == 1

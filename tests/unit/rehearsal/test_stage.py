"""A rehearsal goes the way of a real run, whatever its steps wait for, and nothing is done."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rouage.model.run import StepRecord
from rouage.model.secret import Secret
from rouage.rehearsal.effects import effects_of
from rouage.rehearsal.people import UnfitAnswer
from rouage.rehearsal.scene import Performance
from rouage.rehearsal.sealed import sealed


def step(performance: Performance, path: str) -> StepRecord:
    assert performance.run is not None
    return next(one for one in performance.run.steps if one.path == path)


def told(performance: Performance) -> list[Any]:
    return [(one.action, one.parameters) for one in effects_of(performance)]


def state(performance: Performance) -> str | None:
    return None if performance.run is None else performance.run.state


async def test_harmless_actions_run_and_others_are_stood_in_for(rehearsed, tmp_path: Path) -> None:
    came = await rehearsed(
        """
name: a
do:
  - data.parse: {text: '{"n": 3}', format: json}
    id: parsed
  - text.render: {template: "n is ${{ steps.parsed.data.n }}"}
    id: text
  - files.write: {path: out/, text: x}
    if: steps.text.text == 'never'
  - files.write: {path: out/a.txt, text: "${{ steps.text.text }}"}
    id: written
outputs: {path: "${{ steps.written.path }}"}
"""
    )
    assert came.run.outputs == {"path": str(tmp_path / "out" / "a.txt")}
    assert told(came) == [("files.write", {"path": "out/a.txt", "text": "n is 3"})]
    assert step(came, "do.2").state == "skipped"
    assert list(tmp_path.iterdir()) == []


async def test_no_foreign_action_is_ever_called(rehearsed, canary) -> None:
    steps = "".join(
        f"  - canary.{name}: {{}}\n" for name in ("none", "local", "outward", "irreversible")
    )
    for reads in (False, True):
        came = await rehearsed(f"name: a\ndo:\n{steps}", reads=reads)
        assert state(came) == "succeeded"
        assert [one.action for one in effects_of(came)] == [
            "canary.local",
            "canary.outward",
            "canary.irreversible",
        ]
    assert canary.sang == []


async def test_a_wait_takes_no_time_and_moves_the_clock(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - wait: 3d
  - wait: {until: "18:00"}
  - set: {at: "${{ now() | date('%Y-%m-%d %H:%M') }}"}
    id: noted
"""
    )
    assert step(came, "do.2").result == {"at": "2026-09-17 18:00"}
    assert [note.en for note in came.assumed] == [
        "do.0: 3d passed at once",
        "do.1: 9h30m passed at once",
    ]


async def test_branches_that_wait_end_in_the_order_of_time(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - parallel:
      join: any
      branches:
        slow: [{wait: 2h}]
        fast: [{wait: 10m}]
    id: race
"""
    )
    assert step(came, "do.0").result["first"] == "fast"


async def test_a_passing_failure_is_tried_again_without_waiting(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - http.request: {url: "https://example.org/"}
    id: asked
    retry: {times: 2, wait: 1h}
""",
        answers={"asked": {"each": [{"error": {"message": "busy", "passing": True}}, {"n": 1}]}},
    )
    assert state(came) == "succeeded"
    assert step(came, "do.0").attempts == 2
    assert step(came, "do.0").result == {"n": 1}
    assert [one.how for one in came.acted] == ["failed", "answered"]


async def test_a_failure_that_was_asked_for_takes_its_way(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - shell.run: {command: ["false"]}
    id: shell
on_error:
  - log.write: {message: "${{ error.kind }}: ${{ error.message }}"}
""",
        answers={"shell": {"error": {"kind": "Broken", "message": "no luck {here}"}}},
    )
    assert state(came) == "failed"
    assert step(came, "on_error.0").parameters["message"] == "Broken: no luck {here}"
    assert told(came) == []


APPROVE = """
name: a
do:
  - approve:
      ask: Send it?
      from: [zoe, max]
      need: 2
      fields: {amount: {type: integer, default: 3}}
      timeout: 2d
      on_timeout: refuse
    id: asked
  - set: {amount: "${{ steps.asked.fields.amount }}"}
"""


@pytest.mark.parametrize(
    ("answer", "state_", "result"),
    [
        (True, "succeeded", {"amount": 3}),
        ({"approved": True, "fields": {"amount": 7}}, "succeeded", {"amount": 7}),
        ({"approved": False, "reason": "too dear"}, "cancelled", None),
        ({"timeout": True}, "cancelled", None),
    ],
)
async def test_a_question_is_answered_as_the_test_says(rehearsed, answer, state_, result) -> None:
    came = await rehearsed(APPROVE, answers={"asked": answer})
    assert state(came) == state_
    assert result is None or step(came, "do.1").result == result


async def test_a_question_without_an_answer_is_left_open_or_answered_with_yes(rehearsed) -> None:
    open_ = await rehearsed(APPROVE)
    assert (state(open_), open_.unanswered) == ("waiting", ("asked",))
    agreed = await rehearsed(APPROVE, agrees=True)
    assert state(agreed) == "succeeded"
    assert agreed.assumed[0].en == "asked was answered with yes: Send it?"


async def test_an_answer_that_the_question_does_not_take_is_refused(rehearsed) -> None:
    with pytest.raises(UnfitAnswer, match=r"asked|amount"):
        await rehearsed(APPROVE, answers={"asked": {"approved": True, "fields": {"amount": "x"}}})


WAIT = """
name: a
do:
  - wait:
      event:
        webhook.received: {path: paid, preset: none, unsigned: true}
      timeout: 1h
      on_timeout: continue
    id: paid
"""


@pytest.mark.parametrize(
    ("answer", "result"), [({"body": {"sum": 3}}, {"body": {"sum": 3}}), ({"timeout": True}, None)]
)
async def test_an_event_that_is_waited_for_comes_or_not(rehearsed, answer, result) -> None:
    came = await rehearsed(WAIT, answers={"paid": answer})
    assert state(came) == "succeeded"
    assert step(came, "do.0").result == result


CALLS = """
name: a
do:
  - call: {recipe: other, inputs: {n: 2}}
    id: called
  - set: {n: "${{ steps.called.n }}"}
"""
OTHER = """
name: other
inputs: {n: {type: integer, required: true}}
do:
  - files.write: {path: called.txt, text: "${{ inputs.n }}"}
  - emit: {name: done, data: {n: 1}}
outputs: {n: "${{ inputs.n + 1 }}"}
"""


async def test_a_called_recipe_is_rehearsed_too(rehearsed, tmp_path: Path) -> None:
    came = await rehearsed(CALLS, others={"other": OTHER})
    assert step(came, "do.1").result == {"n": 3}
    assert [one.action for one in effects_of(came)] == ["files.write", "emit"]
    assert told(came)[1][1] == {"name": "done", "data": {"n": 1}}
    assert {one.recipe for one in effects_of(came)} == {"other"}
    assert list(tmp_path.iterdir()) == []


async def test_a_called_recipe_may_be_answered_for(rehearsed) -> None:
    came = await rehearsed(CALLS, others={"other": OTHER}, answers={"called": {"n": 40}})
    assert step(came, "do.1").result == {"n": 40}
    failed = await rehearsed(CALLS, others={"other": OTHER}, answers={"called": {"error": "no"}})
    assert failed.run.error["kind"] == "CallFailed"


async def test_each_turn_of_a_loop_has_its_answer(rehearsed) -> None:
    text = """
name: a
do:
  - for_each:
      in: ${{ event.list }}
      do:
        - http.request: {url: "https://example.org/${{ item }}"}
          id: asked
        - set: {last: "${{ steps.asked.body }}"}
    id: loop
"""
    answers = {"asked": {"each": [{"body": "x"}, {"body": "y"}]}}
    came = await rehearsed(text, {"list": [1, 2, 3]}, answers=answers)
    bodies = [step(came, f"do.0[{n}].for_each.do.1").result["last"] for n in range(3)]
    assert bodies == ["x", "y", "y"]
    place = {"do.0[1].for_each.do.0": {"body": "z"}}
    came = await rehearsed(text, {"list": [1, 2]}, answers=place)
    assert step(came, "do.0[1].for_each.do.1").result == {"last": "z"}


READS = """
name: a
do:
  - files.read: {path: note.txt}
    id: note
    on_error: continue
"""


async def test_a_test_reads_nothing_and_asks_for_the_answer(rehearsed, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("on the disk", encoding="utf-8")
    came = await rehearsed(READS)
    assert step(came, "do.0").state == "failed"
    assert came.unanswered == ("note",)
    given = await rehearsed(READS, answers={"note": {"text": "given"}})
    assert step(given, "do.0").result == {"text": "given"}
    tried = await rehearsed(READS, reads=True)
    assert step(tried, "do.0").result["text"] == "on the disk"


async def test_a_file_that_would_be_made_can_be_used_afterwards(rehearsed, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    came = await rehearsed(
        """
name: a
do:
  - files.move: {source: a.txt, target: b/}
    id: moved
  - files.copy: {source: "${{ steps.moved.path }}", target: c/}
""",
        reads=True,
    )
    assert state(came) == "succeeded"
    assert [one.how for one in came.acted] == ["simulated", "assumed"]
    assert step(came, "do.1").result["path"] == str(tmp_path / "c" / "a.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]


EVENT = {
    "file": {"path": "a.txt", "name": "a.txt", "folder": ".", "stem": "a", "ext": "txt"},
    "body": {"id": "A-1", "name": "Zoé", "rows": "[]"},
}


STEP = re.compile(r"steps(\.\w+)+")
ORDERS = {"data.parse": {"text": "[]", "format": "json"}, "id": "orders"}


@pytest.mark.parametrize("reads", [False, True])
async def test_no_action_that_is_installed_tries_to_act(
    rehearsed, catalog, tmp_path: Path, reads: bool
) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    examples = [(id_, spec.example) for id_, spec in catalog.actions.items() if "canary" not in id_]
    assert len(examples) > 12
    with sealed() as stopped:
        for id_, example in examples:
            # An example may use what a step before it gave.
            given = json.dumps({id_: dict(example)})
            steps = f"[{json.dumps(ORDERS)}, {STEP.sub('steps.orders.data', given)}]"
            came = await rehearsed(f"name: a\ndo: {steps}\n", EVENT, reads=reads)
            assert state(came) in {"succeeded", "failed"}, id_
    assert stopped == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


async def test_what_a_real_run_refuses_is_refused(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - files.write: {path: "${{ event.where }}", text: x}
""",
        {"where": "/elsewhere/a.txt"},
    )
    assert state(came) == "failed"
    assert "outside the folders" in came.run.error["message"]["en"]


async def test_a_refused_event_starts_nothing_and_says_why(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
when: [{webhook.received: {path: x, preset: none, unsigned: true}}]
if: event.body.n > 3
do: [{log.write: {message: hello}}]
""",
        {"body": {"n": 1}},
    )
    assert came.run is None
    assert came.verdict.conditions[0]["values"] == {"event.body.n": 1}


async def test_secrets_stay_hidden(rehearsed) -> None:
    came = await rehearsed(
        """
name: a
do:
  - http.request: {url: "https://example.org/", headers: {X-Key: "${{ secrets.key }}"}}
""",
        secrets={"key": Secret("hunter2-hunter2", name="key")},
    )
    assert told(came)[0][1]["headers"] == {"X-Key": "•••"}
    assert "hunter2" not in repr(came)


MADE = """
name: a
do:
  - files.write: {path: files/out.txt, text: hello}
    id: made
  - files.copy: {source: "${{ steps.made.path }}", target: files/copies/}
  - approve:
      ask: Send it?
      show: ["${{ steps.made.path }}", files/copies/out.txt, a word]
      timeout: 2d
      on_timeout: refuse
    id: asked
"""


async def test_a_question_shows_the_file_that_an_earlier_step_would_make(rehearsed) -> None:
    came = await rehearsed(MADE, agrees=True, reads=True)
    assert state(came) == "succeeded"
    said = came.assumed[0].en
    assert "the file that the step made would make: out.txt, " in said
    assert "the file that the step do.1 would make: out.txt, a word" in said

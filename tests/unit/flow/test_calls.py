"""`call` and `emit`: other recipes, with typed inputs, never in a circle."""

from typing import Any

import pytest

from tests.unit.flow.stage import Stage, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
CHILD = """\
name: Child
inputs:
  who: {type: text}
  count: {type: integer, default: 2, min: 1}
do:
  - rec.say: {text: "hello ${{ inputs.who }} ${{ inputs.count }}"}
    id: said
outputs: {greeting: "${{ steps.said.text }}"}
"""
PARENT = WHEN + (
    "  - call: {recipe: child, inputs: {who: '${{ event.who }}'}}\n    id: called\n"
    '  - rec.say: {text: "${{ steps.called.greeting }}!"}\n'
)


async def test_the_outputs_of_a_called_recipe_are_the_result(stage: Stage) -> None:
    await stage.load(CHILD, "child")
    run = await stage.run(PARENT, {"who": "Ada"})
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["hello Ada 2", "hello Ada 2!"]
    (child,) = await stage.children(run.id)
    assert (child.source, child.trail, child.event_data) == (
        "child/call", ("r",), {"inputs": {"who": "Ada", "count": 2}}
    )  # fmt: skip
    assert step(run, "do.0").parameters == {
        "recipe": "child", "inputs": {"who": "Ada"}, "run": child.id
    }  # fmt: skip


async def test_a_called_recipe_that_waits_keeps_its_caller_waiting(stage: Stage) -> None:
    await stage.load(CHILD.replace("do:\n", "do:\n  - wait: 1h\n"), "child")
    await stage.load(PARENT)
    run = await stage.send({"who": "Ada"})
    assert (await stage.rest(run)).state == "waiting"
    await stage.restart()
    assert (await stage.later(run, 3600)).state == "succeeded"
    assert len(await stage.children(run)) == 1


async def test_a_called_recipe_that_is_deleted_meanwhile_still_gives_its_outputs(
    stage: Stage,
) -> None:
    await stage.load(CHILD.replace("do:\n", "do:\n  - wait: 1h\n"), "child")
    await stage.load(PARENT)
    run = await stage.send({"who": "Ada"})
    await stage.rest(run)
    del stage.active["child"]
    assert (await stage.later(run, 3600)).state == "succeeded"
    assert stage.world.said[-1] == "hello Ada 2!"


async def test_in_the_background_the_caller_goes_on(stage: Stage) -> None:
    await stage.load(CHILD.replace("do:\n", "do:\n  - wait: 1h\n"), "child")
    run = await stage.run(
        WHEN + "  - call: {recipe: child, inputs: {who: Ada}, background: true}\n    id: called\n"
        '  - rec.say: {text: "${{ steps.called.run }}"}\n'
    )
    assert run.state == "succeeded"
    (child,) = await stage.children(run.id)
    assert child.state == "waiting"
    assert stage.world.said == [child.id]


async def test_a_called_recipe_that_fails_fails_the_step_and_says_which_run(stage: Stage) -> None:
    await stage.load("name: Child\ndo:\n  - rec.break: {text: no paper}\n", "child")
    run = await stage.run(WHEN + "  - call: child\n")
    assert run.state == "failed"
    (child,) = await stage.children(run.id)
    assert run.error["kind"] == "CallFailed"
    assert run.error["message"] == {
        "en": f"the recipe child failed (run {child.id}): no paper",
        "fr": f"la recette child a échoué (exécution {child.id}) : no paper",
    }


async def test_a_called_recipe_that_was_cancelled_fails_the_step(stage: Stage) -> None:
    await stage.load("name: Child\ndo:\n  - wait: 1h\n", "child")
    run = await stage.run(WHEN + "  - call: child\n    on_error: continue\n")
    (child,) = await stage.children(run.id)
    await stage.engine.cancel(child.id, "enough")
    record = await stage.rest(run.id)
    assert record.state == "succeeded"
    assert "was cancelled" in step(record, "do.0").error["message"]["en"]


async def test_a_called_recipe_that_stops_as_skipped_is_no_failure(stage: Stage) -> None:
    await stage.load(
        "name: Child\ndo:\n  - stop: {text: nothing, result: skipped, outputs: {n: 1}}\n", "child"
    )
    run = await stage.run(WHEN + "  - call: child\n")
    assert run.state == "succeeded"
    assert step(run, "do.0").result == {"n": 1}


async def test_without_outputs_the_result_is_empty(stage: Stage) -> None:
    await stage.load("name: Child\ndo:\n  - set: {a: 1}\n", "child")
    run = await stage.run(WHEN + "  - call: child\n")
    assert step(run, "do.0").result == {}


async def test_a_call_to_a_missing_recipe_is_a_clear_failure_of_its_step(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - call: nobody\n    on_error: continue\n  - rec.say: {text: on}\n"
    )
    assert run.state == "succeeded"
    assert step(run, "do.0").error["message"] == {
        "en": "no active recipe is called “nobody”",
        "fr": "aucune recette active ne s’appelle « nobody »",
    }
    assert stage.world.said == ["on"]


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ("{}", "needs the input “who”"),
        ("{who: Ada, where: here}", "has no input “where”"),
        ("{who: Ada, count: many}", "must be a whole number"),
        ("{who: Ada, count: 0}", "must be at least 1"),
    ],
)
async def test_inputs_are_checked_against_what_the_recipe_declares(
    stage: Stage, inputs: str, complaint: str
) -> None:
    await stage.load(CHILD, "child")
    run = await stage.run(WHEN + f"  - call: {{recipe: child, inputs: {inputs}}}\n")
    assert run.state == "failed"
    assert complaint in run.error["message"]["en"]
    assert await stage.children(run.id) == []


async def test_recipes_that_call_each_other_are_stopped_and_the_circle_is_named(
    stage: Stage,
) -> None:
    again = "concurrency: {mode: parallel}\ndo:\n  - rec.say: {text: x}\n  - call: "
    await stage.load(f"name: A\n{again}b\n", "a")
    await stage.load(f"name: B\n{again}a\n", "b")
    run = await stage.run(WHEN + "  - call: a\n")
    assert run.state == "failed"
    assert len(stage.world.said) < 10
    told = repr(run.error)
    assert "a > b > a" in told or "b > a > b" in told


async def test_a_cancel_of_the_caller_ends_what_it_waits_for(stage: Stage) -> None:
    await stage.load("name: Child\ndo:\n  - wait: 1h\n", "child")
    run = await stage.run(WHEN + "  - call: child\n")
    await stage.engine.cancel(run.id, "enough")
    assert (await stage.rest(run.id)).state == "cancelled"
    (child,) = await stage.children(run.id)
    assert child.state == "cancelled"


async def test_calls_in_a_loop_are_runs_of_their_own(stage: Stage) -> None:
    await stage.load(CHILD.replace("do:\n", "concurrency: {mode: parallel}\ndo:\n"), "child")
    run = await stage.run(
        WHEN + "  - for_each:\n      in: [a, b, c]\n      max_parallel: 3\n"
        "      do: [{call: {recipe: child, inputs: {who: '${{ item }}'}}, id: called}]\n"
        "    id: all\n"
        "  - rec.say: {text: '${{ steps.all.results[2].called.greeting }}'}\n"
    )
    assert run.state == "succeeded", run.error
    assert len(await stage.children(run.id)) == 3
    assert stage.world.said[-1] == "hello c 2"


async def test_emit_tells_those_that_listen_with_a_key_and_the_trail(stage: Stage) -> None:
    run = await stage.run(
        WHEN + '  - emit: {name: order.paid, data: {n: "${{ event.n }}"}}\n    id: told\n'
        '  - rec.say: {text: "${{ steps.told.listeners }} listen"}\n',
        {"n": 7},
    )
    assert run.state == "succeeded"
    assert list(stage.world.told.values()) == [("order.paid", {"n": 7}, ("r",))]
    assert stage.world.said == ["2 listen"]
    assert list(stage.world.told) == [step(run, "do.0").idempotency_key]


async def test_what_cannot_be_emitted_fails_the_step(stage: Stage) -> None:
    async def refuse(name: str, data: Any, key: str, trail: tuple[str, ...]) -> int:
        raise OSError("no")

    stage.world.publish = refuse  # type: ignore[method-assign] # a hub that is broken
    await stage.close()
    stage._engines.clear()
    await stage.open()
    run = await stage.run(WHEN + "  - emit: {name: a}\n    on_error: continue\n")
    assert run.state == "succeeded"
    assert step(run, "do.0").state == "failed"

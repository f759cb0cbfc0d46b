"""What happens once more: attempts that ask again, blocks that are over, calls that must wait."""

from typing import Any

from rouage.errors import Overloaded
from rouage.model.secret import Secret
from tests.unit.flow.stage import Stage, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
LATE = "      ask: Go?\n      timeout: 1d\n      on_timeout: stop\n"


async def test_an_approval_that_was_too_late_is_asked_again_by_retry(stage: Stage) -> None:
    await stage.load(f"{WHEN}  - approve:\n{LATE}    retry: {{times: 1, wait: 1h}}\n")
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 86_400)
    await stage.later(run, 3_600)
    assert list(await stage.waits(run)) == ["do.0#2"]
    assert (await stage.answer(run, "do.0#2")).state == "succeeded"


async def test_a_block_that_is_tried_again_asks_again_what_was_not_answered(stage: Stage) -> None:
    question = LATE.replace("      ", " " * 12)
    await stage.load(
        f"{WHEN}  - group:\n      do:\n        - rec.say: {{text: once}}\n        - approve:\n"
        f"{question}    retry: {{times: 1, wait: 0s}}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 86_400)
    assert list(await stage.waits(run)) == ["do.0#2.group.do.1"]
    await stage.answer(run, "do.0#2.group.do.1")
    assert stage.world.said == ["once"]


async def test_emit_waits_for_room_instead_of_failing(stage: Stage) -> None:
    await stage.load(f"{WHEN}  - emit: {{name: packed}}\n    id: told\n")
    told = stage.services.publish
    full = 2

    async def publish(*given: Any) -> int:
        nonlocal full
        full -= 1
        if full >= 0:
            raise Overloaded("no room")
        return await told(*given)

    object.__setattr__(stage.services, "publish", publish)
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    await stage.later(run, 60)
    record = await stage.later(run, 60)
    assert record.state == "succeeded"
    assert step(record, "do.0").attempts == 3


async def test_a_branch_that_a_refusal_left_behind_stays_where_it_was(stage: Stage) -> None:
    await stage.load(
        f"{WHEN}  - parallel:\n      branches:\n"
        "        one: [{approve: one?}]\n"
        "        two: [{approve: two?}, {rec.say: {text: never}}]\n"
        "finally:\n  - wait: 1h\n  - rec.say: {text: bye}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, "do.0.parallel.branches.one.0", "refuse")
    assert list(await stage.waits(run)) == ["finally.0"]
    await stage.restart()
    record = await stage.later(run, 3_600)
    assert record.state == "cancelled"
    assert stage.world.said == ["bye"]


async def test_an_item_that_fails_ends_the_loop_though_another_waits(stage: Stage) -> None:
    await stage.load(
        f"{WHEN}  - for_each:\n      in: [a, b]\n      max_parallel: 2\n      do:\n"
        "        - approve: 'sure?'\n          if: item == 'a'\n"
        "        - rec.break: {text: bad}\n          if: item == 'b'\n"
        "        - rec.say: {text: never}\n"
        "    on_error:\n      - wait: 1h\n      - rec.say: {text: '${{ error.message }}'}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    assert list(await stage.waits(run)) == ["do.0.on_error.0"]
    await stage.restart()
    record = await stage.later(run, 3_600)
    assert (record.state, stage.world.said) == ("succeeded", ["bad"])
    assert states(record)["do.0[0].for_each.do.0"] == "skipped"


async def test_after_a_cancel_finally_knows_what_loops_and_attempts_did(stage: Stage) -> None:
    await stage.load(
        "name: R\nvars: {sum: 0}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - group:\n      do:\n"
        "        - rec.say: {text: inside}\n          id: inside\n"
        "        - rec.break: {text: x, times: 1, passing: true}\n"
        "    retry: {times: 1, wait: 1m}\n"
        "  - for_each:\n      in: [1, 2, 3]\n      do:\n"
        "        - set: {sum: '${{ vars.sum + item }}'}\n"
        "        - wait: 1h\n          if: item == 2\n"
        "finally:\n  - rec.say: {text: '${{ vars.sum }} ${{ steps.inside.text }}'}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 60)
    await stage.engine.cancel(run, "enough")
    record = await stage.rest(run)
    assert record.state == "cancelled"
    assert stage.world.said == ["inside", "3 inside"]


async def test_handlers_in_a_loop_have_a_place_for_each_item(stage: Stage) -> None:
    record = await stage.run(
        f"{WHEN}  - for_each:\n      in: [a, b]\n      do:\n"
        "        - group:\n            do:\n              - rec.break: {text: 'bad ${{ item }}'}\n"
        "          on_error:\n"
        "            - rec.break: {text: 'worse ${{ item }}'}\n"
        "              on_error: [{rec.say: {text: '${{ error.message }}'}}]\n"
        "            - rec.say: {text: '${{ error.message }}'}\n"
    )
    assert record.state == "succeeded"
    assert stage.world.said == ["worse a", "bad a", "worse b", "bad b"]
    handler = "for_each.do.0.on_error.0.on_error.0"
    assert {f"do.0[0].{handler}", f"do.0[1].{handler}"} <= states(record).keys()


async def test_a_time_limit_ends_a_wait_while_another_branch_is_at_work(stage: Stage) -> None:
    await stage.load(
        f"{WHEN}  - parallel:\n      branches:\n"
        "        asks:\n          - group:\n              do: [{approve: 'sure?'}]\n"
        "            timeout: 10m\n            on_error: [{rec.say: {text: late}}]\n"
        "        works: [{wait: 5m}, {rec.say: {text: worked}}, {wait: 1h}]\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 300)
    await stage.later(run, 300)
    assert stage.world.said == ["worked", "late"]
    assert list(await stage.waits(run)) == ["do.0.parallel.branches.works.2"]


async def test_a_file_to_show_that_is_gone_is_a_failure_not_a_text(stage: Stage) -> None:
    gone = stage.folder / "gone.pdf"
    record = await stage.run(f"{WHEN}  - approve: {{ask: Go?, show: ['{gone}']}}\n")
    assert record.state == "failed"
    assert "gone.pdf" in record.error["message"]["en"]


async def test_a_secret_is_not_handed_on_to_another_recipe(stage: Stage) -> None:
    secret = Secret("t0p", name="key")
    object.__setattr__(stage.services, "secrets", lambda: {"key": secret})
    record = await stage.run(
        f"{WHEN}  - emit: {{name: told, data: {{k: '${{{{ secrets.key }}}}'}}}}\n"
    )
    assert record.state == "failed"
    assert "secret" in record.error["message"]["en"]
    assert "t0p" not in repr(record)

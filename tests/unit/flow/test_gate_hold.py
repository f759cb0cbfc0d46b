"""`hold`: what is sent waits in the outbox; it can be cancelled, edited or sent at once."""

from datetime import timedelta
from typing import Any

import pytest

from rouage.errors import StepError
from rouage.flow.gate.hold import check_change
from rouage.sdk.business import Business, read_business
from tests.unit.flow.stage import MORNING, Stage, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
HELD = "do.0:hold"


def mailing(more: str = "    hold: 10m\n", *, text: str = "hello", tail: str = "") -> str:
    return f"{WHEN}  - rec.mail: {{text: {text}}}\n{more}{tail}"


async def say(stage: Stage, run: str, choice: str, **more: Any) -> Any:
    wait = (await stage.waits(run))[HELD]
    question: Any = wait.question
    action = stage.services.catalog.actions["rec.mail"]
    payload = check_change(question, {"choice": choice, **more}, action)
    number = len(await stage.engine.list_signals(run))
    await stage.engine.signal(run, HELD, payload, signal_id=f"s{number}", author="zoé")
    return await stage.rest(run)


async def test_a_held_mail_goes_out_when_it_is_due_and_not_before(stage: Stage) -> None:
    await stage.load(mailing())
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    question: Any = (await stage.waits(run))[HELD].question
    assert question["with"] == {"text": "hello"}
    assert question["due"] == (MORNING + timedelta(minutes=10)).isoformat()
    await stage.restart()
    assert (await stage.later(run, 599)).state == "waiting"
    assert stage.world.said == []
    record = await stage.later(run, 1)
    assert (record.state, stage.world.said) == ("succeeded", ["hello"])
    kinds = [kind for kind, _ in stage.world.notices]
    assert kinds == ["outbox_held"], "the owner is told once"


async def test_a_cancelled_mail_never_goes_out_and_the_run_says_who(stage: Stage) -> None:
    await stage.load(mailing(tail="  - rec.say: {text: on}\n"))
    run = await stage.send()
    await stage.rest(run)
    record = await say(stage, run, "cancel", reason="wrong client")
    assert record.state == "cancelled"
    reason: Any = record.reason
    assert (reason["by"], reason["reason"]) == ("zoé", "wrong client")
    await stage.restart()
    await stage.later(run, 3600)
    assert stage.world.said == []


async def test_a_cancel_is_a_failure_where_the_step_takes_care_of_those(stage: Stage) -> None:
    more = "    hold: 10m\n    on_error:\n      - rec.say: {text: pity}\n"
    await stage.load(mailing(more, tail="  - rec.say: {text: on}\n"))
    run = await stage.send()
    await stage.rest(run)
    assert (await say(stage, run, "cancel")).state == "succeeded"
    assert stage.world.said == ["pity", "on"]


async def test_an_edit_changes_what_goes_out_and_not_when(stage: Stage) -> None:
    await stage.load(mailing())
    run = await stage.send()
    await stage.rest(run)
    await say(stage, run, "edit", **{"with": {"text": "one"}})
    await say(stage, run, "edit", **{"with": {"text": "two"}})
    question: Any = (await stage.waits(run))[HELD].question
    assert (question["with"]["text"], question["edited"]) == ("two", ["text"])
    await stage.restart()
    assert stage.world.said == []
    record = await stage.later(run, 600)
    assert stage.world.said == ["two"]
    assert step(record, "do.0").parameters == {"text": "two"}


async def test_an_edit_must_fit_the_action(stage: Stage) -> None:
    await stage.load(mailing())
    run = await stage.send()
    await stage.rest(run)
    for changes in ({"txt": "x"}, {}, {"text": None}):
        with pytest.raises(StepError):
            await say(stage, run, "edit", **{"with": changes})
    with pytest.raises(StepError):
        await say(stage, run, "perhaps")
    assert await stage.engine.list_signals(run) == ()


async def test_sending_now_does_not_wait(stage: Stage) -> None:
    await stage.load(mailing())
    run = await stage.send()
    await stage.rest(run)
    assert (await say(stage, run, "send")).state == "succeeded"
    assert stage.world.said == ["hello"]


async def test_what_is_sent_is_what_was_shown_even_if_it_depends_on_the_clock(
    stage: Stage,
) -> None:
    await stage.load(mailing(text="\"${{ now() | date('%H:%M') }}\""))
    run = await stage.send()
    await stage.rest(run)
    question: Any = (await stage.waits(run))[HELD].question
    await stage.restart()
    await stage.later(run, 600)
    assert stage.world.said == [question["with"]["text"]]


async def test_quiet_hours_hold_and_release(stage: Stage) -> None:
    stage.business = Business(
        hours=read_business({"quiet": "20:00-10:00"}), zone=stage.services.timezone
    )
    await stage.restart()
    await stage.load(mailing())
    run = await stage.send()  # 09:00 in Paris
    await stage.rest(run)
    assert (await stage.later(run, 3599)).state == "waiting"
    assert (await stage.later(run, 1)).state == "succeeded"


async def test_what_is_late_after_a_downtime_does_not_go_out_in_the_night(stage: Stage) -> None:
    stage.business = Business(
        hours=read_business({"quiet": "20:00-07:00"}), zone=stage.services.timezone
    )
    await stage.restart()
    await stage.load(mailing())
    run = await stage.send()
    await stage.rest(run)
    stage.clock.advance(14 * 3600)  # 23:00 in Paris
    await stage.restart()
    assert (await stage.later(run, 0)).state == "waiting"
    assert stage.world.said == []
    assert (await stage.later(run, 8 * 3600)).state == "succeeded"


async def test_open_holds_until_the_business_opens_and_not_at_all_while_it_is(
    stage: Stage,
) -> None:
    hours = read_business({"hours": "09:00-12:00"})
    stage.business = Business(hours=hours, zone=stage.services.timezone)
    await stage.restart()
    await stage.load(mailing("    hold: open\n"))
    run = await stage.send()  # Monday, 09:00 in Paris
    assert (await stage.rest(run)).state == "succeeded"
    assert stage.world.notices == []
    stage.clock.advance(4 * 3600)
    late = await stage.send()
    assert (await stage.rest(late)).state == "waiting"
    assert (await stage.later(late, 20 * 3600 - 1)).state == "waiting"
    assert (await stage.later(late, 1)).state == "succeeded"


async def test_the_same_text_twice_on_a_day_is_pointed_out(stage: Stage) -> None:
    await stage.load("concurrency: {mode: parallel}\n" + mailing())
    first = await stage.send()
    await stage.rest(first)
    await stage.restart()
    second = await stage.send()
    await stage.rest(second)
    question: Any = (await stage.waits(second))[HELD].question
    assert question["same_as"] == first
    assert stage.world.notices[-1][0] == "outbox_repeated"
    stage.clock.advance(86_400)
    third = await stage.send()
    await stage.rest(third)
    question = (await stage.waits(third))[HELD].question
    assert question["same_as"] is None, "another day"


async def test_each_item_of_a_loop_is_held_and_another_branch_goes_on(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - for_each:\n      in: [a, b]\n      max_parallel: 2\n      do:\n"
        '        - rec.mail: {text: "${{ item }}"}\n          hold: 10m\n'
        "  - rec.say: {text: end}\n"
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert len(await stage.waits(run)) == 2
    await stage.restart()
    await stage.later(run, 600)
    assert sorted(stage.world.said) == ["a", "b", "end"]


async def test_a_retry_after_the_hold_is_not_held_again(stage: Stage) -> None:
    await stage.load(mailing("    hold: 10m\n    once: k\n"))
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 600)
    again = await stage.send()
    await stage.rest(again)
    record = await stage.later(again, 600)
    assert (record.state, stage.world.said) == ("succeeded", ["hello"])


async def test_the_time_limit_of_the_run_ends_a_hold_that_is_longer(stage: Stage) -> None:
    await stage.load("timeout: 5m\n" + mailing())
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 299)).state == "waiting"
    assert (await stage.later(run, 2)).state == "failed"
    await stage.later(run, 3600)
    assert stage.world.said == []
    assert await stage.waits(run) == {}


async def test_a_run_that_is_cancelled_sends_nothing(stage: Stage) -> None:
    await stage.load(mailing())
    run = await stage.send()
    await stage.rest(run)
    await stage.engine.cancel(run, "changed my mind")
    assert (await stage.rest(run)).state == "cancelled"
    await stage.later(run, 3600)
    assert stage.world.said == []

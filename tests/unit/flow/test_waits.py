"""`wait`: for a while, until a time, for an event; never early, never lost."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import StepError
from rouage.expressions import compile_condition
from rouage.flow.waits import captured, read_instant
from rouage.model.secret import Secret
from tests.unit.flow.stage import MORNING, Stage, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
PARIS = ZoneInfo("Europe/Paris")
EVENT = (
    WHEN + "  - rec.say: {text: before}\n"
    "  - wait:\n      event: {rec.event: {}}\n      if: event.order == run.event.n\n"
    "      timeout: 1d\n    id: paid\n"
    '  - rec.say: {text: "paid ${{ steps.paid.amount }}"}\n'
)


async def test_a_wait_ends_at_its_time_and_not_before(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 90m\n  - rec.say: {text: on}\n")
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    await stage.restart()
    assert (await stage.later(run, 5399)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "succeeded"
    assert stage.world.said == ["on"]
    assert step(record, "do.0").parameters == {"until": "2026-03-02T09:30:00+00:00"}
    assert step(record, "do.0").action == "wait"


async def test_a_clock_that_is_set_back_delays_a_wait_and_never_shortens_it(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 1h\n  - rec.say: {text: on}\n")
    run = await stage.send()
    await stage.rest(run)
    stage.clock.jump(-1800)
    assert (await stage.later(run, 3600)).state == "waiting"
    assert (await stage.later(run, 1800)).state == "succeeded"


async def test_a_wait_whose_time_passed_while_nothing_ran_ends_at_once(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 1h\n  - rec.say: {text: on}\n")
    run = await stage.send()
    await stage.rest(run)
    stage.clock.advance(7200)
    await stage.restart()
    assert (await stage.later(run, 0)).state == "succeeded"
    assert stage.world.said == ["on"]


async def test_the_conditions_of_a_wait_are_kept_with_it(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 1h\n    if: event.n > 1\n")
    run = await stage.send({"n": 2})
    await stage.rest(run)
    record = await stage.later(run, 3600)
    assert step(record, "do.0").conditions[0]["values"] == {"event.n": 2}


async def test_until_a_time_of_day_is_the_next_one_in_the_zone_of_the_recipe(stage: Stage) -> None:
    await stage.load(WHEN + '  - wait: {until: "18:30"}\n')
    run = await stage.send()
    await stage.rest(run)
    (wait,) = (await stage.waits(run)).values()
    assert wait.deadline == datetime(2026, 3, 2, 17, 30, tzinfo=UTC)


async def test_a_duration_may_be_worked_out(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: ${{ event.pause }}\n")
    run = await stage.send({"pause": "2d"})
    await stage.rest(run)
    (wait,) = (await stage.waits(run)).values()
    assert wait.deadline == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("value", ["soon", "-1h", None, 7, "999999999w", "", ["1h"]])
async def test_what_is_no_duration_fails_the_step(stage: Stage, value: Any) -> None:
    run = await stage.run(
        WHEN + "  - wait: ${{ event.pause }}\n    on_error: continue\n  - rec.say: {text: on}\n",
        {"pause": value},
    )
    assert run.state == "succeeded"
    assert "wait: “" in step(run, "do.0").error["message"]["en"]


@pytest.mark.parametrize("value", ["soon", "25:00", None, "2026-02-30", "18:30+02:00", 18])
async def test_what_is_no_time_fails_the_step(stage: Stage, value: Any) -> None:
    run = await stage.run(WHEN + "  - wait: {until: '${{ event.at }}'}\n", {"at": value})
    assert run.state == "failed"
    assert "wait: “" in run.error["message"]["en"]


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("18:30", "2026-03-02T08:00Z", "2026-03-02T17:30Z"),
        ("07:00", "2026-03-02T08:00Z", "2026-03-03T06:00Z"),
        ("09:00", "2026-03-02T08:00Z", "2026-03-03T08:00Z"),
        ("18:30:15", "2026-03-02T08:00Z", "2026-03-02T17:30:15Z"),
        ("2026-03-05 10:00", "2026-03-02T08:00Z", "2026-03-05T09:00Z"),
        ("2026-03-05T10:00:00+00:00", "2026-03-02T08:00Z", "2026-03-05T10:00Z"),
        ("2026-03-05", "2026-03-02T08:00Z", "2026-03-04T23:00Z"),
        # The clocks go forward on 29 March 2026 at 2:00: there is no 2:30 that night.
        ("02:30", "2026-03-29T00:00Z", "2026-03-29T01:30Z"),
        ("03:30", "2026-03-28T22:00Z", "2026-03-29T01:30Z"),
        # They go back on 25 October 2026 at 3:00: there are two 2:30, the first one counts.
        ("02:30", "2026-10-24T23:00Z", "2026-10-25T00:30Z"),
        ("02:30", "2026-10-25T00:45Z", "2026-10-26T01:30Z"),
    ],
)
def test_times_are_read_in_the_zone_of_the_recipe(text: str, now: str, expected: str) -> None:
    found = read_instant(text, datetime.fromisoformat(now), PARIS)
    assert found == datetime.fromisoformat(expected)


def test_an_instant_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(StepError):
        read_instant("0001-01-01T00:00", MORNING, ZoneInfo("Asia/Tokyo"))


async def test_a_wait_that_its_own_limit_cannot_hold_fails_at_the_limit(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - wait: 3d\n    timeout: 1d\n    on_error: continue\n  - rec.say: {text: on}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    assert (await stage.later(run, 86_399)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "succeeded"
    assert step(record, "do.0").error["kind"] == "StepTimeout"
    assert stage.world.said == ["on"]


# -- events ------------------------------------------------------------------------------------


async def test_a_run_waits_for_the_event_that_its_condition_wants(stage: Stage) -> None:
    await stage.load(EVENT)
    run = await stage.send({"n": 7})
    assert (await stage.rest(run)).state == "waiting"
    await stage.restart()
    await stage.happen("do.1", {"order": 8, "amount": 1})
    assert (await stage.rest(run)).state == "waiting"
    await stage.happen("do.1", {"order": 7, "amount": 50})
    record = await stage.rest(run)
    assert record.state == "succeeded"
    assert stage.world.said == ["before", "paid 50"]
    assert step(record, "do.1").result == {"order": 7, "amount": 50}


async def test_the_question_holds_what_the_condition_needs_and_no_more(stage: Stage) -> None:
    await stage.load(
        "name: R\nvars: {wanted: 7, large: [1, 2, 3]}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - rec.say: {text: x}\n    id: said\n"
        "  - wait:\n      event: {rec.event: {}}\n"
        "      if: event.n == vars.wanted and steps.said.text == 'x'\n"
    )
    run = await stage.send()
    await stage.rest(run)
    wait = (await stage.waits(run))["do.1"]
    question: Any = wait.question
    assert question["scope"] == {
        "vars": {"wanted": 7}, "steps": {"said": {"text": "x", "extra": None}}
    }  # fmt: skip
    assert wait.name == "r/wait:do.1"


def test_secrets_do_not_go_into_a_question() -> None:
    scope = {"secrets": {"key": Secret("s3cr3t")}, "vars": {"x": Secret("s3cr3t")}, "event": {}}
    kept = captured(compile_condition("event.a == secrets.key or event.a == vars.x"), scope)
    assert "secrets" not in kept
    assert "s3cr3t" not in repr(kept)


async def test_an_event_that_came_between_the_start_and_the_wait_counts(stage: Stage) -> None:
    await stage.load(EVENT.replace("  - rec.say: {text: before}\n", "  - wait: 1h\n"))
    run = await stage.send({"n": 7})
    await stage.rest(run)
    await stage.happen("do.1", {"order": 6, "amount": 1})
    await stage.happen("do.1", {"order": 7, "amount": 50})
    record = await stage.later(run, 3600)
    assert record.state == "succeeded"
    assert stage.world.said == ["paid 50"]


async def test_an_event_from_before_the_run_does_not_count(stage: Stage) -> None:
    await stage.load(EVENT)
    await stage.happen("do.1", {"order": 7, "amount": 50})
    stage.clock.advance(1)
    run = await stage.send({"n": 7})
    assert (await stage.rest(run)).state == "waiting"


async def test_nothing_comes_in_time(stage: Stage) -> None:
    await stage.load(EVENT)
    run = await stage.send({"n": 7})
    await stage.rest(run)
    await stage.later(run, 1)
    await stage.restart()
    record = await stage.later(run, 86_400)
    assert record.state == "failed"
    assert record.error["kind"] == "WaitTimeout"
    assert record.error["message"]["en"] == "nothing came within 1d"


async def test_on_timeout_continue_goes_on_with_nothing(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - wait: {event: {rec.event: {}}, timeout: 1h, on_timeout: continue}\n"
        '    id: heard\n  - rec.say: {text: "heard ${{ steps.heard == null }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 3600)).state == "succeeded"
    assert stage.world.said == ["heard true"]


async def test_on_timeout_may_be_steps_that_wait_themselves(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - wait:\n      event: {rec.event: {}}\n      timeout: 1h\n      on_timeout:\n"
        "        - rec.say: {text: late}\n        - wait: 1h\n        - rec.say: {text: later}\n"
        "  - rec.say: {text: on}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 3600)
    await stage.restart()
    await stage.happen("do.0", {})
    record = await stage.later(run, 3600)
    assert record.state == "succeeded"
    assert stage.world.said == ["late", "later", "on"]


async def test_each_turn_of_a_loop_waits_for_an_event_of_its_own(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - repeat:\n      times: 3\n      do:\n"
        "        - wait: {event: {rec.event: {}}}\n          id: heard\n"
        '        - rec.say: {text: "${{ loop.index }} ${{ steps.heard.n }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    path = "do.0.repeat.do.0"
    await stage.happen(path, {"n": "a"})
    await stage.rest(run)
    assert stage.world.said == ["1 a"]
    await stage.restart()
    assert (await stage.later(run, 1)).state == "waiting"
    assert stage.world.said == ["1 a"]
    await stage.happen(path, {"n": "b"})
    await stage.rest(run)
    await stage.happen(path, {"n": "a"})
    record = await stage.rest(run)
    assert record.state == "succeeded"
    assert stage.world.said == ["1 a", "2 b", "3 a"]


async def test_items_of_a_loop_find_their_events_in_any_order(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - for_each:\n      in: ${{ event.orders }}\n      as: order\n      do:\n"
        "        - wait: {event: {rec.event: {}}, if: event.order == order}\n"
        '        - rec.say: {text: "order ${{ order }}"}\n'
    )
    run = await stage.send({"orders": [1, 2]})
    await stage.rest(run)
    path = "do.0.for_each.do.0"
    await stage.happen(path, {"order": 2})
    assert (await stage.rest(run)).state == "waiting"
    await stage.happen(path, {"order": 1})
    assert (await stage.rest(run)).state == "succeeded"
    assert stage.world.said == ["order 1", "order 2"]


async def test_a_retry_does_not_wait_again_for_what_came(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do:\n        - wait: 1h\n"
        "        - wait: {event: {rec.event: {}}}\n          id: heard\n"
        "        - rec.break: {times: 1}\n"
        "    retry: {times: 1, wait: 1m}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 3600)
    await stage.happen("do.0.group.do.1", {"n": 1})
    assert (await stage.rest(run)).state == "waiting"
    record = await stage.later(run, 60)
    assert record.state == "succeeded", states(record)


async def test_a_run_that_is_cancelled_while_it_waits_does_its_finally(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - rec.say: {text: one}\n    id: one\n  - wait: 1d\n"
        "finally:\n"
        '  - rec.say: {text: "bye ${{ steps.one.text }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.engine.cancel(run, "enough")
    record = await stage.rest(run)
    assert record.state == "cancelled"
    assert stage.world.said == ["one", "bye one"]

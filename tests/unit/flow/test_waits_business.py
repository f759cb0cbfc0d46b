"""`wait` in business time: working days, and until the next opening."""

from typing import Any

from rouage.sdk.business import Business, read_business
from tests.unit.flow.stage import Stage, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"


async def test_three_working_days_leave_out_the_weekend(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 5 working days\n  - rec.say: {text: on}\n")
    run = await stage.send()
    record = await stage.rest(run)
    assert record.state == "waiting"
    await stage.restart()
    assert (await stage.later(run, 7 * 86_400 - 1)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "succeeded"
    assert step(record, "do.0").parameters == {"until": "2026-03-09T08:00:00+00:00"}


async def test_a_wait_until_open_ends_at_the_next_opening(stage: Stage) -> None:
    stage.business = Business(hours=read_business({"hours": "10:00-12:00"}))
    await stage.restart()
    await stage.load(WHEN + "  - wait: {until: open}\n  - rec.say: {text: on}\n")
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    record = await stage.later(run, 3600)
    assert record.state == "succeeded"
    assert step(record, "do.0").parameters == {"until": "2026-03-02T09:00:00+00:00"}


async def test_a_wait_until_open_is_over_at_once_when_it_is_open(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: {until: open}\n  - rec.say: {text: on}\n")
    assert (await stage.rest(await stage.send())).state == "succeeded"


async def test_a_business_that_never_opens_fails_the_wait_with_the_reason(stage: Stage) -> None:
    closed = Business(hours=read_business({"closed": ["01-01 to 12-31"]}))
    stage.business = closed
    await stage.restart()
    await stage.load(WHEN + "  - wait: {until: open}\n")
    record = await stage.rest(await stage.send())
    assert record.state == "failed"
    assert "business" in str(record.error)


async def test_the_length_may_come_from_an_expression(stage: Stage) -> None:
    await stage.load(WHEN + '  - wait: {for: "${{ event.long }}"}\n')
    run = await stage.send({"long": "1 jour ouvré"})
    record = await stage.rest(run)
    assert record.state == "waiting"
    record = await stage.later(run, 86_400)
    assert step(record, "do.0").parameters == {"until": "2026-03-03T08:00:00+00:00"}


ASKED = WHEN + "  - approve:\n      ask: Go?\n"


async def test_people_have_working_days_to_answer(stage: Stage) -> None:
    more = "      timeout: 5 working days\n      on_timeout: stop\n"
    await stage.load(
        ASKED + more + "    on_error:\n      - rec.say: {text: '${{ error.message }}'}\n"
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    question: Any = (await stage.waits(run))["do.0"].question
    assert question["timeout_at"] == "2026-03-09T08:00:00+00:00"
    await stage.restart()
    assert (await stage.later(run, 7 * 86_400 - 1)).state == "waiting"
    assert (await stage.later(run, 1)).state == "succeeded"
    assert stage.world.said == ["nobody answered within 5 working days"]


async def test_people_are_reminded_on_working_days(stage: Stage) -> None:
    """The question is asked on a Monday; it is about every second working day."""
    await stage.load(ASKED + "      remind: 2 jours ouvrés\n")
    run = await stage.send()
    await stage.rest(run)
    reminded = []
    for day in range(1, 12):
        await stage.restart()
        await stage.later(run, 86_400)
        reminded += [day] * (len(stage.world.notices) - 1 - len(reminded))
    assert reminded == [2, 4, 8, 10]
    assert (await stage.answer(run, "do.0")).state == "succeeded"

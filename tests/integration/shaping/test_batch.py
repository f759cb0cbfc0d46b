"""Events that are gathered into one: complete, in order, once, whatever happens in between."""

import asyncio
from typing import Any

import pytest

from rouage.durable.port import held_by
from rouage.errors import JournalError
from rouage.flow import bucket, gather

SOURCE = "r/trigger_1"
QUIET = "    batch: {quiet: 20s}"


async def test_a_burst_becomes_one_event_after_a_quiet_while(desk: Any) -> None:
    async with desk.open(QUIET):
        for number in range(3):
            receipt = await desk.send({"n": number})
            assert receipt.runs == ()
            await desk.pass_time(15)
        assert await desk.seen() == []
        assert len(await desk.held()) == 3
        await desk.pass_time(6)
        assert await desk.seen() == [{"items": [{"n": 0}, {"n": 1}, {"n": 2}], "count": 3}]
        assert await desk.outcomes() == ["held", "held", "held", "matched"]
        assert await desk.held() == {}
        await desk.pass_time(100)
        assert len(await desk.seen()) == 1


async def test_a_batch_is_closed_so_long_after_its_first_event(desk: Any) -> None:
    async with desk.open("    batch: {quiet: 20s, every: 50s}"):
        for number in range(5):
            await desk.send(number)
            await desk.pass_time(15)
        assert [one["items"] for one in await desk.seen()] == [[0, 1, 2, 3]]
        await desk.pass_time(20)
        assert [one["items"] for one in await desk.seen()] == [[0, 1, 2, 3], [4]]


async def test_a_batch_is_closed_when_it_is_full(desk: Any) -> None:
    async with desk.open("    batch: {max: 2}"):
        await asyncio.gather(*[desk.send(number, key=str(number)) for number in range(5)])
        await desk.settle()
        assert [one["items"] for one in await desk.seen()] == [[0, 1], [2, 3]]
        await desk.pass_time(100_000)
        assert len(await desk.held()) == 1


async def test_different_values_are_kept_apart(desk: Any) -> None:
    async with desk.open("    batch: {quiet: 20s, by: '${{ event.customer }}'}"):
        for customer, number in (("a", 1), ("b", 2), ("a", 3)):
            await desk.send({"customer": customer, "n": number})
        await desk.pass_time(21)
        found = {tuple(item["n"] for item in one["items"]) for one in await desk.seen()}
        assert found == {(1, 3), (2,)}


async def test_the_condition_of_the_trigger_is_checked_before_and_the_recipes_after(
    desk: Any, pipe_recipe: Any
) -> None:
    text = pipe_recipe(QUIET + "\n    if: event.n > 1").replace(
        "\ndo:", "\nif: event.count > 1\ndo:"
    )
    async with desk.open(text=text):
        await desk.send({"n": 1})
        await desk.send({"n": 2})
        await desk.pass_time(21)
        assert await desk.outcomes() == ["refused", "held", "refused"]
        verdicts = await desk.verdicts()
        assert verdicts[-1].conditions[0]["values"] == {"event.count": 1}
        assert await desk.held() == {}
        await desk.send({"n": 3})
        await desk.send({"n": 4})
        await desk.pass_time(21)
        assert [one["count"] for one in await desk.seen()] == [2]


async def test_the_same_event_twice_is_gathered_once(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1, key="same")
        again = await desk.send(1, key="same")
        assert again.is_duplicate
        await desk.pass_time(21)
        assert [one["items"] for one in await desk.seen()] == [[1]]


async def test_a_duplicate_alone_releases_nothing(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1, key="same")
        await desk.pass_time(21)
        await desk.send(1, key="same")
        await desk.pass_time(21)
        assert len(await desk.seen()) == 1
        assert await desk.outcomes() == ["held", "matched"]


@pytest.mark.parametrize("crashes", [False, True])
async def test_a_restart_in_the_middle_loses_nothing_and_keeps_the_time(
    desk: Any, crashes: bool
) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        await desk.pass_time(15)
        await desk.send(2)
        if crashes:
            desk.crash()
    async with desk.open(QUIET):
        await desk.pass_time(10)
        await desk.send(3)
        await desk.pass_time(15)
        assert await desk.seen() == []
        await desk.pass_time(6)
        assert [one["items"] for one in await desk.seen()] == [[1, 2, 3]]
        assert await desk.held() == {}


async def test_what_became_due_while_nobody_was_there_is_released_at_the_start(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
    await desk.clock.advance(3600)
    async with desk.open(QUIET):
        await desk.settle()
        assert [one["items"] for one in await desk.seen()] == [[1]]


async def test_a_clock_that_was_set_back_does_not_delay_the_release(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        await desk.settle()
        desk.clock._now = desk.clock.now().replace(year=2020)
        for _ in range(3):
            await desk.pass_time(20)
        assert len(await desk.seen()) == 1


async def test_a_batch_that_is_taken_out_of_the_recipe_is_released_at_once(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        await desk.load("")
        assert [one["items"] for one in await desk.seen()] == [[1]]
        await desk.send(2)
        await desk.settle()
        assert (await desk.seen())[-1] == 2


async def test_a_batch_that_was_taken_out_while_nobody_was_there_is_released_too(
    desk: Any,
) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
    async with desk.open(""):
        await desk.settle()
        assert [one["items"] for one in await desk.seen()] == [[1]]


async def test_an_edit_keeps_what_is_held(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        await desk.load("    batch: {quiet: 50s}")
        await desk.send(2)
        await desk.pass_time(40)
        assert await desk.seen() == []
        await desk.pass_time(11)
        assert [one["items"] for one in await desk.seen()] == [[1, 2]]


async def test_a_release_that_cannot_be_accepted_is_tried_again(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        desk.engine._journal.break_down()
        await desk.pass_time(30)
        desk.engine._journal.mend()
        await desk.pass_time(120)
        assert [one["items"] for one in await desk.seen()] == [[1]]
        assert await desk.held() == {}


async def test_an_event_that_was_not_accepted_is_not_in_the_batch(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        desk.engine._journal.break_down()
        with pytest.raises(JournalError):
            await desk.send(2, key="two")
        desk.engine._journal.mend()
        await desk.send(2, key="two")
        await desk.pass_time(120)
        assert [one["items"] for one in await desk.seen()] == [[1, 2]]


async def test_a_bucket_takes_ten_thousand_and_no_more(desk: Any) -> None:
    async with desk.open("    batch: {quiet: 1h}"):
        most = bucket.MOST_IN_BUCKET
        for start in range(0, most + 1, 2_000):
            numbers = range(start, min(start + 2_000, most + 1))
            await asyncio.gather(*[desk.send(None, key=str(number)) for number in numbers])
        await desk.settle()
        assert [one["count"] for one in await desk.seen()] == [most]
        assert len(await desk.held()) == 1


async def test_large_events_close_a_bucket_sooner(desk: Any) -> None:
    large = "x" * 500_000
    async with desk.open("    batch: {quiet: 1h}"):
        for number in range(17):
            await desk.send(large, key=str(number))
        await desk.settle()
        assert [one["count"] for one in await desk.seen()] == [16]
        assert gather.MOST_CHARACTERS > bucket.MOST_CHARACTERS_IN_BUCKET


async def test_a_sender_that_goes_away_leaves_its_event_in_the_batch(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        sending = asyncio.ensure_future(desk.send(2))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        await desk.pass_time(21)
        assert [one["items"] for one in await desk.seen()] == [[1, 2]]
        assert await desk.held() == {}


async def test_what_was_released_already_is_only_cleared_away(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        held = await desk.held()
        await desk.pass_time(21)
        # As if the release had landed on disk, and its sender had been told that it had not.
        await desk.engine.put_items(held_by(SOURCE), held)
    async with desk.open(QUIET):
        await desk.settle()
        assert await desk.held() == {}
        assert len(await desk.seen()) == 1


async def test_a_crash_between_the_release_and_the_run_loses_neither(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        await desk.pass_time(19)
        before = desk.rows
        desk.crash()
        await desk.pass_time(2)
        assert before is not desk.rows
    async with desk.open(QUIET):
        await desk.pass_time(2)
        assert [one["items"] for one in await desk.seen()] == [[1]]


async def test_the_trail_of_what_is_gathered_is_kept(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.emits[SOURCE](1, key="1", trail=("a", "b"))
        await desk.emits[SOURCE](2, key="2", trail=())
        desk.crash()
    async with desk.open(QUIET):
        await desk.pass_time(21)
        (event, *_) = await desk.engine.find_events(source=SOURCE, limit=1)
        assert event.event.trail == ("a", "b")


async def test_status_says_how_much_is_held(desk: Any) -> None:
    async with desk.open(QUIET):
        await desk.send(1)
        (trigger,) = desk.listener.status()
        assert trigger["held"] == 1

"""A burst passes, and the recipe acts once."""

import asyncio
from typing import Any

import pytest


async def test_the_last_of_a_burst_counts_after_a_quiet_while(desk: Any) -> None:
    async with desk.open("    debounce: 10s"):
        for number in range(4):
            await desk.send({"n": number})
            await desk.pass_time(8)
        assert await desk.seen() == []
        assert len(await desk.held()) == 1, "the journal keeps only the one that counts"
        await desk.pass_time(3)
        assert await desk.seen() == [{"n": 3}]
        assert await desk.held() == {}


async def test_the_first_may_count_instead(desk: Any) -> None:
    async with desk.open("    debounce: {wait: 10s, keep: first}"):
        for number in range(4):
            await desk.send({"n": number})
            await desk.pass_time(8)
        assert await desk.seen() == []
        assert len(await desk.held()) == 2
        await desk.pass_time(3)
        assert await desk.seen() == [{"n": 0}]
        assert await desk.held() == {}


async def test_a_burst_without_end_is_acted_upon_after_the_longest_wait(desk: Any) -> None:
    async with desk.open("    debounce: {wait: 10s, max_wait: 30s}"):
        for number in range(6):
            await desk.send(number)
            await desk.pass_time(8)
        assert await desk.seen() == [3]


async def test_keys_are_debounced_apart(desk: Any) -> None:
    async with desk.open("    debounce: {wait: 10s, key: '${{ event.door }}'}"):
        for door, number in (("a", 1), ("b", 2), ("a", 3)):
            await desk.send({"door": door, "n": number})
        await desk.pass_time(11)
        assert sorted(one["n"] for one in await desk.seen()) == [2, 3]


async def test_events_that_come_together_leave_one(desk: Any) -> None:
    async with desk.open("    debounce: 10s"):
        await asyncio.gather(*[desk.send(number, key=str(number)) for number in range(50)])
        assert len(await desk.held()) == 1
        await desk.pass_time(11)
        assert await desk.seen() == [49]


@pytest.mark.parametrize(("keep", "expected"), [("last", 3), ("first", 1)])
async def test_a_restart_in_the_middle_of_a_burst_changes_nothing(
    desk: Any, keep: str, expected: int
) -> None:
    shaping = f"    debounce: {{wait: 10s, keep: {keep}, max_wait: 20s}}"
    async with desk.open(shaping):
        await desk.send(1)
        await desk.pass_time(8)
        await desk.send(2)
        desk.crash()
    async with desk.open(shaping):
        await desk.pass_time(5)
        await desk.send(3)
        await desk.pass_time(6)
        assert await desk.seen() == []
        await desk.pass_time(2)
        assert await desk.seen() == [expected]
        assert await desk.held() == {}


async def test_a_duplicate_does_not_take_the_place_of_the_last(desk: Any) -> None:
    async with desk.open("    debounce: 10s"):
        await desk.send(1, key="one")
        await desk.pass_time(11)
        await desk.send(2, key="two")
        assert (await desk.send(1, key="one")).is_duplicate
        await desk.pass_time(11)
        assert await desk.seen() == [1, 2]


async def test_what_the_sender_gave_up_on_still_counts(desk: Any) -> None:
    async with desk.open("    debounce: 10s"):
        sending = asyncio.ensure_future(desk.send(1))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        await desk.pass_time(11)
        assert await desk.seen() == [1]

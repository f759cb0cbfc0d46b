"""At most so many runs in a while; the rest is recorded, and not run."""

from typing import Any

SHAPING = "    throttle: 2 per 1m"


async def test_more_than_the_rate_is_recorded_and_not_run(desk: Any) -> None:
    async with desk.open(SHAPING):
        for number in range(5):
            receipt = await desk.send(number)
            assert len(receipt.runs) == (1 if number in {0, 1, 4} else 0)
            await desk.pass_time(15)
        await desk.settle()
        assert await desk.seen() == [0, 1, 4]
        assert await desk.outcomes() == [
            "matched", "matched", "throttled", "throttled", "matched",
        ]  # fmt: skip
        verdicts = await desk.verdicts()
        assert verdicts[2].error["message"] == {
            "en": "more than 2 events in 60 s",
            "fr": "plus de 2 événements en 60 s",
        }


async def test_a_restart_does_not_let_more_through(desk: Any) -> None:
    async with desk.open(SHAPING):
        await desk.send(1)
        await desk.send(2)
        desk.crash()
    async with desk.open(SHAPING):
        await desk.send(3)
        assert await desk.outcomes() == ["matched", "matched", "throttled"]
        await desk.pass_time(61)
        await desk.send(4)
        assert (await desk.outcomes())[-1] == "matched"


async def test_what_is_refused_or_known_does_not_count(desk: Any) -> None:
    async with desk.open(SHAPING + "\n    if: event > 0"):
        await desk.send(0)
        await desk.send(1, key="one")
        assert (await desk.send(1, key="one")).is_duplicate
        await desk.send(2)
        await desk.send(3)
        assert await desk.outcomes() == ["refused", "matched", "matched", "throttled"]


async def test_what_is_gathered_counts_as_one(desk: Any) -> None:
    async with desk.open("    throttle: 1 per 1h\n    batch: {quiet: 20s}"):
        await desk.send(1)
        await desk.send(2)
        await desk.pass_time(21)
        await desk.send(3)
        await desk.pass_time(21)
        assert [one["items"] for one in await desk.seen()] == [[1, 2]]
        assert await desk.outcomes() == ["held", "held", "matched", "held", "throttled"]

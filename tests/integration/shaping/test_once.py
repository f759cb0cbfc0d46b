"""A key counts once; the copy is recorded, and starts nothing."""

from typing import Any

SHAPING = "    once: ${{ event.invoice }}"


async def test_the_second_event_with_the_same_key_starts_nothing(desk: Any) -> None:
    async with desk.open(SHAPING):
        first = await desk.send({"invoice": "F-1", "n": 1})
        copy = await desk.send({"invoice": "F-1", "n": 2})
        assert len(first.runs) == 1
        assert copy.runs == ()
        await desk.send({"invoice": "F-2", "n": 3})
        await desk.settle()
        assert [one["n"] for one in await desk.seen()] == [1, 3]
        assert await desk.outcomes() == ["matched", "duplicate", "matched"]
        verdicts = await desk.verdicts()
        assert first.event_id in str(verdicts[1].error)


async def test_the_key_is_remembered_across_a_restart(desk: Any) -> None:
    async with desk.open(SHAPING):
        await desk.send({"invoice": "F-1"})
        desk.crash()
    async with desk.open(SHAPING):
        await desk.send({"invoice": "F-1"})
        assert await desk.outcomes() == ["matched", "duplicate"]


async def test_the_key_is_forgotten_after_its_time(desk: Any) -> None:
    async with desk.open("    once: {key: '${{ event.invoice }}', within: 1h}"):
        await desk.send({"invoice": "F-1"})
        await desk.pass_time(3500)
        await desk.send({"invoice": "F-1"})
        await desk.pass_time(200)
        await desk.send({"invoice": "F-1"})
        assert await desk.outcomes() == ["matched", "duplicate", "matched"]


async def test_an_event_without_a_key_is_not_taken_for_a_copy(desk: Any) -> None:
    async with desk.open(SHAPING):
        await desk.send({"invoice": None})
        await desk.send({"invoice": None})
        assert await desk.outcomes() == ["matched", "matched"]


async def test_a_key_that_cannot_be_worked_out_is_a_recorded_failure(desk: Any) -> None:
    async with desk.open(SHAPING):
        receipt = await desk.send({"other": 1})
        assert receipt.runs == ()
        (verdict,) = await desk.verdicts()
        assert verdict.outcome == "failed"
        assert "invoice" in verdict.error["message"]["en"]


async def test_what_a_condition_refuses_does_not_use_up_the_key(desk: Any) -> None:
    async with desk.open(SHAPING + "\n    if: event.n > 1"):
        await desk.send({"invoice": "F-1", "n": 1})
        await desk.send({"invoice": "F-1", "n": 2})
        assert await desk.outcomes() == ["refused", "matched"]


TWO = """\
name: R
when:
  - pipe.event: {}
    once: {key: '${{ event.invoice }}', scope: %s}
  - pipe.event: {}
    once: {key: '${{ event.invoice }}', scope: %s}
do:
  - set: {seen: "${{ event }}"}
outputs: {seen: "${{ vars.seen }}"}
"""


async def test_triggers_know_their_own_keys_unless_the_scope_is_all(desk: Any) -> None:
    async with desk.open(text=TWO % ("recipe", "recipe")):
        await desk.send({"invoice": "F-1"})
        await desk.send({"invoice": "F-1"}, source="r/trigger_2")
        assert await desk.outcomes("r/trigger_2") == ["matched"]
    async with desk.open(text=TWO % ("all", "all")):
        await desk.send({"invoice": "F-9"})
        await desk.send({"invoice": "F-9"}, source="r/trigger_2")
        assert await desk.outcomes("r/trigger_2") == ["matched", "duplicate"]


async def test_a_copy_is_not_gathered(desk: Any) -> None:
    async with desk.open(SHAPING + "\n    batch: {quiet: 20s}"):
        await desk.send({"invoice": "F-1", "n": 1})
        await desk.send({"invoice": "F-1", "n": 2})
        assert await desk.outcomes() == ["held", "duplicate"]
        desk.crash()
    async with desk.open(SHAPING + "\n    batch: {quiet: 20s}"):
        await desk.pass_time(21)
        (one,) = await desk.seen()
        assert [item["n"] for item in one["items"]] == [1]
        assert await desk.held() == {}

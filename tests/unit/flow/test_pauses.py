"""Pauses over the memory engine: kept, counted, let go once and in order, safe after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rouage.durable.memory import memory_engine
from rouage.durable.port import Engine
from rouage.errors import Overloaded, StepError
from rouage.flow.pauses import Pause, Pauses, read_pauses
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.sdk.json import JSON
from tests.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Triggers:
    """What events are let go to: notes them, as a new event of the engine."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.let_go: list[str] = []
        self.missed: dict[str, JSON] = {}
        self.is_full = 0

    async def release(self, event: Event) -> bool:
        if self.is_full:
            self.is_full -= 1
            raise Overloaded("full", retry_after_seconds=0.0)
        if event.key in self.let_go:
            return False
        self.let_go.append(event.key)
        return True

    def missed_of(self, source: str) -> JSON:
        return self.missed.get(source, False)


class World:
    """An engine, and pauses over it; `again` is a restart."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.engine: Engine = memory_engine(clock=self.clock)
        self.triggers = Triggers(self)
        self.pauses: Pauses

    async def again(self) -> Pauses:
        self.pauses = Pauses(self.clock)
        await self.pauses.load(self.engine, self.triggers)
        return self.pauses

    async def came(self, recipe: str, key: str, trigger: str = "t") -> Event:
        """Accept an event as the flow does: with the verdict of the pause."""
        now = self.clock.now()
        source = f"{recipe}/{trigger}"
        event = Event(id=new_event_id(now), source=source, time=now, data={}, key=key)
        error = self.pauses.error_of(recipe)
        outcome: Any = "refused" if error is None else "paused"
        await self.engine.accept(event, [Verdict(recipe=recipe, outcome=outcome, error=error)])
        self.clock.advance(1)
        return event


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()

    async def execute(context: Any, definition: bytes) -> Any:
        raise AssertionError("nothing runs here")

    await made.engine.open(execute)
    await made.again()
    yield made
    await made.engine.close(0)


async def test_what_came_is_let_go_in_order_and_only_of_the_recipe(world: World):
    await world.came("a", "before")
    pause = await world.pauses.pause("a", by="marie")
    for key in ("1", "2", "3"):
        await world.came("a", key)
    await world.came("b", "other")
    assert await world.pauses.count(pause) == 3
    assert world.pauses.of("b") is None
    assert await world.pauses.resume("a", stored="run") == 3
    assert world.triggers.let_go == ["1", "2", "3"]
    assert world.pauses.all == ()
    assert await world.engine.load_items("#pauses") == {}


async def test_a_pause_outlives_a_restart_and_says_who_made_it(world: World):
    await world.pauses.pause(None, by="marie")
    pauses = await world.again()
    assert pauses.of("anything") is not None
    error = pauses.error_of("anything")
    assert isinstance(error, dict)
    assert "marie" in str(error["message"])
    (read,) = read_pauses(await world.engine.load_items("#pauses"))
    assert read == Pause(recipe="*", since=NOW, by="marie")


async def test_pausing_twice_keeps_the_first(world: World):
    first = await world.pauses.pause("a", by="marie")
    world.clock.advance(60)
    assert await world.pauses.pause("a", by="paul") == first


async def test_events_can_be_kept_without_running(world: World):
    await world.pauses.pause("a", by="marie")
    await world.came("a", "1")
    assert await world.pauses.resume("a", stored="keep") == 0
    assert world.triggers.let_go == []
    assert world.pauses.of("a") is None


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        (None, ["4"]),
        ("last", ["4"]),
        ("skip", []),
        ({"policy": "all", "max": 2}, ["3", "4"]),
        ({"policy": "all"}, ["1", "2", "3", "4"]),
        ({"policy": "all", "max_age": "3s"}, ["3", "4"]),
    ],
)
async def test_the_ticks_of_a_schedule_follow_its_rule_for_missed_ones(
    world: World, missed: JSON, expected: list[str]
):
    world.triggers.missed["a/clock"] = missed
    await world.pauses.pause("a", by="marie")
    for key in ("1", "2", "3", "4"):
        await world.came("a", key, trigger="clock")
    await world.came("a", "file")
    await world.pauses.resume("a", stored="run")
    assert [key for key in world.triggers.let_go if key != "file"] == expected
    assert "file" in world.triggers.let_go


async def test_a_recipe_paused_on_its_own_stays_so_and_loses_nothing(world: World):
    await world.pauses.pause(None, by="marie")
    await world.came("a", "early")
    await world.pauses.pause("a", by="paul")
    await world.came("a", "late")
    await world.came("b", "other")
    assert await world.pauses.resume(None, stored="run") == 1
    assert world.triggers.let_go == ["other"]
    assert world.pauses.of("a") is not None
    assert await world.pauses.resume("a", stored="run") == 2
    assert world.triggers.let_go == ["other", "early", "late"]


async def test_an_end_that_was_interrupted_is_finished_at_the_next_start(world: World):
    await world.pauses.pause("a", by="marie")
    await world.came("a", "1")
    await world.pauses.end_later("a", stored="run")
    pauses = await world.again()
    assert pauses.of("a") is not None  # until it is done, new events queue behind
    await pauses.finish()
    assert world.triggers.let_go == ["1"]
    assert pauses.all == ()


async def test_a_full_queue_makes_it_wait_not_lose(world: World):
    await world.pauses.pause("a", by="marie")
    await world.came("a", "1")
    world.triggers.is_full = 1
    resumed = asyncio.ensure_future(world.pauses.resume("a", stored="run"))
    async with asyncio.timeout(10):
        while not resumed.done():
            world.clock.advance(0.1)
            await asyncio.sleep(0)
    assert resumed.result() == 1


async def test_what_is_not_paused_cannot_be_resumed(world: World):
    for recipe in ("a", None):
        with pytest.raises(StepError):
            await world.pauses.resume(recipe, stored="run")


async def test_a_row_that_cannot_be_read_is_no_pause(world: World):
    await world.engine.put_items("#pauses", {b"a": {"since": "never"}, b"b": "x"})
    assert (await world.again()).all == ()

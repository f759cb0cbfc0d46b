"""The list of the owner: each thing once, durable, bounded; told when it is new."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from rouage.durable.memory import memory_engine
from rouage.durable.port import Engine
from rouage.flow.notices import MOST, OWNER, Notice, Notices, read_notices
from rouage.language import Text
from tests.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SICK = Text("the mailbox is closed", "la boîte est fermée")


class World:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.engine: Engine = memory_engine(clock=self.clock)
        self.told: list[Notice] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.notices: Notices

    def start(self, work: Coroutine[Any, Any, None], name: str) -> object:
        self.tasks.append(asyncio.ensure_future(work))
        return self.tasks[-1]

    async def tell(self, notice: Notice) -> None:
        self.told.append(notice)

    async def again(self) -> Notices:
        await self.settle()
        self.notices = Notices(self.clock, start=self.start, tell=self.tell)
        await self.notices.load(self.engine)
        return self.notices

    async def settle(self) -> None:
        await asyncio.gather(*self.tasks)

    async def rows(self) -> int:
        await self.settle()
        return len(await self.engine.load_items(OWNER))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.again()
    yield made
    await made.settle()
    await made.engine.close(0)


async def test_a_trouble_is_told_once_and_counted(world: World):
    for _ in range(5):
        world.notices.raise_("trigger:a/t", "trigger_failed", SICK, recipe="a")
        world.clock.advance(5)
    await world.settle()
    (notice,) = world.notices.open
    assert (notice.count, notice.recipe, notice.since) == (5, "a", NOW)
    assert [one.key for one in world.told] == ["trigger:a/t"]


async def test_it_outlives_a_restart_until_it_is_solved(world: World):
    world.notices.raise_("x", "k", SICK)
    notices = await world.again()
    assert [one.text for one in notices.open] == [SICK]
    assert notices.is_any_open
    notices.solve("x")
    notices = await world.again()
    assert notices.open == ()
    assert not notices.is_any_open
    assert len(notices.all) == 1


async def test_one_that_comes_back_soon_is_the_same_and_later_a_new_one(world: World):
    world.notices.raise_("x", "k", SICK)
    world.notices.solve("x")
    world.clock.advance(60)
    world.notices.raise_("x", "k", SICK)
    await world.settle()
    assert len(world.told) == 1
    assert world.notices.is_any_open
    world.notices.solve("x")
    world.clock.advance(2 * 3600)
    world.notices.raise_("x", "k", SICK)
    await world.settle()
    assert len(world.told) == 2


async def test_what_the_owner_has_seen_leaves_the_list(world: World):
    world.notices.raise_("x", "k", SICK)
    assert world.notices.forget("x")
    assert not world.notices.forget("x")
    assert await world.rows() == 0


async def test_the_list_is_bounded_and_lets_go_of_what_is_solved_first(world: World):
    world.notices.raise_("old and open", "k", SICK)
    for number in range(MOST + 20):
        world.clock.advance(1)
        world.notices.raise_(f"n{number}", "k", SICK)
        world.notices.solve(f"n{number}")
    assert len(world.notices.all) == MOST
    assert await world.rows() == MOST
    assert [one.key for one in world.notices.open] == ["old and open"]


async def test_rows_that_cannot_be_read_are_left_out():
    broken: Any = {
        b"a": 1,
        b"b": {"text": {}},
        b"c": {"text": {"en": "x", "fr": "x"}, "since": "?"},
    }
    assert read_notices(broken) == ()

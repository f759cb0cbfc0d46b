"""Places are given one recipe after the other, and nobody takes them all."""

import asyncio

import pytest

from rouage.errors import RetryableError
from rouage.workers import turns as module
from rouage.workers.turns import Turns


class Queue:
    """Tasks that want a place, and the order in which they got one."""

    def __init__(self, turns, group):
        self.turns, self.group = turns, group
        self.order, self.release, self.tasks = [], {}, {}

    async def _hold(self, name, group, is_stranger):
        async with self.turns.turn(group, is_stranger=is_stranger):
            self.order.append(name)
            await self.release[name].wait()

    def want(self, name, *, is_stranger=False):
        self.release[name] = asyncio.Event()
        self.tasks[name] = self.group.create_task(self._hold(name, name[0], is_stranger))

    async def end(self, *names):
        for name in names:
            self.release[name].set()
        await settle()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_recipes_that_wait_are_served_in_turn():
    async with asyncio.TaskGroup() as group:
        queue = Queue(Turns(1, per_group=1, strangers=1), group)
        for name in ("a1", "a2", "a3", "b1", "b2"):
            queue.want(name)
        await settle()
        await queue.end("a1", "a2", "a3", "b1", "b2")
    assert queue.order == ["a1", "b1", "a2", "b2", "a3"]


async def test_one_recipe_and_all_strangers_leave_a_place():
    async with asyncio.TaskGroup() as group:
        turns = Turns(3, per_group=2, strangers=2)
        queue = Queue(turns, group)
        for name in ("a1", "a2", "a3"):
            queue.want(name, is_stranger=True)
        queue.want("b1", is_stranger=True)
        queue.want("c1")
        await settle()
        assert queue.order == ["a1", "a2", "c1"]
        assert turns.waiting == 2
        await queue.end("a1")
        assert queue.order == ["a1", "a2", "c1", "b1"]
        await queue.end("a2", "a3", "b1", "c1")
    assert turns.waiting == 0


async def test_who_gives_up_waiting_takes_no_place_and_leaves_none_behind():
    async with asyncio.TaskGroup() as group:
        turns = Turns(1, per_group=1, strangers=1)
        queue = Queue(turns, group)
        for name in ("a1", "b1", "c1"):
            queue.want(name)
        await settle()
        queue.tasks["b1"].cancel()
        await queue.end("a1")
        assert queue.order == ["a1", "c1"]
        # Cancelled in the same turn of the loop in which it gets its place.
        queue.want("d1")
        queue.want("e1")
        await settle()
        queue.release["c1"].set()
        await asyncio.sleep(0)
        queue.tasks["d1"].cancel()
        await settle()
        assert queue.order[-1] == "e1"
        await queue.end("e1")
    assert turns.waiting == 0


async def test_a_queue_that_is_too_long_refuses(monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 1)
    async with asyncio.TaskGroup() as group:
        turns = Turns(1, per_group=1, strangers=1)
        queue = Queue(turns, group)
        for name in ("a1", "b1"):
            queue.want(name)
        await settle()
        with pytest.raises(RetryableError, match="too many"):
            async with turns.turn("c", is_stranger=False):
                pass
        await queue.end("a1", "b1")

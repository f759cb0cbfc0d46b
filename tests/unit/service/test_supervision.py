"""A task that fails is started again in sight; one that cannot be helped ends the process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from rouage.clock import SystemClock
from rouage.errors import RouageError
from rouage.language import Text
from rouage.service.supervision import Supervisor, Trouble


class QuickClock(SystemClock):
    """A clock whose pauses are over at once, and are counted."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.shift = 0.0

    def monotonic_seconds(self) -> float:
        return super().monotonic_seconds() + self.shift

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class Watched:
    """A supervisor, and what it told."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.clock = QuickClock()
        self.told: list[Trouble] = []
        self.gave_up = 0

        def spawn(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
            return tasks.create_task(work, name=name)

        def give_up() -> None:
            self.gave_up += 1

        self.supervisor = Supervisor(
            self.clock, spawn=spawn, give_up=give_up, tell=self.told.append
        )


def failing(times: int, error: Exception) -> Callable[[], Coroutine[Any, Any, None]]:
    left = [times]

    async def work() -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return work


async def test_a_task_that_fails_is_started_again_and_told():
    async with asyncio.TaskGroup() as tasks:
        watched = Watched(tasks)
        await watched.supervisor.keep(failing(2, ZeroDivisionError()), "upkeep")
        assert watched.gave_up == 0
        assert [one.crashes for one in watched.told] == [2, 2]  # the same record, told twice
        assert "ZeroDivisionError" in watched.supervisor.troubles["upkeep"].reason.en
        assert watched.clock.pauses == [1.0, 2.0]


async def test_three_failures_in_a_minute_end_the_process():
    async with asyncio.TaskGroup() as tasks:
        watched = Watched(tasks)
        await watched.supervisor.keep(failing(3, OSError("x")), "pulse")
        assert watched.gave_up == 1


async def test_failures_far_apart_do_not():
    async with asyncio.TaskGroup() as tasks:
        watched = Watched(tasks)
        left = [5]

        async def work() -> None:
            if left[0]:
                left[0] -= 1
                watched.clock.shift += 61
                raise OSError("x")

        await watched.supervisor.keep(work, "pulse")
        assert watched.gave_up == 0
        assert watched.clock.pauses == [1.0] * 5


async def test_what_is_done_once_fails_alone_and_in_the_owners_words():
    async with asyncio.TaskGroup() as tasks:
        watched = Watched(tasks)
        await watched.supervisor.start(
            failing(1, RouageError(Text("no room", "plus de place")))(), "notice"
        )
        (trouble,) = watched.told
        assert "plus de place" in trouble.reason.fr


async def test_work_that_is_cancelled_before_it_began_leaves_no_warning():
    async with asyncio.TaskGroup() as tasks:
        watched = Watched(tasks)
        task = watched.supervisor.start(failing(1, OSError())(), "never")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert watched.told == []

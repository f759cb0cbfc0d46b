"""What a listener does beside its connections is watched over, like any work of the daemon."""

import asyncio
from typing import Any

from rouage.clock import SystemClock
from rouage.service.supervision import Supervisor, Trouble
from rouage.web.hooks import HookServer


class Impatient(SystemClock):
    """A clock whose pauses are over at once."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Clumsy(HookServer):
    """A listener whose first sweep fails."""

    sweeps = 0

    def look_after(self) -> None:
        self.sweeps += 1
        if self.sweeps == 1:
            raise ArithmeticError


async def test_a_sweep_that_fails_is_told_and_the_sweeping_goes_on() -> None:
    told: list[Trouble] = []
    async with asyncio.TaskGroup() as tasks:

        def spawn(work: Any, name: str) -> "asyncio.Task[None]":
            return tasks.create_task(work, name=name)

        supervisor = Supervisor(Impatient(), spawn=spawn, give_up=lambda: None, tell=told.append)
        server = Clumsy(keep=supervisor.keep)
        await server.start(["127.0.0.1"], 0)
        async with asyncio.timeout(30):
            while server.sweeps < 2:
                await asyncio.sleep(0.01)
        await server.stop()
    assert [trouble.name for trouble in told] == ["hooks sweeper"]
    assert "ArithmeticError" in told[0].reason.en

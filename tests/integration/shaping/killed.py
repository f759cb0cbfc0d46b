"""A program that gathers events until a failpoint kills it.

    python killed.py FOLDER FIRST COUNT

It sends COUNT events numbered from FIRST, in little bursts, notes those that were acknowledged
in `acknowledged`, and stays until nothing is held and nothing runs. Three in ten come in a
second time, as a sender does who had no answer.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.clock import SystemClock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import held_by
from rouage.durable.sqlite import open_engine
from rouage.flow.listen import Listener
from rouage.flow.plan import make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.sdk import Connector, Emit, NoParams, Trigger
from rouage.sdk.testing import MemoryHooks

RECIPE = """\
name: R
when:
  - pipe.event: {}
    id: batched
    batch: {quiet: 30ms, max: 7, by: "${{ event.n % 2 }}"}
  - pipe.event: {}
    id: settled
    debounce: {wait: 30ms, max_wait: 200ms}
  - pipe.event: {}
    id: unique
    once: ${{ event.n }}
do:
  - set: {seen: "${{ event }}"}
outputs: {seen: "${{ vars.seen }}"}
"""
SOURCES = ("r/batched", "r/settled", "r/unique")


class Program:
    def __init__(self, folder: Path) -> None:
        self.emits: dict[str, Emit] = {}
        self._acknowledged = os.open(
            folder / "acknowledged", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600
        )
        self.services = self._services(folder)
        self.engine = open_engine(
            folder / "journal.db",
            failpoints=Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT")),
        )

    def _services(self, folder: Path) -> Services:
        connector, emits = Connector("pipe", about="A pipe."), self.emits

        @connector.trigger("event", event={}, sample={})
        class Pipe(Trigger[NoParams]):
            async def listen(self, emit: Emit) -> None:
                emits[self.context.trigger_id] = emit
                await asyncio.get_running_loop().create_future()

        def no_http() -> Any:
            raise AssertionError("no network here")

        return Services(
            catalog=Catalog([connector]),
            clock=SystemClock(),
            workspace=folder,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=Folders(workspace=folder).also,
            open_http=no_http,
            scratch_of=lambda run_id: folder / run_id,
            log=logging.getLogger("test"),
        )

    async def work(self, first: int, count: int) -> None:
        checked = check(RECIPE.encode(), file="r.yaml", catalog=self.services.catalog)
        assert checked.recipe is not None, [problem.code for problem in checked.problems]
        plan = make_plan(checked.recipe, self.services)
        await self.engine.put_definition("r", checked.recipe.definition)
        interpreter = Interpreter(
            lambda definition: make_plan(parse(definition), self.services), self.services
        )
        await self.engine.open(interpreter.execute)
        async with asyncio.TaskGroup() as tasks:
            listener = Listener(
                engine=self.engine,
                services=self.services,
                hooks=MemoryHooks(),
                spawn=lambda work, name: tasks.create_task(work, name=name),
            )
            await listener.activate(plan)
            await listener.wait_started()
            for start in range(first, first + count, 5):
                numbers = range(start, min(start + 5, first + count))
                await asyncio.gather(*[self.send(source, n) for n in numbers for source in SOURCES])
                await asyncio.sleep(0.01)
            await self.settle()
            await listener.stop()
        await self.engine.close(5)

    async def send(self, source: str, number: int) -> None:
        for _ in range(2 if number % 10 < 3 else 1):
            await self.emits[source]({"n": number}, key=f"{number}")
        os.write(self._acknowledged, f"{source} {number}\n".encode())

    async def settle(self) -> None:
        while True:
            await self.engine.wait_idle()
            held = [await self.engine.load_items(held_by(source)) for source in SOURCES]
            if not any(held):
                return
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(Program(Path(sys.argv[1])).work(int(sys.argv[2]), int(sys.argv[3])))

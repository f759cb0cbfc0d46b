"""A listener on a real engine, with a clock and a trigger that a test holds in its hands."""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.durable.memory import memory_engine
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import Engine, RunFilter, held_by
from rouage.flow.chain import Hub
from rouage.flow.listen import Listener
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.sdk import JSON, Connector, Emit, NoParams, Receipt, Trigger
from rouage.sdk.testing import ManualClock, MemoryHooks
from rouage_connectors.chain import connector as chain

SOURCE = "r/trigger_1"
RECIPE = """\
name: R
when:
  - pipe.event: {}
%s
do:
  - set: {seen: "${{ event }}"}
outputs: {seen: "${{ vars.seen }}"}
"""


class Desk:
    """One recipe, and what happens to the events that the test sends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = MemoryRows()
        self.clock = ManualClock()
        self.hub = Hub(self.clock)
        self.engine: Engine
        self.listener: Listener
        self.emits: dict[str, Emit] = {}
        self._plans: dict[bytes, Plan] = {}
        self.services = self._services()

    def _services(self) -> Services:
        desk = self
        connector = Connector("pipe", about="A pipe.")

        @connector.trigger("event", event={}, sample={})
        class Pipe(Trigger[NoParams]):
            async def listen(self, emit: Emit) -> None:
                desk.emits[self.context.trigger_id] = emit
                await asyncio.get_running_loop().create_future()

        folders = Folders(workspace=self.folder)
        return Services(
            catalog=Catalog([connector, chain]),
            clock=self.clock,
            workspace=self.folder,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=folders.also,
            open_http=lambda: pytest.fail("no network here"),
            scratch_of=lambda run_id: self.folder / run_id,
            log=logging.getLogger("test"),
        )

    @asynccontextmanager
    async def open(self, shaping: str = "", text: str | None = None) -> AsyncIterator["Desk"]:
        """Listen for the recipe until the block ends; what is on disk stays for the next time."""
        engine = memory_engine(self.rows, clock=self.clock)
        self.engine = engine
        await engine.open(Interpreter(self.plan_of, self.services).execute)
        async with asyncio.TaskGroup() as tasks:
            self.listener = Listener(
                engine=engine,
                services=self.services,
                hooks=MemoryHooks(),
                spawn=lambda work, name: tasks.create_task(work, name=name),
                hub=self.hub,
            )
            try:
                await self.load(shaping, text)
                await self.listener.wait_started()
                yield self
            finally:
                await self.listener.stop()
                await engine.close(1)

    async def load(self, shaping: str = "", text: str | None = None) -> Plan:
        """Bring a version of the recipe into force."""
        source = RECIPE % shaping if text is None else text
        checked = check(source.encode(), file="r.yaml", catalog=self.services.catalog)
        assert checked.recipe is not None, [(p.code, p.message.en) for p in checked.problems]
        await self.engine.put_definition("r", checked.recipe.definition)
        plan = self.plan_of(checked.recipe.definition)
        await self.listener.activate(plan)
        await self.settle()
        return plan

    def plan_of(self, definition: bytes) -> Plan:
        if definition not in self._plans:
            self._plans[definition] = make_plan(parse(definition), self.services)
        return self._plans[definition]

    def crash(self) -> None:
        """Go on with what is on disk at this moment, whatever is written to the rest."""
        self.rows = copy.deepcopy(self.rows)

    async def send(self, data: JSON, *, key: str | None = None, source: str = SOURCE) -> Receipt:
        """Have the trigger emit one event."""
        name = key or f"key of {len(self.rows.events)} {data}"
        return await self.emits[source](data, key=name)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, and what is due happen."""
        await self.settle()
        await self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        for _ in range(5):
            for _ in range(20):
                await asyncio.sleep(0)
            await self.engine.wait_idle()

    async def seen(self) -> list[Any]:
        """Return the events that runs have had, oldest first."""
        page = await self.engine.list_runs(RunFilter(recipe="r"), limit=1000)
        assert {run.state for run in page.runs} <= {"succeeded"}, page.runs
        return [run.outputs["seen"] for run in reversed(page.runs)]

    async def outcomes(self, source: str = SOURCE) -> list[str]:
        """Return what was decided about each event, oldest first."""
        return [verdict.outcome for verdict in await self.verdicts(source)]

    async def verdicts(self, source: str = SOURCE) -> list[Any]:
        found = await self.engine.find_events(source=source, limit=1000)
        return [verdict for event in reversed(found) for verdict in event.verdicts]

    async def held(self) -> dict[bytes, JSON]:
        return await self.engine.load_items(held_by(SOURCE))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def pipe_recipe() -> Callable[[str], str]:
    return lambda shaping: RECIPE % shaping

"""A stage for whole runs: recipes as text, a world that is acted on, a clock, people, restarts."""

import asyncio
import copy
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.durable.batch import Batch
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import memory_engine
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import Accepted, RunFilter
from rouage.durable.sqlite import open_engine
from rouage.flow.answers import check_answer
from rouage.flow.deliver import deliver
from rouage.flow.gate.tallies import Tallies
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Rate, Services
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.run import FINAL_STATES, RunRecord, StepRecord, WaitRecord
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.sdk import JSON
from rouage.sdk.business import Business
from tests.clock import ManualClock
from tests.unit.flow.world import World

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ME = "zoé"


class CountedRows(MemoryRows):
    """Rows that tell when steps were committed: the points at which a crash may come."""

    def __init__(self) -> None:
        super().__init__()
        self.on_steps: Callable[[], None] | None = None

    def apply(self, batch: Batch) -> None:
        super().apply(batch)
        if batch.steps and self.on_steps is not None:
            self.on_steps()

    def __deepcopy__(self, memo: dict[int, Any]) -> "CountedRows":
        twin = CountedRows()
        for one in fields(MemoryRows):
            setattr(twin, one.name, copy.deepcopy(getattr(self, one.name), memo))
        return twin


class Stage:
    """Recipes on an engine in memory (or in a file), whose process can be ended at any time."""

    def __init__(self, folder: Path, *, is_on_disk: bool = False) -> None:
        self.folder = folder
        self.clock = ManualClock(MORNING)
        self.rows = CountedRows()
        self.world = World()
        self.recipes: dict[str, str] = {}
        self.plans: dict[bytes, Plan] = {}
        self.active: dict[str, Plan] = {}
        self.rates: dict[str, Rate] = {}
        self.business = Business()
        self.engine: EmbeddedEngine
        self.services: Services
        self._is_on_disk = is_on_disk
        self._keys = itertools.count()
        self._engines: list[EmbeddedEngine] = []

    async def open(self) -> None:
        """Start the process: an engine over what is recorded, and the recipes."""
        folders = Folders(workspace=self.folder)
        tallies = Tallies(self.clock)
        self.services = Services(
            catalog=Catalog([self.world.connector()]),
            clock=self.clock,
            workspace=self.folder,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=folders.also,
            open_http=_no_http,
            scratch_of=lambda run_id: self.folder / run_id,
            log=logging.getLogger("test"),
            recipe_of=lambda name: self.active.get(name),
            publish=self.world.publish,
            notify=self.world.notify,
            past_events=self._past_events,
            rate_of=lambda action: self.rates.get(action),
            take_tokens=self._take_tokens,
            business=self.business,
            tallies=tallies,
        )
        if self._is_on_disk:
            self.engine = open_engine(self.folder / "journal.db", clock=self.clock)
        else:
            self.engine = memory_engine(self.rows, clock=self.clock)
        self._engines.append(self.engine)
        await tallies.load(self.engine)
        self.plans.clear()
        for name, text in self.recipes.items():
            await self.load(text, name)
        interpreter = Interpreter(self._plan_of, self.services)
        await self.engine.open(interpreter.execute)

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close(0.0)

    async def restart(self) -> None:
        """End the process at once, and start another over what is on disk."""
        await self._engines.pop().close(0.0)
        await self.open()

    def crashed(self) -> "Stage":
        """Return the stage as it would be if the process ended now; the world stays as it is."""
        twin = Stage(self.folder)
        twin.rows = copy.deepcopy(self.rows)
        twin.clock = ManualClock(self.clock.now())
        twin.recipes = dict(self.recipes)
        twin.world.failures = Counter(self.world.failures)
        return twin

    def _plan_of(self, definition: bytes) -> Plan:
        if definition not in self.plans:
            self.plans[definition] = make_plan(parse(definition), self.services)
        return self.plans[definition]

    async def load(self, text: str, name: str = "r") -> Plan:
        """Bring a recipe into force."""
        self.recipes[name] = text
        checked = check(
            text.encode(), file=f"{name}.yaml", catalog=self.services.catalog, recipe_id=name
        )
        assert checked.recipe is not None, [
            (problem.code, problem.facts) for problem in checked.problems
        ]
        await self.engine.put_definition(name, checked.recipe.definition)
        self.active[name] = self._plan_of(checked.recipe.definition)
        return self.active[name]

    async def send(self, data: JSON = None, name: str = "r") -> str:
        """Have an event start the recipe; return the id of its run."""
        plan, now = self.active[name], self.clock.now()
        trigger = next(iter(plan.triggers.values()))
        event = Event(
            id=new_event_id(now), source=trigger.source, time=now,
            data={} if data is None else data, key=f"k{next(self._keys)}",
        )  # fmt: skip
        answer = await self.engine.accept(event, (match(plan, trigger, event, self.services),))
        assert isinstance(answer, Accepted)
        assert answer.runs, "the event was not matched"
        return answer.runs[0]

    async def run(self, text: str, data: JSON = None) -> RunRecord:
        """Load the recipe, send one event, and return the run when it rests."""
        await self.load(text)
        run = await self.send(data)
        return await self.rest(run)

    async def rest(self, run: str) -> RunRecord:
        """Return the run when nothing moves any more."""
        await self.engine.wait_idle()
        record = await self.engine.get_run(run)
        assert record is not None
        return record

    async def later(self, run: str, seconds: float) -> RunRecord:
        """Let time pass, and return the run when it rests again."""
        self.clock.advance(seconds)
        await settle(self.engine)
        return await self.rest(run)

    async def waits(self, run: str) -> dict[str, WaitRecord]:
        return {wait.path: wait for wait in await self.engine.list_waits(run_id=run)}

    async def answer(
        self, run: str, path: str, choice: str = "approve", *, author: str = ME, **payload: Any
    ) -> RunRecord:
        """Answer a question, and return the run when it rests.

        Raises:
            AnswerError: the answer does not fit the question; nothing is recorded.
        """
        wait = (await self.waits(run)).get(path)
        answer: JSON = {"choice": choice, **payload}
        if wait is not None and isinstance(wait.question, dict):
            answer = check_answer(wait.question, answer, author)
        await self.engine.signal(run, path, answer, signal_id=f"{author} {path}", author=author)
        return await self.rest(run)

    async def happen(self, step: str, data: JSON, *, name: str = "r", key: str = "") -> None:
        """Have the event come that the `wait` at the static path *step* listens to."""
        plan, now = self.active[name], self.clock.now()
        event = Event(
            id=new_event_id(now), source=plan.events[step].source, time=now, data=data,
            key=key or f"e{next(self._keys)}",
        )  # fmt: skip
        await deliver(event, plan, engine=self.engine, services=self.services)

    async def drive(
        self, run: str, events: Mapping[str, JSON] | None = None, *, restarts: bool = False
    ) -> RunRecord:
        """Do all that a run waits for, until it is over: answer, let events come, pass time."""
        for _ in range(200):
            record = await self.rest(run)
            if record.state in FINAL_STATES:
                return record
            if record.state == "needs_attention":
                await self.engine.resolve(run, "retry", author=ME)
                continue
            if restarts:
                await self.restart()
            await self._move_on(events or {})
        raise AssertionError(f"the run does not end: {record}")

    async def _move_on(self, events: Mapping[str, JSON]) -> None:
        waits = await self.engine.list_waits()
        for wait in waits:
            if wait.kind == "approval":
                await self.answer(wait.run, wait.path)
                return
        for wait in waits:
            if wait.kind == "event":
                source = str(wait.name).partition("@")[0].rpartition("wait:")[2]
                await self.happen(source, events[source], name=wait.recipe, key=wait.path)
                return
        deadlines = [wait.deadline for wait in waits if wait.deadline and wait.kind != "limit"]
        if deadlines:
            wanted = (min(deadlines) - self.clock.now()).total_seconds()
            self.clock.advance(max(0.0, wanted))
        await settle(self.engine)

    async def children(self, run: str) -> list[RunRecord]:
        page = await self.engine.list_runs(RunFilter(parent=run))
        return [await self.rest(child.id) for child in page.runs]

    async def _past_events(self, source: str, since: datetime) -> Sequence[tuple[str, JSON]]:
        found = await self.engine.find_events(source=source)
        events = [one.event for one in reversed(found)]
        return [(event.key, event.data) for event in events if event.time >= since]

    def _take_tokens(self, rate: Rate) -> float:
        bucket, limit, per_seconds = rate
        return self.engine.take_tokens(bucket, 1, limit=limit, per_seconds=per_seconds)


async def settle(engine: EmbeddedEngine) -> None:
    """Let timers that are due be noticed, and what they wake come to rest."""
    for _ in range(10):
        await asyncio.sleep(0)
        await engine.wait_idle()


def _no_http() -> Any:
    raise AssertionError("no network here")


def step(run: RunRecord, path: str) -> StepRecord:
    """Return the record of one step."""
    return next(record for record in run.steps if record.path == path)


def states(run: RunRecord) -> dict[str, str]:
    """Return how each step of the run stands, without the notes beside them."""
    return {one.path: one.state for one in run.steps if ":" not in one.path}


__all__ = [
    "ME",
    "MORNING",
    "ManualClock",
    "Stage",
    "World",
    "settle",
    "states",
    "step",
]

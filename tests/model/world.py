"""A workspace with one recipe, whose disk, clock and process a test can treat badly."""

import asyncio
import itertools
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryJournal, MemoryRows
from rouage.durable.port import Accepted, AlreadyAnswered, Duplicate, NoSuchRun, Recorded, RunFilter
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.run import RunRecord
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.sdk import JSON, Connector, Context, Emit, Trigger, param, params
from tests.clock import ManualClock

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

RECIPE = """\
name: Commandes
inputs:
  version: {{type: integer, default: {version}}}
concurrency: {{mode: parallel}}
when:
  - rec.order: {{}}
do:
  - set: {{stamp: "${{{{ now() }}}}"}}
  - for_each:
      in: [1, 2, 3]
      as: box
      max_parallel: 2
      do:
        - rec.say: {{text: "pack ${{{{ event.key }}}} ${{{{ box }}}} v${{{{ inputs.version }}}}"}}
  - parallel:
      branches:
        label:
          - rec.say: {{text: "label ${{{{ event.key }}}}"}}
          - wait: 1h
          - rec.say: {{text: "ready ${{{{ event.key }}}}"}}
        question:
          - approve:
              ask: "Send ${{{{ event.key }}}}?"
            id: yes_or_no
  - rec.say: {{text: "send ${{{{ event.key }}}} v${{{{ inputs.version }}}}"}}
finally:
  - rec.say: {{text: "bye ${{{{ event.key }}}}"}}
"""


@params
class Say:
    """What to say."""

    text: str = param("Text.")


@params
class Nothing:
    """Nothing to say."""


class World:
    """The rows are the disk: they outlive every engine that is opened over them."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.rows = MemoryRows()
        self.effects: list[str] = []
        """What reached the world outside, with the key under which it was asked for."""
        self._said: list[str] = []
        self._answers = itertools.count()
        self._plans: dict[bytes, Plan] = {}
        self._catalog = Catalog([self._connector()])
        self._services = self._make_services()

    def _connector(self) -> Connector:
        connector = Connector("rec", about="Records.")

        @connector.action("say", effect="local", idempotent=True)
        async def say(params: Say, context: Context) -> JSON:
            self.effects.append(f"{context.idempotency_key} {params.text}")
            self._said.append(params.text)
            await asyncio.sleep(0)
            return {"text": params.text}

        @connector.trigger("order", sample={"key": "A"}, event={"type": "object"})
        class Orders(Trigger[Nothing]):
            async def listen(self, emit: Emit) -> None:
                await asyncio.Event().wait()

        return connector

    def _make_services(self) -> Services:
        folder = Path("workspace-of-the-model")
        folders = Folders(workspace=folder)

        def no_http() -> Any:
            raise AssertionError("no network here")

        return Services(
            catalog=self._catalog,
            clock=self.clock,
            workspace=folder,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=folders.also,
            open_http=no_http,
            scratch_of=lambda run_id: folder / run_id,
            log=logging.getLogger("test"),
        )

    def said(self, key: str) -> list[str]:
        """Return what was said about one order."""
        return [text for text in self._said if text.split(" ")[1] == key]

    # -- the process -------------------------------------------------------------------------

    async def start(self, version: int) -> None:
        """Open an engine over whatever is on disk."""
        self.journal = MemoryJournal(self.rows)
        self.engine = EmbeddedEngine(self.journal, clock=self.clock)
        await self.edit(version)
        await self.engine.open(Interpreter(self._plan_of, self._services).execute)

    async def stop(self) -> None:
        """Drain and close, as a daemon does."""
        await self.engine.close(1)

    async def kill(self) -> None:
        """Take the process away: nothing of it reaches the disk any more."""
        self.journal.break_down()
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    # -- what happens ------------------------------------------------------------------------

    async def edit(self, version: int) -> None:
        """Make *version* of the recipe the one that new orders meet."""
        text = RECIPE.format(version=version)
        checked = check(text.encode(), file="orders.yaml", catalog=self._catalog)
        assert checked.recipe is not None, [problem.code for problem in checked.problems]
        self._plan = self._plan_of(checked.recipe.definition)
        await self.engine.put_definition("orders", checked.recipe.definition)

    async def send(self, key: str) -> Accepted | Duplicate:
        """Hand in the order *key*."""
        now = self.clock.now()
        event = Event(
            id=new_event_id(now), source="orders/trigger_1", time=now, data={"key": key}, key=key
        )
        (trigger,) = self._plan.triggers.values()
        return await self.engine.accept(event, (match(self._plan, trigger, event, self._services),))

    async def answer(self, run: str, choice: str) -> Recorded | AlreadyAnswered | NoSuchRun | None:
        """Answer the question of *run*; None when it asks nothing now."""
        waits = await self.engine.list_waits(run_id=run, kinds=frozenset({"approval"}))
        if not waits:
            return None
        (wait,) = waits
        question: Any = wait.question
        payload: JSON = {"choice": choice, "fields": {}, "shown": question["digest"]}
        return await self.engine.signal(
            run,
            wait.name or wait.path,
            payload,
            signal_id=f"answer-{next(self._answers)}",
            author="owner",
        )

    async def all_runs(self) -> tuple[RunRecord, ...]:
        """Return every run there is."""
        return (await self.engine.list_runs(RunFilter(), limit=1000)).runs

    def _plan_of(self, definition: bytes) -> Plan:
        if definition not in self._plans:
            self._plans[definition] = make_plan(parse(definition), self._services)
        return self._plans[definition]

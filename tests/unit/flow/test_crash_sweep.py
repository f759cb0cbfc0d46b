"""One recipe with every engine word, whose process dies after each of its commits in turn.

The rows of the memory journal are the disk: they outlive the engine. After the commit with
the chosen number nothing reaches them any more, the tasks are taken away, and a new engine
goes on. Whatever was recorded as done is never asked for again, and the run ends as the
undisturbed one did.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.durable.batch import Batch
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryJournal
from rouage.durable.memory_rows import MemoryRows
from rouage.durable.port import RunFilter
from rouage.errors import JournalError
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Emit,
    RetryableError,
    StepError,
    Trigger,
    param,
    params,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TURNS = 60
"""Turns of the loop after each move: more than the run needs to come to rest."""

CHILD = """\
name: Child
inputs:
  n: {type: integer}
do:
  - wait: 5m
  - rec.say: {text: "child ${{ inputs.n }}"}
outputs:
  twice: ${{ inputs.n * 2 }}
"""

RECIPE = """\
name: Every word
vars: {total: 0, turns: 0, opened: "${{ now() }}"}
when:
  - rec.order: {}
do:
  - rec.say: {text: never}
    id: skipped
    if: event.n > 100
  - choose:
      - if: event.n > 100
        do:
          - rec.say: {text: high}
            id: high
      - do:
          - rec.say: {text: low}
            id: low
  - for_each:
      in: [1, 2, 3]
      as: box
      do:
        - set: {total: "${{ vars.total + box }}"}
        - rec.say: {text: "pack ${{ box }} of ${{ vars.total }}"}
          id: packed
        - wait: 1m
          if: box == 2
    id: boxes
  - for_each:
      in: [a, b, c, d]
      max_parallel: 2
      on_item_error: continue
      do:
        - rec.say: {text: "begin ${{ item }}"}
        - rec.fail: {text: "fail ${{ item }}"}
          if: item == 'c'
        - wait: 2m
          if: item == 'a'
        - rec.say: {text: "end ${{ item }}"}
          id: ended
    id: letters
  - repeat:
      until: vars.turns >= 3
      wait: 30s
      do:
        - set: {turns: "${{ vars.turns + 1 }}"}
        - rec.say: {text: "turn ${{ vars.turns }}"}
  - group:
      do:
        - rec.say: {text: "before flaky"}
          id: before
        - wait: 10s
        - rec.flaky: {text: flaky, times: 2}
          id: flaky
    retry: {times: 3, wait: 20s, backoff: 2, jitter: 0.5}
  - group:
      do:
        - rec.say: {text: "before broken"}
          id: seen
        - set: {broken: 1}
        - rec.fail: {text: broken}
    on_error:
      - rec.say: {text: "handled ${{ error.step }}"}
      - wait: 15s
  - rec.say: {text: "seen ${{ steps.seen.text }} ${{ vars.broken }}"}
  - group:
      do:
        - rec.say: {text: "inside the limit"}
          id: inside
        - wait: 1h
        - rec.say: {text: "too late"}
    timeout: 3m
    on_error:
      - rec.say: {text: "late ${{ steps.inside.text }}"}
  - wait: 1m
  - rec.say: {text: "after ${{ steps.inside.text }}"}
  - parallel:
      branches:
        one:
          - rec.say: {text: "one a"}
          - wait: 4m
          - rec.say: {text: "one b"}
            id: one
        two:
          - rec.say: {text: "two a"}
          - approve: {ask: "Two?", remind: 10m}
            id: two
          - rec.say: {text: "two b"}
    id: both
  - parallel:
      join: any
      branches:
        fast:
          - wait: 1m
          - rec.say: {text: fast}
        slow:
          - approve: "Slow?"
          - rec.say: {text: slow}
    id: either
  - for_each:
      in: [x, y]
      do:
        - approve: {ask: "Item ${{ item }}?"}
          id: answer
        - rec.say: {text: "yes ${{ item }}"}
  - call: {recipe: child, inputs: {n: "${{ event.n }}"}}
    id: child
  - emit: {name: packed, data: {total: "${{ vars.total }}"}}
  - rec.fail: {text: passed over}
    id: passed
    on_error: {continue: {text: "instead of ${{ steps.low.text }}"}}
  - wait: {event: {rec.order: {}}, if: event.n == 7, timeout: 1h, on_timeout: continue}
    id: heard
  - approve: {ask: "Late?", timeout: 10m, on_timeout: stop}
    on_error: continue
  - rec.once: {text: mail}
  - wait: {until: "12:00"}
  - stop:
      text: enough
      outputs:
        total: ${{ vars.total }}
        packed: ${{ steps.boxes.results }}
        failed: ${{ steps.letters.failed | length }}
        child: ${{ steps.child.twice }}
        first: ${{ steps.either.first }}
        passed: ${{ steps.passed.text }}
        untaken: ${{ steps.high == null }}
        opened: ${{ vars.opened }}
finally:
  - wait: 1m
  - rec.say: {text: "bye ${{ vars.total }}"}
"""


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self._now = START
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic_seconds(self) -> float:
        return (self._now - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic_seconds() + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        due = [one for one in self._sleepers if one[0] <= self.monotonic_seconds()]
        self._sleepers = [one for one in self._sleepers if one not in due]
        for _, future in due:
            if not future.done():
                future.set_result(None)


class CountedRows(MemoryRows):
    """Rows that call out before each commit."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0
        self.on_commit: Callable[[int], None] = lambda _: None

    def apply(self, batch: Batch) -> None:
        super().apply(batch)
        self.commits += 1
        self.on_commit(self.commits)


@params
class Say:
    """What to say."""

    text: str = param("Text.")
    times: int = param("How often it fails before it works.", default=1000)


@params
class Nothing:
    """Nothing to say."""


@dataclass
class Disk:
    """What outlives a process: the rows, the clock, and what reached the world outside."""

    rows: CountedRows = field(default_factory=CountedRows)
    clock: ManualClock = field(default_factory=ManualClock)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)

    def act(self, text: str, context: Context) -> JSON:
        assert (context.run_id, context.step) not in self.done, f"{context.step} is done twice"
        self.said.append((text, context.step, context.idempotency_key))
        return {"text": text}

    def note_done(self) -> None:
        """Remember which steps are recorded as over: nobody may ask for them again."""
        for seq, steps in self.rows.steps.items():
            run = self.rows.runs[seq][1]
            self.done |= {(run, row[1]) for row in steps.values() if row[2] in _OVER}


_OVER = {"done", "failed", "skipped"}


def make_connector(disk: Disk) -> Connector:
    connector = Connector("rec", about="Records.")

    @connector.action("say", effect="local", idempotent=True)
    async def say(params: Say, context: Context) -> JSON:
        await asyncio.sleep(0)
        return disk.act(params.text, context)

    @connector.action("once", effect="irreversible", idempotent=False)
    async def once(params: Say, context: Context) -> JSON:
        return disk.act(params.text, context)

    @connector.action("fail", effect="local", idempotent=True)
    async def fail(params: Say, context: Context) -> JSON:
        disk.act(params.text, context)
        raise StepError("{why}", why=params.text)

    @connector.action("flaky", effect="local", idempotent=True)
    async def flaky(params: Say, context: Context) -> JSON:
        number = disk.calls[params.text] = disk.calls.get(params.text, 0) + 1
        if number <= params.times:
            raise RetryableError("not yet")
        return disk.act(params.text, context)

    @connector.trigger("order", sample={"n": 7}, event={"type": "object"})
    class Orders(Trigger[Nothing]):
        async def listen(self, emit: Emit) -> None:
            await asyncio.Event().wait()

    return connector


class Process:
    """One life of the engine over a disk."""

    def __init__(self, disk: Disk, recipe: str = RECIPE) -> None:
        self.disk = disk
        self.recipe = recipe
        self.is_dead = False
        self._plans: dict[bytes, Plan] = {}
        self._catalog = Catalog([make_connector(disk)])
        folder = Path("workspace-of-the-sweep")

        async def publish(name: str, data: JSON, key: str, trail: tuple[str, ...]) -> int:
            disk.said.append((f"emit {name} {data}", "", key))
            return 1

        self.services = Services(
            catalog=self._catalog,
            clock=disk.clock,
            workspace=folder,
            timezone=ZoneInfo("UTC"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=Folders(workspace=folder).also,
            open_http=lambda: pytest.fail("no network here"),  # type: ignore[arg-type, return-value]
            scratch_of=lambda run_id: folder / run_id,
            log=logging.getLogger("test"),
            recipe_of=lambda name: self.child if name == "child" else None,
            publish=publish,
            notify=lambda kind, facts: None,
        )

    async def start(self) -> None:
        self.journal = MemoryJournal(self.disk.rows)
        self.engine = EmbeddedEngine(self.journal, clock=self.disk.clock)
        self.plan = await self._load(self.recipe, "main")
        self.child = await self._load(CHILD, "child")
        await self.engine.open(Interpreter(self._plan_of, self.services).execute)

    async def _load(self, text: str, name: str) -> Plan:
        checked = check(text.encode(), file=f"{name}.yaml", catalog=self._catalog, recipe_id=name)
        assert checked.recipe is not None, [(one.code, one.facts) for one in checked.problems]
        await self.engine.put_definition(name, checked.recipe.definition)
        return self._plan_of(checked.recipe.definition)

    def _plan_of(self, definition: bytes) -> Plan:
        if definition not in self._plans:
            self._plans[definition] = make_plan(parse(definition), self.services)
        return self._plans[definition]

    async def send(self, number: int) -> None:
        """Hand in the event that starts the run; safe to repeat."""
        now = self.disk.clock.now()
        event = Event(
            id=new_event_id(now), source="main/trigger_1", time=now, data={"n": number}, key="k"
        )
        (trigger,) = self.plan.triggers.values()
        await self.engine.accept(event, (match(self.plan, trigger, event, self.services),))

    async def main_run(self) -> RunRecord | None:
        runs = (await self.engine.list_runs(RunFilter(recipe="main"))).runs
        return await self.engine.get_run(runs[0].id) if runs else None

    async def answer(self) -> None:
        """Say yes to what is asked, save where it is to be late."""
        for wait in await self.engine.list_waits():
            question: Any = wait.question
            if wait.kind == "event":
                data: JSON = {"n": 7}
                await self._signal(wait.run, wait.name or "", data)
            elif wait.kind == "approval" and question["ask"] not in {"Late?", "Slow?"}:
                answer: JSON = {"choice": "approve", "fields": {}, "shown": question["digest"]}
                await self._signal(wait.run, wait.name or wait.path, answer)

    async def _signal(self, run: str, name: str, payload: JSON) -> None:
        signal = f"{name}-{next(_NUMBERS)}"
        await self.engine.signal(run, name, payload, signal_id=signal, author="owner")

    async def kill(self) -> None:
        """Take the process away: nothing of it reaches the disk any more."""
        self.journal.break_down()
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


_NUMBERS = itertools.count()


async def spin(process: Process) -> None:
    for _ in range(TURNS):
        if process.is_dead:
            return
        await asyncio.sleep(0)


async def unless_dead(process: Process, move: Awaitable[Any]) -> Any:
    """Make a move of the world outside, which may find the process dead."""
    task = asyncio.ensure_future(move)
    for _ in range(TURNS * 10):
        if task.done() or process.is_dead:
            break
        await asyncio.sleep(0)
    if not task.done():
        task.cancel()
    try:
        return await task
    except (JournalError, asyncio.CancelledError):
        return None


async def live(process: Process) -> RunRecord | None:
    """Let the run go on, with time and answers, until it is over or the process is dead."""
    await unless_dead(process, process.send(7))
    for _ in range(400):
        await spin(process)
        if process.is_dead:
            return None
        run = await process.main_run()
        assert run is None or run.state != "needs_attention" or _settles(run), run
        if run is not None and run.state in FINAL_STATES:
            return run
        if run is not None and run.state == "needs_attention":
            await unless_dead(process, process.engine.resolve(run.id, "retry", author="owner"))
            continue
        await unless_dead(process, process.answer())
        await spin(process)
        process.disk.clock.advance(60)
    raise AssertionError(f"the run does not end: {run}")


def _settles(run: RunRecord) -> bool:
    """Say whether only the action that may not be repeated is in doubt."""
    doubts = [step for step in run.steps if step.state in {"in_doubt", "started"}]
    return all(step.action == "rec.once" for step in doubts)


def outcome(run: RunRecord) -> dict[str, Any]:
    """Return what must be the same whatever happened."""
    steps = {
        step.path: (step.state, step.action, _plain(step.result))
        for step in run.steps
        if ":" not in step.path
    }
    return {"state": run.state, "outputs": _plain(run.outputs), "steps": steps}


def _plain(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in {"at", "opened"}}
    return value


async def undisturbed(recipe: str = RECIPE) -> tuple[Disk, RunRecord]:
    disk = Disk()
    process = Process(disk, recipe)
    await process.start()
    run = await live(process)
    assert run is not None
    await process.engine.close(1)
    return disk, run


async def disturbed(commit: int, recipe: str = RECIPE) -> tuple[Disk, RunRecord]:
    """Return the end of a run whose process died after the *commit*th commit."""
    disk = Disk()
    process = Process(disk, recipe)

    def die(number: int) -> None:
        if number == commit:
            process.is_dead = True
            process.journal.break_down()
            disk.note_done()

    disk.rows.on_commit = die
    await process.start()
    if not process.is_dead:
        await live(process)
    await process.kill()
    disk.rows.on_commit = lambda _: None
    disk.note_done()
    again = Process(disk, recipe)
    await again.start()
    run = await live(again)
    assert run is not None
    await again.engine.close(1)
    return disk, run

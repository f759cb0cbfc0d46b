"""Concurrency against a small model, and under thousands of events at once (features U-2.5)."""

import asyncio
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryRows, memory_engine
from rouage.durable.port import Duplicate, RunContext, RunFilter, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.errors import Overloaded
from rouage.model.event import Admission, Event, Mode, Verdict, WhenFull
from rouage.model.ids import new_event_id
from rouage.model.run import RunRecord

LOCAL = StepSpec(action="test.do", effect="local", idempotent="yes")
LIMIT = 2
WIDTH = 2


class Model:
    """What the lane of one key ought to be: who works, who waits, and how the others ended."""

    def __init__(self, mode: Mode, when_full: WhenFull) -> None:
        self.mode = mode
        self.when_full = when_full
        self.active: list[str] = []
        self.waiting: list[str] = []
        self.ends: dict[str, str] = {}

    def send(self, name: str) -> str:
        """Return the outcome of the event *name*."""
        if not self.waiting and len(self.active) < self._width:
            self.active.append(name)
            return "matched"
        if self.mode == "single":
            return "skipped"
        if self.mode in {"latest", "restart"}:
            state = "skipped" if self.mode == "latest" else "cancelled"
            self._end(self.waiting, state)
            self.waiting = [name]
            if self.mode == "restart":
                self._end(self.active, "cancelled")
        elif len(self.waiting) < LIMIT:
            self.waiting.append(name)
        elif self.when_full == "replace_oldest":
            self._end([self.waiting.pop(0)], "skipped")
            self.waiting.append(name)
        else:
            return "full" if self.when_full == "skip" else "refused"
        self._move_up()
        return "matched"

    def end(self, name: str, state: str) -> None:
        """Have a run end."""
        for group in (self.active, self.waiting):
            if name in group:
                self._end([name], state)
                group.remove(name)
        self._move_up()

    def _end(self, names: list[str], state: str) -> None:
        self.ends.update(dict.fromkeys(names, state))
        if names is self.active:
            self.active = []

    def _move_up(self) -> None:
        while self.waiting and len(self.active) < self._width:
            self.active.append(self.waiting.pop(0))

    @property
    def _width(self) -> int:
        return WIDTH if self.mode == "parallel" else 1

    @property
    def states(self) -> dict[str, str]:
        """Return the state of every run there is."""
        running, queued = (
            dict.fromkeys(self.active, "running"),
            dict.fromkeys(self.waiting, "queued"),
        )
        return {**self.ends, **running, **queued}


class System:
    """The engine, with runs that end when they are told to."""

    def __init__(self, mode: Mode, when_full: WhenFull) -> None:
        self.mode = mode
        self.when_full = when_full
        self.rows = MemoryRows()
        self.gates: dict[str, asyncio.Event] = {}
        self.events: list[tuple[str, str]] = []
        self.runs: dict[str, str] = {}

    async def open(self) -> None:
        self.engine: EmbeddedEngine = memory_engine(self.rows)
        self.digest = await self.engine.put_definition("orders", b"{}")
        await self.engine.open(self.execute)

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")
        name = context.event.key

        async def work(_: Any) -> Any:
            await self.gates.setdefault(name, asyncio.Event()).wait()

        await context.step("do.0", LOCAL, work)
        return RunOutcome(state="succeeded")

    async def send(self, lane: str, name: str) -> str:
        """Return the outcome that is on record, or what the sender is told."""
        now = self.engine._runner._clock.now()
        event = Event(id=new_event_id(now), source="o/h", time=now, data=None, key=name)
        admission = Admission(
            mode=self.mode, key=lane, maximum=WIDTH, queue_limit=LIMIT, when_full=self.when_full
        )
        verdict = Verdict(
            recipe="orders", outcome="matched", definition=self.digest, admission=admission
        )
        try:
            answer = await self.engine.accept(event, (verdict,))
        except Overloaded:
            return "refused"
        if isinstance(answer, Duplicate):
            return "duplicate"
        (found,) = await self.engine.find_events(limit=1)
        if answer.runs:
            self.runs[name] = answer.runs[0]
        return found.verdicts[0].outcome

    async def states(self) -> dict[str, str]:
        found = await self.engine.list_runs(RunFilter(), limit=1000)
        names = {run: name for name, run in self.runs.items()}
        return {names[run.id]: run.state for run in found.runs}


LANES = ("x", "y")
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*["send"] * 8, "again", "again", "finish", "cancel", "restart"]),
        st.sampled_from(LANES),
        st.integers(0, 20),
    ),
    min_size=10,
    max_size=40,
)


async def play(mode: Mode, when_full: WhenFull, steps: list[tuple[str, str, int]]) -> None:
    system = System(mode, when_full)
    models = {lane: Model(mode, when_full) for lane in LANES}
    sent: dict[str, list[str]] = {lane: [] for lane in LANES}
    await system.open()
    for number, (what, lane, choice) in enumerate(steps):
        model, names = models[lane], sent[lane]
        open_runs = [*model.active, *model.waiting]
        if what == "send":
            name = f"{lane}{number}"
            outcome = await system.send(lane, name)
            assert outcome == model.send(name)
            if outcome != "refused":
                names.append(name)
        elif what == "again" and names:
            assert await system.send(lane, names[choice % len(names)]) == "duplicate"
        elif what == "finish" and model.active:
            name = model.active[choice % len(model.active)]
            system.gates.setdefault(name, asyncio.Event()).set()
            model.end(name, "succeeded")
        elif what == "cancel" and open_runs:
            name = open_runs[choice % len(open_runs)]
            await system.engine.cancel(system.runs[name], "enough")
            model.end(name, "cancelled")
        elif what == "restart":
            await system.engine.close(0.0)
            await system.open()
        await agree(system, models)
    await system.engine.close(0.0)


async def agree(system: System, models: dict[str, Model]) -> None:
    """Wait until the engine has come to what the model says."""
    expected = {name: state for model in models.values() for name, state in model.states.items()}
    for _ in range(2000):
        found = await system.states()
        if found == expected:
            return
        await asyncio.sleep(0)
    assert found == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mode=st.sampled_from(["queued", "single", "restart", "parallel", "latest"]),
    when_full=st.sampled_from(["refuse", "skip", "replace_oldest"]),
    steps=STEPS,
)
def test_the_engine_and_the_model_agree(
    mode: Mode, when_full: WhenFull, steps: list[tuple[str, str, int]]
) -> None:
    asyncio.run(play(mode, when_full, steps))


class Flood:
    """Runs that take a few turns of the loop each; when each began and ended, by lane."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a test wants the same numbers again
        self.active: dict[str, int] = defaultdict(int)
        self.most: dict[str, int] = defaultdict(int)
        self.begun: dict[str, list[str]] = defaultdict(list)

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        lane, name = context.event.key.split("/")
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")

        async def work(_: Any) -> Any:
            self.begun[lane].append(name)
            self.active[lane] += 1
            self.most[lane] = max(self.most[lane], self.active[lane])
            try:
                for _turn in range(self.chance.randrange(6)):
                    await asyncio.sleep(0)
            finally:
                self.active[lane] -= 1

        await context.step("do.0", LOCAL, work)
        return RunOutcome(state="succeeded")


async def flood(engine: EmbeddedEngine, seed: int, mode: Mode, count: int) -> None:
    world = Flood(seed)
    digest = await engine.put_definition("orders", b"{}")
    await engine.open(world.execute)
    now = engine._runner._clock.now()
    keys = [f"{world.chance.choice('abc')}/{number:05}" for number in range(count)]
    deliveries = keys + world.chance.choices(keys, k=count // 4)
    world.chance.shuffle(deliveries)
    # The order in which events are first handed over is that of the lane.
    first = list(dict.fromkeys(deliveries))

    async def send(key: str) -> Any:
        event = Event(id=new_event_id(now), source="o/h", time=now, data=None, key=key)
        admission = Admission(mode=mode, key=key[0], maximum=WIDTH, queue_limit=count)
        verdict = Verdict(
            recipe="orders", outcome="matched", definition=digest, admission=admission
        )
        return await engine.accept(event, (verdict,))

    answers = await asyncio.gather(*map(send, deliveries))
    await engine.wait_idle()
    events = {one.event.key: one for one in await engine.find_events(limit=count * 2)}
    assert len(events) == count
    assert sum(isinstance(answer, Duplicate) for answer in answers) == count // 4
    runs = {key: one.runs[0] for key, one in events.items() if one.runs}
    for lane in "abc":
        assert world.most[lane] <= (WIDTH if mode == "parallel" else 1)
        mine = [key for key in first if key[0] == lane]
        CHECKS[mode](mine, runs, events, world.begun[lane])
    await engine.close()


Runs = dict[str, RunRecord]


def check_all_done(mine: list[str], runs: Runs, events: Any, begun: list[str]) -> None:
    assert {runs[key].state for key in mine} == {"succeeded"}
    assert len(begun) == len(set(begun)) == len(mine)


def check_in_order(mine: list[str], runs: Runs, events: Any, begun: list[str]) -> None:
    check_all_done(mine, runs, events, begun)
    assert begun == [key[2:] for key in mine]


def check_single(mine: list[str], runs: Runs, events: Any, begun: list[str]) -> None:
    done = {runs[key].id for key in mine if key in runs}
    assert {runs[key].state for key in mine if key in runs} == {"succeeded"}
    assert len(begun) == len(done) >= 1
    for key in mine:
        (verdict,) = events[key].verdicts
        if key not in runs:
            assert verdict.outcome == "skipped"
            assert verdict.error["run"] in done


def check_replaced(mine: list[str], runs: Runs, events: Any, begun: list[str]) -> None:
    assert runs[mine[-1]].state == "succeeded"
    ids = {runs[key].id: number for number, key in enumerate(mine)}
    for number, key in enumerate(mine[:-1]):
        run = runs[key]
        assert run.state in {"succeeded", "skipped", "cancelled"}
        if run.state != "succeeded":
            assert ids[run.reason["run"]] > number  # type: ignore[index,call-overload]
    order = [mine.index(f"{mine[0][0]}/{name}") for name in begun]
    assert all(earlier < later for earlier, later in pairwise(order))


CHECKS: dict[Mode, Callable[[list[str], Runs, Any, list[str]], None]] = {
    "queued": check_in_order,
    "parallel": check_all_done,
    "single": check_single,
    "restart": check_replaced,
    "latest": check_replaced,
}


@pytest.mark.parametrize("mode", sorted(CHECKS))
async def test_thousands_of_events_at_once_keep_to_the_mode(mode: Mode) -> None:
    await flood(memory_engine(), 1, mode, 3000)


@pytest.mark.parametrize("mode", sorted(CHECKS))
async def test_many_events_at_once_keep_to_the_mode_on_disk(mode: Mode) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await flood(open_engine(Path(folder) / "journal.db"), 2, mode, 600)

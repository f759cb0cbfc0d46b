"""What the conformance suite needs: both engines, restarts, and a clock that is told the time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryRows, memory_engine
from rouage.durable.port import (
    Accepted,
    Attempt,
    Duplicate,
    Execute,
    RunContext,
    RunOutcome,
    StepSpec,
)
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id
from tests.clock import ManualClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEFINITION = b'{"id":"orders"}'


class Recorder:
    """Effects, in order, as an outside world would see them."""

    def __init__(self) -> None:
        self.effects: list[str] = []

    def call(self, name: str, result: Any = None) -> Callable[[Attempt], Awaitable[Any]]:
        async def act(attempt: Attempt) -> Any:
            self.effects.append(f"{name}#{attempt.number}")
            return {"name": name} if result is None else result

        return act


class Harness:
    """One storage and the engines that were opened over it, one after the other."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.path = folder / ".rouage" / "journal.db"
        self.rows = MemoryRows()
        self.clock = ManualClock(START)
        self.recorder = Recorder()
        self.engines: list[EmbeddedEngine] = []

    def make(self, **options: Any) -> EmbeddedEngine:
        if self.kind == "memory":
            engine = memory_engine(self.rows, clock=self.clock, **options)
        else:
            engine = open_engine(self.path, clock=self.clock, **options)
        self.engines.append(engine)
        return engine

    async def open(self, execute: Execute, **options: Any) -> EmbeddedEngine:
        engine = self.make(**options)
        await engine.put_definition("orders", DEFINITION)
        await engine.open(execute)
        return engine

    async def restart(self, execute: Execute, **options: Any) -> EmbeddedEngine:
        await self.engines[-1].close(0.0)
        return await self.open(execute, **options)

    def event(self, key: str = "k", data: Any = None, source: str = "orders/hook") -> Event:
        return Event(
            id=new_event_id(self.clock.now()),
            source=source,
            time=self.clock.now(),
            data={"n": 1} if data is None else data,
            key=key,
        )

    async def send(
        self, engine: EmbeddedEngine, event_key: str = "k", **admission: Any
    ) -> Accepted | Duplicate:
        return await engine.accept(self.event(event_key), [self.matched(**admission)])

    def matched(self, recipe: str = "orders", **admission: Any) -> Verdict:
        return Verdict(
            recipe=recipe,
            outcome="matched",
            definition=sha256(DEFINITION).hexdigest(),
            admission=Admission(**admission),
            conditions=({"expression": "event.n > 0", "value": True, "values": {"event.n": 1}},),
        )


@pytest.fixture(params=["memory", "sqlite"])
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    harness = Harness(request.param, tmp_path)
    yield harness
    for engine in harness.engines:
        await engine.close(0.0)


@pytest.fixture
async def memory_harness(tmp_path: Path) -> AsyncIterator[Harness]:
    harness = Harness("memory", tmp_path)
    yield harness
    for engine in harness.engines:
        await engine.close(0.0)


@pytest.fixture
async def sqlite_harness(tmp_path: Path) -> AsyncIterator[Harness]:
    harness = Harness("sqlite", tmp_path)
    yield harness
    for engine in harness.engines:
        await engine.close(0.0)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    async def wait(question: Callable[[], Any], seconds: float = 5.0) -> Any:
        async with asyncio.timeout(seconds):
            while True:
                answer = question()
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer:
                    return answer
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def three_steps() -> Callable[[Recorder], Execute]:
    """Return an interpreter of three steps that may be repeated."""

    def make(recorder: Recorder) -> Execute:
        async def execute(context: RunContext, definition: bytes) -> RunOutcome:
            assert definition == DEFINITION
            for number in range(3):
                spec = StepSpec(action="test.do", effect="local", idempotent="yes")
                await context.step(f"do.{number}", spec, recorder.call(f"do.{number}"))
            return RunOutcome(state="succeeded", outputs={"ok": True})

        return execute

    return make

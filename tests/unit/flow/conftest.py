"""A flow on the memory engine, with a connector that records what it is asked to do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.clock import SystemClock
from rouage.durable.memory import memory_engine
from rouage.durable.port import Accepted, Engine
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.run import RunRecord
from rouage.model.secret import Secret
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.safety.redaction import Redactor
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
from tests.unit.flow.stage import Stage


@params
class Say:
    """What to say."""

    text: str = param("Text.")
    extra: Any = param("Anything.", default=None)


@params
class Fail:
    """How to fail."""

    message: str = param("Message.", default="broken")
    times: int = param("How often before it works.", default=1000)


@params
class Wait:
    """How long."""

    seconds: float = param("Seconds.", default=30.0)


@params
class Nothing:
    """Nothing to say."""


@dataclass
class Recorder:
    """What the actions of the `rec` connector were asked, in order."""

    said: list[str] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    failures: int = 0


def make_connector(recorder: Recorder) -> Connector:
    connector = Connector("rec", about="Records.")

    @connector.action("say", effect="local", idempotent=True)
    async def say(params: Say, context: Context) -> JSON:
        recorder.said.append(params.text)
        recorder.contexts.append(context)
        return {"text": params.text, "extra": params.extra}

    @connector.action("once", effect="irreversible", idempotent=False)
    async def once(params: Say, context: Context) -> JSON:
        recorder.said.append(params.text)
        return {"text": params.text}

    @connector.action("fail", effect="local", idempotent=True)
    async def fail(params: Fail, context: Context) -> JSON:
        recorder.failures += 1
        if recorder.failures > params.times:
            return {"after": recorder.failures}
        raise StepError("{why}", why=params.message)

    @connector.action("flaky", effect="local", idempotent=True)
    async def flaky(params: Fail, context: Context) -> JSON:
        recorder.failures += 1
        if recorder.failures > params.times:
            return {"after": recorder.failures}
        raise RetryableError(params.message)

    @connector.action("crash", effect="local", idempotent=True)
    async def crash(params: Nothing, context: Context) -> JSON:
        raise ZeroDivisionError("a bug in a connector")

    @connector.action("wait", effect="local", idempotent=True)
    async def wait(params: Wait, context: Context) -> JSON:
        await asyncio.sleep(params.seconds)
        return {}

    @connector.trigger("event", sample={})
    class Silent(Trigger[Nothing]):
        async def listen(self, emit: Emit) -> None:
            await asyncio.Event().wait()

    return connector


@dataclass
class Flow:
    """The flow under test: give it a recipe and an event, get the run."""

    engine: Engine
    services: Services
    recorder: Recorder
    plans: dict[bytes, Plan] = field(default_factory=dict)

    def plan_of(self, definition: bytes) -> Plan:
        if definition not in self.plans:
            self.plans[definition] = make_plan(parse(definition), self.services)
        return self.plans[definition]

    async def load(self, text: str) -> Plan:
        checked = check(text.encode(), file="r.yaml", catalog=self.services.catalog, recipe_id="r")
        assert checked.recipe is not None, [p.code for p in checked.problems]
        await self.engine.put_definition(checked.recipe.id, checked.recipe.definition)
        return self.plan_of(checked.recipe.definition)

    def verdict(self, plan: Plan, event: Event) -> Verdict:
        trigger = next(iter(plan.triggers.values()), None)
        return match(plan, trigger, event, self.services)

    def event(self, data: JSON, key: str = "k") -> Event:
        now = self.services.clock.now()
        return Event(id=new_event_id(now), source="r/trigger_1", time=now, data=data, key=key)

    async def run(self, text: str, data: JSON = None) -> RunRecord:
        plan = await self.load(text)
        event = self.event(data if data is not None else {})
        answer = await self.engine.accept(event, (self.verdict(plan, event),))
        assert isinstance(answer, Accepted)
        assert answer.runs, "the event was not matched"
        async with asyncio.timeout(10):
            while True:
                await self.engine.wait_idle()
                record = await self.engine.get_run(answer.runs[0])
                assert record is not None
                if record.state != "waiting":
                    return record
                await asyncio.sleep(0.005)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def make_services(tmp_path: Path, recorder: Recorder) -> Callable[..., Services]:
    def make(secrets: dict[str, str] | None = None) -> Services:
        values = secrets or {}
        connector = make_connector(recorder)
        catalog = Catalog([connector])
        folders = Folders(workspace=tmp_path)
        redactor = Redactor(values.values())

        def no_http() -> Any:
            raise AssertionError("no network here")

        return Services(
            catalog=catalog,
            clock=SystemClock(),
            workspace=tmp_path,
            timezone=ZoneInfo("Europe/Paris"),
            language="fr",
            secrets=lambda: {name: Secret(clear, name=name) for name, clear in values.items()},
            mask=redactor.mask_json,
            folders_of=folders.also,
            open_http=no_http,
            scratch_of=lambda run_id: tmp_path / run_id,
            log=logging.getLogger("test"),
        )

    return make


@pytest.fixture
async def flow(make_services: Callable[..., Services], recorder: Recorder) -> AsyncIterator[Flow]:
    async with opened_flow(make_services({"api": "s3cr3t-value"}), recorder) as opened:
        yield opened


def opened_flow(services: Services, recorder: Recorder) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opening() -> AsyncIterator[Flow]:
        engine = memory_engine(clock=services.clock)
        opened = Flow(engine, services, recorder)
        await engine.open(Interpreter(opened.plan_of, services).execute)
        try:
            yield opened
        finally:
            await engine.close(1)

    return opening()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(tmp_path)
    await opened.open()
    yield opened
    await opened.close()

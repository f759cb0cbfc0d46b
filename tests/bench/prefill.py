"""Put finished runs into a journal, the direct way: through the engine, without recipes."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from rouage.durable.port import Attempt, Engine, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Verdict
from rouage.sdk.json import JSON
from tests.bench.orders import body_of

_AT_ONCE = 500
_PARALLEL = Admission(mode="parallel")
_CONDITIONS: tuple[JSON, ...] = (
    {"expression": "event.body.total > 10", "value": True, "values": {"event.body.total": 20}},
)


async def _execute(context: RunContext, definition: bytes) -> RunOutcome:
    async def call(attempt: Attempt) -> JSON:
        return {"text": "p-0000001 Zoé Lefèvre (Besançon) 24.0 €"}

    for number in range(3):
        spec = StepSpec(action="text.render", effect="none", parameters={"template": "x"})
        await context.step(f"do.{number}", spec, call)
    return RunOutcome(state="succeeded")


async def _accept(engine: Engine, number: int, digest: str) -> None:
    body: JSON = {"body": body_of("prefill", 0).decode()}
    event = Event(
        id=f"{number:026d}",
        source="ancienne/trigger_1",
        time=datetime.now(UTC),
        data=body,
        key=f"k{number}",
    )
    verdict = Verdict(
        recipe="ancienne",
        outcome="matched",
        definition=digest,
        admission=_PARALLEL,
        conditions=_CONDITIONS,
    )
    await engine.accept(event, [verdict])


async def _prefill(path: Path, count: int) -> None:
    engine = open_engine(path)
    await engine.open(_execute)
    digest = await engine.put_definition("ancienne", b'{"name": "ancienne"}')
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        await asyncio.gather(*(_accept(engine, number, digest) for number in numbers))
        await engine.wait_idle()
    await engine.close()


def prefill(path: Path, count: int) -> None:
    """Add *count* finished runs of three steps to the journal at *path*."""
    asyncio.run(_prefill(path, count))

"""Put waiting approvals into a journal, the direct way: through the engine, without recipes.

    python -m tests.bench.waiting FOLDER COUNT

It prints what they cost this process in memory, from the first to the last.
"""

import asyncio
import gc
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rouage.durable.port import Engine, RunContext, RunOutcome, StepSpec, WaitSpec
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Verdict
from rouage.sdk.json import JSON
from tests.bench.measures import memory_mb
from tests.bench.orders import body_of

_AT_ONCE = 500
_WARM_UP = 1_000
_PARALLEL = Admission(mode="parallel")


async def _execute(context: RunContext, definition: bytes) -> RunOutcome:
    question: JSON = {
        "ask": "Envoyer la facture Lefèvre de 240,00 € ?",
        "show": [{"path": "files/factures/2026-0001.pdf", "sha256": "0" * 64, "size": 20_000}],
        "fields": {},
        "need": 1,
        "timeout_at": (context.started + timedelta(days=3)).isoformat(),
    }
    spec = WaitSpec(kind="approval", name="do.1", action="approve", question=question)

    async def read(_: Any) -> JSON:
        return {"supplier": "Lefèvre", "total": 240.0, "date": "2026-11-24"}

    await context.step("do.0", StepSpec(action="invoice.read", effect="none"), read)
    deadline = context.started + timedelta(days=3)
    if context.event.source.startswith("attente"):
        await context.wait_signal("do.1", spec, deadline=deadline)
    return RunOutcome(state="succeeded")


async def _accept(engine: Engine, recipe: str, number: int, digest: str) -> None:
    event = Event(
        id=f"{recipe[0]}{number:025d}",
        source=f"{recipe}/trigger_1",
        time=datetime.now(UTC),
        data={"body": body_of("wait", 0).decode()},
        key=f"k{number}",
    )
    verdict = Verdict(recipe=recipe, outcome="matched", definition=digest, admission=_PARALLEL)
    await engine.accept(event, [verdict])


async def _fill(engine: Engine, recipe: str, count: int, digest: str) -> None:
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        await asyncio.gather(*(_accept(engine, recipe, number, digest) for number in numbers))
        await engine.wait_idle()


async def fill(path: Path, count: int) -> dict[str, float]:
    """Have *count* runs ask for approval; return what that cost this process, in MB."""
    engine = open_engine(path)
    await engine.open(_execute)
    digest = await engine.put_definition("attente", b'{"name": "attente"}')
    # As many that do not wait, so that caches and buffers are not counted.
    await _fill(engine, "ordinaire", max(count, _WARM_UP), digest)
    gc.collect()
    before = memory_mb(os.getpid())
    await _fill(engine, "attente", count, digest)
    gc.collect()
    after = memory_mb(os.getpid())
    await engine.close()
    return {name: round(after[name] - before[name], 1) for name in after}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))))

"""A program whose run takes a key of `once`, until a failpoint kills it.

    python keyholder.py JOURNAL HOW

HOW says how the step goes: `busy` pauses for an hour after its first attempt, `mails` acts and
may not be repeated. Then whatever is open is cancelled.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Attempt, RunContext, RunFilter, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.errors import RetryableError
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.run import FINAL_STATES


async def execute(context: RunContext, definition: bytes) -> RunOutcome:
    if context.cancelled is not None:
        return RunOutcome(state="cancelled")
    is_busy = context.event.key == "busy"

    async def call(attempt: Attempt) -> Any:
        if is_busy:
            raise RetryableError("busy")
        return {"sent": True}

    options: dict[str, Any] = {"effect": "irreversible", "idempotent": "no"}
    if is_busy:
        options = {"effect": "local", "idempotent": "yes", "pause": lambda *_: 3600.0}
    await context.step("do.0", StepSpec(action="test.act", once="ACME/31", **options), call)
    return RunOutcome(state="succeeded")


async def main(journal: Path, how: str) -> None:
    failpoints = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    engine = open_engine(journal, failpoints=failpoints)
    digest = await engine.put_definition("orders", b'{"id":"orders"}')
    await engine.open(execute)
    now = datetime.now(UTC)
    event = Event(id=new_event_id(now), source="orders/hook", time=now, data={}, key=how)
    await engine.accept(event, [Verdict(recipe="orders", outcome="matched", definition=digest)])
    await engine.wait_idle()
    for run in (await engine.list_runs(RunFilter())).runs:
        if run.state not in FINAL_STATES:
            await engine.cancel(run.id, "enough")
    await engine.wait_idle()
    await engine.close(5.0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

"""A program that polls a source of numbered entries, until a failpoint kills it.

    python poller.py JOURNAL COUNT

Its cursor moves in the commit of each entry's event; what the run of an entry did is noted in a
file beside the journal.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id

SOURCE = "news/poll"
CURSOR = b"cursor"


async def main(journal: Path, count: int) -> None:
    failpoints = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    engine = open_engine(journal, failpoints=failpoints)
    effects = journal.with_name("effects").open("a", buffering=1)

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def note(attempt: Attempt) -> Any:
            effects.write(f"{context.event.key}\n")

        spec = StepSpec(action="test.note", effect="local", idempotent="yes")
        await context.step("do.0", spec, note)
        return RunOutcome(state="succeeded")

    digest = await engine.put_definition("news", b'{"id":"news"}')
    await engine.open(execute)
    verdict = Verdict(recipe="news", outcome="matched", definition=digest)
    seen: Any = (await engine.load_items(SOURCE)).get(CURSOR, 0)
    for number in range(seen + 1, count + 1):
        now = datetime.now(UTC)
        event = Event(
            id=new_event_id(now), source=SOURCE, time=now, data={"n": number}, key=f"n{number}"
        )
        await engine.accept(event, [verdict], items={CURSOR: number})
    await engine.wait_idle()
    await engine.close(5.0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))

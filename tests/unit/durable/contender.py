"""A program whose events and steps compete for places and keys, until a failpoint kills it.

    python contender.py FOLDER EVENTS

Acknowledgements and effects are noted in files of FOLDER, as an outside world would see them.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from rouage.clock import SystemClock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Accepted, Attempt, Claim, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Mode, Verdict
from rouage.model.ids import new_event_id

DEFINITION = b'{"id":"orders"}'
MODES: tuple[Mode, ...] = ("single", "restart", "latest")
CLAIMED = "claimed"
DOCUMENTS = 6
"""So many documents arrive, each several times, and are to be filed and mailed once."""


def opener(path: Path) -> Callable[[str], object]:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    return lambda line: os.write(descriptor, f"{line}\n".encode())


class Contender:
    def __init__(self, folder: Path) -> None:
        self.effect = opener(folder / "effects")
        self.acknowledge = opener(folder / "acknowledged")
        self.clock = SystemClock()
        self.engine = open_engine(
            folder / "journal.db",
            failpoints=Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT")),
            capacity=16,
        )

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        kind, document = context.event.key.split("/")[:2]
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")
        if kind == CLAIMED:
            return RunOutcome(state="succeeded")
        if kind in MODES:
            # Long enough for others to come meanwhile.
            await context.sleep_until("do.0", context.started + timedelta(seconds=0.03))
            return RunOutcome(state="succeeded")

        def act(name: str) -> Any:
            async def call(attempt: Attempt) -> Any:
                self.effect(f"{name} {document} {attempt.idempotency_key}")
                await asyncio.sleep(0.002)
                return {"by": context.run_id}

            return call

        file = StepSpec(
            action="test.file", effect="local", idempotent="yes", once=f"file/{document}"
        )
        mail = StepSpec(action="test.mail", once=f"mail/{document}")
        await context.step("do.0", file, act("file"))
        await context.step("do.1", mail, act("mail"))
        return RunOutcome(state="succeeded")

    async def send(self, number: int) -> None:
        kinds = [*MODES, CLAIMED, "once"]
        kind, document = kinds[number % len(kinds)], number % DOCUMENTS
        mode: Mode = kind if kind in MODES else "parallel"  # type: ignore[assignment]
        now = self.clock.now()
        event = Event(
            id=new_event_id(now),
            source="orders/hook",
            time=now,
            data={},
            key=f"{kind}/{document}/{os.getpid()}-{number}",
        )
        verdict = Verdict(
            recipe="orders",
            outcome="matched",
            definition=self.digest,
            admission=Admission(mode=mode, key=kind),
        )
        claim = Claim(scope="all", key=str(document)) if kind == CLAIMED else None
        answer = await self.engine.accept(event, (verdict,), claim=claim)
        assert isinstance(answer, Accepted)
        self.acknowledge(answer.event_id)

    async def work(self, events: int) -> None:
        self.digest = await self.engine.put_definition("orders", DEFINITION)
        await self.engine.open(self.execute)
        for first in range(0, events, 12):
            await asyncio.gather(*map(self.send, range(first, min(first + 12, events))))
            await asyncio.sleep(0.02)
        busy = ("waiting", "running", "queued")
        while any(map((await self.engine.stats()).get, busy)):
            await asyncio.sleep(0.005)
        await self.engine.close(5.0)


if __name__ == "__main__":
    asyncio.run(Contender(Path(sys.argv[1])).work(int(sys.argv[2])))

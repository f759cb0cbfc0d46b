"""A program that works with a journal until a failpoint kills it.

    python victim.py FOLDER EVENTS

It notes acknowledgements and effects in files of FOLDER, as an outside world would see them.
Each run makes a call that may be repeated, one that may not, a short wait, and a retry.
Some wait for an answer, some are cancelled while they do, some call another recipe; at the end
a few are done again.
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
from rouage.durable.port import (
    Accepted,
    Attempt,
    RunContext,
    RunFilter,
    RunOutcome,
    StepSpec,
    WaitSpec,
)
from rouage.durable.sqlite import open_engine
from rouage.errors import RetryableError
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id

DEFINITION = b'{"id":"orders"}'
LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
CALLED = "orders/called"
NONE = StepSpec(action="test.word", effect="none")
ASK = WaitSpec(kind="approval", name="do.2", action="approve", question={"need": 1})
UNWANTED = WaitSpec(kind="approval", name="do.2", action="approve", question={"need": 9})
SHAKY = StepSpec(
    action="test.shaky", effect="local", idempotent="yes", pause=lambda n, *_: 0.01 if n < 2 else 0
)


def opener(path: Path) -> Callable[[str], object]:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    return lambda line: os.write(descriptor, f"{line}\n".encode())


class Victim:
    def __init__(self, folder: Path) -> None:
        self.effect = opener(folder / "effects")
        self.acknowledge = opener(folder / "acknowledged")
        self.clock = SystemClock()
        self.engine = open_engine(
            folder / "journal.db",
            failpoints=Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT")),
            capacity=8,
        )

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        def act(name: str, result: Any, *, fails_first: bool = False) -> Any:
            async def call(attempt: Attempt) -> Any:
                if fails_first and attempt.number == 1:
                    raise RetryableError("busy")
                self.effect(f"{name} {context.run_id} {attempt.idempotency_key}")
                return result

            return call

        if context.cancelled is not None:
            await context.step("finally.0", LOCAL, act("last", os.getpid()))
            return RunOutcome(state="cancelled")
        await context.step("do.0", LOCAL, act("local", os.getpid()))
        if context.event.source != CALLED:
            # A called run has no doubt, for which its caller would have to wait.
            await context.step("do.1", MAIL, act("mail", {"pid": os.getpid()}))
        await self.wait(context)
        await context.step("do.3", SHAKY, act("shaky", None, fails_first=True))
        return RunOutcome(state="succeeded", outputs={"pid": os.getpid()})

    async def wait(self, context: RunContext) -> None:
        kind = context.event.key[-1]
        if kind == "0":
            await context.sleep_until("do.2", context.started + timedelta(seconds=0.02))
        elif kind == "3":
            event = self.event(f"{context.run_id} called", source=CALLED)
            verdict = Verdict(
                recipe="orders",
                outcome="matched",
                definition=self.digest,
                admission=Admission(mode="parallel", key="called"),
            )
            outcome = await context.call("do.2", event, verdict, background=False)
            assert outcome["state"] == "succeeded"
        elif kind in {"6", "8"}:
            spec = ASK if kind == "6" else UNWANTED
            answers = await context.wait_signal("do.2", spec, deadline=None)

            async def tell(_: Attempt) -> Any:
                return [answer.payload for answer in answers]

            assert await context.step("do.2", NONE, tell) == [{"run": context.run_id}]

    async def answer(self) -> None:
        """Answer whatever waits for one, as often as it takes."""
        for wait in await self.engine.list_waits(kinds=frozenset({"approval"})):
            if wait.question == UNWANTED.question:
                await self.engine.cancel(wait.run, "enough")
                continue
            for _ in range(2):
                await self.engine.signal(
                    wait.run, wait.path, {"run": wait.run}, signal_id="one", author="zoe"
                )

    def event(self, key: str, source: str = "orders/hook") -> Event:
        now = self.clock.now()
        return Event(id=new_event_id(now), source=source, time=now, data={}, key=key)

    async def send(self, number: int) -> None:
        verdict = Verdict(
            recipe="orders",
            outcome="matched",
            definition=self.digest,
            admission=Admission(mode="parallel" if number % 3 else "queued", key=str(number % 5)),
        )
        key = f"{os.getpid()}-{number}"
        event = self.event(key)
        late = number % 4 == 1
        answer = await self.engine.accept(event, None if late else (verdict,))
        assert isinstance(answer, Accepted)
        self.acknowledge(answer.event_id)
        if late:
            await self.engine.record_matches(event.id, (verdict,))

    async def work(self, events: int) -> None:
        self.digest = await self.engine.put_definition("orders", DEFINITION)
        await self.engine.open(self.execute)
        for event in await self.engine.unmatched():
            verdict = Verdict(recipe="orders", outcome="matched", definition=self.digest)
            await self.engine.record_matches(event.id, (verdict,))
        async with asyncio.TaskGroup() as group:
            for number in range(events):
                group.create_task(self.send(number))
        await self.settle()
        chosen = RunFilter(states=frozenset({"succeeded"}))
        for run in (await self.engine.list_runs(chosen, limit=6 if events else 0)).runs:
            assert await self.engine.replay(run.id, keep=["do.0"], definition=None, author="zoe")
        await self.settle()
        await self.engine.close(5.0)

    async def settle(self) -> None:
        busy = ("waiting", "running", "queued")
        while any(map((await self.engine.stats()).get, busy)):
            await self.answer()
            await asyncio.sleep(0.005)


async def main() -> None:
    victim = Victim(Path(sys.argv[1]))
    await victim.work(int(sys.argv[2]))


if __name__ == "__main__":
    asyncio.run(main())

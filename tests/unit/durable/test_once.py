"""Steps that are done once, whichever run does them (`once`, R5), on both engines."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec
from rouage.errors import OutcomeUnknown, RetryableError, StepError
from rouage.model.run import FINAL_STATES

Act = Callable[[str, Attempt], Any]


def invoice(**options: Any) -> StepSpec:
    defaults: dict[str, Any] = {"effect": "local", "idempotent": "yes"}
    return StepSpec(action="table.append", once="ACME/31", **{**defaults, **options})


MAIL: dict[str, Any] = {"effect": "irreversible", "idempotent": "no"}


class Desk:
    """Runs of one step with the same key; what the world saw."""

    def __init__(self, act: Act | None = None, **options: Any) -> None:
        self.seen: list[str] = []
        self.keys: list[str] = []
        self.results: dict[str, Any] = {}
        self.options = options
        self.act = act

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        key = context.event.key
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")

        async def call(attempt: Attempt) -> Any:
            self.seen.append(key)
            self.keys.append(attempt.idempotency_key)
            result = None if self.act is None else self.act(key, attempt)
            if asyncio.iscoroutine(result):
                result = await result
            return {"row": key} if result is None else result

        try:
            self.results[key] = await context.step("do.0", invoice(**self.options), call)
        except StepFailed as failed:
            return RunOutcome(state="failed", error=failed.error)
        return RunOutcome(state="succeeded")


async def send(harness: Any, engine: Any, *keys: str) -> list[str]:
    answers = await asyncio.gather(*[harness.send(engine, key, mode="parallel") for key in keys])
    return [answer.runs[0] for answer in answers]


async def state_of(engine: Any, run: str) -> str:
    return (await engine.get_run(run)).state  # type: ignore[no-any-return]


@pytest.mark.parametrize("options", [{}, MAIL], ids=["may repeat", "may not"])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_later_run_takes_over_the_result(
    harness: Any, options: dict[str, Any], restarts: bool
) -> None:
    desk = Desk(**options)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    if restarts:
        engine = await harness.restart(desk.execute)
    (second,) = await send(harness, engine, "b")
    await engine.wait_idle()
    assert desk.seen == ["a"]
    assert desk.results == {"a": {"row": "a"}, "b": {"row": "a"}}
    (step,) = (await engine.get_run(second)).steps
    assert (step.state, step.result, step.attempts) == ("done", {"row": "a"}, 0)
    assert step.resolution["author"] == first
    assert (step.resolution["choice"], step.resolution["key"]) == ("once", "ACME/31")
    found = await engine.find_claim("step", "ACME/31")
    assert (found.run, found.path, found.state) == (first, "do.0", "done")
    assert found.result == {"row": "a"}


@pytest.mark.parametrize("options", [{}, MAIL], ids=["may repeat", "may not"])
async def test_of_many_at_once_one_acts_and_all_have_its_result(
    harness: Any, options: dict[str, Any]
) -> None:
    async def slowly(key: str, attempt: Attempt) -> Any:
        for _ in range(5):
            await asyncio.sleep(0)

    desk = Desk(slowly, **options)
    engine = await harness.open(desk.execute)
    runs = await send(harness, engine, *map(str, range(60)))
    async with asyncio.timeout(10):
        while len(desk.results) < 60:
            await asyncio.sleep(0.001)
    await engine.wait_idle()
    assert len(desk.seen) == 1
    assert set(map(str, desk.results.values())) == {str({"row": desk.seen[0]})}
    for run in runs:
        assert await state_of(engine, run) == "succeeded"


async def test_nobody_misses_a_result_that_is_recorded_while_he_looks(harness: Any) -> None:
    """Many keys, so that some are looked up on disk in the very turn in which they are done."""
    done: list[str] = []
    chance = random.Random(5)  # noqa: S311 - a test wants the same numbers again

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        name = context.event.key.split("/")[0]

        async def pause() -> None:
            for _ in range(chance.randrange(150)):
                await asyncio.sleep(0)

        async def call(attempt: Attempt) -> Any:
            await pause()
            done.append(name)

        await pause()
        spec = StepSpec(action="table.append", effect="local", idempotent="yes", once=name)
        await context.step("do.0", spec, call)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    keys = [f"{number}/{copy}" for number in range(100) for copy in "abc"]
    chance.shuffle(keys)
    runs = await send(harness, engine, *keys)
    # Nobody has to look again after a while: the clock stands still.
    async with asyncio.timeout(10):
        while (await engine.stats()).get("succeeded") != len(runs):
            await asyncio.sleep(0.005)
    assert sorted(done) == sorted({key.split("/")[0] for key in keys})


async def test_the_target_is_told_the_same_key_by_every_run(harness: Any) -> None:
    def fail(key: str, attempt: Attempt) -> Any:
        if key == "a":
            raise StepError("no")

    desk = Desk(fail)
    engine = await harness.open(desk.execute)
    for key in ("a", "b"):
        await send(harness, engine, key)
        await engine.wait_idle()
    assert len(desk.keys) == 2
    assert len(set(desk.keys)) == 1


async def test_a_large_result_is_taken_over_whole(harness: Any) -> None:
    desk = Desk(lambda key, attempt: "é" * 100_000)
    engine = await harness.open(desk.execute)
    await send(harness, engine, "a")
    await engine.wait_idle()
    await send(harness, engine, "b")
    await engine.wait_idle()
    assert desk.results["b"] == "é" * 100_000


async def test_a_step_that_failed_gives_the_key_back(harness: Any) -> None:
    def fail(key: str, attempt: Attempt) -> Any:
        if key == "a":
            raise StepError("no")

    desk = Desk(fail)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    assert await state_of(engine, first) == "failed"
    assert await engine.find_claim("step", "ACME/31") is None
    await send(harness, engine, "b")
    await engine.wait_idle()
    assert desk.results == {"b": {"row": "b"}}


async def test_who_waits_for_a_step_that_fails_acts_itself(harness: Any, eventually: Any) -> None:
    gate = asyncio.Event()

    async def act(key: str, attempt: Attempt) -> Any:
        if len(desk.seen) == 1:
            await gate.wait()
            raise StepError("no")

    desk = Desk(act)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await eventually(lambda: desk.seen)
    second, third = await send(harness, engine, "b", "c")

    async def both_wait() -> bool:
        return {await state_of(engine, run) for run in (second, third)} == {"waiting"}

    await eventually(both_wait)
    (wait,) = await engine.list_waits(run_id=second)
    assert wait.question == {"once": "ACME/31", "run": first}
    gate.set()
    await eventually(lambda: len(desk.results) == 2)
    await engine.wait_idle()
    assert len(desk.seen) == 2
    assert desk.results["b"] == desk.results["c"] == {"row": desk.seen[1]}


async def test_who_waits_is_told_while_the_other_pauses_between_attempts(
    harness: Any, eventually: Any
) -> None:
    def act(key: str, attempt: Attempt) -> Any:
        if attempt.number == 1:
            raise RetryableError("busy")

    desk = Desk(act, pause=lambda *_: 3600.0)
    engine = await harness.open(desk.execute)
    await send(harness, engine, "a")
    await engine.wait_idle()
    await send(harness, engine, "b")
    await engine.wait_idle()
    assert desk.results == {}
    harness.clock.advance(3600)
    await eventually(lambda: len(desk.results) == 2)
    await engine.wait_idle()
    assert desk.seen == ["a", "a"]


async def test_a_step_waits_for_an_open_run_across_a_restart(harness: Any, eventually: Any) -> None:
    def act(key: str, attempt: Attempt) -> Any:
        if attempt.number == 1:
            raise RetryableError("busy")

    desk = Desk(act, pause=lambda *_: 100.0)
    engine = await harness.open(desk.execute)
    await send(harness, engine, "a")
    await engine.wait_idle()
    await send(harness, engine, "b")
    await engine.wait_idle()
    engine = await harness.restart(desk.execute)
    harness.clock.advance(100)
    # Told at once, not when it would look again by itself.
    await eventually(lambda: len(desk.results) == 2)
    await engine.wait_idle()
    assert desk.seen == ["a", "a"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_doubt_about_the_first_run_stops_the_second(
    harness: Any, eventually: Any, restarts: bool
) -> None:
    def act(key: str, attempt: Attempt) -> Any:
        if key == "a":
            raise OutcomeUnknown("cut off")

    desk = Desk(act, **MAIL)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    if restarts:
        engine = await harness.restart(desk.execute)
    (second,) = await send(harness, engine, "b")
    await engine.wait_idle()
    run = await engine.get_run(second)
    assert (run.state, run.reason["step"]) == ("needs_attention", "do.0")
    assert first in run.reason["message"]["en"]
    assert desk.seen == ["a"]
    # Looking again changes nothing as long as the first is not settled.
    await engine.resolve(second, "retry", author="zoé")
    await engine.wait_idle()
    assert await state_of(engine, second) == "needs_attention"
    await engine.resolve(first, "done", author="zoé", result={"row": "by hand"})
    await engine.wait_idle()
    await engine.resolve(second, "retry", author="zoé")
    await engine.wait_idle()
    assert desk.results == {"a": {"row": "by hand"}, "b": {"row": "by hand"}}
    assert desk.seen == ["a"]
    assert (await engine.find_claim("step", "ACME/31")).state == "done"


async def test_a_doubt_reaches_those_who_wait(harness: Any, eventually: Any) -> None:
    gate = asyncio.Event()

    async def act(key: str, attempt: Attempt) -> Any:
        await gate.wait()
        raise OutcomeUnknown("cut off")

    desk = Desk(act, **MAIL)
    engine = await harness.open(desk.execute)
    await send(harness, engine, "a")
    await eventually(lambda: desk.seen)
    (second,) = await send(harness, engine, "b")

    async def is_in(state: str) -> bool:
        return await state_of(engine, second) == state

    await eventually(lambda: is_in("waiting"))
    gate.set()
    await eventually(lambda: is_in("needs_attention"))
    assert desk.seen == ["a"]


async def test_a_doubt_that_was_dropped_is_asked_about_once_more(harness: Any) -> None:
    def act(key: str, attempt: Attempt) -> Any:
        if key == "a":
            raise OutcomeUnknown("cut off")

    desk = Desk(act, **MAIL)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    assert await engine.cancel(first, "enough") == "cancelled"
    (second,) = await send(harness, engine, "b")
    await engine.wait_idle()
    assert await state_of(engine, second) == "needs_attention"
    assert desk.seen == ["a"]
    await engine.resolve(second, "retry", author="zoé")
    await engine.wait_idle()
    assert desk.results == {"b": {"row": "b"}}


async def test_a_cancelled_run_that_did_not_act_leaves_the_key_to_others(harness: Any) -> None:
    def act(key: str, attempt: Attempt) -> Any:
        if key == "a":
            raise RetryableError("busy")

    desk = Desk(act, **MAIL, pause=lambda *_: 3600.0)
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    assert await engine.cancel(first, "enough") == "cancelled"
    await send(harness, engine, "b")
    await engine.wait_idle()
    assert desk.results == {"b": {"row": "b"}}


async def test_two_branches_of_one_run_act_once(harness: Any) -> None:
    calls: list[str] = []
    results: dict[str, Any] = {}

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def branch(path: str) -> None:
            async def call(attempt: Attempt) -> Any:
                calls.append(path)
                await asyncio.sleep(0)
                return {"by": "one of them"}

            results[path] = await context.step(path, invoice(), call)

        found = await asyncio.gather(branch("do.0"), branch("do.1"), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    (run,) = await send(harness, engine, "a")
    async with asyncio.timeout(5):
        while await state_of(engine, run) not in FINAL_STATES:
            await asyncio.sleep(0.002)
    await engine.wait_idle()
    assert len(calls) == 1
    assert results["do.0"] == results["do.1"] == {"by": "one of them"}


async def test_a_replay_takes_over_what_the_first_run_did(harness: Any) -> None:
    desk = Desk()
    engine = await harness.open(desk.execute)
    (first,) = await send(harness, engine, "a")
    await engine.wait_idle()
    again = await engine.replay(first, keep=[], definition=None, author="zoé")
    await engine.wait_idle()
    assert await state_of(engine, again) == "succeeded"
    assert desk.seen == ["a"]


async def test_a_row_that_cannot_be_written_takes_no_key_with_it(sqlite_harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def call(attempt: Attempt) -> Any:
            return None

        name = context.event.key
        action = "bad\udce9" if name == "bad" else "good"
        spec = StepSpec(action=action, effect="local", idempotent="yes", once=name)
        await context.step("do.0", spec, call)
        return RunOutcome(state="succeeded")

    engine = await sqlite_harness.open(execute)
    runs = await send(sqlite_harness, engine, "a", "bad", "c")
    await engine.wait_idle()
    for run, name in zip(runs, ("a", "bad", "c"), strict=True):
        found = await engine.find_claim("step", name)
        if name != "bad":
            assert await state_of(engine, run) == "succeeded"
            assert (found.state, found.run) == ("done", run)
        else:
            # Its result is not on record, so nobody may take it over.
            assert found is None or found.state == "started"

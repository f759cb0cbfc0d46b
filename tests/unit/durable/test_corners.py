"""Rare paths of the engine: each of them once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import apsw
import pytest

from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.memory import MemoryJournal
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec
from rouage.durable.values import from_column, store, to_column
from rouage.errors import JournalError

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
DONE = RunOutcome(state="succeeded")


async def state_of(engine: Any, run: str) -> str:
    record = await engine.get_run(run)
    return str(record.state)


async def test_a_broken_memory_journal_refuses_and_keeps_what_runs_did(
    memory_harness: Any, eventually: Callable[..., Any]
) -> None:
    harness = memory_harness
    journal = MemoryJournal(harness.rows)
    engine = EmbeddedEngine(journal, clock=harness.clock)
    harness.engines.append(engine)
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def act(attempt: Attempt) -> Any:
            harness.recorder.effects.append("first")
            await gate.wait()
            return 1

        assert await context.step("do.0", LOCAL, act) == 1
        await context.step("do.1", LOCAL, harness.recorder.call("second"))
        return DONE

    await engine.open(execute)
    await engine.put_definition("orders", b'{"id":"orders"}')
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    sending = asyncio.ensure_future(harness.send(engine, "too late"))
    await asyncio.sleep(0)
    journal.break_down()
    gate.set()
    with pytest.raises(JournalError):
        await sending
    with pytest.raises(JournalError):
        await harness.send(engine, "refused")
    assert engine.health().state == "refusing"
    assert harness.recorder.effects == ["first"]
    journal.mend()
    await engine.wait_idle()
    assert harness.recorder.effects == ["first", "second#1"]
    assert await state_of(engine, run) == "succeeded"
    assert (await engine.stats())["events"] == 1


async def test_what_was_recorded_in_this_execution_is_known(harness: Any) -> None:
    seen = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", LOCAL, harness.recorder.call("x", {"v": 1}))
        known = context.recorded("do.0")
        assert known is not None
        seen.append((known.state, known.result, known.attempts, known.action))
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    assert seen == [("done", {"v": 1}, 1, "test.local")]


async def test_an_action_that_cancels_itself_fails_its_run_only(harness: Any) -> None:
    async def strange(attempt: Attempt) -> Any:
        raise asyncio.CancelledError

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", LOCAL, strange)
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "failed"


async def test_a_call_that_was_not_made_before_closing_is_not_in_doubt(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    harness = sqlite_harness
    reached = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def first(attempt: Attempt) -> Any:
            harness.recorder.effects.append("first")
            if len(harness.recorder.effects) == 1:
                other.execute("BEGIN IMMEDIATE")
                reached.set()

        await context.step("do.0", LOCAL, first)
        await context.step("do.1", MAIL, harness.recorder.call("mail"))
        return DONE

    engine = await harness.open(execute)
    other = apsw.Connection(str(harness.path))
    run = (await harness.send(engine)).runs[0]
    await reached.wait()
    await asyncio.sleep(0.02)
    closing = asyncio.ensure_future(engine.close(0.0))
    await asyncio.sleep(0.02)
    other.execute("ROLLBACK")
    other.close()
    assert await closing is False
    engine = await harness.open(execute)
    await engine.wait_idle()
    assert await state_of(engine, run) == "succeeded"
    assert harness.recorder.effects.count("mail#2") + harness.recorder.effects.count("mail#1") == 1


async def test_a_step_that_cannot_be_recorded_fails_its_run_and_no_other(
    sqlite_harness: Any,
) -> None:
    harness = sqlite_harness

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        action = "bad\udce9" if context.event.key == "bad" else "good"
        spec = StepSpec(action=action, effect="local", idempotent="yes")
        await context.step("do.0", spec, harness.recorder.call("x"))
        await context.step("do.1", LOCAL, harness.recorder.call("y"))
        return DONE

    engine = await harness.open(execute)
    answers = await asyncio.gather(
        *[harness.send(engine, key, mode="parallel") for key in ("a", "bad", "c")]
    )
    await engine.wait_idle()
    states = [await state_of(engine, answer.runs[0]) for answer in answers]
    assert states == ["succeeded", "failed", "succeeded"]


async def test_inverses_are_recorded_before_the_call(sqlite_harness: Any) -> None:
    harness = sqlite_harness
    seen: list[Any] = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def look(attempt: Attempt) -> Any:
            connection = apsw.Connection(str(harness.path), flags=apsw.SQLITE_OPEN_READONLY)
            seen.extend(connection.execute("SELECT path, number, inverse FROM effect"))
            connection.close()

        spec = StepSpec(action="a", effect="local", idempotent="yes", inverse={"from": "/a"})
        await context.step("do.0", spec, look)
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    assert seen == [("do.0", 1, '{"from":"/a"}')]


async def test_a_started_step_that_may_be_repeated_counts_its_attempts(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    harness = sqlite_harness
    spec = StepSpec(action="a", effect="local", idempotent="yes", inverse={"from": "/a"})

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def act(attempt: Attempt) -> Any:
            harness.recorder.effects.append(f"{attempt.number}")
            if attempt.number == 1:
                await asyncio.Event().wait()

        await context.step("do.0", spec, act)
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await eventually(lambda: harness.recorder.effects)
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["1", "2"]


async def test_a_definition_that_is_missing_blocks_the_run(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        return DONE

    engine = harness.make()
    await engine.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "blocked"


async def test_a_past_instant_is_not_waited_for(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.sleep_until("do.0", context.started - timedelta(hours=1))
        await context.sleep_until("do.0", context.started - timedelta(hours=1))
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "succeeded"


async def test_the_earliest_of_several_waits_fires_first(
    harness: Any, eventually: Callable[..., Any]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        hours = int(context.event.key)
        await context.sleep_until("do.0", context.started + timedelta(hours=hours))
        harness.recorder.effects.append(context.event.key)
        return DONE

    engine = await harness.open(execute)
    for hours in ("3", "1", "2"):
        await harness.send(engine, hours, mode="parallel")
    await engine.wait_idle()
    for _ in range(3):
        before = len(harness.recorder.effects)
        harness.clock.advance(3601)
        await eventually(lambda before=before: len(harness.recorder.effects) > before)
        await engine.wait_idle()
    assert harness.recorder.effects == ["1", "2", "3"]


async def test_a_clock_that_goes_back_delays_a_wait_but_does_not_lose_it(
    harness: Any, eventually: Callable[..., Any]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(seconds=60))
        harness.recorder.effects.append("after")
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    harness.clock.jump(-3600)
    for _ in range(20):
        harness.clock.advance(6)
        await asyncio.sleep(0.002)
    assert harness.recorder.effects == []
    harness.clock.jump(3600)
    harness.clock.advance(6)
    await eventually(lambda: harness.recorder.effects)
    await engine.wait_idle()


async def test_a_failure_that_was_recorded_twice_is_one_failure(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def broken(attempt: Attempt) -> Any:
            raise RuntimeError

        with pytest.raises(StepFailed):
            await context.step("do.0", LOCAL, broken)
        return RunOutcome(state="skipped")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "skipped"
    assert await engine.close() is True
    assert await engine.close() is True


@pytest.mark.parametrize("text", ["plain", "é", "a\udce9", "\ud800"])
def test_any_text_has_a_column(text: str) -> None:
    assert from_column(to_column(text)) == text


def test_long_values_become_blobs_once() -> None:
    blobs: dict[bytes, bytes] = {}
    short, long = store("x" * 60_000, blobs), store("x" * 70_000, blobs)
    assert isinstance(short, str)
    assert isinstance(long, bytes)
    assert store("x" * 70_000, blobs) == long
    assert list(blobs) == [long]

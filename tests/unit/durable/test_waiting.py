"""Waits for an answer: before, during and after; first wins; deadlines; clear refusals (R9)."""

import asyncio
from datetime import timedelta
from typing import Any

import apsw
import pytest

from rouage.durable.port import (
    AlreadyAnswered,
    Attempt,
    NoSuchRun,
    Recorded,
    RunContext,
    RunOutcome,
    StepSpec,
    WaitSpec,
    WaitTimeout,
)
from rouage.durable.sqlite import waiting
from rouage.errors import StepError

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
NONE = StepSpec(action="approve", effect="none")
ASK = WaitSpec(kind="approval", name="do.0", action="approve", question={"ask": "Send?", "need": 1})


def asking(spec: WaitSpec = ASK, *, hours: float | None = None, need: int = 1) -> Any:
    """Return an interpreter of one approval at do.0, whose answers are the outputs."""

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        deadline = None if hours is None else context.started + timedelta(hours=hours)
        try:
            answers = await context.wait_signal("do.0", spec, deadline=deadline, after=need - 1)
        except WaitTimeout:
            outcome: Any = "too late"
        else:
            outcome = [[answer.author, answer.payload] for answer in answers]

        async def tell(_: Attempt) -> Any:
            return outcome

        return RunOutcome(state="succeeded", outputs=await context.step("do.0", NONE, tell))

    return execute


async def is_in(engine: Any, run: str, state: str) -> bool:
    return (await engine.get_run(run)).state == state


async def test_an_answer_wakes_the_run_that_waits_for_it(harness: Any) -> None:
    engine = await harness.open(asking())
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await is_in(engine, run, "waiting")
    answer = await engine.signal(run, "do.0", {"choice": "approve"}, signal_id="1", author="zoé")
    assert answer == Recorded()
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, record.outputs) == ("succeeded", [["zoé", {"choice": "approve"}]])
    assert await engine.list_waits() == ()
    (signal,) = await engine.list_signals(run)
    assert (signal.name, signal.id, signal.author) == ("do.0", "1", "zoé")


async def test_what_a_run_waits_for_can_be_listed(harness: Any) -> None:
    engine = await harness.open(asking(hours=2))
    first = (await harness.send(engine, "a", mode="parallel")).runs[0]
    harness.clock.advance(60)
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await engine.wait_idle()
    waits = await engine.list_waits()
    assert [wait.run for wait in waits] == [first, second]
    assert (waits[0].recipe, waits[0].path, waits[0].kind) == ("orders", "do.0", "approval")
    assert waits[0].question == {"ask": "Send?", "need": 1}
    assert waits[1].created == harness.clock.now()
    assert waits[1].deadline == harness.clock.now() + timedelta(hours=2)
    assert await engine.list_waits(run_id=second[:8]) == waits[1:]
    assert await engine.list_waits(name="do.0", limit=1) == waits[:1]
    assert await engine.list_waits(name="do.1") == ()
    assert await engine.list_waits(kinds=frozenset({"event", "timer"})) == ()
    (step,) = (await engine.get_run(first)).steps
    assert (step.path, step.state, step.action) == ("do.0", "waiting", "approve")


@pytest.mark.parametrize("moment", ["queued", "running", "restarted"])
async def test_an_answer_that_comes_before_the_wait_is_kept(
    harness: Any, eventually: Any, moment: str
) -> None:
    gate = asyncio.Event()
    ask = asking()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        harness.recorder.effects.append(context.event.key)
        await context.step("before", LOCAL, lambda _: gate.wait())
        return await ask(context, definition)

    engine = await harness.open(execute)
    first = (await harness.send(engine, "first")).runs[0]
    second = (await harness.send(engine, "second")).runs[0]
    run = first if moment == "running" else second
    await eventually(lambda: harness.recorder.effects)
    assert await engine.signal(run, "do.0", 1, signal_id="1", author="zoé") == Recorded()
    if moment == "restarted":
        gate.set()
        engine = await harness.restart(execute)
    gate.set()
    await eventually(lambda: is_in(engine, first, "waiting" if run != first else "succeeded"))
    if run != first:
        await engine.signal(first, "do.0", 2, signal_id="1", author="zoé")
    await eventually(lambda: is_in(engine, run, "succeeded"))
    assert (await engine.get_run(run)).outputs == [["zoé", 1]]
    await engine.cancel(second, "done")


async def test_the_first_answer_wins_and_the_same_one_counts_once(harness: Any) -> None:
    gate = asyncio.Event()
    ask = asking(need=1)

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        outcome: RunOutcome = await ask(context, definition)
        await context.step("do.1", LOCAL, lambda _: gate.wait())
        return outcome

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    answers = await asyncio.gather(
        *[
            engine.signal(run, "do.0", f"from {author}", signal_id=author, author=author)
            for author in ("zoé", "max", "zoé", "max")
        ]
    )
    (winner,) = await engine.list_signals(run)
    for author, answer in zip(("zoé", "max") * 2, answers, strict=True):
        if author == winner.author:
            assert answer == Recorded()
        else:
            assert answer == AlreadyAnswered(answer=winner)
    late = await engine.signal(run, "do.0", "no", signal_id="3", author="eve")
    assert late == AlreadyAnswered(answer=winner)
    gate.set()
    await engine.wait_idle()
    assert (await engine.get_run(run)).outputs == [[winner.author, winner.payload]]


async def test_an_answer_to_a_run_that_is_over_is_refused(harness: Any) -> None:
    engine = await harness.open(asking())
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await engine.signal(run, "do.0", 1, signal_id="1", author="zoé") == Recorded()
    await engine.wait_idle()
    over = await engine.signal(run, "do.0", 1, signal_id="2", author="zoé")
    assert over == NoSuchRun(state="succeeded")
    assert await engine.signal(run, "do.0", 1, signal_id="1", author="zoé") == Recorded()
    assert await engine.signal("nowhere", "x", 1, signal_id="1", author="z") == NoSuchRun()
    assert len(await engine.list_signals(run)) == 1
    assert await engine.list_signals("nowhere") == ()


async def test_several_people_can_be_needed(harness: Any) -> None:
    spec = WaitSpec(kind="approval", name="do.0", action="approve", question={"need": 2})
    engine = await harness.open(asking(spec, need=2))
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    created = (await engine.list_waits())[0].created
    harness.clock.advance(5)
    assert await engine.signal(run, "do.0", 1, signal_id="1", author="zoé") == Recorded()
    await engine.wait_idle()
    assert await is_in(engine, run, "waiting")
    again = await engine.signal(run, "do.0", 2, signal_id="2", author="zoé")
    assert isinstance(again, AlreadyAnswered)
    assert (await engine.list_waits())[0].created == created
    assert await engine.signal(run, "do.0", 3, signal_id="3", author="max") == Recorded()
    await engine.wait_idle()
    assert (await engine.get_run(run)).outputs == [["zoé", 1], ["max", 3]]


async def test_a_deadline_ends_a_wait_and_later_answers_are_told_so(
    harness: Any, eventually: Any
) -> None:
    gate = asyncio.Event()
    ask = asking(hours=1)

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        outcome: RunOutcome = await ask(context, definition)
        await context.step("do.1", LOCAL, lambda _: gate.wait())
        return outcome

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    harness.clock.advance(3599)
    await asyncio.sleep(0.01)
    assert await is_in(engine, run, "waiting")
    harness.clock.advance(6)
    await eventually(lambda: is_in(engine, run, "running"))
    late = await engine.signal(run, "do.0", 1, signal_id="1", author="zoé")
    assert isinstance(late, AlreadyAnswered)
    assert late.answer.author == "rouage"
    gate.set()
    await engine.wait_idle()
    assert (await engine.get_run(run)).outputs == "too late"


async def test_an_answer_after_the_deadline_is_late_even_if_nobody_looked(harness: Any) -> None:
    engine = await harness.open(asking(hours=1))
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    # The wall clock alone: no timer has had a chance to fire.
    harness.clock.jump(3700)
    late = await engine.signal(run, "do.0", 1, signal_id="1", author="zoé")
    assert isinstance(late, AlreadyAnswered)
    assert await engine.list_signals(run) == ()


async def test_a_reminder_does_not_close_the_approval(harness: Any) -> None:
    closes = (harness.clock.now() + timedelta(days=3)).isoformat()
    spec = WaitSpec(
        kind="approval", name="do.0", action="approve", question={"need": 1, "timeout_at": closes}
    )
    engine = await harness.open(asking(spec, hours=1))
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    harness.clock.jump(3700)
    assert await engine.signal(run, "do.0", 1, signal_id="1", author="zoé") == Recorded()
    await engine.wait_idle()
    assert (await engine.get_run(run)).outputs == [["zoé", 1]]


def _cycle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize("payload", [{"x": float("nan")}, b"bytes", object(), _cycle()])
async def test_an_answer_that_is_not_json_is_refused_and_harms_nobody(
    harness: Any, payload: Any
) -> None:
    engine = await harness.open(asking())
    bad = (await harness.send(engine, "bad", mode="parallel")).runs[0]
    good = (await harness.send(engine, "good", mode="parallel")).runs[0]
    await engine.wait_idle()
    results = await asyncio.gather(
        engine.signal(bad, "do.0", payload, signal_id="1", author="zoé"),
        engine.signal(good, "do.0", "yes", signal_id="1", author="zoé"),
        return_exceptions=True,
    )
    assert isinstance(results[0], StepError)
    assert "cannot be recorded" in str(results[0])
    assert results[1] == Recorded()
    await engine.wait_idle()
    assert await is_in(engine, bad, "waiting")
    assert await is_in(engine, good, "succeeded")


async def test_an_answer_that_is_too_large_is_refused(harness: Any) -> None:
    engine = await harness.open(asking())
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    with pytest.raises(StepError, match="larger than"):
        await engine.signal(run, "do.0", "x" * 17_000_000, signal_id="1", author="zoé")
    assert await engine.list_signals(run) == ()


async def test_odd_names_and_large_questions_are_no_trouble(harness: Any) -> None:
    name = "wait:\udce9"
    spec = WaitSpec(kind="approval", name=name, action="wait", question={"text": "é" * 90_000})
    engine = await harness.open(asking(spec))
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    (wait,) = await engine.list_waits(name=name)
    assert wait.question == {"text": "é" * 90_000}
    big = "x" * 100_000
    assert await engine.signal(run, name, big, signal_id="\ud800", author="\udcff") == Recorded()
    again = await engine.signal(run, name, None, signal_id="2", author="zoé")
    assert isinstance(again, AlreadyAnswered | NoSuchRun)
    await engine.wait_idle()
    assert (await engine.get_run(run)).outputs == [["\udcff", big]]


async def test_a_stray_answer_costs_one_look_and_changes_nothing(
    harness: Any, eventually: Any
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        harness.recorder.effects.append("look")
        await context.sleep_until("do.0", context.started + timedelta(hours=1))
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await engine.signal(run, "stray", 1, signal_id="1", author="zoé") == Recorded()
    await engine.wait_idle()
    assert harness.recorder.effects == ["look", "look"]
    assert await is_in(engine, run, "waiting")
    harness.clock.advance(3601)
    await eventually(lambda: is_in(engine, run, "succeeded"))


async def test_waits_without_a_deadline_survive_a_restart_asleep(
    harness: Any, eventually: Any
) -> None:
    ask = asking()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        harness.recorder.effects.append("look")
        return await ask(context, definition)

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["look"]
    await engine.signal(run, "do.0", 1, signal_id="1", author="zoé")
    await eventually(lambda: is_in(engine, run, "succeeded"))


async def test_a_time_limit_wakes_a_run_that_waits_for_something_else(
    harness: Any, eventually: Any
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        limit = context.started + timedelta(minutes=5)
        if harness.clock.now() >= limit:
            return RunOutcome(state="failed", error={"kind": "RunTimeout"})
        context.wake_by("do", limit + timedelta(minutes=1))
        context.wake_by("do", limit)
        await context.wait_signal("do.0", ASK, deadline=None)
        raise AssertionError

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    waits = await engine.list_waits()
    assert {(wait.path, wait.kind) for wait in waits} == {("do.0", "approval"), ("do", "limit")}
    engine = await harness.restart(execute)
    harness.clock.advance(306)
    await eventually(lambda: is_in(engine, run, "failed"))
    assert await engine.list_waits() == ()


@pytest.mark.parametrize("chosen", [{"name": "do.0"}, {"run_id": "abcd"}])
async def test_lists_of_waits_use_an_index(sqlite_harness: Any, chosen: dict[str, Any]) -> None:
    engine = await sqlite_harness.open(asking())
    connection = apsw.Connection(str(sqlite_harness.path))
    seen: list[str] = []
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: seen.append(event["sql"]))
    waiting.list_waits(connection, None, chosen.get("run_id"), chosen.get("name"), 10)
    connection.trace_v2(0, None)
    names = [value for value in (chosen.get("name"),) if value]
    runs = [chosen["run_id"], chosen["run_id"] + "\x7f"] if "run_id" in chosen else []
    plan = [
        row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + seen[0], [*runs, *names, 10])
    ]
    connection.close()
    assert any("waiter_by_name" in line or "SEARCH waiter" in line for line in plan), plan
    assert not any(line.startswith("SCAN") for line in plan), plan
    assert await engine.list_waits() == ()

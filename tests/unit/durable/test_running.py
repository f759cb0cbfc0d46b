"""Steps, retries, waits, doubts: what one run may count on (R4-R8, R15)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.port import (
    Attempt,
    BlockedRun,
    RunContext,
    RunOutcome,
    StepFailed,
    StepSpec,
)
from rouage.errors import RetryableError, StepError, StepTimeout
from rouage.language import Text

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
DONE = RunOutcome(state="succeeded")


async def state_of(engine: Any, run: str) -> str:
    record = await engine.get_run(run)
    return str(record.state)


async def test_a_recorded_success_is_never_executed_again(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        first = await context.step("do.0", LOCAL, harness.recorder.call("first", {"v": 1}))
        assert first == {"v": 1}
        second = await context.step("do.1", MAIL, harness.recorder.call("mail"))
        assert second == {"name": "mail"}
        await context.step("do.2", LOCAL, block)
        return DONE

    async def block(attempt: Attempt) -> Any:
        harness.recorder.effects.append("block")
        if harness.recorder.effects.count("block") == 1:
            await asyncio.Event().wait()

    engine = await harness.open(execute)
    answer = await harness.send(engine)
    await eventually(lambda: "block" in harness.recorder.effects)
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["first#1", "mail#1", "block", "block"]
    assert await state_of(engine, answer.runs[0]) == "succeeded"


async def test_a_recorded_failure_is_raised_again_without_a_call(
    harness: Any, eventually: Any
) -> None:
    async def fail(attempt: Attempt) -> Any:
        harness.recorder.effects.append("fail")
        raise StepError(Text("no such file", "fichier absent"))

    errors = []

    async def block(attempt: Attempt) -> Any:
        harness.recorder.effects.append("block")
        if harness.recorder.effects.count("block") == 1:
            await asyncio.Event().wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        try:
            await context.step("do.0", LOCAL, fail)
        except StepFailed as failure:
            errors.append(failure.error)
        await context.step("do.1", LOCAL, block)
        return RunOutcome(state="failed", error=errors[-1])

    engine = await harness.open(execute)
    answer = await harness.send(engine)
    await eventually(lambda: "block" in harness.recorder.effects)
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["fail", "block", "block"]
    assert errors[0] == errors[1]
    run = await engine.get_run(answer.runs[0])
    assert run.state == "failed"
    assert run.error["message"]["fr"] == "fichier absent"
    assert run.steps[0].state == "failed"


async def test_the_result_passes_through_json_even_the_first_time(harness: Any) -> None:
    results = []

    async def give(attempt: Attempt) -> Any:
        return {1: (1, 2), "text": "é", "none": None}

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        results.append(await context.step("do.0", LOCAL, give))
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    assert results == [{"1": [1, 2], "text": "é", "none": None}]


@pytest.mark.parametrize("value", [{"x": float("nan")}, object(), b"bytes"])
async def test_what_is_not_json_is_a_failure_of_the_step(harness: Any, value: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        with pytest.raises(StepFailed):
            await context.step("do.0", LOCAL, harness.recorder.call("x", value))
        return DONE

    engine = await harness.open(execute)
    answer = await harness.send(engine)
    await engine.wait_idle()
    run = await engine.get_run(answer.runs[0])
    assert run.state == "succeeded"
    assert "cannot be recorded" in run.steps[0].error["message"]["en"]


async def test_large_and_odd_values_come_back_as_they_were(harness: Any) -> None:
    odd: Any = {"large": "é" * 100_000, "lone": "a\udce9", "list": [1, 2.5, True, None]}
    results = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        results.append(await context.step("do.0", LOCAL, harness.recorder.call("x", odd)))
        return RunOutcome(state="succeeded", outputs=odd)

    engine = await harness.open(execute)
    event = harness.event(data=odd)
    answer = await engine.accept(event, [harness.matched()])
    await engine.wait_idle()
    run = await engine.get_run(answer.runs[0])
    assert results[0] == odd
    assert run.steps[0].result == odd
    assert run.outputs == odd
    assert run.event_data == odd


async def test_everything_recorded_so_far_is_on_disk_before_a_call(harness: Any) -> None:
    seen = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def look(attempt: Attempt) -> Any:
            record = await harness.engines[-1].get_run(context.run_id)
            seen.append([step.state for step in record.steps])

        await context.step("do.0", LOCAL, look)
        context.skip("do.1", "test.no", [{"expression": "false", "value": False}])
        await context.step("do.2", LOCAL, look)
        await context.step("do.3", MAIL, look)
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    assert seen == [[], ["done", "skipped"], ["done", "skipped", "done", "started"]]


async def test_a_skip_is_recorded_and_known_again(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        assert context.recorded("do.0") is None
        context.skip("do.0", "test.no", [{"expression": "false", "value": False}])
        known = context.recorded("do.0")
        assert known is not None
        assert known.state == "skipped"
        return DONE

    engine = await harness.open(execute)
    answer = await harness.send(engine)
    await engine.wait_idle()
    (step,) = (await engine.get_run(answer.runs[0])).steps
    assert (step.state, step.conditions[0]["expression"]) == ("skipped", "false")


async def test_a_failed_step_is_tried_again_after_its_pause(harness: Any, eventually: Any) -> None:
    async def shaky(attempt: Attempt) -> Any:
        harness.recorder.effects.append(f"{attempt.number} {attempt.idempotency_key}")
        if attempt.number < 3:
            raise RetryableError(Text("busy", "occupé"))
        return attempt.number

    asked = []

    def pause(attempts: int, error: StepError, elapsed: float) -> float | None:
        asked.append((attempts, elapsed))
        return 30.0

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="test.shaky", effect="outward", idempotent="by key", pause=pause)
        assert await context.step("do.0", spec, shaky) == 3
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert record.state == "waiting"
    assert record.steps[0].next_attempt == harness.clock.now() + timedelta(seconds=30)
    harness.clock.advance(29)
    await asyncio.sleep(0.02)
    assert len(harness.recorder.effects) == 1
    harness.clock.advance(1.5)
    await eventually(lambda: len(harness.recorder.effects) == 2)
    await engine.wait_idle()
    harness.clock.advance(31)
    await eventually(lambda: len(harness.recorder.effects) == 3)
    await engine.wait_idle()
    assert await state_of(engine, run) == "succeeded"
    assert len({line.split()[1] for line in harness.recorder.effects}) == 1
    assert asked == [(1, 0.0), (2, 30.5)]


async def test_a_pause_survives_a_restart_and_fires_late_but_once(
    harness: Any, eventually: Any
) -> None:
    async def shaky(attempt: Attempt) -> Any:
        harness.recorder.effects.append(str(attempt.number))
        if attempt.number == 1:
            raise RetryableError(Text("busy", "occupé"))

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="a", effect="none", pause=lambda *_: 60.0)
        await context.step("do.0", spec, shaky)
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    await engine.close()
    harness.clock.advance(600)
    engine = await harness.open(execute)
    await eventually(lambda: len(harness.recorder.effects) == 2)
    await engine.wait_idle()
    assert await state_of(engine, run) == "succeeded"
    assert harness.recorder.effects == ["1", "2"]


async def test_giving_up_is_recorded_with_the_number_of_attempts(harness: Any) -> None:
    async def fail(attempt: Attempt) -> Any:
        raise RetryableError(Text("busy", "occupé"))

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="a", effect="none", pause=lambda n, *_: 0.0 if n < 4 else None)
        with pytest.raises(StepFailed) as caught:
            await context.step("do.0", spec, fail)
        assert caught.value.attempts == 4
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, record.steps[0].attempts) == ("succeeded", 4)


async def test_an_unexpected_exception_is_a_failure_without_its_words(harness: Any) -> None:
    async def fail(attempt: Attempt) -> Any:
        raise ZeroDivisionError("password=hunter2")

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        with pytest.raises(StepFailed) as caught:
            await context.step("do.0", LOCAL, fail)
        assert "hunter2" not in str(caught.value.error)
        raise LookupError("also unexpected")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "failed"
    assert await state_of(engine, (await harness.send(engine, "next")).runs[0])


async def test_a_timeout_of_a_call_that_may_not_be_repeated_is_a_doubt(harness: Any) -> None:
    async def slow(attempt: Attempt) -> Any:
        harness.recorder.effects.append(f"mail#{attempt.number}")
        if attempt.number == 1:
            raise StepTimeout(Text("too slow", "trop lent"))
        return "sent"

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        assert await context.step("do.0", MAIL, slow) in {"sent", "by hand"}
        return DONE

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a", mode="parallel")).runs[0]
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(first)
    assert record.state == "needs_attention"
    assert record.reason["step"] == "do.0"
    assert record.steps[0].state == "in_doubt"
    assert await engine.resolve(first, "retry", author="zoé") == "queued"
    assert await engine.resolve(second, "done", author="zoé", result="by hand") == "queued"
    await engine.wait_idle()
    assert await state_of(engine, first) == "succeeded"
    assert await state_of(engine, second) == "succeeded"
    assert harness.recorder.effects == ["mail#1", "mail#1", "mail#2"]
    assert await engine.resolve(first, "retry", author="zoé") == "succeeded"
    assert await engine.resolve("nowhere", "retry", author="zoé") is None


async def test_a_doubt_does_not_stop_the_runs_behind_it(harness: Any) -> None:
    async def slow(attempt: Attempt) -> Any:
        raise StepTimeout(Text("too slow", "trop lent"))

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.key == "a":
            await context.step("do.0", MAIL, slow)
        return DONE

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a")).runs[0]
    second = (await harness.send(engine, "b")).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, first) == "needs_attention"
    assert await state_of(engine, second) == "succeeded"


@pytest.mark.parametrize(("spec", "state"), [(LOCAL, "succeeded"), (MAIL, "needs_attention")])
async def test_a_step_cut_by_closing_is_judged_by_its_declaration(
    harness: Any, eventually: Any, spec: StepSpec, state: str
) -> None:
    async def slow(attempt: Attempt) -> Any:
        harness.recorder.effects.append("effect")
        if len(harness.recorder.effects) == 1:
            await asyncio.Event().wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", spec, slow)
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    assert await engine.close(0.0) is False
    engine = await harness.open(execute)
    await engine.wait_idle()
    assert await state_of(engine, run) == state
    assert len(harness.recorder.effects) == (2 if state == "succeeded" else 1)


async def test_closing_lets_a_running_step_end_and_hands_back_the_rest(
    harness: Any, eventually: Any
) -> None:
    gate = asyncio.Event()

    async def slow(attempt: Attempt) -> Any:
        harness.recorder.effects.append("slow")
        await gate.wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", MAIL, slow)
        await context.step("do.1", MAIL, harness.recorder.call("after"))
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    closing = asyncio.ensure_future(engine.close(5.0))
    await asyncio.sleep(0.01)
    gate.set()
    assert await closing is True
    assert harness.recorder.effects == ["slow"]
    engine = await harness.open(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["slow", "after#1"]
    assert await state_of(engine, run) == "succeeded"


async def test_a_wait_ends_at_its_instant_and_never_before(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        began = context.now("do.0")
        await context.sleep_until("do.1", began + timedelta(hours=1))
        await context.step("do.2", LOCAL, harness.recorder.call("after"))
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert await state_of(engine, run) == "waiting"
    harness.clock.advance(1800)
    engine = await harness.restart(execute)
    harness.clock.advance(1799)
    await asyncio.sleep(0.02)
    assert harness.recorder.effects == []
    harness.clock.advance(5)
    await eventually(lambda: harness.recorder.effects)
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert record.state == "succeeded"
    assert [step.state for step in record.steps] == ["done", "done", "done"]


async def test_the_present_is_the_same_after_a_restart(harness: Any, eventually: Any) -> None:
    seen: list[Any] = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        seen.append((context.now("do.0"), context.started))
        await context.sleep_until("do.1", context.started + timedelta(hours=1))
        return DONE

    engine = await harness.open(execute)
    await harness.send(engine)
    await engine.wait_idle()
    harness.clock.advance(3700)
    await eventually(lambda: len(seen) == 2)
    await engine.wait_idle()
    assert seen[0] == seen[1]


async def test_a_missing_connector_blocks_the_run_until_the_next_start(harness: Any) -> None:
    installed = False

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if not installed:
            raise BlockedRun({"missing": "mail"})
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, record.reason) == ("blocked", {"missing": "mail"})
    installed = True
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert await state_of(engine, run) == "succeeded"


async def test_cancelling_a_running_step_ends_the_run(harness: Any, eventually: Any) -> None:
    async def slow(attempt: Attempt) -> Any:
        harness.recorder.effects.append("slow")
        await asyncio.Event().wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", LOCAL, slow)
        return DONE

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await eventually(lambda: harness.recorder.effects)
    assert await engine.cancel(run, "no longer needed") == "cancelled"
    record = await engine.get_run(run)
    assert (record.state, record.reason["reason"]) == ("cancelled", "no longer needed")
    assert await engine.cancel(run, "again") == "cancelled"
    assert await engine.cancel("nowhere", "x") is None
    engine = await harness.restart(execute)
    await engine.wait_idle()
    assert harness.recorder.effects == ["slow"]


async def test_cancelling_a_call_that_may_not_be_repeated_leaves_a_doubt(
    harness: Any, eventually: Any
) -> None:
    async def slow(attempt: Attempt) -> Any:
        harness.recorder.effects.append("slow")
        await asyncio.Event().wait()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.step("do.0", MAIL, slow)
        return DONE

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a")).runs[0]
    await eventually(lambda: harness.recorder.effects)
    assert await engine.cancel(first, "stop") == "needs_attention"
    assert await engine.resolve(first, "done", author="zoé") == "cancelled"
    assert await state_of(engine, first) == "cancelled"


@pytest.mark.parametrize("resting", ["queued", "waiting", "needs_attention"])
async def test_cancelling_a_run_that_does_not_execute(
    harness: Any, eventually: Any, resting: str
) -> None:
    gate = asyncio.Event()

    async def slow(attempt: Attempt) -> Any:
        raise StepTimeout(Text("too slow", "trop lent"))

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if resting == "queued":
            await gate.wait()
        elif resting == "waiting":
            await context.sleep_until("do.0", context.started + timedelta(hours=1))
        else:
            await context.step("do.0", MAIL, slow)
        return DONE

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a")).runs[0]
    second = (await harness.send(engine, "b")).runs[0]
    run = second if resting == "queued" else first
    await eventually(lambda: _is_in(engine, run, resting))
    assert await engine.cancel(run, "stop") == "cancelled"
    gate.set()
    harness.clock.advance(7200)
    await engine.cancel(first if run == second else second, "stop")
    await engine.wait_idle()
    assert await state_of(engine, run) == "cancelled"


async def _is_in(engine: Any, run: str, state: str) -> bool:
    return await state_of(engine, run) == state


async def test_queued_runs_follow_one_another_in_the_order_of_their_events(harness: Any) -> None:
    open_now, most, order = 0, 0, []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        order.append(context.event.key)
        await context.step("do.0", LOCAL, harness.recorder.call(context.event.key))
        open_now -= 1
        return DONE

    engine = await harness.open(execute)
    await asyncio.gather(*[harness.send(engine, str(number)) for number in range(20)])
    await engine.wait_idle()
    assert most == 1
    assert order == [str(number) for number in range(20)]


async def test_parallel_runs_are_at_most_as_many_as_said(harness: Any) -> None:
    open_now, most = 0, 0

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await context.step("do.0", LOCAL, harness.recorder.call("x"))
        await asyncio.sleep(0)
        open_now -= 1
        return DONE

    engine = await harness.open(execute)
    options = {"mode": "parallel", "maximum": 3}
    await asyncio.gather(*[harness.send(engine, str(n), **options) for n in range(20)])
    await engine.wait_idle()
    assert most == 3
    assert len(harness.recorder.effects) == 20


async def test_keys_do_not_wait_for_one_another(harness: Any, eventually: Any) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.key.startswith("slow"):
            await gate.wait()
        return DONE

    engine = await harness.open(execute)
    slow = (await harness.send(engine, "slow", key="a")).runs[0]
    quick = (await harness.send(engine, "quick", key="b")).runs[0]
    await eventually(lambda: _is_in(engine, quick, "succeeded"))
    assert await state_of(engine, slow) == "running"
    gate.set()
    await engine.wait_idle()


async def test_more_runs_than_slots_wait_as_rows_and_all_end(harness: Any) -> None:
    most, live = 0, 0

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        nonlocal most, live
        live += 1
        most = max(most, live)
        await asyncio.sleep(0)
        await context.step("do.0", LOCAL, harness.recorder.call("x"))
        live -= 1
        return DONE

    engine = await harness.open(execute, capacity=4)
    await asyncio.gather(
        *[harness.send(engine, str(n), mode="parallel", key=str(n % 7)) for n in range(700)]
    )
    await engine.wait_idle()
    assert most == 4
    assert (await engine.stats())["succeeded"] == 700


async def test_recipes_take_turns_when_slots_are_scarce(harness: Any) -> None:
    order: list[str] = []
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await gate.wait()
        order.append(context.event.source)
        return DONE

    engine = await harness.open(execute, capacity=1)
    for number in range(10):
        event = harness.event(f"flood {number}", source="flood")
        await engine.accept(event, [harness.matched("flood", mode="parallel")])
    await engine.accept(harness.event("one", source="quiet"), [harness.matched("quiet")])
    gate.set()
    await engine.wait_idle()
    assert order.index("quiet") <= 2


async def test_a_waiting_run_holds_no_slot_but_keeps_its_lane(
    harness: Any, eventually: Callable[..., Any]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.key == "wait":
            await context.sleep_until("do.0", context.started + timedelta(hours=1))
        harness.recorder.effects.append(context.event.key)
        return DONE

    engine = await harness.open(execute, capacity=1)
    waiting = (await harness.send(engine, "wait", key="a")).runs[0]
    await eventually(lambda: _is_in(engine, waiting, "waiting"))
    behind = (await harness.send(engine, "behind", key="a")).runs[0]
    other = (await harness.send(engine, "other", key="b")).runs[0]
    await eventually(lambda: _is_in(engine, other, "succeeded"))
    assert await state_of(engine, behind) == "queued"
    harness.clock.advance(3601)
    await eventually(lambda: _is_in(engine, behind, "succeeded"))
    assert harness.recorder.effects == ["other", "wait", "behind"]

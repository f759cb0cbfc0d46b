"""Results that are no results: too large, or cut off with an unknown outcome."""

from typing import Any

import pytest

from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec
from rouage.errors import EffectInDoubt, OutcomeUnknown
from rouage.language import Text
from rouage.sdk.limits import MOST_RESULT_BYTES

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")


async def test_a_result_that_is_too_large_fails_its_step_and_no_neighbour(harness: Any) -> None:
    async def answer(attempt: Attempt) -> Any:
        return "x" * (MOST_RESULT_BYTES - 2)  # and two quotes

    async def shout(attempt: Attempt) -> Any:
        return "x" * (MOST_RESULT_BYTES - 1)

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        large = shout if context.event.key == "a" else answer
        try:
            await context.step("do.0", LOCAL, large)
        except StepFailed as failure:
            return RunOutcome(state="failed", error=failure.error)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a", mode="parallel")).runs[0]
    second = (await harness.send(engine, "b", mode="parallel")).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(first)
    assert record.state == "failed"
    assert "returned more than 16 MiB" in record.error["message"]["en"]
    assert "rendez son chemin" in record.error["hint"]["fr"]
    assert (await engine.get_run(second)).state == "succeeded"


@pytest.mark.parametrize(("spec", "state"), [(LOCAL, "succeeded"), (MAIL, "needs_attention")])
async def test_a_call_cut_off_is_repeated_or_in_doubt(
    harness: Any, spec: StepSpec, state: str
) -> None:
    async def crash(attempt: Attempt) -> Any:
        if attempt.number == 1:
            raise OutcomeUnknown(Text("it crashed", "cela s’est effondré"))
        return {}

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        retried = StepSpec(
            action=spec.action,
            effect=spec.effect,
            idempotent=spec.idempotent,
            pause=lambda attempts, error, elapsed: 0.0,
        )
        await context.step("do.0", retried, crash)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert (await engine.get_run(run)).state == state


async def test_a_repeatable_call_that_found_out_its_doubt_waits_for_a_person(harness: Any) -> None:
    attempts: list[int] = []

    async def notice(attempt: Attempt) -> Any:
        attempts.append(attempt.number)
        if attempt.number == 1:
            raise EffectInDoubt(Text("it may have been sent", "c’est peut-être parti"))
        return {"sent": True}

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        by_key = StepSpec(
            action="test.mail",
            effect="irreversible",
            idempotent="by key",
            pause=lambda attempts, error, elapsed: 0.0,
        )
        return RunOutcome(state="succeeded", outputs=await context.step("do.0", by_key, notice))

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert (await engine.get_run(run)).state == "needs_attention"
    await engine.resolve(run, "retry", author="zoé", result=None)
    await engine.wait_idle()
    assert (await engine.get_run(run)).state == "succeeded"
    assert attempts == [1, 2], "a person’s “retry” is a further attempt"

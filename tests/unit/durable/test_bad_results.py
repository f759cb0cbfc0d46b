"""Results that cannot be recorded, each beside good neighbours in the same commits."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec

NEIGHBOURS = 8


def circle() -> Any:
    """Return a list that holds itself."""
    endless: list[Any] = []
    endless.append({"again": endless})
    return endless


def deep() -> Any:
    """Return lists inside lists, deeper than anybody reads."""
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


BAD: dict[str, Callable[[], Any]] = {
    "not a number": lambda: {"total": float("nan")},
    "endless": lambda: [float("inf")],
    "bytes": lambda: {"body": b"\x00\xff"},
    "a circle": circle,
    "too deep": deep,
    "a set": lambda: {1, 2},
    "50 MB": lambda: "x" * 50_000_000,
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_result_fails_its_step_and_harms_no_neighbour(harness: Any, kind: str) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def call(attempt: Attempt) -> Any:
            # All results come in one turn of the loop, and so in one commit.
            await gate.wait()
            return BAD[kind]() if context.event.key == "bad" else {"n": context.event.key}

        spec = StepSpec(action="test.call", effect="local", idempotent="yes")
        try:
            result = await context.step("do.0", spec, call)
        except StepFailed as failed:
            return RunOutcome(state="failed", error=failed.error)
        return RunOutcome(state="succeeded", outputs=result)

    engine = await harness.open(execute)
    keys = [*map(str, range(NEIGHBOURS)), "bad"]
    answers = await asyncio.gather(*[harness.send(engine, key, mode="parallel") for key in keys])
    gate.set()
    await engine.wait_idle()
    runs = {key: await engine.get_run(one.runs[0]) for key, one in zip(keys, answers, strict=True)}
    bad = runs.pop("bad")
    assert bad.state == "failed"
    for language in ("en", "fr"):
        assert "test.call" in bad.error["message"][language]
    assert {key: run.outputs for key, run in runs.items()} == {key: {"n": key} for key in runs}
    assert {run.state for run in runs.values()} == {"succeeded"}
    # And the journal takes the next one.
    late = await harness.send(engine, "late", mode="parallel")
    await engine.wait_idle()
    assert (await engine.get_run(late.runs[0])).state == "succeeded"

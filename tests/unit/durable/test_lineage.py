"""What a step leaves besides its result: how to take it back, and the files it touched."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from rouage.durable.port import (
    Attempt,
    FileUse,
    RunContext,
    RunOutcome,
    StepFailed,
    StepSpec,
)
from rouage.errors import RetryableError, StepError
from rouage.language import Text
from rouage.settings.retention import Retention

SHA = bytes(range(32))


def undoable(prepare: Callable[[], Any], **more: Any) -> StepSpec:
    return StepSpec(
        action="test.move", effect="local", idempotent="by key", prepare=prepare, **more
    )


async def done(run: RunContext, spec: StepSpec, call: Callable[..., Any]) -> RunOutcome:
    try:
        await run.step("do.0", spec, call)
    except StepFailed as failure:
        return RunOutcome(state="failed", error=failure.error)
    return RunOutcome(state="succeeded")


async def test_the_inverse_is_on_disk_before_the_call_and_whole_with_the_result(
    harness: Any,
) -> None:
    seen = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def prepare() -> Any:
            return {"before": 1}

        spec = undoable(prepare)

        async def call(attempt: Attempt) -> Any:
            seen.append(await engine.list_inverses(context.run_id))
            spec.inverse = {"after": 2}
            spec.files = (FileUse("/in/a", SHA, False), FileUse("/out/\udce9", None, True))
            return {}

        return await done(context, spec, call)

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert seen == [{"do.0": {"before": 1}}]
    assert await engine.list_inverses(run) == {"do.0": {"after": 2}}
    read, written = await engine.list_files(run_id=run)
    assert (read.path, read.hash, read.is_written, read.step) == ("/in/a", SHA, False, "do.0")
    assert (written.path, written.hash, written.is_written) == ("/out/\udce9", None, True)
    assert await engine.list_files(hash=SHA) == (read,)
    assert await engine.list_files(path="/out/\udce9") == (written,)
    assert await engine.list_files(hash=SHA[::-1]) == ()


async def test_a_call_that_was_cut_keeps_the_inverse_of_its_first_attempt(harness: Any) -> None:
    prepared, given = [], []
    is_cut = True

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def prepare() -> Any:
            prepared.append(len(prepared))
            return {"world": len(prepared)}

        spec = undoable(prepare)

        async def call(attempt: Attempt) -> Any:
            given.append(spec.inverse)
            if is_cut:
                await engines[-1].list_inverses("none")
                stop.set()
                await asyncio.Event().wait()
            return {}

        return await done(context, spec, call)

    stop = asyncio.Event()
    engines = [await harness.open(execute)]
    run = (await harness.send(engines[0])).runs[0]
    await stop.wait()
    is_cut = False
    engines.append(await harness.restart(execute))
    await engines[1].wait_idle()
    assert prepared == [0]
    assert given == [{"world": 1}, {"world": 1}]
    assert await engines[1].list_inverses(run) == {"do.0": {"world": 1}}


async def test_an_attempt_that_failed_before_its_effect_is_prepared_anew(harness: Any) -> None:
    worlds = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def prepare() -> Any:
            worlds.append(len(worlds))
            return {"world": len(worlds)}

        async def call(attempt: Attempt) -> Any:
            if attempt.number == 1:
                raise RetryableError("not now")
            return {}

        return await done(context, undoable(prepare, pause=lambda *_: 0.0), call)

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert (await engine.get_run(run)).state == "succeeded"
    assert await engine.list_inverses(run) == {"do.0": {"world": 2}}


async def test_a_step_that_cannot_be_prepared_fails_and_is_not_called(harness: Any) -> None:
    called = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def prepare() -> Any:
            raise StepError("no room to keep it")

        async def call(attempt: Attempt) -> Any:
            called.append(attempt)
            return {}

        return await done(context, undoable(prepare), call)

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    record = await engine.get_run(run)
    assert (record.state, called) == ("failed", [])
    assert "no room" in record.error["message"]["en"]


async def test_a_step_done_once_for_all_recipes_notes_its_files_too(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def prepare() -> Any:
            return {"a": 1}

        spec = undoable(prepare, once="key")

        async def call(attempt: Attempt) -> Any:
            spec.files = (FileUse("/out", SHA, True),)
            return {}

        return await done(context, spec, call)

    engine = await harness.open(execute)
    run = (await harness.send(engine)).runs[0]
    await engine.wait_idle()
    assert [one.path for one in await engine.list_files(run_id=run)] == ["/out"]
    assert await engine.list_inverses(run) == {"do.0": {"a": 1}}


async def test_what_is_known_of_files_goes_with_the_run(harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="test.read", effect="none", idempotent="yes")

        async def call(attempt: Attempt) -> Any:
            spec.files = (FileUse("/in", SHA, False),)
            return {}

        return await done(context, spec, call)

    engine = await harness.open(execute)
    first = (await harness.send(engine, "a")).runs[0]
    await engine.wait_idle()
    harness.clock.advance(timedelta(days=2).total_seconds())
    second = (await harness.send(engine, "b")).runs[0]
    await engine.wait_idle()
    assert [one.run for one in await engine.list_files(hash=SHA)] == [second, first]
    await engine.purge(Retention(age_seconds=86_400))
    assert [one.run for one in await engine.list_files(hash=SHA)] == [second]


async def test_the_secrets_of_a_step_are_on_record_by_name_whatever_became_of_it(
    harness: Any,
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        spec = StepSpec(action="test.read", effect="none", idempotent="yes")
        spec.secrets = frozenset({"shop_key", "mail_pro"})

        async def call(attempt: Attempt) -> Any:
            spec.files = (FileUse("/in", SHA, False),)
            if context.event.key == "bad":
                raise StepError(Text("no", "non"))
            return {}

        return await done(context, spec, call)

    engine = await harness.open(execute)
    good = (await harness.send(engine, "good")).runs[0]
    bad = (await harness.send(engine, "bad")).runs[0]
    await engine.wait_idle()
    used = await engine.list_secret_uses(run_id=bad)
    assert [(one.name, one.step, one.run) for one in used] == [
        ("mail_pro", "do.0", bad),
        ("shop_key", "do.0", bad),
    ]
    assert used[0].recipe == (await engine.get_run(bad)).recipe
    assert [one.run for one in await engine.list_secret_uses(name="shop_key")] == [bad, good]
    assert await engine.list_secret_uses(name="other") == ()
    # A secret is no file.
    assert [one.path for one in await engine.list_files(run_id=good)] == ["/in"]
    harness.clock.advance(timedelta(days=2).total_seconds())
    newest = (await harness.send(engine, "newest")).runs[0]
    await engine.wait_idle()
    await engine.purge(Retention(age_seconds=86_400))
    assert [one.run for one in await engine.list_secret_uses(name="shop_key")] == [newest]

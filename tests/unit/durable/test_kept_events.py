"""Events by their id and their key: what a replay asks, and what the files of events ask."""

import os
from pathlib import Path
from typing import Any

from rouage.durable.port import Duplicate, RunContext, RunOutcome
from rouage.sdk.received import Received, sweep
from rouage.settings.retention import Retention


async def ended(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def test_an_event_is_found_by_its_id_with_what_was_decided(harness: Any) -> None:
    engine = await harness.open(ended)
    answer = await harness.send(engine, "a")
    await engine.wait_idle()
    found = await engine.get_event(answer.event_id)
    assert found is not None
    assert (found.event.key, found.verdicts[0].outcome) == ("a", "matched")
    assert [run.id for run in found.runs] == list(answer.runs)
    assert await engine.get_event("none") is None


async def test_the_files_of_an_event_go_with_it_and_its_key_stays(
    harness: Any, tmp_path: Path
) -> None:
    engine = await harness.open(ended)
    received = Received(tmp_path / "received", "orders/hook")
    folders = {}
    for key in ("a", "b"):
        folders[key] = received.folder(key)
        os.utime(folders[key], (1, 1))
        await harness.send(engine, key)
        await engine.wait_idle()
    assert await sweep(received.root, engine.is_kept) == 0
    purged = await engine.purge(Retention(age_seconds=None, runs=1, size_bytes=None))
    assert purged.events == 1
    assert not await engine.is_kept("orders/hook", "a")
    assert await engine.is_kept("orders/hook", "b")
    assert not await engine.is_kept("orders/other", "b")
    assert await sweep(received.root, engine.is_kept) == 1
    assert (folders["a"].exists(), folders["b"].exists()) == (False, True)
    assert isinstance(await harness.send(engine, "a"), Duplicate)
    assert not await engine.is_kept("orders/hook", "a")

"""A hostile connector in a running daemon: its runs say why they ended, the others go on."""

import asyncio
import json
import os
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from rouage.catalog.discovery import GROUP
from rouage.model.run import FINAL_STATES

GOOD = """
name: Good
when:
  - manual.start: {}
do:
  - data.parse: {file: files/prices.json}
    id: prices
  - files.append: {path: files/out.txt, text: "${{ steps.prices.data.total }}\\n"}
"""

BAD = """
name: Bad
when:
  - manual.start: {}
do:
  - hostile.%s: {text: "%s", number: %d}
%s
"""


def bad(action: str, *, text: str = "", number: int = 1, more: str = "") -> str:
    return BAD % (action, text, number, more)


@pytest.fixture
def hostile(site: Any) -> Any:
    site.entry_points = [EntryPoint("hostile", "tests.hostile.connector:connector", GROUP)]
    files = site.folder / "files"
    files.mkdir()
    (files / "prices.json").write_text(json.dumps({"total": 12}))
    site.recipe("good", GOOD)
    return site


async def told(site: Any, recipe: str) -> tuple[str, str]:
    """Wait until the run of *recipe* needs no more work; return its state and its reason."""
    async with asyncio.timeout(20):
        while True:
            for run in await site.runs(recipe):
                if run.state in FINAL_STATES or run.state == "needs_attention":
                    whole = await site.daemon.reader.get_run(run.id)
                    return run.state, json.dumps([whole.error, [s.error for s in whole.steps]])
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("action", ["hang", "sleep", "print", "leak"])
async def test_the_others_go_on_while_a_step_misbehaves(hostile: Any, action: str) -> None:
    hostile.recipe("bad", bad(action))
    async with hostile.running() as daemon:
        await daemon.start_run("good")  # its process is warm
        await hostile.ended("good", 1)
        await daemon.start_run("bad")
        for _ in range(5):
            await daemon.start_run("good")
        runs = await hostile.ended("good", 6)
        assert {run.state for run in runs} == {"succeeded"}
        assert (hostile.folder / "files" / "out.txt").read_text() == "12\n" * 6
        state, reason = await told(hostile, "bad")
        assert state == "needs_attention", "whether it acted is unknown"
        assert "what it did is unknown" in reason
        assert "ce qu" in reason
        (status, found) = await hostile.api("GET", "/status")
        assert (status, found["state"]) == (200, "ok")


async def test_the_others_end_first_and_a_cancel_stops_what_computes(hostile: Any) -> None:
    hostile.recipe("bad", bad("compute", number=60))
    async with hostile.running(grace_seconds=0.5) as daemon:
        await daemon.start_run("bad")
        while daemon._safeguards.workers.status()["busy"] == 0:
            await asyncio.sleep(0.01)
        for _ in range(10):
            await daemon.start_run("good")
        await hostile.ended("good", 10)
        (run,) = await hostile.runs("bad")
        assert run.state == "running"
        await hostile.api("POST", f"/api/runs/{run.id}/cancel", json={})
        await told(hostile, "bad")
        assert daemon._safeguards.workers.status()["busy"] == 0


@pytest.mark.parametrize(
    ("action", "text", "words"),
    [
        ("segfault", "", "crashed (SIGSEGV)"),
        ("large", "", "gave back more than 1 MiB"),
        ("cycle", "cycle", "cannot be recorded"),
        ("cycle", "nan", "cannot be recorded"),
        ("fail", "retry", "busy there"),
    ],
)
async def test_a_failure_is_told_and_on_error_may_answer(
    hostile: Any, action: str, text: str, words: str
) -> None:
    answer = 'on_error:\n  - files.write: {path: files/why.txt, text: "${{ error.message }}"}'
    hostile.recipe("bad", bad(action, text=text, more=answer))
    async with hostile.running() as daemon:
        await daemon.start_run("bad")
        state, _ = await told(hostile, "bad")
    assert state == "failed"
    assert words in (hostile.folder / "files" / "why.txt").read_text()


async def test_the_time_limit_of_the_step_ends_its_process_too(hostile: Any) -> None:
    hostile.recipe("bad", bad("compute", number=60, more="    timeout: 300ms"))
    async with hostile.running() as daemon:
        await daemon.start_run("bad")
        state, reason = await told(hostile, "bad")
        assert state == "needs_attention"
        assert "longer than 0.3" in reason
        _, found = await hostile.api("GET", "/status")
        assert found["workers"]["busy"] == 0


@pytest.mark.slow
async def test_a_bundled_step_that_stops_everything_shows_in_the_status(hostile: Any) -> None:
    hostile.recipe("bad", bad("free", number=4_500))
    async with hostile.running() as daemon:
        await daemon.start_run("bad")
        state, _ = await told(hostile, "bad")
        assert state == "succeeded"
        _, found = await hostile.api("GET", "/status")
    assert found["state"] == "degraded"
    assert "the step do.0 of the recipe bad" in found["reason"]


async def test_no_process_is_left_when_the_daemon_has_stopped(hostile: Any) -> None:
    hostile.recipe("bad", bad("compute", number=60))
    async with hostile.running(grace_seconds=0.1) as daemon:
        await daemon.start_run("good")
        await hostile.ended("good", 1)
        await daemon.start_run("bad")
        while daemon._safeguards.workers.status()["busy"] == 0:
            await asyncio.sleep(0.01)
    assert not children_with_a_mark()


def children_with_a_mark() -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        try:
            entry = Path(f"/proc/{name}")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (entry / "environ").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == os.getpid() and b"ROUAGE_WORKER=" in environment:
            found.append(name)
    return found

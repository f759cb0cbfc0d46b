"""Killed at every point, with an outside record of what happened (durability section 8)."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.failpoints import POINTS, Failpoints
from rouage.durable.port import RunFilter
from rouage.durable.sqlite import open_reader
from rouage.errors import UsageError
from rouage.model.run import FINAL_STATES, RunRecord

ROOT = Path(__file__).parents[3]
EVENTS = 24
SETTLED = {"done", "failed", "skipped"}
KILLED_ELSEWHERE = {
    "cursor_moved",
    "mid_backup", "mid_purge", "mid_restore", "mid_blanking", "between_blanks", "mid_erasing",
    "between_erasures", "correction_noticed", "correction_proposed",
}  # fmt: skip
"""In what happens beside the runs: see test_backups, test_purge, test_blanking, test_erasing,
test_corrections."""


def live(folder: Path, *, events: int, failpoint: str = "") -> int:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("victim.py")), str(folder), str(events)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "engine"),
            "ROUAGE_FAILPOINT": failpoint,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def read_runs(folder: Path) -> dict[str, RunRecord]:
    if not (folder / "journal.db").exists():
        return {}
    reader = open_reader(folder / "journal.db")
    try:
        page = await reader.list_runs(RunFilter(), limit=10_000)
        found = [await reader.get_run(run.id) for run in page.runs]
        return {run.id: run for run in found if run is not None}
    finally:
        reader.close()


def recorded(runs: dict[str, RunRecord]) -> dict[tuple[str, str], Any]:
    return {
        (run.id, step.path): (step.state, step.result, step.error)
        for run in runs.values()
        for step in run.steps
        if step.state in SETTLED
    }


def check(folder: Path, before: dict[str, RunRecord], after: dict[str, RunRecord]) -> None:
    """Ask the oracle: nothing acknowledged is lost, nothing recorded changed, no mail twice."""
    assert set(lines(folder / "acknowledged")) <= {run.event for run in after.values()}
    states = Counter(run.state for run in after.values())
    assert set(states) <= FINAL_STATES | {"needs_attention"}, states
    known = recorded(after)
    for key, value in recorded(before).items():
        assert known[key] == value
    mails = Counter(line for line in lines(folder / "effects") if line.startswith("mail"))
    assert all(count == 1 for count in mails.values()), mails
    in_doubt = {run.id for run in after.values() if run.state == "needs_attention"}
    for line in mails:
        sender = line.split()[1]
        assert (sender, "do.1") in known or sender in in_doubt
    last = Counter(line.split()[1] for line in lines(folder / "effects") if line[:4] == "last")
    for run in after.values():
        if run.state == "cancelled":
            assert (run.id, "finally.0") in known
            assert last[run.id] >= 1
        if run.state == "succeeded":
            paths = [step.path for step in run.steps if step.path not in {"do.2", "replay"}]
            is_called = run.source == "orders/called"
            assert paths == (["do.0", "do.3"] if is_called else ["do.0", "do.1", "do.3"])
    connection = apsw.Connection(str(folder / "journal.db"))
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("SELECT count(*) FROM waiter").get == 0
    connection.close()


@pytest.mark.crash
@pytest.mark.parametrize("point", sorted(POINTS - KILLED_ELSEWHERE))
async def test_a_kill_at_any_point_loses_and_repeats_nothing(tmp_path: Path, point: str) -> None:
    deaths = 0
    if point == "during_recovery":
        live(tmp_path, events=EVENTS, failpoint="after_effect:5")
    for count in (1, 6):
        deaths += live(tmp_path, events=EVENTS, failpoint=f"{point}:{count}") != 0
        before = await read_runs(tmp_path)
        if count == 6:
            assert live(tmp_path, events=2) == 0
            check(tmp_path, before, await read_runs(tmp_path))
    assert deaths > 0, "the point was never reached"


@pytest.mark.crash
async def test_recovery_that_is_killed_again_and_again_ends_well(tmp_path: Path) -> None:
    live(tmp_path, events=EVENTS, failpoint="after_effect:20")
    for _ in range(3):
        before = await read_runs(tmp_path)
        assert live(tmp_path, events=0, failpoint="during_recovery") != 0
    assert live(tmp_path, events=0) == 0
    check(tmp_path, before, await read_runs(tmp_path))


def test_an_unknown_failpoint_is_refused() -> None:
    with pytest.raises(UsageError, match="no failpoint"):
        Failpoints.parse("no_such_point")
    assert Failpoints.parse(None) is None
    assert Failpoints.parse("") is None

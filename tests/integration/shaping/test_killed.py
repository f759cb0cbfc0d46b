"""Killed at any point, a batch loses nothing that was acknowledged, and holds nothing twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.port import RunFilter, held_by
from rouage.durable.sqlite import open_reader

ROOT = Path(__file__).parents[3]
KILLS = {
    "before_accept_commit": (2, 30, 60),
    "inside_accept_commit": (2, 5, 9),
    "after_accept_commit": (2, 9, 30, 60),
    "between_matches_and_first_step": (2,),
    "final_state_written": (2,),
}
"""Named points, and at which time they are reached; an event takes part in one commit of many."""
PROGRAM = Path(__file__).with_name("killed.py")


def live(folder: Path, first: int, count: int, failpoint: str = "") -> int:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), *sys.path]),
        "ROUAGE_FAILPOINT": failpoint,
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(first), str(count)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


async def outputs(folder: Path) -> dict[str, list[Any]]:
    """Return what the runs of each trigger have seen; all of them must have ended well."""
    reader = open_reader(folder / "journal.db")
    found: dict[str, list[Any]] = {}
    try:
        for source in ("r/batched", "r/settled", "r/unique"):
            assert await reader.load_items(held_by(source)) == {}
        page = await reader.list_runs(RunFilter(), limit=10_000)
        assert {run.state for run in page.runs} == {"succeeded"}
        for run in reversed(page.runs):
            found.setdefault(run.source, []).append(run.outputs["seen"])
    finally:
        reader.close()
    return found


def acknowledged(folder: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"r/batched": set(), "r/settled": set(), "r/unique": set()}
    path = folder / "acknowledged"
    for line in path.read_text().splitlines() if path.exists() else ():
        source, _, number = line.partition(" ")
        found[source].add(int(number))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint", [f"{point}:{count}" for point, counts in KILLS.items() for count in counts]
)
async def test_a_kill_loses_nothing_and_repeats_nothing(tmp_path: Path, failpoint: str) -> None:
    killed = live(tmp_path, 0, 40, failpoint)
    assert killed == -signal.SIGKILL, "the failpoint was not reached"
    assert live(tmp_path, 100, 3) == 0
    seen, sure = await outputs(tmp_path), acknowledged(tmp_path)
    batched = [item["n"] for one in seen["r/batched"] for item in one["items"]]
    assert sure["r/batched"] <= set(batched)
    assert max(Counter(batched).values()) == 1
    assert all(one["count"] == len(one["items"]) <= 7 for one in seen["r/batched"])
    assert all(len({item["n"] % 2 for item in one["items"]}) == 1 for one in seen["r/batched"])
    unique = [one["n"] for one in seen["r/unique"]]
    assert sure["r/unique"] <= set(unique)
    assert max(Counter(unique).values()) == 1
    settled = [one["n"] for one in seen["r/settled"]]
    assert max(Counter(settled).values()) == 1
    assert max(settled) == 102, "the last of all counts"

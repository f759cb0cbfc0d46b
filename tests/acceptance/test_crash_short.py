"""The short form of `make crash`: a few kills under load, the whole verdict."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.crash
def test_nothing_acknowledged_is_lost_and_nothing_recorded_is_done_again() -> None:
    command = [sys.executable, "-m", "tests.crash", "--kills", "6", "--seed", "1789"]
    command += ["--orders-per-second", "300"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["acknowledged_orders"] > 0
    assert report["dropped_files"] > 0
    assert report["violations"], "the verdict lists every kind, found or not"
    assert not any(report["violations"].values()), report["examples"]
    assert done.returncode == 0, done.stderr

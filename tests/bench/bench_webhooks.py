"""W1: signed webhooks to a recipe with a condition and three steps, against the reference.

Rounds alternate between the reference and the daemon. A round's figure is completed runs per
second: from the first request to the moment when the journal shows no open run.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.journal import stats, wait_idle
from tests.bench.load import run_load
from tests.bench.measures import median, medians, memory_mb, processor_seconds
from tests.bench.recipes import HOOK, write_orders
from tests.bench.reference import Reference
from tests.bench.workspace import Daemon, Workspace


def reference_round(reference: Reference, prefix: str, seconds: float) -> dict[str, Any]:
    """Load the reference once."""
    before = processor_seconds(reference.pid)
    report = run_load(reference.port, HOOK, prefix=prefix, seconds=seconds)
    spent = processor_seconds(reference.pid) - before
    return {
        "runs_per_second": report["per_second"],
        "processor_ms_per_run": round(spent / report["acknowledged"] * 1e3, 4),
        "load": report,
    }


def daemon_round(daemon: Daemon, prefix: str, seconds: float) -> dict[str, Any]:
    """Load the daemon once and wait until every run has ended."""
    before = processor_seconds(daemon.pid)
    report = run_load(daemon.hooks_port, HOOK, prefix=prefix, seconds=seconds)
    ended = wait_idle(daemon.workspace)
    spent = processor_seconds(daemon.pid) - before
    return {
        "runs_per_second": round(report["acknowledged"] / (ended - report["started"]), 1),
        "processor_ms_per_run": round(spent / report["acknowledged"] * 1e3, 4),
        "drain_seconds": round(ended - report["started"] - report["seconds"], 3),
        "load": report,
    }


def check_lines(daemon: Daemon, acknowledged: int) -> None:
    """Make sure that each acknowledged order has its line once, and its run succeeded."""
    lines = daemon.workspace.path("lines", "lines.txt").read_bytes().splitlines()
    ids = {line.split(b" ", 1)[0] for line in lines}
    assert len(lines) == len(ids) == acknowledged, (len(lines), len(ids), acknowledged)
    assert stats(daemon.workspace)["succeeded"] == acknowledged, stats(daemon.workspace)


def measure(folder: Path, *, rounds: int, seconds: float, open_seconds: float) -> dict[str, Any]:
    """Return the figures of W1."""
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    reference, daemon = Reference(folder), Daemon(workspace)
    try:
        daemon.wait_ready()
        reference_round(reference, "warm", 1.0)
        warm = daemon_round(daemon, "warm", 1.0)["load"]["acknowledged"]
        ours, theirs = [], []
        for number in range(rounds):
            theirs.append(reference_round(reference, f"r{number}", seconds))
            ours.append(daemon_round(daemon, f"r{number}", seconds))
        paced = _paced(reference, daemon, open_seconds)
        total = warm + sum(one["load"]["acknowledged"] for one in ours)
        check_lines(daemon, total + paced["rouage"]["acknowledged"])
        memory = memory_mb(daemon.pid)
    finally:
        reference.stop()
        daemon.stop()
    names = ("runs_per_second", "processor_ms_per_run")
    shares = [
        a["runs_per_second"] / b["runs_per_second"] for a, b in zip(ours, theirs, strict=True)
    ]
    return {
        "bench": "w1",
        "share_of_reference": median(shares),
        "rouage": medians(ours, *names),
        "reference": medians(theirs, *names),
        "at_100_per_second": paced,
        "memory_mb": memory,
        "runs": total,
        "rounds": {"rouage": ours, "reference": theirs},
    }


def _paced(reference: Reference, daemon: Daemon, seconds: float) -> dict[str, Any]:
    lines = daemon.workspace.path("lines", "lines.txt")
    theirs = _paced_load(reference.pid, reference.port, reference.lines, seconds)
    ours = _paced_load(daemon.pid, daemon.hooks_port, lines, seconds)
    wait_idle(daemon.workspace)
    return {"rouage": ours, "reference": theirs}


def _paced_load(pid: int, port: int, lines: Path, seconds: float) -> dict[str, Any]:
    before = processor_seconds(pid)
    report = run_load(port, HOOK, prefix="paced", seconds=seconds, rate=100, watch=lines)
    spent = processor_seconds(pid) - before
    return {**report, "processor_ms_per_run": round(spent / report["acknowledged"] * 1e3, 4)}


def main() -> None:
    """Print the figures of W1 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one round")
    parser.add_argument("--open-seconds", type=float, default=10.0, help="time at 100 per second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(
            Path(folder),
            rounds=options.rounds,
            seconds=options.seconds,
            open_seconds=options.open_seconds,
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main()

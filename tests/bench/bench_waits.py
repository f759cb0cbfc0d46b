"""T7: 10,000 waiting approvals: memory, idle processor, and how soon a restart is ready.

The same daemon is started twice: over a journal without waits, and over one with them.
`arising` is what they cost the process in which they came up.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.measures import fine_processor_seconds, median, memory_mb
from tests.bench.recipes import write_orders
from tests.bench.workspace import Daemon, Workspace


def measure_daemon(workspace: Workspace, *, rounds: int, idle_seconds: float) -> dict[str, Any]:
    """Start the daemon *rounds* times; sample its memory and its idleness at the last."""
    seconds: list[float] = []
    figures: dict[str, Any] = {}
    for number in range(rounds):
        daemon = Daemon(workspace)
        try:
            daemon.wait_ready()
            seconds.append(round(time.perf_counter() - daemon.started, 3))
            if number == rounds - 1:
                time.sleep(3)
                before = fine_processor_seconds(daemon.pid)
                time.sleep(idle_seconds)
                spent = fine_processor_seconds(daemon.pid) - before
                figures["memory_mb"] = memory_mb(daemon.pid)
                figures["idle_processor_percent"] = round(spent / idle_seconds * 100, 3)
        finally:
            daemon.stop()
    return {"ready_seconds": median(seconds), **figures}


def fill(journal: Path, waits: int) -> dict[str, float]:
    """Have *waits* approvals come up in a process of their own; return what they cost it."""
    command = [sys.executable, "-m", "tests.bench.waiting", str(journal), str(waits)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    cost: dict[str, float] = json.loads(done.stdout)
    return cost


def measure(folder: Path, *, waits: int, rounds: int, idle_seconds: float) -> dict[str, Any]:
    """Return the figures of T7."""
    report: dict[str, Any] = {"bench": "t7", "waits": waits, "idle_sample_seconds": idle_seconds}
    for name, count in (("without", 0), ("with", waits)):
        workspace = Workspace.create(folder / name)
        write_orders(workspace)
        cost = fill(workspace.journal, count)
        if count:
            report["arising_mb"] = cost
        report[name] = measure_daemon(workspace, rounds=rounds, idle_seconds=idle_seconds)
    for kind in ("now", "peak"):
        more = report["with"]["memory_mb"][kind] - report["without"]["memory_mb"][kind]
        report[f"more_mb_{kind}"] = round(more, 1)
    return report


def main() -> None:
    """Print the figures of T7 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(
            Path(folder),
            waits=options.waits,
            rounds=options.rounds,
            idle_seconds=options.idle_seconds,
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main()

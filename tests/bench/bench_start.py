"""W3: with 100 recipes, the time from start to the first answered webhook; memory; idle cost.

The idle figure is a sample (20 s unless told) scaled to one minute.
"""

import argparse
import http.client
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.measures import fine_processor_seconds, median, memory_mb, processor_seconds
from tests.bench.orders import SIGNATURE_HEADER, body_of, signature_of
from tests.bench.recipes import HOOK, write_orders, write_others
from tests.bench.workspace import Daemon, DaemonFailed, Workspace


def first_answer(daemon: Daemon, order: str) -> float:
    """Return the seconds from the start of the process to the first 200 of the orders' hook."""
    daemon.wait_ready()
    body = body_of(order, 1)
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature_of(body)}
    deadline = daemon.started + 60
    while time.perf_counter() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", daemon.hooks_port, timeout=10)
        try:
            connection.request("POST", HOOK, body=body, headers=headers)
            if connection.getresponse().status == 200:
                return time.perf_counter() - daemon.started
        except ConnectionError:
            pass
        finally:
            connection.close()
        time.sleep(0.004)
    raise DaemonFailed("no webhook was answered within 60 s")


def measure_starts(workspace: Workspace, rounds: int, prefix: str) -> dict[str, Any]:
    """Start and stop the daemon *rounds* times, after one start that is not counted."""
    seconds, processor = [], []
    for number in range(rounds + 1):
        daemon = Daemon(workspace)
        try:
            seconds.append(round(first_answer(daemon, f"{prefix}-{number}"), 3))
            processor.append(processor_seconds(daemon.pid))
        finally:
            daemon.stop()
    return {
        "first_answer_seconds": median(seconds[1:]),
        "very_first_start_seconds": seconds[0],
        "processor_seconds": median(processor[1:]),
        "all": seconds,
    }


def measure(folder: Path, *, recipes: int, rounds: int, idle_seconds: float) -> dict[str, Any]:
    """Return the figures of W3."""
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    write_others(workspace, recipes - 1)
    starts = measure_starts(workspace, rounds, "start")
    daemon = Daemon(workspace)
    try:
        first_answer(daemon, "idle")
        time.sleep(3)
        before = fine_processor_seconds(daemon.pid)
        time.sleep(idle_seconds)
        spent = fine_processor_seconds(daemon.pid) - before
        memory = memory_mb(daemon.pid)
    finally:
        daemon.stop()
    return {
        "bench": "w3",
        "recipes": recipes,
        "start": starts,
        "memory_mb": memory,
        "idle_processor_seconds_per_minute": round(spent / idle_seconds * 60, 4),
        "idle_sample_seconds": idle_seconds,
    }


def main() -> None:
    """Print the figures of W3 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(
            Path(folder),
            recipes=options.recipes,
            rounds=options.rounds,
            idle_seconds=options.idle_seconds,
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main()

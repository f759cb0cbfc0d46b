"""T4: how long one order takes while nothing else happens, from its first byte to its line.

The line is the effect of the third step: three results were on disk before, or on their way.
The target is n + 1 syncs of this disk and 3 ms, with a 99th percentile of at most twice the
median.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.journal import wait_idle
from tests.bench.load import run_load
from tests.bench.recipes import HOOK, write_orders
from tests.bench.workspace import Daemon, Workspace

_STEPS = 3


def fsync_ms(folder: Path) -> float:
    """Return the median time of a small write with full sync."""
    samples = []
    with tempfile.TemporaryFile(dir=folder) as stream:
        for _ in range(200):
            stream.write(b"x" * 4096)
            stream.flush()
            before = time.perf_counter()
            os.fsync(stream.fileno())
            samples.append(time.perf_counter() - before)
    return statistics.median(samples) * 1e3


def measure(folder: Path, *, rate: float, seconds: float) -> dict[str, Any]:
    """Return the figures of T4."""
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    daemon = Daemon(workspace)
    lines = workspace.path("lines", "lines.txt")
    try:
        daemon.wait_ready()
        run_load(daemon.hooks_port, HOOK, prefix="warm", seconds=2.0, rate=rate, connections=1)
        wait_idle(workspace)
        report = run_load(
            daemon.hooks_port,
            HOOK,
            prefix="idle",
            seconds=seconds,
            rate=rate,
            connections=1,
            watch=lines,
        )
    finally:
        daemon.stop()
    sync, effect = fsync_ms(folder), report["effect_ms"]
    return {
        "bench": "t4",
        "rate": rate,
        "fsync_ms": round(sync, 3),
        "effect_ms": effect,
        "acknowledged_ms": report["acknowledged_ms"],
        "target_p50_ms": round((_STEPS + 1) * sync + 3, 2),
        "p99_to_p50": round(effect["p99"] / effect["p50"], 2),
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


def main() -> None:
    """Print the figures of T4 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=10.0, help="orders per second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), rate=options.rate, seconds=options.seconds)))


if __name__ == "__main__":
    main()

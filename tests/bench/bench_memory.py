"""T6: the peak memory of a whole daemon after 10,000 runs of W1, sent as fast as it takes them."""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.journal import stats, wait_idle
from tests.bench.load import run_load
from tests.bench.measures import memory_mb
from tests.bench.recipes import HOOK, write_orders
from tests.bench.workspace import Daemon, Workspace


def measure(folder: Path, *, runs: int, connections: int) -> dict[str, Any]:
    """Return the memory of the daemon before and after so many runs."""
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        before = memory_mb(daemon.pid)
        report = run_load(
            daemon.hooks_port,
            HOOK,
            prefix="m",
            seconds=600,
            most=runs,
            connections=connections,
        )
        wait_idle(workspace)
        after = memory_mb(daemon.pid)
        succeeded = stats(workspace)["succeeded"]
    finally:
        daemon.stop()
    assert succeeded == report["acknowledged"] == runs, (succeeded, report)
    return {
        "bench": "t6",
        "runs": succeeded,
        "connections": connections,
        "memory_mb": {"ready": before, "after": after},
        "runs_per_second": report["per_second"],
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


def main() -> None:
    """Print the figures of T6 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), runs=options.runs, connections=options.connections)
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""W6: the throughput of W1 with a long history, and with many recipes, against without.

Three daemons, each with its own workspace, are loaded in turn: an empty one, one with 200,000
finished runs, one with 1,000 recipes. Starts are timed as in W3.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.bench_start import measure_starts
from tests.bench.bench_webhooks import daemon_round
from tests.bench.measures import median, memory_mb
from tests.bench.prefill import prefill
from tests.bench.recipes import write_orders, write_others
from tests.bench.workspace import Daemon, Workspace

VARIANTS = ("empty", "history", "recipes")


def make_workspaces(folder: Path, *, history: int, recipes: int) -> dict[str, Workspace]:
    """Return the three workspaces."""
    made = {}
    for name in VARIANTS:
        made[name] = Workspace.create(folder / name)
        write_orders(made[name])
    prefill(made["history"].journal, history)
    write_others(made["recipes"], recipes - 1)
    return made


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of W6."""
    before = time.perf_counter()
    workspaces = make_workspaces(folder, history=options.history, recipes=options.recipes)
    prepared = time.perf_counter() - before
    starts = {
        name: measure_starts(workspaces[name], options.rounds, f"{name}-start") for name in VARIANTS
    }
    daemons = {name: Daemon(workspaces[name]) for name in VARIANTS}
    rounds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    try:
        for name in VARIANTS:
            daemon_round(daemons[name].wait_ready(), f"{name}-warm", 1.0)
        for number in range(options.rounds):
            for name in VARIANTS:
                one = daemon_round(daemons[name], f"{name}-{number}", options.seconds)
                rounds[name].append(one["runs_per_second"])
        memory = {name: memory_mb(daemons[name].pid) for name in VARIANTS}
    finally:
        for daemon in daemons.values():
            daemon.stop()
    return {
        "bench": "w6",
        "history_runs": options.history,
        "recipes": options.recipes,
        "runs_per_second": {name: median(rounds[name], 1) for name in VARIANTS},
        "share_with_history": _share(rounds, "history"),
        "share_with_recipes": _share(rounds, "recipes"),
        "starts": starts,
        "memory_mb": memory,
        "preparation_seconds": round(prepared, 1),
        "rounds": rounds,
    }


def _share(rounds: dict[str, list[float]], name: str) -> float:
    pairs = zip(rounds[name], rounds["empty"], strict=True)
    return median([ours / empty for ours, empty in pairs])


def main() -> None:
    """Print the figures of W6 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--history", type=int, default=200_000)
    parser.add_argument("--recipes", type=int, default=1000)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), parser.parse_args())
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""T5: the first page of the history with 100,000 runs in it, and one run with its steps.

What such a history costs new runs is in W6 (`bench_history`).
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rouage.durable.port import RunFilter
from rouage.durable.sqlite import open_reader
from tests.bench.measures import spread_ms
from tests.bench.prefill import prefill
from tests.bench.recipes import write_orders
from tests.bench.workspace import Workspace

_FAILED = RunFilter(states=frozenset({"failed", "needs_attention"}))


async def _timed(ask: Callable[[], Awaitable[Any]], times: int) -> dict[str, float] | None:
    seconds = []
    for _ in range(times):
        before = time.perf_counter()
        await ask()
        seconds.append(time.perf_counter() - before)
    return spread_ms(seconds)


def fill(folder: Path, runs: int) -> Path:
    """Return a journal with so many finished runs."""
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    prefill(workspace.journal, runs)
    return workspace.journal


async def measure(journal: Path, *, runs: int, times: int) -> dict[str, Any]:
    """Return how long each question takes."""
    reader = open_reader(journal)
    try:
        page = await reader.list_runs(RunFilter(), limit=50)
        newest = page.runs[0]
        own = RunFilter(recipe=newest.recipe)
        report: dict[str, Any] = {
            "bench": "t5",
            "runs": runs,
            "first_page_ms": await _timed(lambda: reader.list_runs(RunFilter(), limit=50), times),
            "of_a_recipe_ms": await _timed(lambda: reader.list_runs(own, limit=50), times),
            "in_trouble_ms": await _timed(lambda: reader.list_runs(_FAILED, limit=50), times),
            "one_run_ms": await _timed(lambda: reader.get_run(newest.id), times),
            "load_average": [round(one, 1) for one in os.getloadavg()],
        }
    finally:
        reader.close()
    return report


def main() -> None:
    """Print the figures of T5 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        journal = fill(Path(folder), options.runs)
        report = asyncio.run(measure(journal, runs=options.runs, times=options.times))
    print(json.dumps(report))


if __name__ == "__main__":
    main()

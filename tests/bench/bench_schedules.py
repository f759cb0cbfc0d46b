"""W4: 100 recipes that tick every second. None missed? How late? At what cost?

Lateness is read from the journal afterwards: from the instant due to the start of the run,
and to its recorded end.
"""

import argparse
import asyncio
import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rouage.durable.port import EventRecord
from rouage.durable.sqlite import open_reader
from tests.bench.measures import memory_mb, processor_seconds, spread_ms
from tests.bench.recipes import pulse
from tests.bench.workspace import Daemon, Workspace


def _due(record: EventRecord) -> datetime:
    data = record.event.data
    assert isinstance(data, dict)
    return datetime.fromisoformat(str(data["due"]))


async def ticks(workspace: Workspace, recipes: int) -> list[list[EventRecord]]:
    """Return the events of each recipe, oldest first."""
    reader, found = open_reader(workspace.journal), []
    for number in range(recipes):
        records = await reader.find_events(source=f"pouls-{number:03d}/trigger_1", limit=10_000)
        found.append(sorted(records, key=_due))
    return found


def missed(records: list[EventRecord], start: float, end: float) -> int:
    """Return how many whole seconds between *start* and *end* have no tick."""
    dues = {round(_due(record).timestamp()) for record in records}
    return sum(second not in dues for second in range(int(start) + 1, int(end)))


def doubled(records: list[EventRecord]) -> int:
    """Return how many ticks share their instant with another."""
    return len(records) - len({_due(record) for record in records})


def lateness(records: list[EventRecord], start: float, field: str) -> list[float]:
    """Return the seconds from due to the start or end of each run."""
    found = []
    for record in records:
        for run in record.runs:
            instant: datetime | None = getattr(run, field)
            if instant is not None and _due(record).timestamp() >= start:
                found.append((instant - _due(record)).total_seconds())
    return found


def measure(folder: Path, *, recipes: int, seconds: float) -> dict[str, Any]:
    """Return the figures of W4."""
    workspace = Workspace.create(folder / "workspace")
    for number in range(recipes):
        workspace.write_recipe(f"pouls-{number:03d}", pulse(number))
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        time.sleep(2)
        start, before = time.time(), processor_seconds(daemon.pid)
        time.sleep(seconds)
        end, spent = time.time(), processor_seconds(daemon.pid) - before
        memory = memory_mb(daemon.pid)
    finally:
        daemon.stop()
    every = asyncio.run(ticks(workspace, recipes))
    return {
        "bench": "w4",
        "recipes": recipes,
        "seconds": seconds,
        "ticks": sum(len(records) for records in every),
        "missed": sum(missed(records, start, end) for records in every),
        "doubled": sum(doubled(records) for records in every),
        "start_late_ms": spread_ms([x for one in every for x in lateness(one, start, "started")]),
        "end_late_ms": spread_ms([x for one in every for x in lateness(one, start, "ended")]),
        "processor_seconds_per_minute": round(spent / seconds * 60, 3),
        "memory_mb": memory,
    }


def main() -> None:
    """Print the figures of W4 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), recipes=options.recipes, seconds=options.seconds)
    print(json.dumps(report))


if __name__ == "__main__":
    main()

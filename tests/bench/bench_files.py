"""W2: files dropped into a watched folder: 2,000 at once, then 50 per second.

Delays run from the moment a file was closed to the moment its name is seen in the target
folder (inotify), less the settle time.
"""

import argparse
import json
import select
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.journal import stats, wait_idle
from tests.bench.measures import memory_mb, processor_seconds, spread_ms
from tests.bench.recipes import SETTLE_SECONDS, write_inbox
from tests.bench.watching import FolderWatch
from tests.bench.workspace import Daemon, Workspace

FILE_BYTES = 4096


def content_of(name: str) -> bytes:
    """Return 4 KB that no other file has."""
    return (name.encode() + b"\n").ljust(FILE_BYTES, b".")


class Drops:
    """Drop files, and note when each was closed and when it was seen moved."""

    def __init__(self, workspace: Workspace) -> None:
        self._inbox = workspace.path("inbox")
        self._sorted = workspace.path("sorted")
        self._watch = FolderWatch(self._sorted, changes=False)
        self._poll = select.poll()
        self._poll.register(self._watch.descriptor, select.POLLIN)
        self.closed_at: dict[str, float] = {}
        self.seen_at: dict[str, float] = {}

    def drop(self, name: str) -> None:
        """Write one file, as a program that saves would."""
        (self._inbox / name).write_bytes(content_of(name))
        self.closed_at[name] = time.perf_counter()

    def look(self, seconds: float) -> None:
        """Wait up to *seconds* for names in the target folder, and note them."""
        if self._poll.poll(max(0.0, seconds * 1e3)):
            now = time.perf_counter()
            for name in self._watch.names():
                if name in self.closed_at:
                    self.seen_at.setdefault(name, now)

    def wait_all(self, seconds: float) -> None:
        """Look until every dropped file was seen."""
        deadline = time.perf_counter() + seconds
        while len(self.seen_at) < len(self.closed_at) and time.perf_counter() < deadline:
            self.look(0.2)

    def delays(self) -> list[float]:
        """Return the seconds beyond the settle time, for each file seen."""
        return [seen - self.closed_at[name] - SETTLE_SECONDS for name, seen in self.seen_at.items()]

    def faults(self) -> dict[str, int]:
        """Return how many files are missing, changed, doubled or left over."""
        found = {path.name: path.read_bytes() for path in self._sorted.iterdir()}
        return {
            "missing": sum(name not in found for name in self.closed_at),
            "changed": sum(
                found[name] != content_of(name) for name in self.closed_at if name in found
            ),
            "foreign": sum(name not in self.closed_at for name in found),
            "left": sum(1 for _ in self._inbox.iterdir()),
        }


def burst(daemon: Daemon, drops: Drops, count: int) -> dict[str, Any]:
    """Drop *count* files at once."""
    before, start = processor_seconds(daemon.pid), time.perf_counter()
    for number in range(count):
        drops.drop(f"burst-{number:05d}.bin")
    dropped = time.perf_counter() - start
    drops.wait_all(120)
    seconds = max(drops.seen_at.values()) - start
    wait_idle(daemon.workspace)
    spent = processor_seconds(daemon.pid) - before
    return {
        "files": count,
        "dropping_seconds": round(dropped, 3),
        "seconds": round(seconds, 3),
        "seconds_beyond_settle": round(seconds - dropped - SETTLE_SECONDS, 3),
        "beyond_settle_ms": spread_ms(drops.delays()),
        "processor_ms_per_file": round(spent / count * 1e3, 4),
    }


def stream(daemon: Daemon, drops: Drops, *, rate: float, seconds: float) -> dict[str, Any]:
    """Drop files by the clock."""
    count = int(rate * seconds)
    before, start = processor_seconds(daemon.pid), time.perf_counter()
    for number in range(count):
        due = start + number / rate
        while time.perf_counter() < due:
            drops.look(due - time.perf_counter())
        drops.drop(f"stream-{number:05d}.bin")
    drops.wait_all(30)
    wait_idle(daemon.workspace)
    spent = processor_seconds(daemon.pid) - before
    return {
        "files": count,
        "per_second": rate,
        "beyond_settle_ms": spread_ms(drops.delays()),
        "processor_ms_per_file": round(spent / count * 1e3, 4),
    }


def measure(folder: Path, *, files: int, stream_seconds: float) -> dict[str, Any]:
    """Return the figures of W2."""
    workspace = Workspace.create(folder / "workspace")
    write_inbox(workspace)
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        first, second = Drops(workspace), Drops(workspace)
        at_once = burst(daemon, first, files)
        by_clock = stream(daemon, second, rate=50, seconds=stream_seconds)
        second.closed_at.update(first.closed_at)
        faults, counts = second.faults(), dict(stats(workspace))
        memory = memory_mb(daemon.pid)
    finally:
        daemon.stop()
    assert not any(faults.values()), faults
    assert counts["succeeded"] == files + by_clock["files"], counts
    return {
        "bench": "w2",
        "at_once": at_once,
        "at_50_per_second": by_clock,
        "faults": faults,
        "memory_mb": memory,
    }


def main() -> None:
    """Print the figures of W2 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--stream-seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    reports = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            reports.append(
                measure(Path(folder), files=options.files, stream_seconds=options.stream_seconds)
            )
    print(json.dumps(reports[0] if len(reports) == 1 else {"bench": "w2", "rounds": reports}))


if __name__ == "__main__":
    main()

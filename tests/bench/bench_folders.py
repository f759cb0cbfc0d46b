"""Folders at their size: a burst while stopped, a large folder known, many that came while down.

python -m tests.bench.bench_folders                     all three
python -m tests.bench.bench_folders stopped --files 20000
"""

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rouage.durable.sqlite import open_reader
from rouage_connectors.folder.absence import _absent
from rouage_connectors.folder.ledger import Row, read_rows
from rouage_connectors.folder.names import Names
from rouage_connectors.folder.scan import Scope, scan
from tests.bench.journal import stats, wait_idle
from tests.bench.measures import fine_processor_seconds, median, memory_mb, processor_seconds
from tests.bench.workspace import Daemon, Workspace

_TRIGGER = "arrivees/trigger_1"
_RECIPE = """\
name: Arrivées
concurrency: {mode: parallel}
when:
  - folder.file: {path: inbox}
do:
  - set: {seen: "${{ event.file.name }}"}
"""
_LONGEST = 600.0


def _fill(folder: Path, names: range) -> None:
    for number in names:
        descriptor = os.open(folder / f"{number:06d}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(descriptor, b"%d" % number)
        os.close(descriptor)


def _make(folder: Path) -> tuple[Workspace, Path]:
    workspace = Workspace.create(folder / "workspace")
    workspace.write_recipe("arrivees", _RECIPE)
    inbox = workspace.path("inbox")
    inbox.mkdir()
    return workspace, inbox


def _wait(condition: Callable[[], bool], seconds: float = _LONGEST, *, every: float = 0.05) -> None:
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(every)


def _rows(workspace: Workspace) -> dict[bytes, Row]:
    return read_rows(asyncio.run(open_reader(workspace.journal).load_items(_TRIGGER)))


def _has_root(workspace: Workspace) -> bool:
    if not workspace.journal.exists():
        return False
    return b"root" in asyncio.run(open_reader(workspace.journal).load_items(_TRIGGER))


def stopped(folder: Path, files: int) -> dict[str, Any]:
    """Create *files* while the daemon is stopped; all must have their run soon after."""
    workspace, inbox = _make(folder)
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        _wait(lambda: _has_root(workspace))
        os.kill(daemon.pid, signal.SIGSTOP)
        _fill(inbox, range(files))
        os.kill(daemon.pid, signal.SIGCONT)
        start, before = time.perf_counter(), processor_seconds(daemon.pid)
        _wait(lambda: stats(workspace).get("succeeded", 0) >= files)
        seconds = time.perf_counter() - start
        wait_idle(workspace)
        counts, memory = dict(stats(workspace)), memory_mb(daemon.pid)
        spent = processor_seconds(daemon.pid) - before
    finally:
        daemon.stop()
    assert counts["succeeded"] == counts["events"] == files, counts
    return {
        "files": files,
        "seconds_until_all_ran": round(seconds, 2),
        "processor_ms_per_file": round(spent / files * 1e3, 3),
        "memory_mb": memory,
    }


def known(folder: Path, files: int) -> dict[str, Any]:
    """Know *files* in one folder: time to be ready, to scan and compare, and cost of waiting."""
    workspace, inbox = _make(folder)
    _fill(inbox, range(files))
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        _wait(lambda: _has_root(workspace))
        ready = time.perf_counter() - daemon.started
        _wait(lambda: all(row.sha256 for row in _rows(workspace).values()), every=10.0)
        time.sleep(4.0)
        before = fine_processor_seconds(daemon.pid)
        time.sleep(10.0)
        idle = fine_processor_seconds(daemon.pid) - before
        memory = memory_mb(daemon.pid)
    finally:
        daemon.stop()
    rows = _rows(workspace)
    changed = range(0, files, 18)
    for number in changed:
        (inbox / f"{number:06d}.txt").write_text("changed")
    scope = Scope(root=os.fsencode(inbox), names=Names(["*"], [".*"]), is_recursive=False)
    samples = []
    for _ in range(5):
        start = time.perf_counter()
        listing = scan(scope, rows)
        absent, _ = _absent(rows, listing.present, 0)
        samples.append(time.perf_counter() - start)
    assert len(listing.changed) == len(changed), len(listing.changed)
    assert not absent
    return {
        "files": files,
        "seconds_until_known": round(ready, 2),
        "scan_and_compare_seconds": median(samples),
        "changes_found": len(listing.changed),
        "idle_processor_percent": round(idle / 10.0 * 100, 3),
        "memory_mb": memory,
    }


def down(folder: Path, files: int, new: int) -> dict[str, Any]:
    """Have *new* of *files* arrive while no daemon runs: none missed, none twice."""
    workspace, inbox = _make(folder)
    _fill(inbox, range(files - new))
    daemon = Daemon(workspace)
    daemon.wait_ready()
    _wait(lambda: _has_root(workspace))
    daemon.stop()
    _fill(inbox, range(files - new, files))
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready()
        _wait(lambda: stats(workspace).get("succeeded", 0) >= new)
        seconds = time.perf_counter() - daemon.started
        wait_idle(workspace)
        counts, memory = dict(stats(workspace)), memory_mb(daemon.pid)
    finally:
        daemon.stop()
    assert counts["succeeded"] == counts["events"] == new, counts
    return {
        "files": files,
        "new": new,
        "seconds_from_start_until_all_ran": round(seconds, 2),
        "memory_mb": memory,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="stopped known down")
    parser.add_argument("--files", type=int, default=None)
    options = parser.parse_args()
    parts: dict[str, Callable[[Path], dict[str, Any]]] = {
        "stopped": lambda folder: stopped(folder, options.files or 20_000),
        "known": lambda folder: known(folder, options.files or 100_000),
        "down": lambda folder: down(
            folder, options.files or 250_000, (options.files or 250_000) // 5
        ),
    }
    report: dict[str, Any] = {"bench": "folders"}
    for name in options.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            report[name] = parts[name](Path(folder))
    print(json.dumps(report))


if __name__ == "__main__":
    main()

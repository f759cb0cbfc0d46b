"""Run the benches, each in a process of its own, and print one JSON object.

python -m tests.bench                       all of them
python -m tests.bench w1 w3 --rounds 1      some of them
python -m tests.bench --out figures.json
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import apsw

_BENCHES = {
    "expressions": "bench_expressions",
    "recipes": "bench_recipes",
    "journal": "bench_journal",
    "w1": "bench_webhooks",
    "w2": "bench_files",
    "folders": "bench_folders",
    "w3": "bench_start",
    "w4": "bench_schedules",
    "w6": "bench_history",
    "t4": "bench_latency",
    "t5": "bench_pages",
    "t6": "bench_memory",
    "t7": "bench_waits",
    "t12": "bench_neighbours",
    "loops": "bench_loops",
    "lsp": "bench_lsp",
    "invoices": "bench_invoices",
    "photos": "bench_photos",
}
_WITH_ROUNDS = {"w1", "w2", "w3", "w6", "t7", "t12", "lsp", "invoices"}
_LONGEST_SECONDS = 1800


def _run(name: str, rounds: int | None) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.bench.{_BENCHES[name]}"]
    if rounds is not None and name in _WITH_ROUNDS:
        command += ["--rounds", str(rounds)]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=_LONGEST_SECONDS)
    seconds = round(time.perf_counter() - started, 1)
    if done.returncode != 0:
        return {"failed": done.returncode, "took_seconds": seconds}
    report: dict[str, Any] = json.loads(done.stdout)
    return {**report, "took_seconds": seconds}


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "fsync_ms": _fsync_ms(),
    }


def _fsync_ms() -> float:
    """Return the median time of a small write with full sync, where the benches work."""
    samples = []
    with tempfile.TemporaryFile() as stream:
        for _ in range(200):
            stream.write(b"x" * 4096)
            stream.flush()
            before = time.perf_counter()
            os.fsync(stream.fileno())
            samples.append(time.perf_counter() - before)
    return round(statistics.median(samples) * 1e3, 3)


def main() -> int:
    """Run what the arguments name; exit 1 when a bench failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(_BENCHES))
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    unknown = set(options.names) - set(_BENCHES)
    if unknown:
        parser.error(f"unknown: {' '.join(sorted(unknown))}; known: {' '.join(_BENCHES)}")
    results = {}
    for name in options.names or _BENCHES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = _run(name, options.rounds)
    text = json.dumps({"machine": _machine(), "results": results}, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return 1 if any("failed" in one for one in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

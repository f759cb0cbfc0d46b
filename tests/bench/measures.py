"""Numbers about processes and samples: processor time, memory, percentiles, medians."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Return user and system time of a process, all threads, ended ones too (10 ms steps)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def fine_processor_seconds(pid: int) -> float:
    """Return the time of the threads alive now, to the nanosecond: for idle processes."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mb(pid: int) -> dict[str, float]:
    """Return resident memory now and at its peak, in MB of 10**6 bytes."""
    values = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"VmRSS", "VmHWM"}:
            values[name] = int(rest.split()[0]) * 1024 / 1e6
    return {"now": round(values["VmRSS"], 1), "peak": round(values["VmHWM"], 1)}


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that *share* of all samples do not exceed."""
    ordered = sorted(samples)
    rank = max(0, min(len(ordered) - 1, int(share * len(ordered) + 0.999999) - 1))
    return ordered[rank]


def spread_ms(seconds: Sequence[float]) -> dict[str, float] | None:
    """Return p50, p99 and the maximum of *seconds*, in milliseconds; None without samples."""
    if not seconds:
        return None
    return {
        "p50": round(percentile(seconds, 0.50) * 1e3, 3),
        "p99": round(percentile(seconds, 0.99) * 1e3, 3),
        "max": round(max(seconds) * 1e3, 3),
        "count": len(seconds),
    }


def median(values: Sequence[float], digits: int = 3) -> float:
    """Return the rounded median."""
    return round(statistics.median(values), digits)


def medians(rounds: Sequence[dict[str, Any]], *names: str) -> dict[str, float]:
    """Return the median over *rounds* of each named figure."""
    return {name: median([float(one[name]) for one in rounds]) for name in names}

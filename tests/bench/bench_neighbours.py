"""T12: a step that computes in pure Python all the time, and the latency of the other runs.

Webhooks come at a steady rate. Rounds alternate: quiet, then with a slow step of a connector
that is installed as a package (so it runs in a worker process). The figure is the p99 with the
slow step by the p99 without; the goal is 1.5 at most.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.journal import stats, wait_idle
from tests.bench.load import run_load
from tests.bench.measures import median
from tests.bench.recipes import HOOK, write_orders
from tests.bench.workspace import ROUAGE, Daemon, Workspace

_RATE = 100
_SLOW = """\
name: Slow
when:
  - manual.start: {{}}
do:
  - hostile.compute: {{number: {seconds}}}
"""


def install_hostile(folder: Path) -> None:
    """Install the hostile connector as a package that the daemon finds by its entry point."""
    source = Path(__file__).parents[1] / "hostile" / "connector.py"
    (folder / "rouage_hostile.py").write_bytes(source.read_bytes())
    about = folder / "rouage_hostile-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rouage_hostile\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[rouage.connectors]\nhostile = rouage_hostile:connector\n"
    )
    known = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}:{known}" if known else str(folder)


def measure(folder: Path, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Return p99 of acknowledgement and of effect, quiet and beside slow steps."""
    (folder / "site").mkdir()
    install_hostile(folder / "site")
    workspace = Workspace.create(folder / "workspace")
    write_orders(workspace)
    workspace.write_recipe("slow", _SLOW.format(seconds=int(seconds) + 2))
    daemon = Daemon(workspace).wait_ready()
    lines = workspace.path("lines", "lines.txt")
    lines.parent.mkdir(exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {"quiet": [], "slow": []}
    try:
        run_load(daemon.hooks_port, HOOK, prefix="warm", seconds=2, rate=_RATE, watch=lines)
        for number in range(rounds):
            for kind in ("quiet", "slow"):
                found[kind].append(_round(daemon, lines, f"{kind}{number}", seconds, kind))
    finally:
        daemon.stop()
    return _report(found)


def _round(daemon: Daemon, lines: Path, prefix: str, seconds: float, kind: str) -> dict[str, Any]:
    if kind == "slow":
        command = [*ROUAGE, "--workspace", str(daemon.workspace.folder), "run", "slow"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        time.sleep(0.5)  # its process has started
    report = run_load(
        daemon.hooks_port, HOOK, prefix=prefix, seconds=seconds, rate=_RATE, watch=lines
    )
    if kind == "slow":
        running = stats(daemon.workspace).get("running", 0)
        assert running == 1, f"the slow step should still compute: {stats(daemon.workspace)}"
    wait_idle(daemon.workspace)
    return report


def _report(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for measure_ in ("acknowledged_ms", "effect_ms"):
        p99 = {
            kind: median([one[measure_]["p99"] for one in rounds]) for kind, rounds in found.items()
        }
        p50 = {
            kind: median([one[measure_]["p50"] for one in rounds]) for kind, rounds in found.items()
        }
        ratio = round(p99["slow"] / p99["quiet"], 2)
        report[measure_] = {"p99": p99, "p50": p50, "p99_ratio": ratio}
    return {"goal_ratio": 1.5, **report, "rounds": found}


def main() -> None:
    """Print the figures of T12 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of one round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), rounds=options.rounds, seconds=options.seconds)))


if __name__ == "__main__":
    main()

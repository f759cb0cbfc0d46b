"""Kill the daemon again and again under load, restart it each time, and judge the outcome.

The daemon serves signed orders (W1), a watched folder (W2), and orders that loop, call, wait
and ask (mixed). Processes outside load it, answer its questions, and keep their own records.
Kills come at random: mostly while it works, some while it starts. A kill tests recovery, not
the disk: what was written without sync survives a kill too.
"""

import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rouage.durable.port import RunFilter
from rouage.durable.sqlite import open_reader
from rouage.model.run import OPEN_STATES
from tests.bench.measures import median
from tests.bench.recipes import ORDERS, write_inbox
from tests.bench.workspace import Daemon, DaemonFailed, Workspace
from tests.crash.mixed import HOOK, write_mixed
from tests.crash.snapshot import Snapshots
from tests.crash.verify import PROGRAM_EVERY, Logs, verify

_SHARE_KILLED_WHILE_STARTING = 0.15
_STARTING_SECONDS = (0.05, 0.6)
_WORKING_SECONDS = (0.15, 1.8)

_PROGRAM = """\
  - shell.run:
      command: [tee, -a, program.txt]
      folder: lines
      stdin: "${{{{ event.body.id }}}}\\n"
    if: event.body.number % {every} == 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How often and under which load to kill."""

    kills: int
    seed: int
    orders_per_second: float = 600.0
    files_per_second: float = 40.0
    mixed_per_second: float = 15.0


class Load:
    """The processes that send orders, drop files, and answer questions."""

    def __init__(self, folder: Path, workspace: Workspace, port: int, plan: Plan) -> None:
        self.logs = Logs(
            acknowledged=folder / "acknowledged.log",
            dropped=folder / "dropped.log",
            mixed=folder / "mixed.log",
            answers=folder / "answers.log",
        )
        shop = ["--port", port, "--rate", plan.orders_per_second, "--log", self.logs.acknowledged]
        mixed = ["--port", port, "--rate", plan.mixed_per_second, "--log", self.logs.mixed]
        inbox = workspace.path("inbox")
        files = ["--inbox", inbox, "--rate", plan.files_per_second, "--log", self.logs.dropped]
        answers = ["--workspace", workspace.folder, "--log", self.logs.answers]
        self._senders = [
            _start("dropper", files),
            _start("client", shop),
            _start("client", [*mixed, "--path", HOOK, "--prefix", "d", "--connections", 4]),
        ]
        self._owner = _start("human", answers)

    def stop(self) -> list[dict[str, Any]]:
        """Let the senders finish what is open, and return their counts."""
        return [_finish(process) for process in self._senders]

    def dismiss(self) -> dict[str, Any]:
        """Let the owner go home: nothing is asked any more."""
        return _finish(self._owner)

    def kill(self) -> None:
        """End all at once."""
        for process in (*self._senders, self._owner):
            process.kill()
            process.communicate()


def _finish(process: "subprocess.Popen[str]") -> dict[str, Any]:
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    counts: dict[str, Any] = json.loads(output)
    return counts


def _start(module: str, arguments: list[Any]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", f"tests.crash.{module}", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def make_workspace(folder: Path) -> Workspace:
    """Return a workspace with the recipes of W1, W2 and the mixed load.

    The lines of W1 end with a stamp of its first step; every twentieth order also runs a
    program, the one effect here that must never be repeated.
    """
    workspace = Workspace.create(folder / "workspace")
    workspace.path("lines").mkdir()
    stamped = ORDERS.replace("- set: {gross:", '- set: {stamp: "${{ now() }}", gross:').replace(
        "steps.line.text }}", "steps.line.text }} ${{ vars.stamp }}"
    )
    workspace.write_recipe("commandes", stamped + _PROGRAM.format(every=PROGRAM_EVERY))
    write_inbox(workspace)
    write_mixed(workspace)
    return workspace


def free_port() -> int:
    """Return a port that is free now; the shop knows it through all restarts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Executioner:
    """Start, kill and look; `ready_seconds` holds how long each start took."""

    def __init__(self, workspace: Workspace, port: int, plan: Plan) -> None:
        self._workspace, self._port = workspace, port
        self._chance = random.Random(plan.seed)  # noqa: S311 - times of kills, no secret
        self.ready_seconds: list[float] = []
        self.killed_while_starting = 0
        self.snapshots = Snapshots()

    def start(self) -> Daemon:
        """Start the daemon and wait until it is ready."""
        daemon = Daemon(self._workspace, hooks_port=self._port)
        daemon.wait_ready()
        self.ready_seconds.append(time.perf_counter() - daemon.started)
        return daemon

    def start_and_kill(self) -> None:
        """Start the daemon, and kill it while it works or, now and then, while it starts."""
        if self._chance.random() >= _SHARE_KILLED_WHILE_STARTING:
            self.kill_in_a_while(self.start())
            return
        daemon = Daemon(self._workspace, hooks_port=self._port)
        self.killed_while_starting += 1
        self._kill(daemon, _STARTING_SECONDS)

    def kill_in_a_while(self, daemon: Daemon) -> None:
        """Let the daemon work for a random while, kill it, and look at the journal."""
        self._kill(daemon, _WORKING_SECONDS)

    def _kill(self, daemon: Daemon, between: tuple[float, float]) -> None:
        time.sleep(self._chance.uniform(*between))
        if not daemon.is_alive:
            raise DaemonFailed(daemon.output.read_text(errors="replace")[-4000:])
        daemon.kill()
        self.snapshots.take(self._workspace.journal)


def wait_moved(workspace: Workspace, seconds: float = 150.0) -> None:
    """Wait until the inbox is empty, or nothing more happens to it."""
    deadline = time.monotonic() + seconds
    while any(workspace.path("inbox").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)


def wait_settled(workspace: Workspace, seconds: float = 120.0) -> None:
    """Wait until no order is open but for those that need a human; the clock ticks on."""
    deadline = time.monotonic() + seconds
    while asyncio.run(_open_orders(workspace)) and time.monotonic() < deadline:
        time.sleep(0.2)


async def _open_orders(workspace: Workspace) -> int:
    reader, states = open_reader(workspace.journal), OPEN_STATES - {"needs_attention"}
    try:
        found = 0
        for recipe in ("commandes", "arrivees", "dossiers", "archive", "prevenu"):
            page = await reader.list_runs(RunFilter(recipe=recipe, states=states), limit=1)
            found += len(page.runs)
        return found
    finally:
        reader.close()


def crash(folder: Path, plan: Plan) -> dict[str, Any]:
    """Kill as planned, let the daemon finish, and return the report."""
    began = time.perf_counter()
    workspace, port = make_workspace(folder), free_port()
    executioner = Executioner(workspace, port, plan)
    # Files that are there before the recipe was ever active would rightly be left alone.
    first = executioner.start()
    load = Load(folder, workspace, port, plan)
    try:
        executioner.kill_in_a_while(first)
        for _ in range(plan.kills - 1):
            executioner.start_and_kill()
        daemon = executioner.start()
        time.sleep(1.0)
        counts = load.stop()
        wait_moved(workspace)
        wait_settled(workspace)
        counts.append(load.dismiss())
    except BaseException:
        load.kill()
        raise
    exit_code = daemon.stop()
    verdict = verify(workspace, load.logs, executioner.snapshots)
    return {
        "kills": plan.kills,
        "killed_while_starting": executioner.killed_while_starting,
        "seed": plan.seed,
        "ready_after_kill_seconds": {
            "median": median(executioner.ready_seconds[1:]),
            "max": round(max(executioner.ready_seconds[1:]), 3),
        },
        "senders": counts,
        "last_exit_code": exit_code,
        **verdict,
        "is_clean": verdict["is_clean"] and exit_code == 0,
        "seconds": round(time.perf_counter() - began, 1),
    }

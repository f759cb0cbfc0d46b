"""A workspace and its daemon, made and started as a user would: by the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.orders import SECRET

ROUAGE = (sys.executable, "-m", "rouage")


class Workspace:
    """A folder made by `rouage init`, without the recipes that came with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recipes = folder / "recipes"
        self.journal = folder / ".rouage" / "journal.db"

    @classmethod
    def create(cls, folder: Path) -> "Workspace":
        """Make the workspace and give it the secret of the orders' hook."""
        workspace = cls(folder)
        subprocess.run([*ROUAGE, "init", str(folder)], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(workspace.recipes, ignore_errors=True)
        workspace.recipes.mkdir()
        command = [*ROUAGE, "--workspace", str(folder), "secrets", "set", "shop"]
        subprocess.run(command, input=SECRET, text=True, check=True, stdout=subprocess.DEVNULL)
        return workspace

    def write_recipe(self, name: str, text: str) -> None:
        """Add or replace one recipe."""
        (self.recipes / f"{name}.yaml").write_text(text, encoding="utf-8")

    def path(self, *parts: str) -> Path:
        """Return a path inside the workspace."""
        return self.folder.joinpath(*parts)


def _ports(hooks_port: int) -> tuple[str, ...]:
    return "--port", "0", "--hooks-port", str(hooks_port)


def _environment(workspace: Workspace) -> dict[str, str]:
    """Return an environment in which compiled modules are kept, as in any installation."""
    known = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**known, "PYTHONPYCACHEPREFIX": str(workspace.folder.with_name("bytecode"))}


class DaemonFailed(Exception):  # noqa: N818 - what happened, for the report
    """The daemon ended, or did not get ready in time; carries the end of its output."""


class Daemon:
    """`rouage up` as a process, and the ports it told."""

    def __init__(self, workspace: Workspace, *, hooks_port: int = 0) -> None:
        self.workspace = workspace
        self.output = workspace.folder.with_name(workspace.folder.name + ".log")
        self.hooks_port = 0
        self.console_port = 0
        with self.output.open("ab") as stream:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                [*ROUAGE, "up", str(workspace.folder), *_ports(hooks_port)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=_environment(workspace),
            )
        self.pid = self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def wait_ready(self, seconds: float = 30.0) -> "Daemon":
        """Wait until `daemon.json` of this very process names the ports."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            ports = self._told_ports()
            if ports is not None:
                self.hooks_port, self.console_port = ports
                return self
            if not self.is_alive:
                break
            time.sleep(0.004)
        raise DaemonFailed(self.output.read_text(errors="replace")[-4000:])

    def _told_ports(self) -> tuple[int, int] | None:
        try:
            text = (self.workspace.folder / ".rouage" / "daemon.json").read_text()
            facts: dict[str, Any] = json.loads(text)
        except (FileNotFoundError, ValueError):
            return None
        if facts.get("pid") != self.pid or not facts.get("hooks_port"):
            return None
        return int(facts["hooks_port"]), int(facts["console_port"])

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 40.0) -> int:
        """Ask the daemon to drain, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

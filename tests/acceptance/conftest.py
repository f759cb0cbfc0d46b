"""Run the installed command in a process of its own, as a user does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Return standard output as JSON."""
        return json.loads(self.out)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment without the reader's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROUAGE_")}
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return kept | {"HOME": str(home), "TZ": "UTC", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def rouage(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Answer]:
    """Return a function that runs `rouage` with arguments and returns its answer."""

    def run(
        *arguments: str | Path,
        here: Path = tmp_path,
        stdin: str | bytes = "",
        more: dict[str, str] | None = None,
    ) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "rouage", *(os.fspath(one) for one in arguments)],
            cwd=here,
            env=environment | (more or {}),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    return run


@dataclass
class Daemon:
    """A running `rouage up`."""

    process: "subprocess.Popen[str]"
    workspace: Path
    ready: dict[str, Any]
    log: Path

    @property
    def console_port(self) -> int:
        """Return the port of the console."""
        return int(self.ready["console_port"])

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> int:
        """End the daemon and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(DEADLINE_SECONDS)


@pytest.fixture
def start_daemon(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Daemon]]:
    """Return a function that starts the daemon of a workspace and waits until it is ready."""
    with contextlib.ExitStack() as cleanup:

        def start(workspace: Path, *arguments: str) -> Daemon:
            log = cleanup.enter_context((tmp_path / f"daemon-{time.monotonic_ns()}.log").open("w+"))
            process = cleanup.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "rouage", "up", str(workspace), "--json"),
                        *("--port", "0", "--hooks-port", "0", *arguments),
                    ],
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            )
            cleanup.callback(_kill, process)
            assert process.stdout is not None
            line = process.stdout.readline()
            assert '"ready"' in line, line + Path(log.name).read_text(encoding="utf-8")
            return Daemon(process, workspace, json.loads(line), Path(log.name))

        yield start


def _kill(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Return a function that asks again until the answer is true, under a deadline."""

    def ask(question: Callable[[], Any], *, within: float = DEADLINE_SECONDS) -> Any:
        end = time.monotonic() + within
        while True:
            answer = question()
            if answer:
                return answer
            assert time.monotonic() < end, "not in time"
            time.sleep(0.05)

    return ask

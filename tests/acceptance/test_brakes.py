"""Trust and limits of a real daemon, across a kill: answered like any other approval."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]

COPYING = """\
name: Copying
when:
  - manual.start: {}
inputs:
  count: {type: integer, default: 3}
%s
do:
  - repeat:
      times: ${{ inputs.count }}
      do:
        - files.append: {path: files/lines.txt, text: "${{ loop.index }}"}
"""


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    (folder / "files").mkdir(exist_ok=True)
    return folder


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


def write(workspace: Path, brakes: str) -> None:
    (workspace / "recipes" / "copying.yaml").write_text(COPYING % brakes, encoding="utf-8")


def lines(workspace: Path) -> list[str]:
    file = workspace / "files" / "lines.txt"
    return file.read_text().split() if file.exists() else []


def test_a_limit_waits_for_a_yes_and_survives_a_kill(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    write(workspace, "limits: {files: 2 per 1d}")
    daemon = start_daemon(workspace)
    assert on("run", "copying").code == 0
    (asked,) = eventually(lambda: on("approvals", "--json").data["approvals"])
    assert asked["path"] == "limits.files.period"
    assert len(lines(workspace)) == 2
    daemon.stop(by=signal.SIGKILL)
    start_daemon(workspace)
    assert on("approve", asked["run"]).code == 0
    eventually(lambda: len(lines(workspace)) == 3)
    assert on("run", "copying").code == 0
    (again,) = eventually(lambda: on("approvals", "--json").data["approvals"])
    assert again["run"] != asked["run"], "the day is still full after a restart"
    assert on("refuse", again["run"]).code == 0
    eventually(lambda: on("show", again["run"], "--json").data["state"] == "cancelled")
    assert len(lines(workspace)) == 3


def test_a_recipe_on_trial_changes_nothing_and_then_earns_its_freedom(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    write(workspace, "trust: shadow")
    daemon = start_daemon(workspace)
    done = on("run", "copying", "--wait", "--json")
    assert done.code == 0, done.err
    run = on("runs", "--json").data["runs"][0]["id"]
    assert "shadow:files.append" in on("show", run).out
    undone = on("undo", run, "--dry-run", "--json").data
    assert undone["effects"] == [], "nothing was done, so nothing is left to take back"
    assert lines(workspace) == []
    assert daemon.stop() == 0
    write(workspace, "trust: {auto_after: 1}")
    start_daemon(workspace)
    on("run", "copying")
    (asked,) = eventually(lambda: on("approvals", "--json").data["approvals"])
    assert "lines.txt" in str(asked["show"])
    assert lines(workspace) == []
    assert on("approve", asked["run"]).code == 0
    eventually(lambda: len(lines(workspace)) == 3)
    on("run", "copying")
    eventually(lambda: len(lines(workspace)) == 6)

"""Pausing and resuming a real daemon, across a restart: what came is kept, and runs once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]

SORTING = """\
name: Sorting
when:
  - folder.file: {path: files/inbox, settle: 100ms}
do:
  - files.move: {source: "${{ event.file.path }}", target: files/sorted/}
"""


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    (folder / "recipes" / "sorting.yaml").write_text(SORTING, encoding="utf-8")
    (folder / "files" / "inbox").mkdir(exist_ok=True)
    return folder


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


def test_what_comes_during_a_pause_runs_once_after_it(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    daemon = start_daemon(workspace)
    paused = on("pause", "sorting", "--json")
    assert (paused.code, paused.data["pause"]["recipe"]) == (0, "sorting")
    (workspace / "files" / "inbox" / "a.txt").write_text("a")

    def is_stored() -> bool:
        (trigger,) = on("status", "--json").data["triggers"]
        return bool(trigger["events"])

    eventually(is_stored)
    assert daemon.stop() == 0
    assert on("runs", "--json").data["runs"] == []
    start_daemon(workspace)
    (workspace / "files" / "inbox" / "b.txt").write_text("b")
    eventually(is_stored)
    status = on("status")
    assert "paused" in status.out
    why = on("--lang", "fr", "why", workspace / "files" / "inbox" / "a.txt")
    assert "en pause" in why.out, why.out
    resumed = on("resume", "sorting", "--json")
    assert resumed.data["released"] == 2, resumed.data
    assert resumed.data["still_paused"] == []
    sorted_files = workspace / "files" / "sorted"
    eventually(lambda: sorted_files.is_dir() and len(list(sorted_files.iterdir())) == 2)
    assert on("resume", "sorting").code == 1
    eventually(lambda: all(r["state"] == "succeeded" for r in on("runs", "--json").data["runs"]))
    assert len(on("runs", "--json").data["runs"]) == 2


def test_a_pause_can_be_set_and_ended_while_nothing_works(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    assert on("pause", "nobody").code == 2
    assert on("pause").code == 0
    daemon = start_daemon(workspace)
    (workspace / "files" / "inbox" / "a.txt").write_text("a")
    eventually(lambda: on("status", "--json").data["triggers"][0]["events"])
    (pause,) = on("status", "--json").data["paused"]
    assert pause["recipe"] == "*"
    daemon.stop()
    assert on("resume").code == 0
    start_daemon(workspace)
    eventually(lambda: (workspace / "files" / "sorted" / "a.txt").exists())
    assert on("status", "--json").data["paused"] == []

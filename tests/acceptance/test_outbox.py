"""The outbox of a real daemon: held, edited, cancelled, sent; a crash sends nothing twice."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]

SENDING = """\
name: Sending
do:
  - shell.run: {command: [sh, HERE/send.sh, hello]}
    hold: HOLD
"""


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / "send.sh").write_text(f'echo "$1" >> {folder}/files/sent.txt\n')
    write(folder, "1h")
    return folder


def write(workspace: Path, hold: str) -> None:
    recipe = workspace / "recipes" / "sending.yaml"
    text = SENDING.replace("HERE", str(workspace / "files")).replace("HOLD", hold)
    recipe.write_text(text, encoding="utf-8")


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


def sent(workspace: Path) -> list[str]:
    file = workspace / "files" / "sent.txt"
    return file.read_text().split() if file.exists() else []


def outbox(on: Rouage) -> list[dict[str, Any]]:
    return list(on("outbox", "--json").data["outbox"])


def test_what_is_held_survives_a_kill_and_goes_out_edited_and_once(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    daemon = start_daemon(workspace)
    assert on("run", "sending").code == 0
    (held,) = eventually(lambda: outbox(on))
    assert held["with"]["command"][-1] == "hello"
    daemon.stop(by=signal.SIGKILL)
    assert outbox(on) == [held], "it can be read while nothing works"
    start_daemon(workspace)
    command = [*held["with"]["command"][:-1], "hi"]
    changed = on("outbox", "edit", held["run"], "--set", f"command={json.dumps(command)}")
    assert changed.code == 0, changed.err
    assert on("outbox", "edit", held["run"], "--set", "colour=red").code == 1
    assert eventually(lambda: outbox(on)[0]["edited"]) == ["command"]
    assert sent(workspace) == []
    assert on("outbox", "send", held["run"]).code == 0
    eventually(lambda: sent(workspace) == ["hi"])
    assert outbox(on) == []
    gone = on("--lang", "fr", "outbox", "cancel", held["run"])
    assert gone.code == 1
    assert "boîte d’envoi" in gone.err


def test_a_cancelled_one_never_goes_out(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    start_daemon(workspace)
    on("run", "sending")
    (held,) = eventually(lambda: outbox(on))
    assert on("outbox", "cancel", held["run"], "--reason", "wrong client").code == 0
    eventually(lambda: on("runs", "--json").data["runs"][0]["state"] == "cancelled")
    assert "wrong client" in on("show", held["run"]).out
    assert (outbox(on), sent(workspace)) == ([], [])


def test_a_crash_between_sending_and_recording_asks_a_human(
    on: Rouage,
    start_daemon: Start,
    workspace: Path,
    eventually: Eventually,
    environment: dict[str, str],
):
    # The notes of the outbox come before: the call, the notice, the outcome; then it is sent.
    environment["ROUAGE_FAILPOINT"] = "after_effect:4"
    write(workspace, "1s")
    daemon = start_daemon(workspace)
    assert on("run", "sending").code == 0
    daemon.process.wait(30)
    assert sent(workspace) == ["hello"]
    del environment["ROUAGE_FAILPOINT"]
    start_daemon(workspace)
    run = eventually(lambda: on("runs", "--state", "needs_attention", "--json").data["runs"])[0]
    assert outbox(on) == []
    assert on("resolve", run["id"], "--done").code == 0
    eventually(lambda: on("show", run["id"], "--json").data["state"] == "succeeded")
    assert sent(workspace) == ["hello"], "never twice knowingly"


def test_a_secret_in_what_is_held_is_shown_and_stored_nowhere(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    assert on("secrets", "set", "code", stdin="hunter2-hunter2").code == 0
    (workspace / "files" / "send.sh").write_text(f"cat >> {workspace}/files/sent.txt\n")
    recipe = SENDING.replace("HERE", str(workspace / "files")).replace("HOLD", "1h")
    recipe = recipe.replace("hello]}", "hello], stdin: \"${{ 'it is ' + secrets.code }}\"}")
    (workspace / "recipes" / "sending.yaml").write_text(recipe, encoding="utf-8")
    start_daemon(workspace)
    assert on("run", "sending").code == 0
    (held,) = eventually(lambda: outbox(on))
    assert "hunter2" not in str(held)
    edited = [*held["with"]["command"][:-1], "hi"]
    assert on("outbox", "edit", held["run"], "--set", f"command={json.dumps(edited)}").code == 0
    assert on("outbox", "send", held["run"]).code == 0
    eventually(lambda: sent(workspace) == ["it", "is", "hunter2-hunter2"])
    stored = [one for one in (workspace / ".rouage").glob("journal.db*") if one.is_file()]
    assert stored
    assert not any(b"hunter2" in one.read_bytes() for one in stored)

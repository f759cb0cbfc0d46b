"""The commands that need the running daemon, and what it does to the outside."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]
MARKER = "marker-7f3a9c"

HELLO = """\
name: Hello
inputs:
  who: {type: text, default: world}
  times: {type: number, default: 1}
when:
  - manual.start: {}
do:
  - set: {greeting: "hello ${{ inputs.who }}"}
    id: greet
  - if: inputs.times > 1
    log.write: {message: "more than once"}
  - log.write: {message: "${{ vars.greeting }} ${{ secrets.key }}"}
    id: said
"""
BROKEN = """\
name: Broken
when:
  - manual.start: {}
do:
  - files.read: {path: files/none.txt}
"""
SORTING = """\
name: Sorting
when:
  - folder.file:
      path: files/inbox
      settle: 100ms
if: event.file.size > 3
do:
  - files.move: {source: "${{ event.file.path }}", target: files/sorted/}
"""


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    for name, text in (("hello", HELLO), ("broken", BROKEN), ("sorting", SORTING)):
        (folder / "recipes" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "files" / "inbox").mkdir(exist_ok=True)
    assert rouage("--workspace", folder, "secrets", "set", "key", stdin=MARKER).code == 0
    return folder


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    """Return a function that runs a command on the workspace."""

    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


def get(port: int, path: str, token: str | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_without_a_daemon_the_way_to_start_it_is_told(on: Rouage):
    status = on("status", "--json")
    assert (status.code, status.data["running"]) == (2, False)
    started = on("run", "hello")
    assert started.code == 1
    assert "rouage up" in started.err
    assert on("runs", "--json").data == {"runs": []}


def test_the_daemon_tells_its_ports_and_its_health(
    on: Rouage, start_daemon: Start, workspace: Path
):
    daemon = start_daemon(workspace)
    assert daemon.ready["workspace"] == str(workspace)
    token = (workspace / ".rouage" / "token").read_text().strip()
    assert (workspace / ".rouage" / "token").stat().st_mode & 0o077 == 0
    assert get(daemon.console_port, "/healthz") == (200, {"status": "ok"})
    assert get(daemon.console_port, "/readyz", token)[0] == 200
    assert get(daemon.console_port, "/status")[0] == 401
    code, status = get(daemon.console_port, "/status", token)
    assert code == 200
    assert status["console_port"] == daemon.console_port
    told = on("status", "--json")
    assert told.code == 0, told.out
    assert {one["recipe"] for one in told.data["triggers"]} == {"hello", "broken", "sorting"}
    assert on("status").code == 0


def test_a_second_daemon_is_refused_and_names_the_first(
    start_daemon: Start, workspace: Path, rouage: Rouage
):
    daemon = start_daemon(workspace)
    second = rouage("up", workspace, "--port", "0", "--hooks-port", "0", "--json")
    assert second.code == 3
    assert str(daemon.process.pid) in second.err
    assert str(daemon.process.pid) in second.data["error"]["message"]
    assert daemon.process.poll() is None


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_cleanly(
    on: Rouage, start_daemon: Start, workspace: Path, by: signal.Signals
):
    daemon = start_daemon(workspace)
    assert daemon.stop(by=by) == 0
    assert on("status").code == 2


def test_a_killed_daemon_leaves_nothing_that_blocks_the_next(
    on: Rouage, start_daemon: Start, workspace: Path
):
    start_daemon(workspace).stop(by=signal.SIGKILL)
    assert on("status").code == 2
    assert on("run", "hello").code == 1
    assert on("runs").code == 0
    start_daemon(workspace)
    assert on("status").code == 0


def test_a_run_by_hand_is_shown_with_its_steps_and_without_secrets(
    on: Rouage, start_daemon: Start, workspace: Path
):
    daemon = start_daemon(workspace)
    ran = on("run", "hello", "--input", "who=marie", "--wait", "--json")
    assert ran.code == 0, ran.err
    (run_id,) = ran.data["runs"]
    (listed,) = on("runs", "--json").data["runs"]
    names = {"id", "recipe", "state", "event", "started", "ended", "error", "waiting"}
    assert set(listed) == names
    assert (listed["id"], listed["recipe"], listed["state"]) == (run_id, "hello", "succeeded")
    shown = on("show", run_id[:10], "--json")
    steps = shown.data["steps"]
    assert [(one["id"], one["action"], one["state"]) for one in steps] == [
        ("greet", "set", "done"),
        (None, "log.write", "skipped"),
        ("said", "log.write", "done"),
    ]
    assert steps[0]["result"] == {"greeting": "hello marie"}
    (condition,) = steps[1]["conditions"]
    assert condition["value"] is False
    assert condition["values"] == {"inputs.times": 1}
    assert steps[2]["duration_seconds"] >= 0
    human = on("show", "last", "--lang", "fr")
    assert "inputs.times = 1" in human.out
    log = daemon.log.read_text(encoding="utf-8")
    kept = (workspace / ".rouage" / "logs" / "rouage.log").read_text(encoding="utf-8")
    journal = b"".join(one.read_bytes() for one in (workspace / ".rouage").glob("journal.db*"))
    for text in (ran.out, shown.out, human.out, log, kept, journal.decode("latin-1")):
        assert MARKER not in text


def test_inputs_are_read_as_the_recipe_declares_them(
    on: Rouage, start_daemon: Start, workspace: Path
):
    start_daemon(workspace)
    ran = on("run", "hello", "--input", "times=2", "--input", "who=007", "--wait", "--json")
    assert ran.data["results"][0]["steps"][0]["result"] == {"greeting": "hello 007"}
    assert ran.data["results"][0]["steps"][1]["state"] == "done"
    assert on("run", "hello", "--input", "times=many").code == 2
    wrong = on("--lang", "fr", "run", "hello", "--input", "whom=x")
    assert wrong.code == 2
    assert "times, who" in wrong.err
    assert on("run", "nothing").code == 2


def test_an_event_file_becomes_the_event_of_the_run(
    on: Rouage, start_daemon: Start, workspace: Path
):
    start_daemon(workspace)
    event = json.dumps({"inputs": {"who": "été"}})
    ran = on("run", "hello", "--event", "-", "--wait", "--json", stdin=event)
    assert ran.data["results"][0]["steps"][0]["result"] == {"greeting": "hello été"}


def test_a_failed_run_is_exit_code_1_and_told_in_words(
    on: Rouage, start_daemon: Start, workspace: Path
):
    start_daemon(workspace)
    ran = on("run", "broken", "--wait", "--json", "--lang", "fr")
    assert ran.code == 1
    (failed,) = on("runs", "--state", "failed", "--json", "--lang", "fr").data["runs"]
    assert failed["error"]["message"]
    assert on("runs", "--state", "succeeded", "--json").data == {"runs": []}
    assert on("runs", "--recipe", "hello", "--json").data == {"runs": []}
    assert failed["id"] in on("runs").out


def test_why_tells_what_happened_to_a_file(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    start_daemon(workspace)
    inbox = workspace / "files" / "inbox"
    (inbox / "note é.txt").write_text("hello", encoding="utf-8")
    (inbox / "tiny.txt").write_text("x", encoding="utf-8")
    eventually(lambda: (workspace / "files" / "sorted" / "note é.txt").exists())
    taken = eventually(lambda: _findings(on, inbox / "note é.txt", "succeeded"))
    assert taken["recipe"] == "sorting"
    assert taken["outcome"] == "matched"
    left = eventually(lambda: _findings(on, inbox / "tiny.txt", None))
    assert left["outcome"] == "refused"
    assert left["conditions"][0]["values"] == {"event.file.size": 1}
    french = on("why", inbox / "tiny.txt", "--lang", "fr").out
    assert "l’a laissé" in french
    assert "event.file.size = 1" in french
    nobody = on("why", workspace / "files" / "elsewhere.txt", "--lang", "fr").out
    assert "aucune recette" in nobody


def _findings(on: Rouage, path: Path, state: str | None) -> Any:
    answer = on("why", path, "--json")
    assert answer.code == 0, answer.err
    for one in answer.data["findings"]:
        if "outcome" in one and one["state"] == state:
            return one
    return None


def test_a_broken_recipe_makes_the_status_unwell(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    start_daemon(workspace)
    (workspace / "recipes" / "bad.yaml").write_text("name: [", encoding="utf-8")
    eventually(lambda: on("status").code == 1)
    assert "bad" in on("status").out


def test_the_api_stops_the_daemon(start_daemon: Start, workspace: Path):
    daemon = start_daemon(workspace)
    token = (workspace / ".rouage" / "token").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.console_port}/api/stop",
        data=b"{}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own
        assert reply.status == 202
    assert daemon.process.wait(30) == 0


def test_secrets_that_others_can_read_keep_the_daemon_from_starting(
    rouage: Rouage, workspace: Path
):
    (workspace / ".rouage" / "secrets.json").chmod(0o644)
    answer = rouage("up", workspace, "--port", "0", "--hooks-port", "0")
    assert answer.code == 1
    assert "chmod 600" in answer.err


def test_a_taken_port_is_told_with_the_way_out(
    start_daemon: Start, workspace: Path, rouage: Rouage
):
    daemon = start_daemon(workspace)
    assert rouage("init", "other").code == 0
    port = str(daemon.console_port)
    answer = rouage("up", "other", "--port", port, "--hooks-port", "0")
    assert answer.code == 3
    assert port in answer.err
    assert "--port" in answer.err


def test_the_daemon_speaks_plainly_on_a_terminal_free_output(workspace: Path, environment: Any):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "rouage", "up", str(workspace), "--lang", "fr"),
            *("--port", "0", "--hooks-port", "0"),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert lines[0] == f"Rouage travaille sur {workspace}\n"
    assert "http://127.0.0.1:" in lines[1]
    assert lines[3] == "Arrêtez-le avec Ctrl-C.\n"

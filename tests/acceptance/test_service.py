"""The daemon as a service: signals, sockets of the manager, units, the doctor; real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]

HOOK = """\
name: Orders
when:
  - webhook.received: {path: orders, preset: none, unsigned: true, id_header: X-Id}
if: event.body.total > 100
do:
  - log.write: {message: hi}
"""
CLOCK = """\
name: Clock
when:
  - schedule.cron: {expression: "* * * * *"}
do:
  - log.write: {message: hi}
"""


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    (folder / "recipes" / "orders.yaml").write_text(HOOK, encoding="utf-8")
    return folder


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


def post(port: int, body: bytes, **headers: str) -> tuple[int, Any]:
    import urllib.request

    url = f"http://127.0.0.1:{port}/hooks/orders"
    fields = {"Content-Type": "application/json"} | headers
    request = urllib.request.Request(url, data=body, headers=fields)
    with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
        return reply.status, json.load(reply)


def test_a_hang_up_loads_the_recipes_and_stops_nothing(
    on: Rouage, start_daemon: Start, workspace: Path, eventually: Eventually
):
    daemon = start_daemon(workspace)
    (workspace / "recipes" / "second.yaml").write_text(CLOCK, encoding="utf-8")
    for _ in range(20):
        daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: {one["id"] for one in on("status", "--json").data["recipes"]} >= {"second"})
    assert daemon.process.poll() is None
    assert daemon.stop() == 0


def test_sockets_of_the_service_manager_are_used_and_outlive_a_restart(
    workspace: Path, environment: dict[str, str], on: Rouage, eventually: Eventually
):
    """What systemd does: the sockets are open before the daemon, and stay when it goes."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in held]
    script = (
        "import os,sys\n"
        f"os.dup2({held[0].fileno()}, 3); os.dup2({held[1].fileno()}, 4)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'rouage', *sys.argv[1:]])\n"
    )
    variables = environment | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "console:hooks"}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", script, "up", str(workspace), "--json"],
            env=variables,
            pass_fds=[one.fileno() for one in held],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    try:
        with start() as first:
            assert first.stdout is not None
            ready = json.loads(first.stdout.readline())
            status, _ = post(ports[1], b'{"total": 1}')
            first.send_signal(signal.SIGTERM)
            assert first.wait(30) == 0
        assert [ready["console_port"], ready["hooks_port"]] == ports
        assert status == 200
        # Nobody listens now, and nobody is refused: the answer comes from the next one.
        waiting = socket.create_connection(("127.0.0.1", ports[1]), timeout=30)
        waiting.sendall(b"GET /hooks/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with start() as second:
            assert second.stdout is not None
            second.stdout.readline()
            answer = waiting.recv(12)
            waiting.close()
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
        assert answer == b"HTTP/1.1 405"
    finally:
        for one in held:
            one.close()


def test_a_start_on_a_closed_port_of_the_network_is_refused(
    workspace: Path, environment: dict[str, str]
):
    with socket.create_server(("0.0.0.0", 0)) as held:  # noqa: S104 - to see it refused
        script = (
            f"import os,sys\nos.dup2({held.fileno()}, 3)\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            "os.execv(sys.executable, [sys.executable, '-m', 'rouage', *sys.argv[1:]])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, "up", str(workspace), "--json"],
            env=environment | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "hooks"},
            pass_fds=[held.fileno()],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 3
    assert "0.0.0.0" in done.stderr  # noqa: S104


@pytest.fixture
def manager(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """Return an environment whose `systemctl` notes what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    noted = tmp_path / "told"
    program = folder / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {noted}\n[ "$2" = is-active ] && echo active\nexit 0\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}:{environment['PATH']}", "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.mark.skipif(sys.platform != "linux", reason="this is systemd's")
def test_a_service_is_installed_looked_at_and_removed(
    on: Rouage, workspace: Path, manager: dict[str, str], tmp_path: Path
):
    unit = tmp_path / "config" / "systemd" / "user" / "rouage-w.service"
    printed = on("service", "install", "--print", more=manager)
    assert (printed.code, unit.exists()) == (0, False)
    assert "Type=notify-reload" in printed.out
    assert on("service", "status", more=manager).code == 1
    installed = on("service", "install", "--sockets", "--json", more=manager)
    assert (installed.code, installed.data["started"]) == (0, True)
    assert str(workspace) in unit.read_text()
    assert unit.with_suffix(".socket").exists()
    told = (tmp_path / "told").read_text().splitlines()
    assert told == [
        "--user daemon-reload",
        "--user enable --now rouage-w.socket rouage-w.service",
    ]
    status = on("service", "status", "--json", more=manager)
    assert (status.code, status.data["state"], status.data["active"]) == (0, "current", "active")
    doctor = on("doctor", "--json", more=manager)
    assert {c["name"]: c["state"] for c in doctor.data["checks"]}["service"] == "ok"
    unit.write_text(unit.read_text() + "# by hand\n")
    assert on("service", "status", "--json", more=manager).data["state"] == "outdated"
    removed = on("service", "uninstall", "--json", more=manager)
    assert len(removed.data["removed"]) == 2
    assert not unit.exists()
    assert on("service", "uninstall", more=manager).code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="this is systemd's")
def test_the_unit_of_another_workspace_is_not_overwritten(
    on: Rouage, manager: dict[str, str], tmp_path: Path
):
    unit = tmp_path / "config" / "systemd" / "user" / "shop.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=rouage up /srv/other\n")
    refused = on("service", "install", "--name", "shop", more=manager)
    assert (refused.code, "another workspace" in refused.err) == (2, True)
    assert on("service", "install", "--name", "../x", more=manager).code == 2
    assert "/srv/other" in unit.read_text()


def test_the_doctor_says_what_is_wrong_and_the_next_gesture(
    on: Rouage, workspace: Path, start_daemon: Start
):
    healthy = on("doctor", "--json")
    states = {one["name"]: one["state"] for one in healthy.data["checks"]}
    assert healthy.code == 0, healthy.out
    assert states["settings"] == states["disk_speed"] == "ok"
    assert states["daemon"] == "warning"
    (workspace / "recipes" / "bad.yaml").write_text("name: X\nwhen: 3\n")
    (workspace / ".rouage").chmod(0o755)
    broken = on("--lang", "fr", "doctor")
    assert broken.code == 1
    assert "rouage check recipes/bad.yaml" in broken.out
    assert f"chmod 700 {workspace / '.rouage'}" in broken.out
    (workspace / ".rouage").chmod(0o700)
    (workspace / "rouage.yaml").write_text("langage: fr\n")
    assert on("doctor").code == 1
    (workspace / "rouage.yaml").write_text("language: en\n")
    (workspace / "recipes" / "bad.yaml").unlink()
    start_daemon(workspace)
    running = {one["name"]: one["state"] for one in on("doctor", "--json").data["checks"]}
    assert running["daemon"] == "ok"


def test_settings_that_anybody_may_change_are_refused(rouage: Rouage, workspace: Path):
    (workspace / "rouage.yaml").chmod(0o666)
    refused = rouage("up", workspace, "--port", "0", "--hooks-port", "0")
    assert refused.code == 1
    assert "chmod o-w" in refused.err


def test_why_tells_of_a_delivery_and_of_a_minute(on: Rouage, start_daemon: Start, workspace: Path):
    daemon = start_daemon(workspace)
    port = int(daemon.ready["hooks_port"])
    _, answer = post(port, b'{"total": 87.4}', **{"X-Id": "evt-1042"})
    for subject in (answer["id"], "evt-1042"):
        why = on("why", subject, "--json")
        assert why.code == 0
        (finding,) = why.data["findings"]
        assert (finding["recipe"], finding["outcome"]) == ("orders", "refused")
        assert finding["conditions"][0]["values"] == {"event.body.total": 87.4}
    assert on("why", "evt-104").out.count("orders") == 0
    minute = finding["time"][:16].replace("T", " ")
    told = on("why", minute, more={"TZ": "UTC"})
    assert "its condition was false" in told.out, told.out
    (workspace / "recipes" / "clock.yaml").write_text(CLOCK, encoding="utf-8")
    past = on("--lang", "fr", "why", "2026-01-05 14:05")
    assert "devait partir" in past.out
    assert on("why", "25:70").code == 2


def test_a_process_that_was_killed_and_not_yet_buried_is_stopped(
    on: Rouage, start_daemon: Start, workspace: Path
):
    daemon = start_daemon(workspace)
    os.kill(daemon.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, daemon.process.pid, os.WEXITED | os.WNOWAIT)
    assert on("status").code == 2

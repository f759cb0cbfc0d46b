"""The units that start the daemon: what they hold, and how closed systemd finds them."""

import plistlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from rouage.service.units import (
    Plan,
    launchd_plist,
    systemd_socket,
    systemd_unit,
    windows_task,
)

MOST_EXPOSED = 2.0
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not on this machine"
)


def plan(**changes: Any) -> Plan:
    facts: dict[str, Any] = {
        "name": "rouage",
        "workspace": Path("/home/marie/mon atelier 100%"),
        "command": ("/usr/bin/python3", "-m", "rouage", "up", "/home/marie/mon atelier 100%"),
        "folders": (Path("/srv/scans"), Path("/home/marie/Factures"), Path("/srv/scans/in")),
        "needed": (Path("/home/marie/.local/venv"), Path("/usr")),
        "user": "marie",
    }
    return Plan(**(facts | changes))


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_a_system_unit_names_what_it_may_write_and_nothing_else():
    unit = lines(systemd_unit(plan(), is_system=True))
    assert 'BindPaths="-/home/marie/mon atelier 100%%"' in unit
    assert 'BindPaths="-/home/marie/Factures"' in unit
    assert [line for line in unit if line.startswith("ReadWritePaths")] == [
        'ReadWritePaths="-/srv/scans"'
    ]
    assert 'BindReadOnlyPaths="-/home/marie/.local/venv"' in unit
    assert "User=marie" in unit
    assert 'ExecStart="/usr/bin/python3" "-m" "rouage" "up" "/home/marie/mon atelier 100%%"' in unit
    assert "WorkingDirectory=/home/marie/mon atelier 100%%" in unit
    assert unit.index("Type=notify-reload") == unit.index("Type=notify") + 1


def test_a_workspace_of_the_machine_gets_a_user_of_its_own():
    unit = systemd_unit(plan(workspace=Path("/var/lib/rouage"), user=None), is_system=True)
    assert "DynamicUser=yes" in unit
    assert 'StateDirectory="rouage"' in unit


def test_the_unit_of_a_user_asks_for_nothing_that_only_root_may_give():
    unit = systemd_unit(plan(), is_system=False)
    assert not re.search("^(User|DynamicUser|ProtectSystem|BindPaths|CapabilityB)", unit, re.M)
    assert "NoNewPrivileges=yes" in unit
    assert "WantedBy=default.target" in unit


def test_the_stop_may_take_as_long_as_running_steps_are_given():
    assert "TimeoutStopSec=80" in lines(systemd_unit(plan(grace_seconds=60), is_system=True))


@needs_systemd
@pytest.mark.parametrize(
    "changes", [{}, {"workspace": Path("/var/lib/rouage"), "user": None, "folders": ()}]
)
def test_systemd_finds_the_system_unit_closed(tmp_path: Path, changes: dict[str, Any]):
    path = tmp_path / "rouage.service"
    path.write_text(systemd_unit(plan(**changes), is_system=True))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


def test_the_sockets_belong_to_the_service():
    unit = lines(systemd_socket(plan(ports=(8470, 8471))))
    assert [line for line in unit if line.startswith("ListenStream")] == [
        "ListenStream=127.0.0.1:8470",
        "ListenStream=127.0.0.1:8471",
    ]
    assert "Service=rouage.service" in unit


def test_the_property_list_of_macos_can_be_read_back():
    facts = plistlib.loads(launchd_plist(plan()).encode())
    assert facts["ProgramArguments"][-1] == "/home/marie/mon atelier 100%"
    assert facts["KeepAlive"] == {"SuccessfulExit": False}


def test_the_task_of_windows_is_well_formed():
    text = windows_task(plan(command=("C:\\py <x>.exe", "-m", "rouage", "up", "C:\\mon atelier")))
    root = ET.fromstring(text.partition("?>")[2])  # noqa: S314 - our own text
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    (action,) = root.iter(f"{space}Exec")
    assert action.findtext(f"{space}Command") == "C:\\py <x>.exe"
    assert action.findtext(f"{space}Arguments") == '-m rouage up "C:\\mon atelier"'

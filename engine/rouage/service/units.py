"""The text of the unit that starts the daemon with the machine: pure text, nothing is done here.

The system unit is closed as far as the daemon allows (security S-52): everything it may write
is named, everything else is not even there. A user's own manager cannot close that much.
"""

import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from rouage.records import dataclass

_STOP_MARGIN_SECONDS: Final = 20
_HOMES: Final = ("/home", "/root", "/run/user")

_LOCKED: Final = """\
# What it may do to the machine: nothing beyond the folders below and the network.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateUsers=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
DevicePolicy=closed
KeyringMode=private
RemoveIPC=yes
"""
_FILTERED: Final = """\
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
UMask=0077
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a unit is written for.

    `command` starts the daemon; `folders` are those it may write to beside the workspace,
    `needed` those it only reads (its own program, when that lies in a home). `user` is who
    runs a system unit; None makes a user of its own for a workspace below /var/lib.
    """

    name: str
    workspace: Path
    command: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    needed: tuple[Path, ...] = ()
    user: str | None = None
    grace_seconds: float = 20.0
    ports: tuple[int, int] | None = None
    """Console and webhooks, where systemd is to hold them open over a restart."""


def systemd_unit(plan: Plan, *, is_system: bool) -> str:
    """Return the unit for systemd, of the machine or of one user."""
    stop = int(plan.grace_seconds) + _STOP_MARGIN_SECONDS
    lines = [
        "# Written by `rouage service install`; run it again after a change of folders.",
        "[Unit]",
        f"Description=Rouage ({_plain(plan.workspace.name)})",
        "After=network-online.target",
        "Wants=network-online.target",
        "StartLimitIntervalSec=300",
        "StartLimitBurst=10",
        "",
        "[Service]",
        # An older systemd (before 253) passes over the second line, and takes the first.
        "Type=notify",
        "Type=notify-reload",
        "NotifyAccess=main",
        f"ExecStart={' '.join(_quote(one).replace('$', '$$') for one in plan.command)}",
        f"WorkingDirectory={_plain(plan.workspace)}",
        "WatchdogSec=60",
        "Restart=on-failure",
        "RestartSec=3",
        f"TimeoutStopSec={stop}",
        "TimeoutStartSec=120",
        "KillMode=mixed",
        "LimitNOFILE=65536",
        "LimitCORE=0",
        "TasksMax=512",
        "MemoryHigh=1G",
        "MemoryMax=2G",
    ]
    text = "\n".join(lines) + "\n"
    text += _places(plan, is_system=is_system)
    text += (_LOCKED if is_system else "NoNewPrivileges=yes\n") + _FILTERED
    target = "multi-user.target" if is_system else "default.target"
    return f"{text}\n[Install]\nWantedBy={target}\n"


def _places(plan: Plan, *, is_system: bool) -> str:
    """Return who runs the unit, and the folders that it sees."""
    if not is_system:
        return ""
    lines = []
    own = Path("/var/lib") in plan.workspace.parents
    if plan.user is None:
        lines += ["DynamicUser=yes"]
        if own:
            lines += [f"StateDirectory={_quote(plan.workspace.relative_to('/var/lib'))}"]
    else:
        lines += [f"User={plan.user}"]
    for folder in _without_inner((plan.workspace, *plan.folders)):
        is_hidden = any(_is_below(folder, home) for home in _HOMES)
        word = "BindPaths" if is_hidden else "ReadWritePaths"
        lines.append(f"{word}={_quote(f'-{folder}')}")
    for folder in _without_inner(plan.needed):
        if any(_is_below(folder, home) for home in _HOMES):
            lines.append(f"BindReadOnlyPaths={_quote(f'-{folder}')}")
    return "\n".join(lines) + "\n"


def systemd_socket(plan: Plan) -> str:
    """Return the socket unit that keeps the ports open while the daemon restarts (D-9).

    One unit per port, since names are given per unit, would be two more files; the daemon
    tells the two by their ports instead.
    """
    assert plan.ports is not None  # noqa: S101 - the caller asked for it
    lines = [
        "# Written by `rouage service install --sockets`.",
        "[Unit]",
        f"Description=Rouage ({_plain(plan.workspace.name)}), its ports",
        "",
        "[Socket]",
        *[f"ListenStream=127.0.0.1:{port}" for port in plan.ports],
        f"Service={plan.name}.service",
        "",
        "[Install]",
        "WantedBy=sockets.target",
    ]
    return "\n".join(lines) + "\n"


def launchd_plist(plan: Plan) -> str:
    """Return the property list for launchd (macOS)."""
    logs = plan.workspace / ".rouage" / "logs"
    facts = {
        "Label": f"org.rouage.{plan.name}",
        "ProgramArguments": list(plan.command),
        "WorkingDirectory": str(plan.workspace),
        "RunAtLoad": True,
        # A clean stop (exit code 0) is meant; anything else is not.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": int(plan.grace_seconds) + _STOP_MARGIN_SECONDS,
        "ProcessType": "Background",
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": 16_384},
        "StandardErrorPath": str(logs / "launchd.log"),
    }
    return plistlib.dumps(facts, sort_keys=False).decode()


def windows_task(plan: Plan) -> str:
    """Return the scheduled task that starts the daemon at log-on (Windows; not tried there)."""
    program, *arguments = plan.command
    given = " ".join(f'"{one}"' if " " in one else one for one in arguments)
    title = escape(plan.workspace.name)
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Rouage ({title})</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><LogonType>InteractiveToken</LogonType>
    <RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>10</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec>
    <Command>{escape(program)}</Command>
    <Arguments>{escape(given)}</Arguments>
    <WorkingDirectory>{escape(str(plan.workspace))}</WorkingDirectory>
  </Exec></Actions>
</Task>
"""


def _without_inner(folders: Sequence[Path]) -> list[Path]:
    """Return *folders* without those that lie in another of them, in a fixed order."""
    kept: list[Path] = []
    for folder in sorted(set(folders)):
        if not any(one == folder or one in folder.parents for one in kept):
            kept.append(folder)
    return kept


def _is_below(folder: Path, place: str) -> bool:
    return folder == Path(place) or Path(place) in folder.parents


def _plain(text: object) -> str:
    """Return *text* as a whole value of a unit: only % means something there."""
    return str(text).replace("%", "%%")


def _quote(word: object) -> str:
    """Return a word of a list of words, such as a command line, as systemd reads it back."""
    text = str(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'

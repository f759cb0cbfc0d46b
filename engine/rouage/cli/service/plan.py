"""What the unit of a workspace is written for: its folders, its user, its place."""

import os
import pwd
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal

from rouage.cli.session import Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.records import dataclass
from rouage.service.units import Plan, launchd_plist, systemd_unit, windows_task

Manager = Literal["systemd", "launchd", "windows"]

_SYSTEMD: Final = Path("/etc/systemd/system")
_UNIT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", re.ASCII)

_BAD_NAME: Final = Text(
    "“{name}” cannot be the name of a service: letters, digits, - and _ only",
    "« {name} » ne peut pas être le nom d’un service : lettres, chiffres, - et _ seulement",
)
_ODD_PATH: Final = Text(
    "the path {path} cannot be written into a unit: it holds a colon or a line break",
    "le chemin {path} ne peut pas être écrit dans une unité : il contient un deux-points ou un "
    "retour à la ligne",
)
_NO_USER: Final = Text(
    "there is no user “{name}” here", "il n’y a pas d’utilisateur « {name} » ici"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the unit lies, and how its manager is spoken to."""

    manager: Manager
    path: Path
    name: str
    is_system: bool

    def _systemctl(self, *words: str) -> list[str]:
        return ["systemctl", *([] if self.is_system else ["--user"]), *words]

    def starting(self, units: Sequence[str]) -> list[list[str]]:
        """Return the commands that take the unit up."""
        if self.manager == "launchd":
            return [["launchctl", "load", "-w", str(self.path)]]
        if self.manager == "windows":
            return []
        # The sockets first: a daemon that runs already would hold their ports.
        order = sorted(units, key=lambda unit: not unit.endswith(".socket"))
        return [self._systemctl("daemon-reload"), self._systemctl("enable", "--now", *order)]

    def stopping(self, units: Sequence[str]) -> list[list[str]]:
        """Return the commands that stop the unit for good."""
        if self.manager == "launchd":
            return [["launchctl", "unload", "-w", str(self.path)]]
        return [self._systemctl("disable", "--now", *units)] if self.manager == "systemd" else []

    def forgetting(self) -> list[list[str]]:
        """Return the commands after which the manager knows nothing of it."""
        return [self._systemctl("daemon-reload")] if self.manager == "systemd" else []

    def asking(self) -> list[str] | None:
        """Return the command that says whether it runs."""
        if self.manager == "systemd":
            return self._systemctl("is-active", f"{self.name}.service")
        return None


def make_plan(
    session: Session, *, is_system: bool, name: str | None, run_as: str | None, sockets: bool
) -> Plan:
    """Return what the unit is written for.

    Raises:
        UsageError: a name or a path cannot stand in a unit.
    """
    workspace = session.workspace
    chosen = name or _name_of(workspace)
    if _UNIT_NAME.fullmatch(chosen) is None:
        raise UsageError(_BAD_NAME, name=chosen[:60])
    settings = session.settings
    folders = tuple(writable_folders(session))
    for path in (workspace, *folders):
        if any(letter in str(path) for letter in ":\n\r"):
            raise UsageError(_ODD_PATH, path=path)
    return Plan(
        name=chosen,
        workspace=workspace,
        command=(sys.executable, "-m", "rouage", "up", str(workspace)),
        folders=folders,
        needed=(Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent),
        user=_user(workspace, run_as) if is_system else None,
        grace_seconds=settings.grace_seconds,
        ports=(settings.port, settings.hooks_port) if sockets else None,
    )


def _name_of(workspace: Path) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", workspace.name.lower()).strip("-") or "workspace"
    return "rouage" if plain == "rouage" else f"rouage-{plain}"[:60]


def _user(workspace: Path, run_as: str | None) -> str | None:
    """Return who runs a system unit; None for a workspace below /var/lib, which gets its own.

    Raises:
        UsageError: there is no such user.
    """
    if run_as is None:
        if Path("/var/lib") in workspace.parents:
            return None
        return pwd.getpwuid(workspace.stat().st_uid).pw_name
    try:
        return pwd.getpwnam(run_as).pw_name
    except KeyError as error:
        raise UsageError(_NO_USER, name=run_as[:60]) from error


def writable_folders(session: Session) -> list[Path]:
    """Return the folders that the recipes of the workspace may write to, outside it."""
    from rouage.catalog.discovery import discover
    from rouage.flow.named import named_folders
    from rouage.recipes.folder import RecipeFolder

    workspace, catalog = session.workspace, discover()
    folder = RecipeFolder(session.places.recipes, catalog, input_values=session.settings.inputs)
    folder.scan(0.0)
    surroundings: Any = SimpleNamespace(catalog=catalog, workspace=workspace)
    found = list(session.settings.folders)
    for one in folder.files:
        if one.recipe is not None:
            found += named_folders(one.recipe, surroundings)
    absolute = [Path(os.path.abspath(path)) for path in found]  # noqa: PTH100 - links stay
    folders = {_as_folder(path) for path in absolute} - {Path("/")}
    return sorted(one for one in folders if one != workspace and workspace not in one.parents)


def _as_folder(path: Path) -> Path:
    """Return the folder of a named file: a file is replaced in its folder."""
    is_file = path.is_file() or (path.suffix != "" and not path.is_dir())
    return path.parent if is_file else path


def place_of(plan: Plan, session: Session, *, is_system: bool) -> Place:
    """Return where the unit lies on this kind of machine."""
    home = Path(session.environment.get("HOME") or Path.home())
    if sys.platform == "darwin":
        folder = Path("/Library/LaunchDaemons") if is_system else home / "Library" / "LaunchAgents"
        path = folder / f"org.rouage.{plan.name}.plist"
        return Place(manager="launchd", path=path, name=plan.name, is_system=is_system)
    if sys.platform == "win32":
        path = plan.workspace / f"{plan.name}.xml"
        return Place(manager="windows", path=path, name=plan.name, is_system=is_system)
    given = session.environment.get("XDG_CONFIG_HOME")
    own = (Path(given) if given else home / ".config") / "systemd" / "user"
    folder = _SYSTEMD if is_system else own
    path = folder / f"{plan.name}.service"
    return Place(manager="systemd", path=path, name=plan.name, is_system=is_system)


def text_of(plan: Plan, place: Place) -> str:
    """Return the text of the unit for the manager of *place*."""
    if place.manager == "launchd":
        return launchd_plist(plan)
    if place.manager == "windows":
        return windows_task(plan)
    return systemd_unit(plan, is_system=place.is_system)

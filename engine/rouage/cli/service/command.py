"""`rouage service`: have the daemon start with the machine, and stop having it."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rouage.cli.confirming import can_ask, confirm
from rouage.cli.parser import Parser
from rouage.cli.service.plan import Place, make_plan, place_of, text_of
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.service.units import systemd_socket

_ACTION: Final = Text(
    "`install` shows the unit, writes it and starts it; `uninstall` stops and removes it; "
    "`status` says how it stands",
    "`install` montre l’unité, l’écrit et la lance ; `uninstall` l’arrête et la retire ; "
    "`status` dit où elle en est",
)
_SYSTEM: Final = Text(
    "for the whole machine: starts before anybody logs in (needs administrator rights)",
    "pour toute la machine : démarre avant toute ouverture de session (demande les droits "
    "d’administrateur)",
)
_USER: Final = Text("for this user only (default)", "pour cet utilisateur seulement (par défaut)")
_RUN_AS: Final = Text(
    "with --system: who runs it (default: who owns the workspace)",
    "avec --system : qui l’exécute (par défaut : le propriétaire de l’espace de travail)",
)
_PRINT: Final = Text(
    "show what would be written, do nothing", "montrer ce qui serait écrit, sans rien faire"
)
_NO_START: Final = Text("write it, start nothing", "l’écrire, sans rien lancer")
_YES: Final = Text("do not ask", "ne pas demander")
_SOCKETS: Final = Text(
    "let systemd hold the ports, so that nothing is refused during a restart",
    "laisser systemd tenir les ports, pour que rien ne soit refusé pendant un redémarrage",
)
_ASK: Final = Text("Write this to {path}?", "Écrire ceci dans {path} ?")
_WRITTEN: Final = Text("written: {path}", "écrit : {path}")
_REMOVED: Final = Text("removed: {path}", "retiré : {path}")
_STARTED: Final = Text(
    "Rouage runs now, and starts with the machine", "Rouage tourne, et démarre avec la machine"
)
_RUN_THESE: Final = Text("now run:", "lancez maintenant :")
_LINGER: Final = Text(
    "to have it run while nobody is logged in: loginctl enable-linger {user}",
    "pour qu’il tourne sans session ouverte : loginctl enable-linger {user}",
)
_FOREIGN: Final = Text("{path} starts another workspace", "{path} lance un autre espace de travail")
_FOREIGN_HINT: Final = Text(
    "choose another name with --name, or uninstall that one first",
    "choisissez un autre nom avec --name, ou retirez d’abord celui-là",
)
_NAME: Final = Text("name of the service", "nom du service")
_DENIED: Final = Text(
    "{path} cannot be written: {cause}", "{path} ne peut pas être écrit : {cause}"
)
_DENIED_HINT: Final = Text(
    "run it as administrator (sudo), or install it for yourself with --user",
    "lancez-la en administrateur (sudo), ou installez pour vous seul avec --user",
)
_STATES: Final = {
    "absent": Text("not installed", "pas installé"),
    "current": Text("installed: {path}", "installé : {path}"),
    "outdated": Text(
        "installed, but what it may touch has changed: run `rouage service install` again ({path})",
        "installé, mais ce qu’il peut toucher a changé : relancez « rouage service install » "
        "({path})",
    ),
}
_WINDOWS: Final = Text(
    "this was not tried on Windows: save it as rouage.xml and run "
    "`schtasks /Create /TN Rouage /XML rouage.xml`",
    "ceci n’a pas été essayé sous Windows : enregistrez-le sous rouage.xml et lancez "
    "« schtasks /Create /TN Rouage /XML rouage.xml »",
)
_COMMAND_SECONDS: Final = 60


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("action", about=_ACTION, choices=("install", "uninstall", "status"))
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--user", help=parser.say(_USER), action="store_true")
    scope.add_argument("--system", help=parser.say(_SYSTEM), action="store_true")
    parser.take("--run-as", about=_RUN_AS, metavar=parser.say(Text("USER", "UTILISATEUR")))
    parser.take("--name", about=_NAME, metavar=parser.say(Text("NAME", "NOM")))
    parser.take("--sockets", about=_SOCKETS, action="store_true")
    parser.take("--print", about=_PRINT, action="store_true")
    parser.take("--no-start", about=_NO_START, action="store_true")
    parser.take("--yes", about=_YES, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked with the unit of this workspace."""
    plan = make_plan(
        session,
        is_system=arguments.system,
        name=arguments.name,
        run_as=arguments.run_as,
        sockets=arguments.sockets,
    )
    place = place_of(plan, session, is_system=arguments.system)
    if arguments.action == "status":
        return _status(session, place, text_of(plan, place))
    if arguments.action == "uninstall":
        return _uninstall(session, place)
    files = {place.path: text_of(plan, place)}
    if arguments.sockets and place.manager == "systemd":
        files[place.path.with_suffix(".socket")] = systemd_socket(plan)
    if not _is_wanted(session, place, files, arguments):
        return OK if arguments.print or place.manager == "windows" else FAILED
    _check_owner(place, session.workspace)
    for path, text in files.items():
        _write(path, text)
        session.tell(_WRITTEN, path=path)
    return _start(session, place, list(files), is_wanted=not arguments.no_start)


def _is_wanted(
    session: Session, place: Place, files: dict[Path, str], arguments: argparse.Namespace
) -> bool:
    """Show what would be written, and ask where somebody can answer."""
    only_shown = arguments.print or place.manager == "windows"
    if session.is_json and only_shown:
        session.output.data({"files": {str(path): text for path, text in files.items()}})
    for path, text in files.items():
        if not session.is_json:
            session.output.line(f"# {path}")
            session.output.line(text)
    if place.manager == "windows":
        session.tell(_WINDOWS)
    if only_shown:
        return False
    if arguments.yes or not can_ask(session):
        return True
    return confirm(session, session.say(_ASK, path=place.path))


def _check_owner(place: Place, workspace: Path) -> None:
    """Refuse to overwrite the unit of another workspace.

    Raises:
        UsageError: the file is there, and names another one.
    """
    try:
        known = place.path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    if str(workspace) not in known:
        raise UsageError(_FOREIGN, hint=_FOREIGN_HINT, path=place.path)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as error:
        raise WorkspaceError(_DENIED, hint=_DENIED_HINT, path=path, cause=error.strerror) from error


def _start(session: Session, place: Place, files: list[Path], *, is_wanted: bool) -> int:
    """Have the service manager take the unit up, or say how."""
    commands = place.starting([path.name for path in files])
    done = is_wanted and all(_call(command) for command in commands)
    if session.is_json:
        session.output.data(
            {"files": [str(path) for path in files], "started": done, "commands": commands}
        )
    if done:
        session.tell(_STARTED)
        if place.manager == "systemd" and not place.is_system:
            session.tell(_LINGER, user=session.environment.get("USER", "$USER"))
        return OK
    session.tell(_RUN_THESE)
    for command in commands:
        if not session.is_json:
            session.output.line(f"  {' '.join(command)}")
    return FAILED if is_wanted else OK


def _uninstall(session: Session, place: Place) -> int:
    """Stop the service and remove its files."""
    files = [path for path in (place.path, place.path.with_suffix(".socket")) if path.exists()]
    if files:
        _check_owner(place, session.workspace)
        for command in place.stopping([path.name for path in files]):
            _call(command)
    for path in files:
        try:
            path.unlink()
        except OSError as error:
            raise WorkspaceError(
                _DENIED, hint=_DENIED_HINT, path=path, cause=error.strerror
            ) from error
        session.tell(_REMOVED, path=path)
    for command in place.forgetting():
        _call(command)
    if session.is_json:
        session.output.data({"removed": [str(path) for path in files]})
    elif not files:
        session.tell(_STATES["absent"])
    return OK


def _status(session: Session, place: Place, wanted: str) -> int:
    """Say whether the unit is there and what would be written now; 0 only if it is."""
    try:
        known: str | None = place.path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        known = None
    state = "absent" if known is None else "current" if known == wanted else "outdated"
    says = _ask_manager(place) if known is not None else None
    if session.is_json:
        data: dict[str, Any] = {"state": state, "path": str(place.path), "manager": place.manager}
        session.output.data({**data, "active": says})
    session.tell(_STATES[state], path=place.path)
    if says is not None:
        session.tell(
            Text("{manager}: {says}", "{manager} : {says}"), manager=place.manager, says=says
        )
    return OK if state == "current" else FAILED


def _ask_manager(place: Place) -> str | None:
    """Return what the service manager says of the unit in a word."""
    command = place.asking()
    if command is None or shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


def _call(command: Sequence[str]) -> bool:
    """Run a command of the service manager; say whether it went well."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == os.EX_OK

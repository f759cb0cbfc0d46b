"""`rouage up`: run the daemon of a workspace in the foreground."""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, Protocol

from rouage.cli.logs import configure_logs
from rouage.cli.parser import Parser
from rouage.cli.session import BROKEN, Session
from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.secrets import SecretStore, leave_no_dumps, unseal_apart
from rouage.service.rights import open_doors
from rouage.settings import Settings

logger = logging.getLogger(__name__)

_DIR: Final = Text("the workspace", "l’espace de travail")
_PORT: Final = Text(
    "port of the console (0 picks a free one)", "port de la console (0 en trouve un libre)"
)
_HOOKS_PORT: Final = Text(
    "port of the webhooks (0 picks a free one)", "port des webhooks (0 en trouve un libre)"
)
_READY: Final = Text(
    "Rouage works on {workspace}\n"
    "  console   http://{host}:{console_port}\n"
    "  webhooks  http://{host}:{hooks_port}/hooks/\n"
    "Stop it with Ctrl-C.",
    "Rouage travaille sur {workspace}\n"
    "  console   http://{host}:{console_port}\n"
    "  webhooks  http://{host}:{hooks_port}/hooks/\n"
    "Arrêtez-le avec Ctrl-C.",
)
_ROOT: Final = Text(
    "Rouage runs as root: every recipe can touch every file; a user of its own is safer",
    "Rouage tourne en root : chaque recette peut toucher tous les fichiers ; un compte à part "
    "est plus sûr",
)


class Running(Protocol):
    """What is known of the daemon once it is ready."""

    ports: dict[str, int]


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("folder", about=_DIR, nargs="?", metavar=parser.say(Text("DIR", "DOSSIER")))
    parser.take("--port", about=_PORT, type=_port, metavar="N")
    parser.take("--hooks-port", about=_HOOKS_PORT, type=_port, metavar="N")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Serve until a signal says stop."""
    if arguments.folder is not None:
        session.use_workspace(arguments.folder)
    settings = _settings(session, arguments)
    _refuse_open_doors(settings)
    leave_no_dumps()
    # Checked before anything starts: secrets that others can read stop us here (S-55).
    secrets = SecretStore(settings.places.secrets, opens=unseal_apart)
    with _opened_beside(secrets):
        # What the daemon is made of is loaded in the time that its secrets take.
        import rouage.catalog.discovery
        import rouage.cli.serving  # noqa: F401
    secrets.load()
    # An earlier version kept them in clear; that they still are is told by `rouage secrets test`.
    with suppress(WorkspaceError):
        secrets.seal()
    mask = _live_mask(secrets)
    session.use_mask(mask)
    configure_logs(
        sys.stderr,
        level=settings.log_level,
        folder=_private(settings),
        environment=session.environment,
        mask=mask,
    )
    if os.geteuid() == 0:
        logger.warning("%s", session.say(_ROOT))
    return serve(session, settings, secrets)


@contextmanager
def _opened_beside(secrets: SecretStore) -> Iterator[None]:
    """Open *secrets* meanwhile; what is wrong with them is left for whoever loads them."""

    def load() -> None:
        with suppress(WorkspaceError, OSError):
            secrets.load()

    opening = threading.Thread(target=load)
    opening.start()
    yield
    opening.join()


def _refuse_open_doors(settings: Settings) -> None:
    """Refuse to work by what anybody may change (triggers D-5).

    Raises:
        WorkspaceError: the settings or the recipes are open to all.
    """
    for check in open_doors(settings.places):
        raise WorkspaceError(check.sentence, hint=check.remedy)


def serve(session: Session, settings: Settings, secrets: SecretStore) -> int:
    """Run the daemon with *settings*; return its exit code, 3 when it could not take its place."""
    from rouage.catalog.discovery import discover_on_demand
    from rouage.cli.serving import run as run_daemon

    async def announce(daemon: Running) -> None:
        tell_where(session, settings, daemon.ports)

    try:
        catalog = discover_on_demand()
        return run_daemon(settings, catalog=catalog, on_ready=announce, secrets=secrets)
    except WorkspaceError as error:
        session.complain(error)
        return BROKEN
    except ExceptionGroup as group:
        found = group.subgroup(WorkspaceError)
        if found is None:
            raise
        session.complain(_first(found))
        return BROKEN


def tell_where(session: Session, settings: Settings, ports: dict[str, int]) -> None:
    """Say on standard output that the daemon is ready, and on which ports."""
    facts: dict[str, Any] = {
        "workspace": str(settings.workspace),
        "console_port": ports["console"],
        "hooks_port": ports["hooks"],
    }
    if session.is_json:
        # One line, for a program that reads along while the daemon goes on.
        session.output.data({"ready": True, "pid": os.getpid(), **facts}, indent=None)
    else:
        session.output.line(session.say(_READY, host=url_host(settings), **facts))
    sys.stdout.flush()


def url_host(settings: Settings) -> str:
    """Return the address to call, as it stands in a URL."""
    host = settings.hosts[0]
    return f"[{host}]" if ":" in host else host


def _settings(session: Session, arguments: argparse.Namespace) -> Settings:
    settings = session.settings
    if arguments.port is not None:
        settings = replace(settings, port=arguments.port)
    if arguments.hooks_port is not None:
        settings = replace(settings, hooks_port=arguments.hooks_port)
    return settings


def _private(settings: Settings) -> Any:
    """Return the folder of logs; the private folder above it is made for us alone."""
    settings.places.state.mkdir(mode=0o700, exist_ok=True)
    return settings.places.logs


def _live_mask(store: SecretStore) -> Any:
    """Return a mask that follows the file of secrets."""
    from rouage.safety.redaction import Redactor

    known: list[Any] = [None, Redactor(())]

    def mask(value: Any) -> Any:
        try:
            values = store.load()
        except (WorkspaceError, OSError):
            # Keep hiding what was known: a log line must not fail over a file mode.
            return known[1].mask_json(value)
        if values is not known[0]:
            known[:] = [values, Redactor(values.values())]
        return known[1].mask_json(value)

    return mask


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise ValueError(text)
    return number


def _first(group: BaseException) -> WorkspaceError:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert isinstance(group, WorkspaceError)  # noqa: S101 - the subgroup holds nothing else
    return group

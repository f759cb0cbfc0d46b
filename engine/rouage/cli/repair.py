"""What the commands that act on one run share: find it, call the daemon, say what came of it."""

from typing import Any, Final
from urllib.parse import quote

from rouage.cli.client import find_daemon
from rouage.cli.journal import ask, find_run
from rouage.cli.parser import Parser
from rouage.cli.session import Session
from rouage.language import Text

_RUN: Final = Text(
    "the run, or the first letters of its id; `last` is the newest",
    "l’exécution, ou le début de son identifiant ; « last » est la dernière",
)


def take_run(parser: Parser) -> None:
    """Declare the run to act on."""
    parser.take("run", about=_RUN, metavar=parser.say(Text("RUN", "EXÉCUTION")))


def act_on_run(
    session: Session, wish: str, action: str, body: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Ask the daemon to do *action* with the run that *wish* names; return its id and the answer.

    Raises:
        NotRunning: no daemon works here.
        RouageError: there is no such run, or the daemon refused.
    """
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    run_id = ask(session, lambda reader: find_run(reader, wish)).id
    answer = daemon.post(f"/api/runs/{quote(run_id, safe='')}/{action}", body)
    return run_id, dict(answer)

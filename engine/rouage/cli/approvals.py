"""`rouage approvals`: what waits for somebody's decision, the newest last."""

import argparse
from typing import Any, Final

from rouage.cli.client import NotRunning, find_daemon
from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.question import first_line
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.language import Text
from rouage.web.questions import APPROVALS, MOST_QUESTIONS, question_as_json

_LINKS: Final = Text(
    "show, for each, the links by which people can answer: hand them on with care",
    "montrer, pour chacune, les liens qui permettent de répondre : transmettez-les avec soin",
)
_NOTHING: Final = Text("nothing waits for a decision", "rien n’attend de décision")
_HOW: Final = Text(
    "answer with `rouage approve RUN` or `rouage refuse RUN`",
    "répondez avec « rouage approve EXÉCUTION » ou « rouage refuse EXÉCUTION »",
)
_ASLEEP: Final = Text(
    "no daemon works here: start it with `rouage up` to answer",
    "aucun service ne travaille ici : lancez-le avec « rouage up » pour répondre",
)
_HEADS: Final = (
    Text("RUN", "EXÉCUTION"),
    Text("STEP", "ÉTAPE"),
    Text("RECIPE", "RECETTE"),
    Text("ASKED", "DEMANDÉE"),
    Text("UNTIL", "JUSQU’À"),
    Text("QUESTION", "QUESTION"),
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--links", about=_LINKS, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the questions."""
    entries, is_running = _entries(session)
    if session.is_json:
        session.output.data({"approvals": entries})
    elif not entries:
        session.tell(_NOTHING)
    else:
        session.output.table(
            [session.say(head) for head in _HEADS], [_row(session, one) for one in entries]
        )
        for entry in entries if arguments.links and is_running else ():
            for one in entry["links"]:
                session.output.line(f"{entry['run']}  {one['person']}  {one['link']}")
        session.output.talk(session.say(_HOW if is_running else _ASLEEP))
    return OK


def _entries(session: Session) -> tuple[list[dict[str, Any]], bool]:
    """Return the questions, and whether a daemon is there to take answers."""
    host = session.settings.hosts[0]
    try:
        daemon = find_daemon(session.places, language=session.language, host=host)
        return daemon.get("/api/approvals")["approvals"], True
    except NotRunning:
        if not session.places.journal.exists():
            return [], False
    waits = ask(session, lambda reader: reader.list_waits(kinds=APPROVALS, limit=MOST_QUESTIONS))
    return [question_as_json(wait, session.language) for wait in waits], False


def _row(session: Session, entry: dict[str, Any]) -> list[object]:
    zone = session.settings.zone
    return [
        entry["run"],
        entry["path"],
        entry["recipe"],
        local_time(entry["asked"], zone),
        local_time(entry["deadline"], zone),
        first_line(entry["ask"]),
    ]

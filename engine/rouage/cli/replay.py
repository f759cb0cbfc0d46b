"""`rouage replay EVENT`: make a stored event happen again, for the recipe as it is now."""

import argparse
from typing import Final
from urllib.parse import quote

from rouage.cli.client import find_daemon
from rouage.cli.journal import ask, find_run
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.durable.port import Reader
from rouage.language import Text

_EVENT: Final = Text(
    "the event (`rouage why` and the sender’s answer name it), or a run that it started",
    "l’événement (« rouage why » et la réponse à l’expéditeur le nomment), ou une exécution "
    "qu’il a lancée",
)
_STARTED: Final = Text(
    "{event} happened again: run {runs}", "{event} s’est reproduit : exécution {runs}"
)
_NOTHING: Final = Text(
    "{event} happened again, and started nothing ({outcome}): `rouage why {again}` says why",
    "{event} s’est reproduit, et n’a rien lancé ({outcome}) : « rouage why {again} » dit pourquoi",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("event", about=_EVENT, metavar=parser.say(Text("EVENT", "ÉVÉNEMENT")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Have the event happen again; 1 when the recipe wanted nothing of it."""
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    event = ask(session, lambda reader: _event_of(reader, arguments.event))
    answer = daemon.post(f"/api/events/{quote(event, safe='')}/replay", {})
    if session.is_json:
        session.output.data(answer)
    elif answer["runs"]:
        session.tell(_STARTED, event=event, runs=", ".join(answer["runs"]))
    else:
        session.tell(_NOTHING, event=event, again=answer["event"], outcome=answer["outcome"])
    return OK if answer["runs"] else FAILED


async def _event_of(reader: Reader, wish: str) -> str:
    found = await reader.get_event(wish)
    return found.event.id if found is not None else (await find_run(reader, wish)).event

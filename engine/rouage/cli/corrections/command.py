"""`rouage corrections`: what you corrected by hand, and what a recipe could do about it."""

import argparse
from pathlib import Path
from typing import Any, Final, Literal

from rouage.cli.client import NotRunning, find_daemon
from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.errors import UsageError, WorkspaceError
from rouage.flow.corrections.rows import OWNER, Correction, Known, Proposal, read_known
from rouage.flow.corrections.sentences import known_as_json, proposal_as_json, question
from rouage.language import Text

Decision = Literal["accepted", "dismissed"]

_DO: Final = Text(
    "what to do: list (the default), show, accept or dismiss",
    "ce qu’il faut faire : list (sans rien dire), show (montrer), accept (accepter) ou dismiss "
    "(écarter)",
)
_NUMBER: Final = Text("number of the proposal", "numéro de la proposition")
_REPLAY: Final = Text(
    "with show: how much of the past the new version is shown (default: 30d)",
    "avec show : quelle part du passé montrer à la nouvelle version (par défaut : 30d)",
)
_ALL: Final = Text(
    "with list: also what was decided; with show: every event that differs",
    "avec list : aussi ce qui est décidé ; avec show : chaque événement qui diffère",
)
_YES: Final = Text("with accept: do not ask again", "avec accept : ne pas redemander")
_NEEDS_NUMBER: Final = Text(
    "`rouage corrections {do}` needs a number: `rouage corrections` lists the proposals",
    "« rouage corrections {do} » demande un numéro : « rouage corrections » liste les propositions",
)
_NONE_SUCH: Final = Text("there is no proposal {number}", "il n’y a pas de proposition {number}")
_SEE: Final = Text("`rouage corrections` lists them", "« rouage corrections » en donne la liste")
_NOTHING: Final = Text(
    "no correction was noticed: what recipes made lies where they put it",
    "aucune correction remarquée : ce que les recettes ont fait est là où elles l’ont mis",
)
_NO_PROPOSAL: Final = Text(
    "nothing is proposed: that takes two corrections that are alike",
    "rien n’est proposé : il faut deux corrections semblables",
)
_NOTICED: Final = Text("Noticed:", "Remarqué :")
_PROPOSED: Final = Text("Proposed:", "Proposé :")
_MOVED: Final = Text("{at}  {recipe}: {old} → {new}", "{at}  {recipe} : {old} → {new}")
_EDITED: Final = Text("{at}  {recipe}: {old} was edited", "{at}  {recipe} : {old} a été modifié")
_LINE: Final = Text("{number}. {question}{state}", "{number}. {question}{state}")
_STATES: Final = {
    "open": Text("", ""),
    "accepted": Text(" (accepted)", " (accepté)"),
    "dismissed": Text(" (dismissed)", " (écarté)"),
    "overtaken": Text(" (does not fit any more)", " (ne convient plus)"),
}
_HOW: Final = Text(
    "`rouage corrections show NUMBER` tells what would change; then `accept` or `dismiss` it",
    "« rouage corrections show NUMÉRO » dit ce qui changerait ; puis « accept » ou « dismiss »",
)
_DISMISSED: Final = Text(
    "{number} is dismissed: it is not proposed again",
    "{number} est écartée : ce ne sera plus proposé",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    choices = ("list", "show", "accept", "dismiss")
    parser.take("do", about=_DO, nargs="?", default="list", choices=choices)
    number = parser.say(Text("NUMBER", "NUMÉRO"))
    parser.take("number", about=_NUMBER, nargs="?", type=int, metavar=number)
    duration = parser.say(Text("DURATION", "DURÉE"))
    parser.take("--replay", about=_REPLAY, default="30d", metavar=duration)
    parser.take("--all", about=_ALL, action="store_true")
    parser.take("--yes", about=_YES, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    known = known_of(session)
    if arguments.do == "list":
        return _list(session, known, shows_all=arguments.all)
    if arguments.number is None:
        raise UsageError(_NEEDS_NUMBER, do=arguments.do)
    proposal = known.numbered(arguments.number)
    if proposal is None:
        raise WorkspaceError(_NONE_SUCH, hint=_SEE, number=arguments.number)
    if arguments.do == "dismiss":
        return _dismiss(session, proposal)
    from rouage.cli.corrections.show import accept, show

    if arguments.do == "show":
        return show(session, known, proposal, past=arguments.replay, shows_all=arguments.all)
    return accept(session, known, proposal, is_sure=arguments.yes)


def known_of(session: Session) -> Known:
    """Return what the journal remembers; nothing where nothing ever ran."""
    if not session.places.journal.exists():
        return Known(corrections={}, proposals={})
    return read_known(ask(session, lambda reader: reader.load_items(OWNER)))


def decide(session: Session, proposal: Proposal, decision: Decision) -> None:
    """Note what became of *proposal*, through the daemon where one works."""
    host = session.settings.hosts[0]
    try:
        daemon = find_daemon(session.places, language=session.language, host=host)
        daemon.post(f"/api/corrections/{proposal.number}", {"decision": decision})
    except NotRunning:
        _without_daemon(session, proposal, decision)


def _without_daemon(session: Session, proposal: Proposal, decision: Decision) -> None:
    import asyncio
    from dataclasses import replace

    from rouage.clock import SystemClock
    from rouage.durable.sqlite import open_engine
    from rouage.lock import WorkspaceLock
    from rouage.workplace import prepare

    async def note() -> None:
        engine = open_engine(session.places.journal, clock=SystemClock())
        try:
            # The daemon solves the notice at its next look.
            row = replace(proposal, state=decision).as_json()
            await engine.put_items(OWNER, {proposal.key.encode(): row})
        finally:
            await engine.close(0)

    prepare(session.places)
    with WorkspaceLock(session.places.lock):
        asyncio.run(note())


def correction_line(session: Session, correction: Correction) -> str:
    """Return one correction as a line."""
    facts: dict[str, Any] = {
        "at": local_time(correction.noticed, session.settings.zone),
        "recipe": correction.recipe,
        "old": _shown(session, correction.old),
        "new": _shown(session, correction.new),
    }
    return session.say(_MOVED if correction.edited is None else _EDITED, **facts)


def _shown(session: Session, path: str) -> str:
    root = session.places.root
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _list(session: Session, known: Known, *, shows_all: bool) -> int:
    if session.is_json:
        session.output.data(known_as_json(known, session.language))
        return OK
    if not known.corrections and not known.proposals:
        session.tell(_NOTHING)
        return OK
    if known.corrections:
        session.tell(_NOTICED)
    for correction in sorted(known.corrections.values(), key=lambda one: (one.noticed, one.old)):
        session.output.line(f"  {correction_line(session, correction)}")
    proposals = sorted(known.proposals.values(), key=lambda one: one.number)
    shown = [one for one in proposals if shows_all or one.state == "open"]
    session.tell(_PROPOSED if shown else _NO_PROPOSAL)
    for proposal in shown:
        asked, state = session.say(question(proposal)), session.say(_STATES[proposal.state])
        facts = {"number": proposal.number, "question": asked, "state": state}
        session.output.line(f"  {session.say(_LINE, **facts)}")
    if any(one.state == "open" for one in shown):
        session.tell(_HOW)
    return OK


def _dismiss(session: Session, proposal: Proposal) -> int:
    decide(session, proposal, "dismissed")
    if session.is_json:
        told = {**proposal_as_json(proposal, session.language), "state": "dismissed"}
        session.output.data(told)
    session.tell(_DISMISSED, number=proposal.number)
    return OK

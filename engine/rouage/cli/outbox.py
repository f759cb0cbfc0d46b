"""`rouage outbox`: what waits to go out, and cancelling, editing or sending it."""

import argparse
import json
from typing import Any, Final
from urllib.parse import quote

from rouage.cli.client import Client, NotRunning, find_daemon
from rouage.cli.journal import ask, find_run
from rouage.cli.output import one_line
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.errors import UsageError
from rouage.language import Text
from rouage.web.outbox import HELD, MOST_HELD, held_as_json

_DO: Final = Text(
    "what to do: list (the default), cancel, edit or send",
    "ce qu’il faut faire : list (sans rien dire), cancel (annuler), edit (corriger) ou send "
    "(envoyer maintenant)",
)
_RUN: Final = Text(
    "the run that holds it, or the first letters of its id; `last` is the newest",
    "l’exécution qui le retient, ou le début de son identifiant ; « last » est la dernière",
)
_STEP: Final = Text(
    "path of the step, where the run holds several",
    "chemin de l’étape, si l’exécution en retient plusieurs",
)
_SET: Final = Text("with edit: a value to change", "avec edit : une valeur à changer")
_REASON: Final = Text("why, for the record", "pourquoi, pour mémoire")
_NEEDS_RUN: Final = Text(
    "`rouage outbox {do}` needs a run: `rouage outbox` lists them",
    "« rouage outbox {do} » demande une exécution : « rouage outbox » en donne la liste",
)
_NEEDS_SET: Final = Text(
    "`rouage outbox edit` needs --set name=value",
    "« rouage outbox edit » demande --set nom=valeur",
)
_ONLY_EDIT: Final = Text("--set goes with edit alone", "--set ne va qu’avec edit")
_PAIR: Final = Text(
    "--set must be name=value, not {given}", "--set doit être nom=valeur, pas {given}"
)
_NOT_JSON: Final = Text(
    "“{name}” is no text: write its value as JSON",
    "« {name} » n’est pas un texte : écrivez du JSON",
)
_NOTHING: Final = Text("nothing waits to go out", "rien n’attend de partir")
_HOW: Final = Text(
    "stop one with `rouage outbox cancel RUN`, change it with `edit`, let it go with `send`",
    "arrêtez un envoi avec « rouage outbox cancel EXÉCUTION », corrigez-le avec « edit », "
    "laissez-le partir avec « send »",
)
_REPEATED: Final = Text(
    "{run}: the same went out today already, by {other}",
    "{run} : la même chose est déjà partie aujourd’hui, par {other}",
)
_DONE: Final = {
    "cancel": Text("cancelled: {run} {path}", "annulé : {run} {path}"),
    "edit": Text("changed: {run} {path}", "corrigé : {run} {path}"),
    "send": Text("sent now: {run} {path}", "envoyé maintenant : {run} {path}"),
}
_HEADS: Final = (
    Text("RUN", "EXÉCUTION"),
    Text("STEP", "ÉTAPE"),
    Text("RECIPE", "RECETTE"),
    Text("GOES OUT", "DÉPART"),
    Text("WHAT", "QUOI"),
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    choices = ("list", "cancel", "edit", "send")
    parser.take("do", about=_DO, nargs="?", default="list", choices=choices)
    parser.take("run", about=_RUN, nargs="?", metavar=parser.say(Text("RUN", "EXÉCUTION")))
    parser.take("--step", about=_STEP, metavar=parser.say(Text("PATH", "CHEMIN")))
    pair = parser.say(Text("NAME=VALUE", "NOM=VALEUR"))
    parser.take("--set", about=_SET, action="append", default=[], metavar=pair)
    parser.take("--reason", about=_REASON, metavar=parser.say(Text("TEXT", "TEXTE")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    if arguments.do == "list":
        return _list(session, arguments.run)
    if arguments.run is None:
        raise UsageError(_NEEDS_RUN, do=arguments.do)
    if arguments.do == "edit" and not arguments.set:
        raise UsageError(_NEEDS_SET)
    if arguments.do != "edit" and arguments.set:
        raise UsageError(_ONLY_EDIT)
    return _change(session, arguments)


def _change(session: Session, arguments: argparse.Namespace) -> int:
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    run_id = ask(session, lambda reader: find_run(reader, arguments.run)).id
    body: dict[str, Any] = {"choice": arguments.do, "reason": arguments.reason}
    if arguments.step is not None:
        body["path"] = arguments.step
    if arguments.do == "edit":
        body["with"] = _changes(_held(daemon, run_id, arguments.step), arguments.set)
    done = daemon.post(f"/api/runs/{quote(run_id, safe='')}/outbox", body)
    if session.is_json:
        session.output.data(done)
    session.tell(_DONE[arguments.do], run=done["run"], path=done["path"])
    return OK


def _held(daemon: Client, run_id: str, path: str | None) -> dict[str, Any]:
    """Return the values of the call that is meant; empty leaves it to the daemon to complain."""
    found = daemon.get(f"/api/outbox?run={quote(run_id, safe='')}")["outbox"]
    found = [one for one in found if one["run"] == run_id and path in {None, one["path"]}]
    return dict(found[0]["with"]) if len(found) == 1 else {}


def _changes(known: dict[str, Any], pairs: list[str]) -> dict[str, Any]:
    """Return the `name=value` *pairs*: a text stays one, anything else is written as JSON.

    Raises:
        UsageError: one cannot be read.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise UsageError(_PAIR, given=pair[:60])
        if isinstance(known.get(name), str | None):
            values[name] = text
            continue
        try:
            values[name] = json.loads(text)
        except ValueError as error:
            raise UsageError(_NOT_JSON, name=name[:60]) from error
    return values


def _list(session: Session, wish: str | None) -> int:
    entries = _entries(session)
    if wish is not None:
        run_id = ask(session, lambda reader: find_run(reader, wish)).id
        entries = [one for one in entries if one["run"] == run_id]
    if session.is_json:
        session.output.data({"outbox": entries})
        return OK
    if not entries:
        session.tell(_NOTHING)
        return OK
    zone = session.settings.zone
    rows: list[list[object]] = [
        [one["run"], one["path"], one["recipe"], local_time(one["due"], zone), one["say"]]
        for one in entries
    ]
    session.output.table([session.say(head) for head in _HEADS], rows)
    for entry in entries:
        for name, value in entry["with"].items() if wish is not None else ():
            session.output.line(f"  {name}: {one_line(value, most=2_000)}")
        if entry["same_as"]:
            facts = {"run": entry["run"], "other": entry["same_as"]}
            session.output.talk(session.say(_REPEATED, **facts))
    session.tell(_HOW)
    return OK


def _entries(session: Session) -> list[dict[str, Any]]:
    """Return what is held, whether a daemon is there or not."""
    host = session.settings.hosts[0]
    try:
        daemon = find_daemon(session.places, language=session.language, host=host)
        return list(daemon.get("/api/outbox")["outbox"])
    except NotRunning:
        if not session.places.journal.exists():
            return []
    waits = ask(session, lambda reader: reader.list_waits(kinds=HELD, limit=MOST_HELD))
    return [held_as_json(wait, session.language) for wait in waits]

"""Give a waiting question its answer: what `rouage approve` and `rouage refuse` share."""

import argparse
from typing import Any, Final, Literal
from urllib.parse import quote

from rouage.cli.client import Client, find_daemon
from rouage.cli.journal import ask, find_run
from rouage.cli.parser import Parser
from rouage.cli.question import question_lines
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.web.fields import read_field

_RUN: Final = Text(
    "the run, or the first letters of its id; `last` is the newest",
    "l’exécution, ou le début de son identifiant ; « last » est la dernière",
)
_STEP: Final = Text(
    "path of the question, where the run asks several",
    "chemin de la question, si l’exécution en pose plusieurs",
)
_FIELD: Final = Text("value of a field", "valeur d’un champ")
_REASON: Final = Text("why, for the record", "pourquoi, pour mémoire")
_YES: Final = Text("do not ask back on a terminal", "ne pas demander confirmation")
_PAIR: Final = Text(
    "--field must be name=value, not {given}", "--field doit être nom=valeur, pas {given}"
)
_NO_FIELD: Final = Text(
    "the question has no field “{name}”", "la question n’a pas de champ « {name} »"
)
_FIELDS: Final = Text("its fields: {names}", "ses champs : {names}")
_NO_FIELDS: Final = Text("it has none", "elle n’en a aucun")
_SURE: Final = {
    "approve": Text("Approve? [y/N] ", "Approuver ? [o/N] "),
    "refuse": Text("Refuse? [y/N] ", "Refuser ? [o/N] "),
}
_DONE: Final = {
    "approve": Text("approved: {run} {path}", "approuvée : {run} {path}"),
    "refuse": Text("refused: {run} {path}", "refusée : {run} {path}"),
}
_LEFT: Final = Text("nothing was decided", "rien n’a été décidé")
_AGREED: Final = frozenset({"y", "yes", "o", "oui"})


def configure_answer(parser: Parser, *, takes_fields: bool) -> None:
    """Declare what both commands take."""
    parser.take("run", about=_RUN, metavar=parser.say(Text("RUN", "EXÉCUTION")))
    parser.take("--step", about=_STEP, metavar=parser.say(Text("PATH", "CHEMIN")))
    if takes_fields:
        pair = parser.say(Text("NAME=VALUE", "NOM=VALEUR"))
        parser.take("--field", about=_FIELD, action="append", default=[], metavar=pair)
    parser.take("--reason", about=_REASON, metavar=parser.say(Text("TEXT", "TEXTE")))
    parser.take("--yes", about=_YES, action="store_true")


def answer(
    session: Session, arguments: argparse.Namespace, choice: Literal["approve", "refuse"]
) -> int:
    """Show the question where a person reads along, and send the answer."""
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    run_id = ask(session, lambda reader: find_run(reader, arguments.run)).id
    entry = _question(daemon, run_id, arguments.step)
    fields = _typed(entry, getattr(arguments, "field", []))
    if not arguments.yes and not _agrees(session, entry, choice):
        session.output.talk(session.say(_LEFT))
        return FAILED
    body: dict[str, Any] = {
        "choice": choice,
        "fields": fields,
        "reason": arguments.reason,
        "shown": (entry or {}).get("digest") or "",
    }
    path = arguments.step or (entry or {}).get("path")
    if path is not None:
        body["path"] = path
    done = daemon.post(f"/api/runs/{quote(run_id, safe='')}/answer", body)
    if session.is_json:
        session.output.data(done)
    session.tell(_DONE[choice], run=done["run"], path=done["path"])
    return OK


def _question(daemon: Client, run_id: str, path: str | None) -> dict[str, Any] | None:
    """Return the question that is meant; None leaves it to the daemon to say what is wrong."""
    found = daemon.get(f"/api/approvals?run={quote(run_id, safe='')}")["approvals"]
    found = [one for one in found if one["run"] == run_id and path in {None, one["path"]}]
    return found[0] if len(found) == 1 else None


def _typed(entry: dict[str, Any] | None, pairs: list[str]) -> dict[str, Any]:
    """Return the `name=value` *pairs* as the types that the question declares.

    Raises:
        UsageError: one has no such name, or does not fit.
    """
    known = (entry or {}).get("fields") or {}
    values = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise UsageError(_PAIR, given=pair[:60])
        if entry is not None and name not in known:
            hint = _FIELDS if known else _NO_FIELDS
            raise UsageError(_NO_FIELD, hint=hint, name=name[:60], names=", ".join(known))
        values[name] = read_field(name, known.get(name), text)
    return values


def _agrees(session: Session, entry: dict[str, Any] | None, choice: str) -> bool:
    """Show the question and ask back; only on a terminal, since a program has decided already."""
    if entry is None or session.is_json:
        return True
    if not (session.output.is_terminal and session.stdin.isatty()):
        return True
    for line in question_lines(session, entry):
        session.output.line(line)
    session.output.prompt(session.say(_SURE[choice]))
    return session.stdin.readline().strip().lower() in _AGREED

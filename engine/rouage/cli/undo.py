"""`rouage undo RUN`: take back what a run did, as far as the world still is what it left."""

import argparse
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from rouage.cli.client import Client, find_daemon
from rouage.cli.journal import ask, find_run
from rouage.cli.parser import Parser
from rouage.cli.repair import take_run
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import state_word
from rouage.language import Text

_STEP: Final = Text(
    "only this step, by its id or path", "seulement cette étape, par son identifiant ou son chemin"
)
_DRY: Final = Text(
    "say what would be done, and do nothing", "dire ce qui serait fait, sans le faire"
)
_SKIP: Final = Text(
    "leave what was changed since, and take back the rest",
    "laisser ce qui a été modifié depuis, et reprendre le reste",
)
_MARKS: Final[Mapping[str, Text]] = {
    "ready": Text("taken back", "repris"),
    "conflict": Text("conflict", "conflit"),
    "stays": Text("stays", "reste"),
    "undone": Text("undone already", "déjà annulé"),
    "elsewhere": Text("done by an earlier run", "fait par une exécution précédente"),
}
_EFFECT: Final = Text("{mark}: {sentence} ({step})", "{mark} : {sentence} ({step})")
_MORE: Final = Text("… and {count} more", "… et {count} de plus")
_STAYING: Final = Text(
    "{count} effect(s) cannot be undone and stay as they are",
    "{count} effet(s) ne peuvent pas être annulés et restent tels quels",
)
_UNDONE_BY: Final = Text(
    "undone by the run {run} ({state})", "annulée par l’exécution {run} ({state})"
)
_NOTHING: Final = Text(
    "there is nothing (more) to undo in {run}", "il n’y a rien (de plus) à annuler dans {run}"
)
_WOULD: Final = Text("{count} effect(s) would be taken back", "{count} effet(s) seraient repris")
_SURE: Final = Text(
    "Take back {ready} effect(s), and leave {conflict} as they are? [y/N] ",
    "Reprendre {ready} effet(s), et laisser {conflict} tels quels ? [o/N] ",
)
_LEFT: Final = Text("nothing was changed", "rien n’a été modifié")
_HINT: Final = Text(
    "look at the conflicts, then use --skip-conflicts to take back the rest",
    "regardez les conflits, puis utilisez --skip-conflicts pour reprendre le reste",
)
_DONE: Final = Text(
    "{count} effect(s) taken back: run {run}", "{count} effet(s) repris : exécution {run}"
)
_BADLY: Final = Text("{run}: {state}: {error}", "{run} : {state} : {error}")
_AGREED: Final = frozenset({"y", "yes", "o", "oui"})
_FINAL: Final = frozenset({"succeeded", "failed", "skipped", "cancelled", "needs_attention"})
_SHOWN: Final = 40
_POLL_SECONDS: Final = 0.05
_LOOK_SECONDS: Final = 900.0
"""The daemon reads every file that the run changed before it says what can be taken back."""


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    take_run(parser)
    parser.take("--step", about=_STEP, metavar=parser.say(Text("STEP", "ÉTAPE")))
    parser.take("--dry-run", about=_DRY, action="store_true")
    parser.take("--skip-conflicts", about=_SKIP, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Say what undoing means, ask about conflicts, and do it."""
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    run_id = ask(session, lambda reader: find_run(reader, arguments.run)).id
    address = f"/api/runs/{quote(run_id, safe='')}/undo"
    body: dict[str, Any] = {} if arguments.step is None else {"step": arguments.step}
    view = daemon.post(address, {**body, "dry_run": True}, within_seconds=_LOOK_SECONDS)
    for line in _lines(session, view):
        session.tell(Text("{line}", "{line}"), line=line)
    counts = view["counts"]
    if arguments.dry_run or not counts.get("ready"):
        return _end_here(session, view, is_dry=arguments.dry_run)
    skips = arguments.skip_conflicts
    if counts.get("conflict") and not skips:
        skips = _is_agreed(session, counts)
        if not skips:
            return _refuse(session, view)
    started = daemon.post(address, {**body, "skip_conflicts": skips}, within_seconds=_LOOK_SECONDS)
    return _finish(session, daemon, started)


def _end_here(session: Session, view: dict[str, Any], *, is_dry: bool) -> int:
    if session.is_json:
        session.output.data({**view, "run": None})
    count = view["counts"].get("ready", 0)
    if count:
        session.tell(_WOULD, count=count)
        return OK
    session.tell(_NOTHING, run=view["of"])
    return OK if is_dry else FAILED


def _is_agreed(session: Session, counts: Mapping[str, int]) -> bool:
    """Ask on a terminal whether the rest is to be taken back; nobody there means no."""
    if session.is_json or not session.stdin.isatty():
        return False
    facts = {"ready": counts.get("ready", 0), "conflict": counts["conflict"]}
    session.output.prompt(session.say(_SURE, **facts))
    return session.stdin.readline().strip().lower() in _AGREED


def _refuse(session: Session, view: dict[str, Any]) -> int:
    if session.is_json:
        session.output.data({**view, "run": None})
    session.tell(_LEFT)
    session.output.talk(session.say(_HINT))
    return FAILED


def _finish(session: Session, daemon: Client, started: dict[str, Any]) -> int:
    while True:
        found = daemon.get(f"/api/runs/{started['run']}")
        if found["state"] in _FINAL:
            break
        time.sleep(_POLL_SECONDS)
    outputs = found.get("outputs") or {}
    if session.is_json:
        session.output.data({**started, "state": found["state"], "result": outputs})
    if found["state"] == "succeeded":
        session.tell(_DONE, count=outputs.get("taken_back", 0), run=started["run"])
        return OK
    error = (found.get("error") or found.get("reason") or {}).get("message", "")
    state = state_word(found["state"], session.language)
    session.tell(_BADLY, run=started["run"], state=state, error=error)
    return FAILED


def _lines(session: Session, view: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would become of each effect, the last one first; what stays is summed up."""
    for undo in view["undone_by"]:
        state = state_word(undo["state"], session.language)
        yield session.say(_UNDONE_BY, run=undo["id"], state=state)
    for state in ("stays", "conflict", "ready", "undone", "elsewhere"):
        effects = [one for one in view["effects"] if one["state"] == state]
        for effect in effects[:_SHOWN]:
            yield from _effect(session, effect)
        if len(effects) > _SHOWN:
            yield "  " + session.say(_MORE, count=len(effects) - _SHOWN)
    staying = view["counts"].get("stays")
    if staying:
        yield session.say(_STAYING, count=staying)


def _effect(session: Session, effect: Mapping[str, Any]) -> Iterator[str]:
    mark = session.say(_MARKS[effect["state"]])
    yield session.say(_EFFECT, mark=mark, sentence=effect["sentence"], step=effect["step"])
    for line in effect["lines"][:_SHOWN]:
        yield f"    {line}"
    if effect["hint"]:
        yield f"    {effect['hint']}"

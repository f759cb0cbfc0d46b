"""`rouage status`: how the daemon, its recipes and its triggers are."""

import argparse
from typing import Any, Final

from rouage.cli.client import NotRunning, find_daemon
from rouage.cli.gallery_versions import outdated, sentence
from rouage.cli.parser import Parser
from rouage.cli.pause import pause_line
from rouage.cli.recipe_files import recipes_in
from rouage.cli.session import Session
from rouage.cli.states import local_time, state_word
from rouage.language import Text

WELL: Final = 0
UNWELL: Final = 1
STOPPED: Final = 2
"""The exit codes of this command (triggers D-7)."""

_HEAD: Final = Text(
    "{state} (process {pid}, since {started})", "{state} (processus {pid}, depuis {started})"
)
_REASON: Final = Text("reason: {reason}", "raison : {reason}")
_PORTS: Final = Text(
    "console on port {console_port}, webhooks on port {hooks_port}",
    "console sur le port {console_port}, webhooks sur le port {hooks_port}",
)
_APPROVALS: Final = Text(
    "{count} waiting for a decision: `rouage approvals`",
    "{count} en attente d’une décision : « rouage approvals »",
)
_STOPPED: Final = Text(
    "no daemon works on {workspace}: nothing is watched now",
    "aucun service ne travaille sur {workspace} : rien n’est surveillé en ce moment",
)
_START: Final = Text("start it with `rouage up`", "lancez-le avec « rouage up »")
_BROKEN: Final = Text(
    "connectors that cannot be loaded: {names}", "connecteurs qui ne se chargent pas : {names}"
)
_PAUSED: Final = Text("go on with `rouage resume`", "reprenez avec « rouage resume »")
_TO_KNOW: Final = Text("to know:", "à savoir :")
_TIMES: Final = Text("{notice} ({count} times)", "{notice} ({count} fois)")
_HEADS: Final = (
    Text("RECIPE", "RECETTE"),
    Text("TRIGGER", "DÉCLENCHEUR"),
    Text("STATE", "ÉTAT"),
    Text("EVENTS", "ÉVÉNEMENTS"),
    Text("LAST EVENT", "DERNIER"),
    Text("REASON", "RAISON"),
)
_RECIPE_HEADS: Final = (
    Text("RECIPE", "RECETTE"),
    Text("STATE", "ÉTAT"),
    Text("FILE", "FICHIER"),
)
_MOST_NOTICES: Final = 20
_UNWELL_TRIGGERS: Final = frozenset({"degraded", "error"})
_WELL_RECIPES: Final = frozenset({"active", "disabled"})


def configure(parser: Parser) -> None:
    """Declare the arguments: there are none of its own."""
    del parser


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the state; 0 when all is well, 1 when something is not, 2 when no daemon runs."""
    del arguments
    try:
        daemon = find_daemon(
            session.places, language=session.language, host=session.settings.hosts[0]
        )
    except NotRunning:
        return _stopped(session)
    try:
        status = daemon.get("/status")
    except NotRunning:
        return _stopped(session)
    old = outdated(recipes_in(session.places.recipes))
    if session.is_json:
        told = [one.as_json() for one in old]
        session.output.data({"running": True, **status, "outdated": told})
    else:
        _print(session, status)
        for one in old:
            session.output.line(sentence(session, one))
    return WELL if is_well(status) else UNWELL


def is_well(status: dict[str, Any]) -> bool:
    """Say whether the engine, every recipe and every trigger are as they should be.

    What the owner has not dealt with (a notice) is not well either; a pause is.

    A connector that cannot be loaded shows in the recipes that need it.
    """
    triggers = status.get("triggers") or []
    recipes = status.get("recipes") or []
    return (
        status.get("state") == "ok"
        and all(trigger.get("state") not in _UNWELL_TRIGGERS for trigger in triggers)
        and all(recipe.get("state") in _WELL_RECIPES for recipe in recipes)
        and not status.get("notices")
    )


def _stopped(session: Session) -> int:
    if session.is_json:
        session.output.data({"running": False, "state": "stopped"})
    else:
        session.tell(_STOPPED, workspace=session.workspace)
        session.tell(_START)
    return STOPPED


def _print(session: Session, status: dict[str, Any]) -> None:
    language, zone = session.language, session.settings.zone
    session.tell(
        _HEAD,
        state=state_word(str(status.get("state")), language),
        pid=status.get("pid", "?"),
        started=local_time(status.get("started"), zone),
    )
    if status.get("reason"):
        session.tell(_REASON, reason=status["reason"])
    session.tell(_PORTS, **status)
    if status.get("approvals"):
        session.tell(_APPROVALS, count=status["approvals"])
    _print_pauses(session, status.get("paused") or [])
    _print_notices(session, status.get("notices") or [])
    if status.get("connectors_broken"):
        session.tell(_BROKEN, names=", ".join(status["connectors_broken"]))
    unwell = [one for one in status.get("recipes") or [] if one.get("state") not in _WELL_RECIPES]
    _table(session, _HEADS, [_trigger_row(session, one) for one in status.get("triggers") or []])
    _table(
        session, _RECIPE_HEADS, [[one[key] for key in ("id", "message", "file")] for one in unwell]
    )


def _print_pauses(session: Session, pauses: list[dict[str, Any]]) -> None:
    for pause in pauses:
        session.output.line(pause_line(session, pause))
    if pauses:
        session.tell(_PAUSED)


def _print_notices(session: Session, notices: list[dict[str, Any]]) -> None:
    """Print what the owner has to know, the newest first."""
    if notices:
        session.tell(_TO_KNOW)
    for notice in notices[:_MOST_NOTICES]:
        text, count = str(notice["text"]), int(notice.get("count", 1))
        said = text if count == 1 else session.say(_TIMES, notice=text, count=count)
        when = local_time(notice.get("last"), session.settings.zone)
        session.output.line(f"  {when}  {said}")


def _trigger_row(session: Session, trigger: dict[str, Any]) -> list[object]:
    return [
        trigger.get("recipe", ""),
        f"{trigger.get('trigger', '')} {trigger.get('uses', '')}",
        state_word(str(trigger.get("state")), session.language),
        trigger.get("events", 0),
        local_time(trigger.get("last_event"), session.settings.zone),
        trigger.get("reason") or "",
    ]


def _table(session: Session, heads: tuple[Text, ...], rows: list[list[object]]) -> None:
    if rows:
        session.output.line()
        session.output.table([session.say(head) for head in heads], rows)

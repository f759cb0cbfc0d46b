"""`rouage resume [RECIPE]`: end a pause; what it held back runs, or is kept as it is."""

import argparse
from typing import Any, Final

from rouage.cli.client import Client, NotRunning, find_daemon
from rouage.cli.confirming import can_ask, confirm
from rouage.cli.parser import Parser
from rouage.cli.pause import offline
from rouage.cli.session import OK, Session
from rouage.flow.pauses import ALL, Stored
from rouage.language import Text

_RECIPE: Final = Text(
    "the recipe (default: the pause of all of them)",
    "la recette (par défaut : la pause de toutes)",
)
_STORED: Final = Text(
    "what came meanwhile: `run` it in its order (default), or `keep` it without running it",
    "ce qui est arrivé entre-temps : `run` le lance dans l’ordre (par défaut), `keep` le garde "
    "sans le lancer",
)
_ASK: Final = Text(
    "{count} events came meanwhile. Run them now?",
    "{count} événements sont arrivés entre-temps. Les lancer maintenant ?",
)
_RESUMED: Final = Text(
    "{recipe} goes on; {count} event(s) from the pause were let go",
    "{recipe} reprend ; {count} événement(s) de la pause ont été relancés",
)
_ALL_RESUMED: Final = Text(
    "the recipes go on; {count} event(s) from the pause were let go",
    "les recettes reprennent ; {count} événement(s) de la pause ont été relancés",
)
_STILL: Final = Text("still paused on its own: {names}", "toujours en pause à part : {names}")
_LATER: Final = Text(
    "no daemon works now: the recipes go on from the next start",
    "aucun service ne travaille : les recettes reprendront au prochain lancement",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, nargs="?", metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("--stored", about=_STORED, choices=("run", "keep"))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """End the pause; ask what becomes of its events where somebody can answer."""
    recipe: str | None = arguments.recipe
    try:
        daemon = find_daemon(
            session.places, language=session.language, host=session.settings.hosts[0]
        )
        answer, still = _with_daemon(session, daemon, recipe, arguments.stored)
    except NotRunning:
        answer, still = _without_daemon(session, recipe, arguments.stored), []
    if session.is_json:
        session.output.data({**answer, "still_paused": still})
        return OK
    if answer.get("later"):
        session.tell(_LATER)
        return OK
    count = answer["released"]
    session.tell(_ALL_RESUMED if recipe is None else _RESUMED, recipe=recipe, count=count)
    if still:
        session.tell(_STILL, names=", ".join(still))
    return OK


def _with_daemon(
    session: Session, daemon: Client, recipe: str | None, stored: str | None
) -> tuple[dict[str, Any], list[str]]:
    if stored is None:
        stored = _ask(session, daemon, recipe)
    body: dict[str, Any] = {"stored": stored}
    answer = daemon.post("/api/resume", body if recipe is None else {**body, "recipe": recipe})
    pauses = daemon.get("/api/pauses")["pauses"]
    return dict(answer), [one["recipe"] for one in pauses]


def _ask(session: Session, daemon: Client, recipe: str | None) -> str:
    """Return `run`, unless somebody at a terminal says no."""
    if not can_ask(session):
        return "run"
    wanted = ALL if recipe is None else recipe
    held = [one["held"] for one in daemon.get("/api/pauses")["pauses"] if one["recipe"] == wanted]
    if not held or not held[0]:
        return "run"
    return "run" if confirm(session, session.say(_ASK, count=held[0])) else "keep"


def _without_daemon(session: Session, recipe: str | None, stored: str | None) -> dict[str, Any]:
    """Note in the journal that the pause ends; the next start lets its events go."""
    chosen: Stored = "keep" if stored == "keep" else "run"
    pause = offline(session, lambda pauses: pauses.end_later(recipe, stored=chosen))
    return {**pause.as_json(), "later": True}

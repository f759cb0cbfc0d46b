"""`rouage pause [RECIPE]`: keep what comes, and start nothing, until `rouage resume`."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from rouage.cli.client import NotRunning, find_daemon
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.errors import UsageError
from rouage.flow.pauses import ALL, Pauses
from rouage.language import Text
from rouage.sdk.json import JSON

T = TypeVar("T")

_RECIPE: Final = Text("the recipe (default: all of them)", "la recette (par défaut : toutes)")
_PAUSED: Final = Text(
    "{recipe} is paused: what comes is kept and starts nothing; go on with `rouage resume {name}`",
    "{recipe} est en pause : ce qui arrive est gardé et ne lance rien ; reprenez avec "
    "« rouage resume {name} »",
)
_ALL_PAUSED: Final = Text(
    "all recipes are paused: what comes is kept and starts nothing; go on with `rouage resume`",
    "toutes les recettes sont en pause : ce qui arrive est gardé et ne lance rien ; reprenez avec "
    "« rouage resume »",
)
_GO_ON: Final = Text(
    "runs that had begun or were queued go on; `rouage cancel RUN` ends one",
    "les exécutions commencées ou en file se poursuivent ; « rouage cancel EXÉCUTION » en arrête "
    "une",
)
_LATER: Final = Text(
    "no daemon works now: it holds from the next start on",
    "aucun service ne travaille : la pause vaudra dès le prochain lancement",
)
_UNKNOWN: Final = Text("there is no recipe “{name}” here", "il n’y a pas de recette « {name} » ici")
_SEE: Final = Text(
    "`rouage check` lists what is in recipes/", "« rouage check » liste ce qui est dans recipes/"
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, nargs="?", metavar=parser.say(Text("RECIPE", "RECETTE")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Pause, through the daemon where one works, in the journal otherwise."""
    recipe: str | None = arguments.recipe
    try:
        daemon = find_daemon(
            session.places, language=session.language, host=session.settings.hosts[0]
        )
        body = {} if recipe is None else {"recipe": recipe}
        pause = daemon.post("/api/pause", body)["pause"]
        is_running = True
    except NotRunning:
        pause, is_running = _without_daemon(session, recipe), False
    if session.is_json:
        session.output.data({"pause": pause, "running": is_running})
        return OK
    _tell(session, pause, is_running=is_running)
    return OK


def _tell(session: Session, pause: dict[str, Any], *, is_running: bool) -> None:
    name = pause["recipe"]
    session.tell(_ALL_PAUSED if name == ALL else _PAUSED, recipe=name, name=name)
    session.tell(_GO_ON if is_running else _LATER)


def _without_daemon(session: Session, recipe: str | None) -> dict[str, JSON]:
    from rouage.workplace import local_user

    if recipe is not None:
        _check_name(session, recipe)
    pause = offline(session, lambda pauses: pauses.pause(recipe, by=local_user()))
    return pause.as_json()


def _check_name(session: Session, recipe: str) -> None:
    from rouage.cli.recipes_read import read_recipes

    folder, _ = read_recipes(session)
    if recipe not in {one.recipe_id for one in folder.files}:
        raise UsageError(_UNKNOWN, hint=_SEE, name=recipe[:60])


def offline(session: Session, work: Callable[[Pauses], Awaitable[T]]) -> T:
    """Return what *work* makes of the pauses in the journal, which no daemon holds now.

    Raises:
        WorkspaceError: a daemon has just started.
    """
    from rouage.clock import SystemClock
    from rouage.durable.sqlite import open_engine
    from rouage.flow.pauses import NoTriggers
    from rouage.lock import WorkspaceLock
    from rouage.workplace import prepare

    async def do() -> T:
        engine = open_engine(session.places.journal, clock=SystemClock())
        try:
            pauses = Pauses(SystemClock())
            await pauses.load(engine, NoTriggers())
            return await work(pauses)
        finally:
            await engine.close(0)

    prepare(session.places)
    with WorkspaceLock(session.places.lock):
        return asyncio.run(do())


def pause_line(session: Session, pause: dict[str, Any]) -> str:
    """Return one pause as a sentence."""
    facts = {
        "recipe": pause["recipe"],
        "by": pause["by"],
        "since": local_time(pause["since"], session.settings.zone),
    }
    return session.say(_LINE_ALL if pause["recipe"] == ALL else _LINE, **facts)


_LINE: Final = Text(
    "{recipe}: paused by {by} since {since}", "{recipe} : en pause par {by} depuis {since}"
)
_LINE_ALL: Final = Text(
    "all recipes: paused by {by} since {since}",
    "toutes les recettes : en pause par {by} depuis {since}",
)

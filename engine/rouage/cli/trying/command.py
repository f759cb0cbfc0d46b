"""`rouage try RECIPE`: what the recipe would do about an event; nothing is done."""

import argparse
import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.eval import read_event
from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.rehearsing import Work, find_recipe, load_recipe, surround_of, work_of
from rouage.cli.run import typed_inputs
from rouage.cli.session import Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.model.recipe import Recipe, TriggerUse

if TYPE_CHECKING:
    from rouage.durable.port import Reader
    from rouage.model.event import Event
    from rouage.rehearsal.scene import Cue

_RECIPE: Final = Text(
    "the recipe: its id or its file", "la recette : son identifiant ou son fichier"
)
_EVENT: Final = Text(
    "JSON file that stands for the event (- for standard input)",
    "fichier JSON qui tient lieu d’événement (- pour l’entrée standard)",
)
_LAST: Final = Text(
    "take the newest event that came for the recipe", "prend le dernier événement venu pour elle"
)
_SAMPLE: Final = Text(
    "take the sample event of its trigger", "prend l’événement d’exemple de son déclencheur"
)
_TRIGGER: Final = Text(
    "the trigger that the event comes from (default: the first one)",
    "le déclencheur d’où vient l’événement (par défaut : le premier)",
)
_ALL: Final = Text(
    "show every item of every loop, and every effect",
    "montrer chaque élément de chaque boucle, et chaque effet",
)
_INPUT: Final = Text("value of an input of the recipe", "valeur d’une entrée de la recette")
_NO_TRIGGER: Final = Text(
    "the recipe {recipe} has no trigger “{name}”",
    "la recette {recipe} n’a pas de déclencheur « {name} »",
)
_TRIGGERS: Final = Text("its triggers: {names}", "ses déclencheurs : {names}")
_NO_EVENT: Final = Text(
    "no event has come for the recipe {recipe} yet",
    "aucun événement n’est encore venu pour la recette {recipe}",
)
_NO_SAMPLE: Final = Text(
    "the trigger {name} of {recipe} has no sample event",
    "le déclencheur {name} de {recipe} n’a pas d’événement d’exemple",
)
_USE_EVENT: Final = Text("give one with --event FILE", "donnez-en un avec --event FICHIER")
_USE_SAMPLE: Final = Text(
    "take the sample with --sample, or give an event with --event FILE",
    "prenez l’exemple avec --sample, ou donnez un événement avec --event FICHIER",
)

FROM_FILE: Final = Text("the event of the file {name}", "l’événement du fichier {name}")
FROM_JOURNAL: Final = Text(
    "the newest event of {trigger}, of {time}", "le dernier événement de {trigger}, du {time}"
)
FROM_SAMPLE: Final = Text(
    "the sample event of {trigger}: none came, or none was asked for",
    "l’événement d’exemple de {trigger} : aucun n’est venu, ou aucun n’était demandé",
)
BY_HAND: Final = Text("a start by hand", "un lancement à la main")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, metavar=parser.say(Text("RECIPE", "RECETTE")))
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--event", help=parser.say(_EVENT), metavar=parser.say(Text("FILE", "FICHIER"))
    )
    source.add_argument("--last", help=parser.say(_LAST), action="store_true")
    source.add_argument("--sample", help=parser.say(_SAMPLE), action="store_true")
    parser.take("--all", about=_ALL, action="store_true")
    parser.take("--trigger", about=_TRIGGER, metavar="ID")
    parser.take(
        "--input",
        about=_INPUT,
        action="append",
        default=[],
        metavar=parser.say(Text("NAME=VALUE", "NOM=VALEUR")),
    )


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Rehearse the recipe and tell all of it: 0 it would run, 1 it would fail, 3 not start."""
    from rouage.cli.trying.report import Tried, report
    from rouage.rehearsal.notes import file_is_there, stopped_acting
    from rouage.rehearsal.sealed import sealed
    from rouage.rehearsal.stage import rehearse

    path = find_recipe(session, arguments.recipe)
    work = work_of(session, path)
    recipe = _recipe(work, path, arguments.input)
    secrets = _secrets(work)
    cue, origin = _cue(work, recipe, arguments)
    surround = surround_of(work, reads=True, secrets=secrets)
    with sealed() as stopped:
        performance = asyncio.run(rehearse(recipe, cue, surround))
    notes = [file_is_there(path) for path in sorted(cue.imagined)]
    notes += [stopped_acting(stopped)] if stopped else []
    performance = replace(performance, assumed=(*notes, *performance.assumed))
    tried = Tried(work=work, recipe=recipe, cue=cue, performance=performance, origin=origin)
    return report(tried, shows_all=arguments.all)


def _recipe(work: Work, path: Path, pairs: list[str]) -> Recipe:
    """Return the recipe with the inputs of the command line.

    Raises:
        RecipeError: it is not right.
        UsageError: an input does not fit.
    """
    names = {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}
    known = None if not work.settings.places.secrets.exists() else set(_secrets(work))
    recipe = load_recipe(work, path, names, known_secrets=known)
    if not pairs:
        return recipe
    return load_recipe(work, path, typed_inputs(recipe, pairs), known_secrets=known)


def _secrets(work: Work) -> Any:
    from rouage.secrets import SecretStore
    from rouage.vault import LiveSecrets

    return dict(LiveSecrets(SecretStore(work.settings.places.secrets)).current())


def _cue(work: Work, recipe: Recipe, arguments: argparse.Namespace) -> "tuple[Cue, Text]":
    """Return the event to rehearse with, and where it is from.

    Raises:
        UsageError: there is none.
    """
    from rouage.rehearsal.samples import missing_files, sample_event
    from rouage.rehearsal.scene import MANUAL, Cue

    use = _trigger(recipe, arguments.trigger)
    now = datetime.now(UTC)
    cue = Cue(trigger=MANUAL if use is None else use.id, data={}, now=now, agrees=True)
    if arguments.event is not None:
        data = read_event(work.session, arguments.event)
        return replace(cue, data=data), FROM_FILE.fill(name=arguments.event)
    wanted = None if arguments.trigger is None else use
    event = None if arguments.sample else _newest(work, recipe, wanted)
    if event is not None:
        trigger = event.source.rpartition("/")[2]
        told = FROM_JOURNAL.fill(trigger=trigger, time=_local(work, event.time))
        gone = missing_files(event.data)
        return replace(cue, data=event.data, trigger=trigger, imagined=gone), told
    if arguments.last:
        raise UsageError(_NO_EVENT, hint=_USE_SAMPLE, recipe=recipe.id)
    if use is None:
        return cue, BY_HAND
    zone, workspace = work.settings.zone, work.settings.workspace
    sample = sample_event(use, work.catalog, workspace=workspace, now=now, zone=zone)
    if sample is None:
        raise UsageError(_NO_SAMPLE, hint=_USE_EVENT, name=use.id, recipe=recipe.id)
    told = FROM_SAMPLE.fill(trigger=use.id)
    return replace(cue, data=sample, imagined=missing_files(sample)), told


def _local(work: Work, instant: datetime) -> str:
    return instant.astimezone(work.settings.zone).strftime("%Y-%m-%d %H:%M:%S")


def _trigger(recipe: Recipe, wish: str | None) -> TriggerUse | None:
    if wish is None:
        return recipe.triggers[0] if recipe.triggers else None
    for use in recipe.triggers:
        if use.id == wish:
            return use
    names = ", ".join(use.id for use in recipe.triggers)
    raise UsageError(_NO_TRIGGER, hint=_TRIGGERS, recipe=recipe.id, name=wish[:60], names=names)


def _newest(work: Work, recipe: Recipe, use: TriggerUse | None) -> "Event | None":
    """Return the newest journaled event of the recipe, or of the trigger *use* when chosen."""
    from rouage.rehearsal.scene import MANUAL

    if not work.session.has_workspace() or not work.settings.places.journal.exists():
        return None
    names = [one.id for one in recipe.triggers] if use is None else [use.id]

    async def look(reader: "Reader") -> "Event | None":
        found = [
            record.event
            for name in (*names, MANUAL)
            for record in await reader.find_events(source=f"{recipe.id}/{name}", limit=1)
        ]
        return max(found, key=lambda event: event.id, default=None)

    return ask(work.session, look)

"""`rouage run RECIPE`: start a recipe by hand, through the running daemon."""

import argparse
import json
import time
from typing import Any, Final
from urllib.parse import quote

from rouage.cli.client import Client, find_daemon
from rouage.cli.eval import read_event
from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import state_word
from rouage.errors import UsageError
from rouage.language import Text
from rouage.model.recipe import Recipe

_RECIPE: Final = Text(
    "id of the recipe (its file name without .yaml)",
    "identifiant de la recette (son fichier sans .yaml)",
)
_EVENT: Final = Text(
    "JSON file that stands for the event (- for standard input)",
    "fichier JSON qui tient lieu d’événement (- pour l’entrée standard)",
)
_SAMPLE: Final = Text(
    "take the sample event of its first trigger", "prend l’événement d’exemple de son déclencheur"
)
_EXISTING: Final = Text(
    "process the files that were there before the recipe was first active",
    "traite les fichiers qui étaient là avant la première activation de la recette",
)
_EXISTING_TAKEN: Final = Text(
    "{count} files that were there first are processed now",
    "{count} fichiers qui étaient là d’abord sont traités maintenant",
)
_INPUT: Final = Text("value of an input of the recipe", "valeur d’une entrée de la recette")
_WAIT: Final = Text(
    "wait for the end of the run, or until it asks you something",
    "attend la fin de l’exécution, ou qu’elle vous demande quelque chose",
)
_ASKS: Final = Text(
    "  it waits for your answer: `rouage approve {run}` or `rouage refuse {run}`",
    "  elle attend votre réponse : « rouage approve {run} » ou « rouage refuse {run} »",
)
_PAIR: Final = Text(
    "--input must be name=value, not {given}", "--input doit être nom=valeur, pas {given}"
)
_UNKNOWN_INPUT: Final = Text(
    "the recipe {recipe} has no input “{name}”", "la recette {recipe} n’a pas d’entrée « {name} »"
)
_INPUTS: Final = Text("its inputs: {names}", "ses entrées : {names}")
_NO_INPUT: Final = Text("it has none", "elle n’en a aucune")
_BAD_INPUT: Final = Text(
    "the input “{name}” must be {wanted}", "l’entrée « {name} » doit être {wanted}"
)
_MISSING_INPUT: Final = Text(
    "the recipe {recipe} needs the input “{name}”",
    "la recette {recipe} demande l’entrée « {name} »",
)
_GIVE_INPUT: Final = Text(
    "add --input {name}=…, or give it under `inputs` in rouage.yaml",
    "ajoutez --input {name}=…, ou donnez-la sous « inputs » dans rouage.yaml",
)
_NO_SAMPLE: Final = Text(
    "the recipe {recipe} has no trigger with a sample event",
    "la recette {recipe} n’a pas de déclencheur avec un événement d’exemple",
)
_USE_EVENT: Final = Text("give one with --event FILE", "donnez-en un avec --event FICHIER")
_UNKNOWN_RECIPE: Final = Text(
    "no recipe called “{recipe}” was ever accepted here",
    "aucune recette « {recipe} » n’a été acceptée ici",
)
_SEE_STATUS: Final = Text(
    "`rouage status` lists the recipes, `rouage check` tells what is wrong",
    "« rouage status » liste les recettes, « rouage check » dit ce qui ne va pas",
)
_STARTED: Final = Text("started: {run}", "lancée : {run}")
_REFUSED: Final = Text("the event started no run", "l’événement n’a lancé aucune exécution")
_ENDED: Final = Text("{run}: {state}", "{run} : {state}")

_WORDS: Final = {
    "number": Text("a number", "un nombre"),
    "integer": Text("a whole number", "un nombre entier"),
    "boolean": Text("true or false", "true ou false"),
    "list": Text("a list in JSON", "une liste en JSON"),
    "map": Text("an object in JSON", "un objet en JSON"),
}
_AS_JSON: Final = {
    "number": int | float,
    "integer": int,
    "boolean": bool,
    "list": list,
    "map": dict,
}
_SETTLED: Final = frozenset(
    {"succeeded", "failed", "skipped", "cancelled", "needs_attention", "blocked"}
)
_GOOD: Final = frozenset({"succeeded", "skipped"})
_POLL_SECONDS: Final = 0.1


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, metavar=parser.say(Text("RECIPE", "RECETTE")))
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--event", help=parser.say(_EVENT), metavar=parser.say(Text("FILE", "FICHIER"))
    )
    source.add_argument("--sample", help=parser.say(_SAMPLE), action="store_true")
    source.add_argument("--existing", help=parser.say(_EXISTING), action="store_true")
    parser.take(
        "--input",
        about=_INPUT,
        action="append",
        default=[],
        metavar=parser.say(Text("NAME=VALUE", "NOM=VALEUR")),
    )
    parser.take("--wait", about=_WAIT, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Start the run, and wait for its end where asked to."""
    daemon = find_daemon(session.places, language=session.language, host=session.settings.hosts[0])
    recipe = _recipe(session, arguments.recipe)
    if arguments.existing:
        return _take_existing(session, daemon, recipe)
    body: dict[str, Any] = {"inputs": typed_inputs(recipe, arguments.input)}
    if arguments.event is not None:
        body["data"] = read_event(session, arguments.event)
    elif arguments.sample:
        body["trigger"], body["data"] = _sample(recipe)
    else:
        _check_complete(recipe, body["inputs"])
    receipt = daemon.post(f"/api/recipes/{quote(recipe.id, safe='')}/run", body)
    started = receipt["runs"]
    if not arguments.wait or not started:
        return _announce(session, receipt)
    runs = [_wait(daemon, run_id) for run_id in started]
    if session.is_json:
        session.output.data({**receipt, "results": runs})
    else:
        for one in runs:
            session.tell(_ENDED, run=one["id"], state=state_word(one["state"], session.language))
            if _asks(one):
                session.tell(_ASKS, run=one["id"])
    return OK if all(one["state"] in _GOOD for one in runs) else FAILED


def _take_existing(session: Session, daemon: Client, recipe: Recipe) -> int:
    taken = daemon.post(f"/api/recipes/{quote(recipe.id, safe='')}/existing", {})
    if session.is_json:
        session.output.data(taken)
    else:
        session.tell(_EXISTING_TAKEN, count=taken["files"])
    return OK


def _announce(session: Session, receipt: dict[str, Any]) -> int:
    if session.is_json:
        session.output.data(receipt)
    for run_id in receipt["runs"]:
        session.tell(_STARTED, run=run_id)
    if not receipt["runs"]:
        session.tell(_REFUSED)
    return OK if receipt["runs"] else FAILED


def _wait(daemon: Client, run_id: str) -> dict[str, Any]:
    """Return the run once it is settled; a run that needs a person is settled too."""
    while True:
        found: dict[str, Any] = daemon.get(f"/api/runs/{run_id}")
        if found["state"] in _SETTLED or _asks(found):
            return found
        time.sleep(_POLL_SECONDS)


def _asks(run: dict[str, Any]) -> bool:
    """Say whether the run waits for an answer of a person."""
    return any(wait["kind"] == "approval" for wait in run.get("waiting") or ())


def _recipe(session: Session, recipe_id: str) -> Recipe:
    """Return the version of the recipe that the daemon has in force.

    Raises:
        UsageError: there is none.
    """
    from rouage.recipes.definition import parse

    definition = ask(session, lambda reader: reader.last_definition(recipe_id))
    if definition is None:
        raise UsageError(_UNKNOWN_RECIPE, hint=_SEE_STATUS, recipe=recipe_id[:60])
    return parse(definition)


def typed_inputs(recipe: Recipe, pairs: list[str]) -> dict[str, Any]:
    """Return the `name=value` *pairs* as the inputs of *recipe*, typed as it declares them.

    Raises:
        UsageError: one has no such name, or does not fit.
    """
    values = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise UsageError(_PAIR, given=pair[:60])
        declared = recipe.inputs.get(name)
        if declared is None:
            hint = _INPUTS if recipe.inputs else _NO_INPUT
            names = ", ".join(recipe.inputs)
            raise UsageError(_UNKNOWN_INPUT, hint=hint, recipe=recipe.id, name=name, names=names)
        values[name] = _typed(name, declared, text)
    return values


def _check_complete(recipe: Recipe, given: dict[str, Any]) -> None:
    """Refuse a start by hand that lacks an input without a default."""
    for name, declared in recipe.inputs.items():
        has_default = isinstance(declared, dict) and "default" in declared
        if name not in given and not has_default and _is_required(declared):
            raise UsageError(_MISSING_INPUT, hint=_GIVE_INPUT, recipe=recipe.id, name=name)


def _is_required(declared: Any) -> bool:
    return not isinstance(declared, dict) or declared.get("required", True) is True


def _typed(name: str, declared: Any, text: str) -> Any:
    """Return *text* as the type that the input declares; anything else stays text."""
    kind = str(declared.get("type", "text")) if isinstance(declared, dict) else "text"
    if kind not in _AS_JSON:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, _AS_JSON[kind]) or (isinstance(value, bool) and kind != "boolean"):
        raise UsageError(_BAD_INPUT, name=name, wanted=_WORDS[kind])
    return value


def _sample(recipe: Recipe) -> tuple[str, Any]:
    """Return the first trigger of *recipe* that has a sample event, and the event.

    Raises:
        UsageError: none has.
    """
    from rouage.catalog.discovery import discover

    triggers = discover().triggers
    for use in recipe.triggers:
        own = use.parameters.get("sample")
        declared = triggers.get(use.uses)
        sample = own if own is not None else declared.sample if declared else None
        if sample is not None:
            return use.id, sample
    raise UsageError(_NO_SAMPLE, hint=_USE_EVENT, recipe=recipe.id)

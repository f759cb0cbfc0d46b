"""`rouage why FILE`: what is known of a file, recipe by recipe, one sentence each."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.journal import ask
from rouage.cli.output import one_line
from rouage.cli.parser import Parser
from rouage.cli.run_lines import conditions_of
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time, state_word
from rouage.durable.port import EventRecord, Reader
from rouage.errors import RouageError
from rouage.language import Text
from rouage.model.event import Verdict
from rouage.model.recipe import Recipe, TriggerUse
from rouage.model.run import RunRecord
from rouage.web.runs import instant, spoken

if TYPE_CHECKING:
    from rouage.recipes.folder import RecipeFolder

_FILE: Final = Text("the file", "le fichier")
_HERE: Final = Text("{path}: it is there, {size} bytes", "{path} : il est là, {size} octets")
_GONE: Final = Text(
    "{path}: it is not there (any more)", "{path} : il n’est pas là (ou n’y est plus)"
)
_NOBODY: Final = Text(
    "no recipe of this workspace watches for this file",
    "aucune recette de cet espace de travail ne guette ce fichier",
)
_NEVER: Final = Text(
    "nothing was ever recorded about it", "rien n’a jamais été enregistré à son sujet"
)
_MATCHED: Final = Text(
    "{recipe} took it on {time}: run {run}, {state}",
    "{recipe} l’a pris le {time} : exécution {run}, {state}",
)
_MATCHED_NO_RUN: Final = Text("{recipe} took it on {time}", "{recipe} l’a pris le {time}")
_REFUSED: Final = Text(
    "{recipe} saw it on {time} and left it: its condition was false",
    "{recipe} l’a vu le {time} et l’a laissé : sa condition était fausse",
)
_FAILED: Final = Text(
    "{recipe} saw it on {time}, but its condition could not be evaluated: {error}",
    "{recipe} l’a vu le {time}, mais sa condition n’a pas pu être évaluée : {error}",
)
_OTHER: Final = Text(
    "{recipe} saw it on {time}: {outcome}", "{recipe} l’a vu le {time} : {outcome}"
)
_TRIGGER: Final = Text("{recipe} ({trigger}): {knows}", "{recipe} ({trigger}) : {knows}")
_FAULTY: Final = Text(
    "{recipe} ({trigger}): its parameters cannot be used: {error}",
    "{recipe} ({trigger}) : ses paramètres sont inutilisables : {error}",
)
_OUTCOMES: Final[Mapping[str, Text]] = {
    "refused": _REFUSED,
    "failed": _FAILED,
    "duplicate": Text(
        "{recipe} saw it on {time}: it had been taken before, so nothing was done",
        "{recipe} l’a vu le {time} : il avait déjà été pris, rien n’a été fait",
    ),
    "throttled": Text(
        "{recipe} saw it on {time}: too many had come, so nothing was done",
        "{recipe} l’a vu le {time} : il en venait trop, rien n’a été fait",
    ),
    "held": Text(
        "{recipe} saw it on {time} and keeps it for a later run, or gave it to a waiting one",
        "{recipe} l’a vu le {time} et le garde pour plus tard, ou l’a donné à une exécution "
        "en attente",
    ),
    "skipped": Text(
        "{recipe} saw it on {time}: another run was under way, so it was left out",
        "{recipe} l’a vu le {time} : une autre exécution était en cours, il a été laissé",
    ),
    "looped": Text(
        "{recipe} saw it on {time}: recipes started each other in a circle, which was stopped",
        "{recipe} l’a vu le {time} : des recettes se lançaient en rond, ce qui a été arrêté",
    ),
}
_ERROR: Final = Text("    error: {error}", "    erreur : {error}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("file", about=_FILE, metavar=parser.say(Text("FILE", "FICHIER")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One sentence about the file: `recipe` says it, `data` holds the facts behind it."""

    recipe: str
    sentence: str
    conditions: tuple[Any, ...] = ()
    error: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Tell what every recipe did about the file, and what its triggers know of it."""
    path = Path(os.path.abspath(session.here / Path(arguments.file).expanduser()))  # noqa: PTH100 - `..` without following links
    findings = _findings(session, path)
    if session.is_json:
        session.output.data(_as_data(path, findings))
        return OK
    _print(session, path, findings)
    return OK


def _findings(session: Session, path: Path) -> list[Finding]:
    from rouage.catalog.discovery import discover
    from rouage.recipes.folder import RecipeFolder

    catalog = discover()
    folder = RecipeFolder(session.places.recipes, catalog, input_values=session.settings.inputs)
    folder.scan(0.0)
    if not session.places.journal.exists():
        recipes = [one.recipe for one in folder.files if one.recipe is not None]
        return _from_triggers(session, path, recipes, catalog, {})

    async def ask_all(reader: Reader) -> list[Finding]:
        events = await reader.find_events(subject=str(path))
        found = [one for event in events for one in _from_event(session, event)]
        recipes = await _in_force(reader, folder)
        items = {
            f"{recipe.id}/{use.id}": await reader.load_items(f"{recipe.id}/{use.id}")
            for recipe in recipes
            for use in recipe.triggers
        }
        return found + _from_triggers(session, path, recipes, catalog, items)

    return ask(session, ask_all)


async def _in_force(reader: Reader, folder: "RecipeFolder") -> list[Recipe]:
    """Return the recipes as the daemon has them: an invalid file leaves its last good version."""
    from rouage.recipes.definition import parse

    recipes = []
    for one in folder.files:
        if one.recipe is not None:
            recipes.append(one.recipe)
            continue
        definition = await reader.last_definition(one.recipe_id)
        if definition is not None:
            recipes.append(parse(definition))
    return recipes


def _from_event(session: Session, record: EventRecord) -> list[Finding]:
    """Return what each recipe decided about one event."""
    runs = {one.recipe: one for one in record.runs}
    moment = local_time(record.event.time, session.settings.zone)
    return [
        _decision(session, record, verdict, runs.get(verdict.recipe), moment)
        for verdict in record.verdicts
    ]


def _decision(
    session: Session, record: EventRecord, verdict: Verdict, run: RunRecord | None, moment: str
) -> Finding:
    language = session.language
    error = spoken(run.error if run is not None else verdict.error, language)
    facts = {
        "recipe": verdict.recipe,
        "time": moment,
        "run": run.id if run else "",
        "state": state_word(run.state, language) if run else "",
        "outcome": verdict.outcome,
        "error": _message(error),
    }
    return Finding(
        recipe=verdict.recipe,
        sentence=session.say(_sentence_for(verdict, run), **facts),
        conditions=tuple(spoken(one, language) for one in verdict.conditions),
        error=error,
        data={
            "event": record.event.id,
            "time": instant(record.event.time),
            "trigger": record.event.source.rpartition("/")[2],
            "outcome": verdict.outcome,
            "run": run.id if run else None,
            "state": run.state if run else None,
        },
    )


def _sentence_for(verdict: Verdict, run: RunRecord | None) -> Text:
    if verdict.outcome == "matched":
        return _MATCHED if run is not None else _MATCHED_NO_RUN
    return _OUTCOMES.get(verdict.outcome, _OTHER)


def _from_triggers(
    session: Session,
    path: Path,
    recipes: list[Recipe],
    catalog: Catalog,
    items: Mapping[str, dict[bytes, Any]],
) -> list[Finding]:
    """Return what each trigger knows of the file, from its own ledger and parameters."""
    found = []
    for recipe in recipes:
        for use in recipe.triggers:
            known = items.get(f"{recipe.id}/{use.id}", {})
            finding = _ask_trigger(session, path, recipe, use, catalog, known)
            if finding is not None:
                found.append(finding)
    return found


def _ask_trigger(
    session: Session,
    path: Path,
    recipe: Recipe,
    use: TriggerUse,
    catalog: Catalog,
    items: dict[bytes, Any],
) -> Finding | None:
    declared = catalog.triggers.get(use.uses)
    if declared is None or not _knows_files(declared.listen):
        # A clock or a webhook knows nothing of files.
        return None
    facts = {"recipe": recipe.id, "trigger": use.id}
    try:
        parameters = declared.parameters.build(_rendered(recipe, use))
        knows = declared.listen.explain(
            parameters, str(path), workspace=session.workspace, items=items
        )
    except RouageError as error:
        sentence = session.say(_FAULTY, error=error.render(session.language), **facts)
        return Finding(recipe=recipe.id, sentence=sentence, data=facts)
    if knows is None:
        return None
    words = knows.render(session.language)
    sentence = session.say(_TRIGGER, knows=words, **facts)
    return Finding(recipe=recipe.id, sentence=sentence, data={**facts, "knows": words})


def _knows_files(listen: type[Any]) -> bool:
    """Say whether this kind of trigger explains files itself."""
    from rouage.sdk.trigger import Trigger

    return any("explain" in vars(cls) for cls in listen.__mro__ if cls is not Trigger)


def _rendered(recipe: Recipe, use: TriggerUse) -> Any:
    """Return the parameters of a trigger with inputs and constants filled in."""
    from rouage.expressions import compile_template, reveal

    scope = {
        "inputs": {
            name: declared["default"]
            for name, declared in recipe.inputs.items()
            if isinstance(declared, dict) and "default" in declared
        },
        "vars": dict(recipe.variables),
        "secrets": {},
        "recipe": {"id": recipe.id, "name": recipe.name},
    }
    return reveal(compile_template(dict(use.parameters)).render(scope))


def _as_data(path: Path, findings: list[Finding]) -> dict[str, Any]:
    return {
        "file": str(path),
        "exists": path.exists(),
        "findings": [
            {
                "recipe": one.recipe,
                "sentence": one.sentence,
                **one.data,
                "conditions": list(one.conditions),
                "error": one.error,
            }
            for one in findings
        ],
    }


def _print(session: Session, path: Path, findings: list[Finding]) -> None:
    try:
        session.tell(_HERE, path=path, size=path.stat().st_size)
    except OSError:
        session.tell(_GONE, path=path)
    for finding in findings:
        session.output.line(f"  {finding.sentence}")
        for line in conditions_of(session, list(finding.conditions)):
            session.output.line(f"  {line}")
        if finding.error and "run" in finding.data:
            session.tell(_ERROR, error=_message(finding.error))
    if not findings:
        session.output.line(f"  {session.say(_NOBODY)}")
        session.output.line(f"  {session.say(_NEVER)}")


def _message(error: Any) -> str:
    return str(error.get("message", "")) if isinstance(error, dict) else one_line(error or "")

"""`rouage why`: what is known of a file, a mail, a delivery or a minute, recipe by recipe.

One sentence each: seen, matched or refused with the values compared, taken before, paused.
"""

import argparse
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.journal import ask
from rouage.cli.output import one_line
from rouage.cli.parser import Parser
from rouage.cli.recipes_read import read_recipes
from rouage.cli.run_lines import blanked_lines, conditions_of
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time, state_word
from rouage.cli.why.events import events_about, rendered
from rouage.cli.why.subject import Subject, read_subject
from rouage.durable.port import EventRecord, Reader
from rouage.errors import RouageError
from rouage.language import Text
from rouage.model.event import Verdict
from rouage.model.recipe import Recipe, TriggerUse
from rouage.model.run import RunRecord
from rouage.records import dataclass
from rouage.web.runs import instant, spoken

if TYPE_CHECKING:
    from rouage.recipes.folder import RecipeFolder

_SUBJECT: Final = Text(
    "a file, the id of a mail, of a delivery or of an event, or a minute: 14:05",
    "un fichier, l’identifiant d’un mail, d’une livraison ou d’un événement, ou une minute : 14:05",
)
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
_ABOUT: Final = Text("about {subject}:", "au sujet de {subject} :")
_NOT_COME: Final = Text(
    "{recipe} ({trigger}) was due at {time} and no event came: Rouage was stopped then, or the "
    "schedule is newer",
    "{recipe} ({trigger}) devait partir à {time} et aucun événement n’est venu : Rouage était "
    "arrêté, ou l’horaire est plus récent",
)
_OUTCOMES: Final[Mapping[str, Text]] = {
    "paused": Text(
        "{recipe} saw it on {time} and kept it: {error}",
        "{recipe} l’a vu le {time} et l’a gardé : {error}",
    ),
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
    parser.take("subject", about=_SUBJECT, metavar=parser.say(Text("SUBJECT", "SUJET")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One sentence about the file: `recipe` says it, `data` holds the facts behind it."""

    recipe: str
    sentence: str
    conditions: tuple[Any, ...] = ()
    error: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Tell what every recipe did about it, and what the triggers know of it."""
    now, zone = datetime.now(UTC), session.settings.zone
    subject = read_subject(arguments.subject, here=session.here, zone=zone, now=now)
    findings = _findings(session, subject)
    if session.is_json:
        session.output.data(_as_data(subject, findings))
        return OK
    _print(session, subject, findings)
    return OK


def _findings(session: Session, subject: Subject) -> list[Finding]:
    folder, catalog = read_recipes(session)
    if not session.places.journal.exists():
        recipes = [one.recipe for one in folder.files if one.recipe is not None]
        return _from_triggers(session, subject, recipes, catalog, {})

    async def ask_all(reader: Reader) -> list[Finding]:
        recipes = await _in_force(reader, folder)
        events, silent = await events_about(reader, subject, recipes, catalog)
        found = [one for event in events for one in _from_event(session, event)]
        found += [_not_come(session, *one) for one in silent]
        if subject.kind != "file" and (found or subject.kind == "minute"):
            return found
        items = {
            f"{recipe.id}/{use.id}": await reader.load_items(f"{recipe.id}/{use.id}")
            for recipe in recipes
            for use in recipe.triggers
        }
        return found + _from_triggers(session, subject, recipes, catalog, items)

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
            "blanked": record.blanked,
        },
    )


def _not_come(session: Session, recipe: str, trigger: str, due: datetime) -> Finding:
    """Return that a schedule should have fired, and nothing is known of it."""
    moment = local_time(due, session.settings.zone)
    sentence = session.say(_NOT_COME, recipe=recipe, trigger=trigger, time=moment)
    data = {"trigger": trigger, "due": instant(due), "outcome": None}
    return Finding(recipe=recipe, sentence=sentence, data=data)


def _sentence_for(verdict: Verdict, run: RunRecord | None) -> Text:
    if verdict.outcome == "matched":
        return _MATCHED if run is not None else _MATCHED_NO_RUN
    return _OUTCOMES.get(verdict.outcome, _OTHER)


def _from_triggers(
    session: Session,
    subject: Subject,
    recipes: list[Recipe],
    catalog: Catalog,
    items: Mapping[str, dict[bytes, Any]],
) -> list[Finding]:
    """Return what each trigger knows of the file, from its own ledger and parameters."""
    path, found = subject.path, []
    for recipe in recipes if path is not None else ():
        for use in recipe.triggers:
            known = items.get(f"{recipe.id}/{use.id}", {})
            finding = _ask_trigger(session, str(path), recipe, use, catalog, known)
            if finding is not None:
                found.append(finding)
    return found


def _ask_trigger(
    session: Session,
    path: str,
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
        parameters = declared.parameters.build(rendered(recipe, use))
        knows = declared.listen.explain(parameters, path, workspace=session.workspace, items=items)
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


def _as_data(subject: Subject, findings: list[Finding]) -> dict[str, Any]:
    path = subject.path
    about: dict[str, Any] = {"subject": subject.text, "kind": subject.kind}
    if subject.kind == "file" and path is not None:
        about |= {"file": str(path), "exists": path.exists()}
    return {
        **about,
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


def _print(session: Session, subject: Subject, findings: list[Finding]) -> None:
    if subject.kind == "file" and subject.path is not None:
        try:
            session.tell(_HERE, path=subject.path, size=subject.path.stat().st_size)
        except OSError:
            session.tell(_GONE, path=subject.path)
    else:
        session.output.line(session.say(_ABOUT, subject=subject.text))
    for finding in findings:
        session.output.line(f"  {finding.sentence}")
        said = blanked_lines(session, finding.data.get("blanked"))
        for line in (*said, *conditions_of(session, list(finding.conditions))):
            session.output.line(f"  {line}")
        if finding.error and "run" in finding.data:
            session.tell(_ERROR, error=_message(finding.error))
    if not findings:
        if subject.kind == "file":
            session.output.line(f"  {session.say(_NOBODY)}")
        session.output.line(f"  {session.say(_NEVER)}")


def _message(error: Any) -> str:
    return str(error.get("message", "")) if isinstance(error, dict) else one_line(error or "")

"""`rouage explain RECIPE`: the recipe read back as plain sentences."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.recipe_files import read_source, recipes_in, shown_here
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.model.recipe import Recipe

_UNKNOWN: Final = Text(
    "there is no recipe and no file “{name}”", "il n’y a ni recette ni fichier « {name} »"
)
_NEAR: Final = Text("did you mean {near}?", "vouliez-vous dire {near} ?")
_LIST: Final = Text(
    "`rouage check` lists the recipes; a file is named with its path",
    "« rouage check » liste les recettes ; un fichier se nomme par son chemin",
)
_WRONG: Final = Text(
    "{file} is not right: {errors} error(s); `rouage check {file}` shows them",
    "{file} n’est pas juste : {errors} erreur(s) ; « rouage check {file} » les montre",
)


def explain_recipe(session: Session, wanted: str, *, instants: int = 0) -> int:
    """Print the recipe that *wanted* names, in sentences; 1 when it is not right.

    Its schedules follow with their next *instants*, if any are asked for.

    Raises:
        UsageError: there is no such recipe.
    """
    from rouage.analysis.sentences.story import tell
    from rouage.catalog.discovery import discover
    from rouage.recipes.checker import check
    from rouage.recipes.reader import read

    catalog = discover()
    path = find_recipe(session, wanted)
    source, shown = read_source(path), shown_here(session, path)
    checked = check(source, file=path.name, catalog=catalog)
    data = read(source).data
    errors = sum(one.severity == "error" for one in checked.problems)
    if errors or not isinstance(data, Mapping):
        return _refuse(session, shown, errors)
    story = tell(data, catalog, session.language)
    rows = _rows(session, checked.recipe, instants) if checked.recipe and instants else None
    if session.is_json:
        told: dict[str, Any] = {
            "recipe": checked.recipe_id,
            "file": shown,
            "language": session.language,
        }
        told |= {"text": story.text, "sentences": story.to_json()}
        session.output.data(told if rows is None else {**told, "next": rows})
        return OK
    session.output.line(story.text)
    if rows is not None:
        from rouage.cli.schedule.command import print_rows

        session.output.line("")
        print_rows(session, rows, instants)
    return OK


def _rows(session: Session, recipe: "Recipe", instants: int) -> list[dict[str, Any]]:
    """Return the next *instants* of the schedules of *recipe*."""
    from rouage.cli.schedule.command import zone_by
    from rouage.cli.schedule.source import previews_of
    from rouage.recipes.previews import rows_of

    now = datetime.now(UTC)
    found = previews_of(session, recipe, zone=zone_by(session, None), after=now, most=instants)
    return rows_of(found, instants, session.language)


def _refuse(session: Session, shown: str, errors: int) -> int:
    message = session.say(_WRONG, file=shown, errors=errors)
    session.output.talk(message)
    if session.is_json:
        session.output.data({"error": {"message": message, "hint": None}})
    return FAILED


def find_recipe(session: Session, wanted: str) -> Path:
    """Return the file of the recipe *wanted*, which is a path or an id.

    Raises:
        UsageError: there is none.
    """
    named = session.here / Path(wanted).expanduser()
    if named.is_file():
        return named
    known: dict[str, Path] = {}
    if session.has_workspace():
        known = {_id_of(path): path for path in recipes_in(session.places.recipes)}
    if wanted in known:
        return known[wanted]
    from rouage.catalog.similar import nearest

    near = nearest(wanted, known)
    raise UsageError(_UNKNOWN, hint=_NEAR if near else _LIST, name=wanted[:60], near=near)


def _id_of(path: Path) -> str:
    from rouage.recipes.checker import identify

    return identify(read_source(path), path.name)

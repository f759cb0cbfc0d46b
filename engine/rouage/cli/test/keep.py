"""`rouage test keep RUN --as NAME`: a real run becomes a case of the tests beside its recipe."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.journal import ask, find_run
from rouage.cli.recipe_files import read_source, shown_here
from rouage.cli.rehearsing import find_recipe, work_of
from rouage.cli.rewriting import rewrite
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.test.playing import play_file
from rouage.cli.test.report import tell_played
from rouage.errors import RecipeError, UsageError, WorkspaceError
from rouage.language import Text
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.rerun import check_whole

if TYPE_CHECKING:
    from rouage.durable.port import Reader

_NOT_OVER: Final = Text(
    "the run {run} is not over: what is to be expected of it is not known yet",
    "l’exécution {run} n’est pas finie : on ne sait pas encore ce qu’il faut en attendre",
)
_NO_VERSION: Final = Text(
    "the version of the recipe that the run used is not in the journal any more",
    "la version de la recette que l’exécution a suivie n’est plus dans le journal",
)
_TAKEN: Final = Text(
    "{file} has a case called “{name}” already", "{file} a déjà un cas nommé « {name} »"
)
_OTHER_NAME: Final = Text("choose another name", "choisissez un autre nom")
_KEPT: Final = Text("kept as “{name}” in {file}", "gardé sous « {name} » dans {file}")
_DIFFERS: Final = Text(
    "played again it differs from what happened; change what is expected:",
    "rejoué, il diffère de ce qui s’est passé ; modifiez ce qui est attendu :",
)
_HEAD: Final = Text(
    "# Tests of {recipe}: `rouage test {recipe}` plays them, and nothing is done.\ncases:\n",
    "# Tests de {recipe} : « rouage test {recipe} » les joue, et rien n’est fait.\ncases:\n",
)


def keep(session: Session, wish: str, name: str) -> int:
    """Write the case, play it once, and say whether it comes to the same.

    Raises:
        WorkspaceError: there is no such run, or too little is known of it.
        UsageError: the name is taken.
        RecipeError: the test file is not right.
    """
    record, definition = ask(session, lambda reader: _find(reader, wish))
    if record.state not in FINAL_STATES:
        raise WorkspaceError(_NOT_OVER, run=record.id)
    check_whole(record.blanked, record.recipe)
    if definition is None:
        raise WorkspaceError(_NO_VERSION)
    recipe_path = find_recipe(session, record.recipe)
    case = session.mask(_case(session, record, definition, recipe_path, name))
    path = _write(session, recipe_path, record.recipe, case)
    (played,) = play_file(session, path, only=name).played or (None,)
    shown = shown_here(session, path)
    is_same = played is not None and played.has_passed
    if session.is_json:
        session.output.data({"file": shown, "name": name, "case": case, "passes": is_same})
        return OK if is_same else FAILED
    session.tell(_KEPT, name=name, file=shown)
    if played is not None and not is_same:
        session.tell(_DIFFERS)
        tell_played(session, played)
    return OK if is_same else FAILED


async def _find(reader: "Reader", wish: str) -> tuple[RunRecord, bytes | None]:
    record = await find_run(reader, wish)
    return record, await reader.get_definition(record.definition)


def _case(
    session: Session, record: RunRecord, definition: bytes, path: Path, name: str
) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    from rouage.recipes.definition import parse
    from rouage.rehearsal.keeping import Kept

    work, recipe = work_of(session, path), parse(definition)
    zone = ZoneInfo(recipe.timezone) if recipe.timezone else work.settings.zone
    kept = Kept(
        run=record,
        recipe=recipe,
        catalog=work.catalog,
        workspace=work.settings.workspace,
        zone=zone,
        language=session.language,
    )
    return dict(kept.case(name))


def _write(session: Session, recipe: Path, recipe_id: str, case: dict[str, Any]) -> Path:
    """Write *case* into the test file beside *recipe*; return the file."""
    from rouage.rehearsal.cases import read_cases
    from rouage.rehearsal.playing import cases_beside
    from rouage.rehearsal.writing import added, item

    path = cases_beside(recipe)
    shown = shown_here(session, path)
    if not path.exists():
        text = session.say(_HEAD, recipe=recipe_id) + item(case, 2)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        return path
    before = read_source(path)
    cases, problems = read_cases(before, file=shown, known=None)
    if problems:
        raise RecipeError(problems)
    if any(one.name == case["name"] for one in cases):
        raise UsageError(_TAKEN, hint=_OTHER_NAME, file=shown, name=case["name"])
    after = added(before.decode("utf-8"), case, file=shown)
    rewrite(path, before=before, after=after.encode())
    return path

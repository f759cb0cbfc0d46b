"""`rouage test`: play the cases beside recipes; `rouage test keep RUN --as NAME` makes one."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.eval import read_event
from rouage.cli.parser import Parser
from rouage.cli.recipe_files import read_source, shown_here
from rouage.cli.rehearsing import Work, find_recipe, load_recipe, surround_of, work_of
from rouage.cli.session import Session
from rouage.errors import RecipeError, UsageError
from rouage.language import Text
from rouage.problem import Problem
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.rehearsal.playing import Played

_NAMES: Final = Text(
    "recipes, test files or folders (default: all of the workspace), or: keep RUN",
    "recettes, fichiers de test ou dossiers (par défaut : tout l’espace), ou : keep EXÉCUTION",
)
_AS: Final = Text("with keep: the name of the new case", "avec keep : le nom du nouveau cas")
_NO_NAME: Final = Text(
    "`rouage test keep` wants one run and the name of the case",
    "« rouage test keep » demande une exécution et le nom du cas",
)
_KEEP_HINT: Final = Text("rouage test keep RUN --as NAME", "rouage test keep EXÉCUTION --as NOM")
_NO_TESTS: Final = Text(
    "{recipe} has no tests: there is no {file}",
    "{recipe} n’a pas de tests : il n’y a pas de {file}",
)
_WRITE_ONE: Final = Text(
    "`rouage test keep RUN --as NAME` writes one from a real run",
    "« rouage test keep EXÉCUTION --as NOM » en écrit un d’après une exécution réelle",
)
_NO_RECIPE: Final = Text(
    "{file} stands beside no recipe: there is no {recipe}",
    "{file} n’est à côté d’aucune recette : il n’y a pas de {recipe}",
)
_ENDINGS: Final = (".test.yaml", ".test.yml")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("names", about=_NAMES, nargs="*", metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("--as", about=_AS, dest="case", metavar=parser.say(Text("NAME", "NOM")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """One test file after it was played: its cases, or what keeps them from being played."""

    path: Path
    shown: str
    recipe: str
    played: "tuple[Played, ...]" = ()
    problems: tuple[Problem, ...] = ()


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Play the tests; 1 when one does not come out as expected."""
    if arguments.names[:1] == ["keep"]:
        if len(arguments.names) != 2 or not arguments.case:
            raise UsageError(_NO_NAME, hint=_KEEP_HINT)
        from rouage.cli.test_keep import keep

        return keep(session, arguments.names[1], arguments.case)
    from rouage.cli.test_report import report

    return report(session, [play_file(session, path) for path in _files(session, arguments.names)])


def play_file(session: Session, path: Path, *, only: str | None = None) -> Tested:
    """Play the cases of one test file, or the one that is called *only*.

    Raises:
        UsageError: it stands beside no recipe.
    """
    recipe_path = _recipe_beside(session, path)
    work, shown = work_of(session, recipe_path), shown_here(session, path)
    name = recipe_path.stem
    try:
        return _play(work, path, recipe_path, only)
    except RecipeError as error:
        return Tested(path=path, shown=shown, recipe=name, problems=error.problems)


def _play(work: Work, path: Path, recipe_path: Path, only: str | None) -> Tested:
    from rouage.rehearsal.cases import read_cases
    from rouage.rehearsal.playing import known_of, play
    from rouage.rehearsal.sealed import sealed

    shown = shown_here(work.session, path)
    source = read_source(path)
    draft, problems = read_cases(source, file=shown, known=None)
    if problems:
        return Tested(path=path, shown=shown, recipe=recipe_path.stem, problems=problems)
    inputs = {name: value for case in draft for name, value in case.inputs.items()}
    recipe = load_recipe(work, recipe_path, inputs)
    cases, problems = read_cases(source, file=shown, known=known_of(recipe, work.catalog.actions))
    if problems:
        return Tested(path=path, shown=shown, recipe=recipe.id, problems=problems)
    surround = surround_of(work, reads=False, secrets={})

    def load(name: str) -> Any:
        return read_event(work.session, str(path.parent / name))

    played = []
    for case in cases:
        if only is not None and case.name != only:
            continue
        # The values of inputs belong to the definition, so each case has its own.
        own = load_recipe(work, recipe_path, {**inputs, **case.inputs}) if case.inputs else recipe
        with sealed() as stopped:
            result = asyncio.run(play(case, own, surround, load=load))
        played.append(_with_stops(result, stopped))
    return Tested(path=path, shown=shown, recipe=recipe.id, played=tuple(played))


def _with_stops(played: "Played", stopped: list[str]) -> "Played":
    """Note that an action tried to act all the same."""
    from dataclasses import replace

    from rouage.rehearsal.notes import stopped_acting

    if not stopped:
        return played
    return replace(played, complaints=(*played.complaints, stopped_acting(stopped)))


def _files(session: Session, names: list[str]) -> list[Path]:
    """Return the test files that *names* stand for.

    Raises:
        UsageError: there is no such recipe, or it has no tests.
    """
    if not names:
        return _inside(session.places.recipes)
    found: list[Path] = []
    for name in names:
        path = session.here / Path(name).expanduser()
        if path.is_dir():
            inner = path / "recipes"
            found += _inside(inner if inner.is_dir() else path)
        elif path.is_file() and name.lower().endswith(_ENDINGS):
            found.append(path)
        else:
            found.append(_beside(session, find_recipe(session, name)))
    return list(dict.fromkeys(found))


def _inside(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(_ENDINGS)
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _beside(session: Session, recipe: Path) -> Path:
    from rouage.rehearsal.playing import cases_beside

    path = cases_beside(recipe)
    for found in (path, path.with_suffix(".yml")):
        if found.is_file():
            return found
    shown = shown_here(session, recipe)
    raise UsageError(_NO_TESTS, hint=_WRITE_ONE, recipe=shown, file=path.name)


def _recipe_beside(session: Session, tests: Path) -> Path:
    stem = tests.name[: tests.name.lower().rindex(".test.")]
    for suffix in (".yaml", ".yml"):
        found = tests.with_name(stem + suffix)
        if found.is_file():
            return found
    shown = shown_here(session, tests)
    raise UsageError(_NO_RECIPE, file=shown, recipe=f"{stem}.yaml")

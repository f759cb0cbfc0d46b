"""One test file, played: its cases, or what keeps them from being played."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.eval import read_event
from rouage.cli.recipe_files import read_source, shown_here
from rouage.cli.rehearsing import Work, load_recipe, surround_of, work_of
from rouage.cli.session import Session
from rouage.errors import RecipeError, UsageError
from rouage.language import Text
from rouage.problem import Problem
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.rehearsal.playing import Played

_NO_RECIPE: Final = Text(
    "{file} stands beside no recipe: there is no {recipe}",
    "{file} n’est à côté d’aucune recette : il n’y a pas de {recipe}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """One test file after it was played: its cases, or what keeps them from being played."""

    path: Path
    shown: str
    recipe: str
    played: "tuple[Played, ...]" = ()
    problems: tuple[Problem, ...] = ()


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


def _recipe_beside(session: Session, tests: Path) -> Path:
    stem = tests.name[: tests.name.lower().rindex(".test.")]
    for suffix in (".yaml", ".yml"):
        found = tests.with_name(stem + suffix)
        if found.is_file():
            return found
    shown = shown_here(session, tests)
    raise UsageError(_NO_RECIPE, file=shown, recipe=f"{stem}.yaml")

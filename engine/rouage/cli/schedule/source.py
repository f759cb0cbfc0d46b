"""What `rouage schedule preview` is about: an expression, words, or the triggers of a recipe."""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.cli.recipe_files import read_source, recipes_in
from rouage.cli.session import Session
from rouage.errors import RecipeError, UsageError
from rouage.language import Text
from rouage.model.recipe import Recipe
from rouage.recipes.checker import Checked, check
from rouage.recipes.previews import Preview, Question, schedules_of
from rouage.sdk.business import Business
from rouage.sdk.connector import TriggerSpec
from rouage.sdk.trigger import Notation

_NOT_HERE: Final = Text(
    "no connector is installed that reads such a schedule",
    "aucun connecteur installé ne lit un tel horaire",
)
_NO_RECIPE: Final = Text(
    "there is no recipe “{name}” here", "il n’y a pas de recette « {name} » ici"
)
_NO_SCHEDULE: Final = Text(
    "no trigger of {name} is a schedule", "aucun déclencheur de {name} n’est un horaire"
)
_CHECK: Final = Text("`rouage check` says what is wrong", "« rouage check » dit ce qui ne va pas")


def previews(
    session: Session, arguments: argparse.Namespace, *, zone: ZoneInfo, after: datetime
) -> list[Preview]:
    """Return what each schedule in question will do after *after*.

    Raises:
        UsageError: there is no such recipe, or it has no schedule.
        RecipeError: the recipe is not valid.
        StepError: the schedule is not one.
    """
    catalog = discover()
    if arguments.recipe is not None:
        return _of_recipe(session, catalog, arguments, zone, after)
    notation: Notation = "cron" if arguments.cron is not None else "text"
    written = arguments.cron if arguments.cron is not None else arguments.text
    spec = _reader(catalog, notation)
    values = {spec.listen.notations[notation]: written}
    asked = Question(after=after, most=arguments.count, business=_business(session))
    found = asked.put(spec, values, recipe_id="", zone=zone)
    return [] if found is None else [replace(found, zone=zone.key)]


def previews_of(
    session: Session, recipe: Recipe, *, zone: ZoneInfo, after: datetime, most: int
) -> list[Preview]:
    """Return what the schedules of *recipe* will do after *after*; none if it has none."""
    asked = Question(after=after, most=most, business=_business(session))
    return schedules_of(discover(), recipe, asked, zone=zone)


def _business(session: Session) -> Business:
    if not session.has_workspace():
        return Business()
    return Business(hours=session.settings.business, zone=session.settings.zone)


def _reader(catalog: Catalog, notation: Notation) -> TriggerSpec:
    for spec in catalog.triggers.values():
        if notation in spec.listen.notations:
            return spec
    raise UsageError(_NOT_HERE)


def _of_recipe(
    session: Session,
    catalog: Catalog,
    arguments: argparse.Namespace,
    zone: ZoneInfo,
    after: datetime,
) -> list[Preview]:
    recipe = _find(session, catalog, arguments.recipe)
    asked = Question(after=after, most=arguments.count, business=_business(session))
    found = schedules_of(catalog, recipe, asked, zone=zone)
    if not found:
        raise UsageError(_NO_SCHEDULE, name=recipe.id)
    return found


def _find(session: Session, catalog: Catalog, name: str) -> Recipe:
    """Return the recipe in the file *name*, or the one whose id it is."""
    path = session.here / Path(name).expanduser()
    if path.is_file():
        return _read(session, catalog, path)
    if session.has_workspace():
        for one in recipes_in(session.places.recipes):
            checked = _check(session, catalog, one)
            if checked.recipe_id == name:
                return _read(session, catalog, one)
    raise UsageError(_NO_RECIPE, name=name)


def _read(session: Session, catalog: Catalog, path: Path) -> Recipe:
    checked = _check(session, catalog, path)
    if checked.recipe is None:
        error = RecipeError(checked.problems)
        error.hint = _CHECK
        raise error
    return checked.recipe


def _check(session: Session, catalog: Catalog, path: Path) -> Checked:
    inputs = session.settings.inputs if session.has_workspace() else {}
    return check(read_source(path), file=path.name, catalog=catalog, input_values=inputs)

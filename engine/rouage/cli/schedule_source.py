"""What `rouage schedule preview` is about: an expression, words, or the triggers of a recipe."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.cli.recipe_files import read_source, recipes_in
from rouage.cli.session import Session
from rouage.errors import RecipeError, StepError, UsageError
from rouage.expressions import compile_template, reveal
from rouage.language import Text
from rouage.model.recipe import Recipe
from rouage.model.secret import Secret
from rouage.recipes.checker import Checked, check
from rouage.sdk.connector import TriggerSpec
from rouage.sdk.trigger import Notation

Preview = tuple[str | None, str, list[datetime]]
"""The id of the trigger in its recipe, the zone it goes by, and its instants."""

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
    return [(None, zone.key, _ask(spec, values, "", zone, after, arguments.count) or [])]


def _reader(catalog: Catalog, notation: Notation) -> TriggerSpec:
    for spec in catalog.triggers.values():
        if notation in spec.listen.notations:
            return spec
    raise UsageError(_NOT_HERE)


def _ask(
    spec: TriggerSpec,
    values: Mapping[str, Any],
    recipe_id: str,
    zone: ZoneInfo,
    after: datetime,
    most: int,
) -> list[datetime] | None:
    built = spec.parameters.build(values)
    refusal = spec.listen.check(built)
    if refusal is not None:
        raise StepError(refusal)
    return spec.listen.preview(built, recipe_id=recipe_id, timezone=zone, after=after, most=most)


def _of_recipe(
    session: Session,
    catalog: Catalog,
    arguments: argparse.Namespace,
    zone: ZoneInfo,
    after: datetime,
) -> list[Preview]:
    recipe = _find(session, catalog, arguments.recipe)
    own = zone if recipe.timezone is None else ZoneInfo(recipe.timezone)
    found: list[Preview] = []
    for use in recipe.triggers:
        spec = catalog.triggers[use.uses]
        values = _values(use.parameters, recipe)
        dates = _ask(spec, values, recipe.id, own, after, arguments.count)
        if dates is not None:
            found.append((use.id, _zone_in(spec, values) or own.key, dates))
    if not found:
        raise UsageError(_NO_SCHEDULE, name=recipe.id)
    return found


def _values(parameters: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return the *parameters* of a trigger with the defaults of inputs and constants put in."""
    scope = {
        "inputs": {
            name: one.get("default") if isinstance(one, Mapping) else None
            for name, one in recipe.inputs.items()
        },
        "vars": dict(recipe.variables),
        "recipe": {"id": recipe.id, "name": recipe.name},
        "secrets": _NoSecrets(),
    }
    clear = reveal(compile_template(dict(parameters)).render(scope))
    return clear if isinstance(clear, dict) else {}


class _NoSecrets(dict[str, Secret]):
    """Every secret, empty: instants do not depend on them."""

    def __missing__(self, name: str) -> Secret:
        return Secret("", name=name)

    def __contains__(self, _: object) -> bool:
        return True


def _zone_in(spec: TriggerSpec, values: Mapping[str, Any]) -> str | None:
    declared = spec.parameters.specs
    named = (values[name] for name in values if declared[name].format == "timezone")
    return next((zone for zone in named if isinstance(zone, str)), None)


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

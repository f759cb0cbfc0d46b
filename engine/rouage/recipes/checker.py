"""From bytes to a checked recipe: syntax, schema, meaning; all problems, never only the first."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.model.recipe import Recipe
from rouage.problem import Problem
from rouage.recipes.braking import check_brakes
from rouage.recipes.calling import Call, calls_of
from rouage.recipes.definition import canonical, to_recipe
from rouage.recipes.document import Document
from rouage.recipes.exposure import check_exposure
from rouage.recipes.keeping import check_keep
from rouage.recipes.keys import check_exposed, check_keys
from rouage.recipes.loops import check_loops
from rouage.recipes.meaning import check_meaning
from rouage.recipes.normal import id_from_file, normalise
from rouage.recipes.outline import Outline, outline
from rouage.recipes.reader import read
from rouage.recipes.recovery import is_independent, text_above
from rouage.recipes.references import check_references
from rouage.recipes.report import MOST_PROBLEMS, Report
from rouage.recipes.values import (
    check_inputs,
    check_names,
    check_parameters,
    check_recipe_id,
    check_time_zone,
)
from rouage.records import dataclass

_WRITTEN_ID: Final = re.compile(rb"^id:[ \t]*[\"']?([a-z0-9][a-z0-9_-]{0,63})\b", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A file after all checks: its recipe, unless a problem is an error, and the problems.

    `recipe_id` is known even then, if the file says anything at all. `calls` are the other
    recipes that it calls, which this file alone cannot vouch for.
    """

    recipe: Recipe | None
    problems: tuple[Problem, ...]
    recipe_id: str
    calls: tuple[Call, ...] = ()


def check(
    source: bytes,
    *,
    file: str,
    catalog: Catalog,
    recipe_id: str | None = None,
    known_secrets: Collection[str] | None = None,
    input_values: Mapping[str, Mapping[str, Any]] | None = None,
) -> Checked:
    """Return the recipe of *source*, or everything that keeps it from being one.

    *recipe_id* is used where the file says none, instead of the file's name. Without
    *known_secrets* the names of secrets are not checked. *input_values* are the values that
    the owner gave to inputs, by recipe id and by name; they become part of the definition.
    """
    document = read(source)
    report = Report(document, file)
    data = document.data
    identity = _identity(document, source, recipe_id or file)
    values = (input_values or {}).get(identity, {})
    if not document.is_complete:
        located = _located(document, file)
        above = _above(document, file, catalog)
        return Checked(recipe=None, problems=(*above, *located), recipe_id=identity)
    if not isinstance(data, Mapping):
        report.value("RG201" if data is None else "RG202", ())
        return Checked(recipe=None, problems=_all(report, document), recipe_id=identity)
    shaped = _check_all(
        data,
        report,
        catalog,
        identity=identity,
        known_secrets=known_secrets,
        input_values=values,
    )
    problems = _all(report, document)
    recipe = None
    if not any(problem.severity == "error" for problem in problems):
        normal = normalise(
            data,
            document=document,
            outline=shaped,
            catalog=catalog,
            recipe_id=identity,
            input_values=values,
        )
        recipe = to_recipe(normal, canonical(normal))
    calls = calls_of(shaped.every, document.positions)
    return Checked(recipe=recipe, problems=problems, recipe_id=identity, calls=calls)


def _check_all(
    data: Mapping[str, Any],
    report: Report,
    catalog: Catalog,
    *,
    identity: str,
    known_secrets: Collection[str] | None,
    input_values: Mapping[str, Any],
) -> Outline:
    shaped = outline(data, report, catalog)
    errors = list(catalog.validator.errors(data))
    if errors:
        # Loaded with the library behind it, which takes longer than a check without errors.
        from rouage.recipes.schema_errors import report_schema_errors

        report_schema_errors(errors, report)
    check_recipe_id(data, identity, report)
    check_time_zone(("timezone",), data.get("timezone"), report)
    check_names(shaped, report)
    check_meaning(shaped, report)
    check_loops(shaped, report)
    check_exposure(shaped, report)
    check_brakes(data, shaped, report)
    check_keep(data, report)
    check_inputs(data, shaped, report, input_values)
    check_parameters(shaped, report, catalog)
    check_references(data, shaped, report, known_secrets=known_secrets)
    check_keys(data, report)
    check_exposed(shaped, report)
    return shaped


def _above(document: Document, file: str, catalog: Catalog) -> tuple[Problem, ...]:
    """Return what is wrong above the place where reading failed."""
    text = text_above(document)
    if text is None:
        return ()
    readable = read(text.encode("utf-8", "replace"))
    if not readable.is_complete or not isinstance(readable.data, Mapping):
        return ()
    report = Report(readable, file)
    _check_all(readable.data, report, catalog, identity="a", known_secrets=None, input_values={})
    return tuple(filter(is_independent, report.problems))


def identify(source: bytes, file: str) -> str:
    """Return the id of the recipe in *source*: what it says, else what *file* stands for."""
    return _identity(read(source), source, file)


def _identity(document: Document, source: bytes, name: str) -> str:
    """Return the id that the file says, also where the rest of it cannot be read.

    Otherwise it is made of *name*, that of the file.
    """
    if isinstance(document.data, Mapping) and "id" in document.data:
        node = document.positions.node(("id",))
        written = document.data["id"]
        if node is not None and node.source is not None:
            return node.source
        return written if isinstance(written, str) and written else id_from_file(name)
    found = _WRITTEN_ID.search(source) if not document.is_complete else None
    return id_from_file(name) if found is None else found.group(1).decode()


def _located(document: Document, file: str) -> tuple[Problem, ...]:
    return tuple(replace(problem, file=file) for problem in document.problems)


def _all(report: Report, document: Document) -> tuple[Problem, ...]:
    """Return the problems of the reader and of the checks, in the order of the file."""
    if not document.problems:
        return report.problems
    located = (
        replace(problem, severity="error") if problem.range in report.serious else problem
        for problem in _located(document, report.file)
    )
    both = (*located, *report.problems)
    ordered = sorted(both, key=lambda one: (one.range.start.line, one.range.start.column))
    return tuple(ordered[:MOST_PROBLEMS])

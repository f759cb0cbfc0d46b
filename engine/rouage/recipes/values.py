"""Meaning checks of plain values: ids, time zones, formats, inputs, and what triggers refuse."""

import re
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from rouage.catalog.catalog import Catalog
from rouage.catalog.grammar import RECIPE_ID_PATTERN
from rouage.catalog.similar import nearest
from rouage.errors import StepError
from rouage.language import Text
from rouage.recipes.document import Path
from rouage.recipes.normal import as_declared
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.sdk.connector import TriggerSpec

_OPENING: Final = "${{"
_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")
_LOOSE_TIME: Final = re.compile(r"(\d{1,2})\s*[hH:.]\s*(\d{2})?")
_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>.]+(?:\.[^@\s<>.]+)+")
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_CHECKED_FORMATS: Final = ("cron", "time", "timezone", "duration")


def check_recipe_id(data: Mapping[str, Any], recipe_id: str, report: Report) -> None:
    """Report an identity that cannot be used; a text was checked by the schema."""
    if isinstance(data.get("id"), str) or re.search(RECIPE_ID_PATTERN, recipe_id) is not None:
        return
    if "id" not in data:
        report.key("RG505", (), value=recipe_id)
    elif not report.is_explained(("id",)):
        report.value("RG504", ("id",), value=recipe_id)


def check_time_zone(path: Path, value: Any, report: Report) -> None:
    """Report a time zone that does not exist."""
    if not isinstance(value, str) or _OPENING in value or report.is_explained(path):
        return
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        # Only after a mistake: the list of all zones is read from disk.
        suggestion = nearest(value, sorted(available_timezones()))
        report.value("RG502", path, value=value, suggestion=suggestion)


def check_names(outline: Outline, report: Report) -> None:
    """Report ids that are used twice."""
    seen: dict[str, Path] = {}
    for use in outline.triggers:
        _check_once(use, seen, report, code="RG308")
    seen = {}
    for use in outline.every:
        _check_once(use, seen, report, code="RG302")


def _check_once(use: Use, seen: dict[str, Path], report: Report, *, code: str) -> None:
    name, path = use.entry.get("id"), (*use.path, "id")
    if not isinstance(name, str) or report.is_explained(path):
        return
    if name in seen:
        report.value(code, path, name=name, related=(report.positions.value(seen[name]),))
    seen.setdefault(name, path)


def check_inputs(
    data: Mapping[str, Any],
    outline: Outline,
    report: Report,
    input_values: Mapping[str, Any],
) -> None:
    """Report inputs that nobody fills in: a recipe that starts by itself needs a value."""
    declared = data.get("inputs")
    is_automatic = any(not _brings_inputs(use) for use in outline.triggers)
    if not isinstance(declared, Mapping):
        return
    for name, declaration in declared.items():
        path = ("inputs", name)
        if not isinstance(declaration, Mapping) or report.is_explained(path):
            continue
        if "default" in declaration:
            _check_default(path, declaration, report)
        elif is_automatic and declaration.get("required") is not False and name not in input_values:
            report.key("RG304", path, name=name)


def _brings_inputs(use: Use) -> bool:
    """Say whether the events of *use* carry the values of inputs (a start by hand does)."""
    event = use.spec.event if isinstance(use.spec, TriggerSpec) else {}
    properties = event.get("properties")
    return isinstance(properties, Mapping) and "inputs" in properties


_INPUT_CHECKS: Final[Mapping[str, tuple[type, ...]]] = {
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
}


def check_defaults(declared: Any, path: Path, report: Report) -> None:
    """Report defaults of the fields *declared* at *path* that do not fit their types."""
    for name, declaration in declared.items() if isinstance(declared, Mapping) else ():
        place = (*path, name)
        if not isinstance(declaration, Mapping) or report.is_explained(place):
            continue
        if "default" in declaration and not holds_expression(declaration["default"]):
            _check_default(place, declaration, report)


def _check_default(path: Path, declaration: Mapping[str, Any], report: Report) -> None:
    default, kind = declaration["default"], str(declaration.get("type"))
    types = _INPUT_CHECKS.get(kind)
    is_truth = isinstance(default, bool)
    fits = types is None or (isinstance(default, types) and is_truth == (kind == "boolean"))
    choices = declaration.get("choices")
    if fits and kind == "choice" and isinstance(choices, list):
        fits = default in choices
    if default is not None and not fits:
        report.value("RG507", (*path, "default"), name=str(path[-1]), type=kind)


def check_parameters(outline: Outline, report: Report, catalog: Catalog) -> None:
    """Report parameters that the schema lets through and the connector does not."""
    steps = outline.every
    waited = [use.event for use in steps if use.event is not None]
    for use in (*outline.triggers, *waited, *steps):
        if use.spec is None or not isinstance(use.parameters, Mapping):
            continue
        if _has_problem(use, report):
            continue
        for name, value in use.parameters.items():
            _check_format(use, name, value, report)
        if not _has_problem(use, report) and not holds_expression(use.parameters):
            _build(use, report, catalog)


def _has_problem(use: Use, report: Report) -> bool:
    path = use.parameters_path
    if path in report.incomplete or report.is_explained(path):
        return True
    return any(report.is_explained((*path, name)) for name in use.parameters)


def holds_expression(value: Any) -> bool:
    """Say whether a `${{ }}` stands anywhere in *value*."""
    if isinstance(value, str):
        return _OPENING in value
    if isinstance(value, dict):
        return any(map(holds_expression, value.values()))
    return isinstance(value, list) and any(map(holds_expression, value))


def _check_format(use: Use, name: str, value: Any, report: Report) -> None:
    declared = use.spec.parameters.specs[name] if use.spec is not None else None
    if declared is None or not isinstance(value, str) or _OPENING in value:
        return
    path = (*use.parameters_path, name)
    if declared.is_secret and value:
        report.add("RG703", report.positions.value(path), severity="warning", name=name)
    if declared.format == "timezone":
        check_time_zone(path, value, report)
    elif declared.format == "time" and _TIME.fullmatch(value) is None:
        report.value("RG503", path, value=value, suggestion=meant_time(value))
    elif declared.format == "email" and _EMAIL.search(value) is None:
        report.value("RG506", path, value=value)
    elif declared.format == "url" and _URL.match(value) is None:
        report.value("RG508", path, value=value)


def meant_time(value: str) -> str | None:
    """Return the time of day that *value*, such as `22h30`, was meant to be, with its quotes."""
    match = _LOOSE_TIME.fullmatch(value.strip())
    if match is None:
        return None
    time = f"{int(match.group(1)):02d}:{match.group(2) or '00'}"
    return f'"{time}"' if _TIME.fullmatch(time) else None


def _build(use: Use, report: Report, catalog: Catalog) -> None:
    """Build the parameters as the engine would, and ask the trigger what it thinks."""
    spec = use.spec
    assert spec is not None  # noqa: S101 - the caller looked
    declared = catalog.validator.declared[spec.id]
    values = {}
    for name, value in use.parameters.items():
        node = report.positions.node((*use.parameters_path, name))
        values[name] = value if node is None else as_declared(value, declared[name], node)
    try:
        built = spec.parameters.build(values)
        refusal = spec.listen.check(built) if isinstance(spec, TriggerSpec) else None
    except StepError as error:
        name = error.facts.get("name")
        path = use.parameters_path
        place = (*path, name) if isinstance(name, str) and name in use.parameters else path
        report.value("RG509", place, reason=Text(error.render("en"), error.render("fr")))
        return
    if refusal is not None:
        report.value("RG510", _blamed(use), reason=refusal, owner=spec.id)
    elif isinstance(spec, TriggerSpec):
        reading = spec.listen.read_back(built, recipe_id="")
        if reading is not None and reading.warning is not None:
            where = report.positions.value(_blamed(use))
            report.add("RG709", where, severity="warning", reason=reading.warning, owner=spec.id)


def _blamed(use: Use) -> Path:
    """Return the parameter that a trigger's own check is most likely about."""
    path, parameters = use.parameters_path, use.parameters
    if len(parameters) == 1:
        return (*path, next(iter(parameters)))
    specs = use.spec.parameters.specs if use.spec is not None else {}
    for format_ in _CHECKED_FORMATS:
        for name in parameters:
            if specs[name].format == format_:
                return (*path, name)
    required = use.spec.parameters.required if use.spec is not None else ()
    return (*path, required[0]) if required else path

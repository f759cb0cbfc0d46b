"""Recipes that write where they watch: their own files come back to them (triggers F-24)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.errors import RouageError
from rouage.recipes.document import Path
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.sdk.connector import ActionSpec, TriggerSpec

_PLACES: Final = ("path", "file")
_TEMPLATE: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_UNKNOWN_NAME: Final = re.compile(r"(?<=/)\s*\$\{\{[^/]*\}\}\s*$")


def check_loops(outline: Outline, report: Report) -> None:
    """Warn of steps that put a file where a trigger of the same recipe takes files."""
    ready: dict[int, Any] = {}
    for use in (*outline.every, *outline.defaults):
        for path, written in _written(use):
            if report.is_explained(path):
                continue
            for number, trigger in enumerate(outline.triggers):
                if number not in ready:
                    ready[number] = _built(trigger)
                if _takes(trigger, ready[number], written):
                    related = report.positions.key(trigger.parameters_path)
                    place = report.positions.value(path)
                    report.add(
                        "RG711", place, severity="warning", name=trigger.word, related=(related,)
                    )
                    break


def _written(use: Use) -> Iterator[tuple[Path, str]]:
    """Yield the parameters that say where a step puts a file, as far as they are known.

    Those are a `target`, and the place of an action that asks what to do if it is taken.
    """
    spec, given = use.spec, use.parameters
    if not isinstance(spec, ActionSpec) or spec.effect == "none" or not isinstance(given, Mapping):
        return
    names = spec.parameters.names
    makes = "on_conflict" in names and "name" not in names
    places = ("target",) if "target" in names else _PLACES if makes else ()
    for name in places:
        value = given.get(name)
        if isinstance(value, str) and value:
            yield (*use.parameters_path, name), _as_path(value)


def _as_path(value: str) -> str:
    """Return *value* with something in place of its templates; a folder when all is open."""
    return _TEMPLATE.sub("x", _UNKNOWN_NAME.sub("", value))


def _built(use: Use) -> Any:
    """Return the parameters of a trigger, made once; None when they are not all known."""
    spec, given = use.spec, use.parameters
    if not isinstance(spec, TriggerSpec) or not isinstance(given, Mapping):
        return None
    if any("${{" in str(value) for value in given.values()):
        return None
    try:
        return spec.parameters.build(given)
    except RouageError:
        return None


def _takes(use: Use, built: Any, written: str) -> bool:
    if built is None or not isinstance(use.spec, TriggerSpec):
        return False
    try:
        return use.spec.listen.would_take(built, written)
    except RouageError:
        return False

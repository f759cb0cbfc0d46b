"""What anybody may set off, and what must then stay out of reach (security S-30)."""

from collections.abc import Mapping
from typing import Any

from rouage.errors import RouageError
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.sdk.connector import COMMANDS, ActionSpec, TriggerSpec


def check_exposure(outline: Outline, report: Report) -> None:
    """Refuse steps that start programs in a recipe that whoever knows an address can start."""
    programs = [
        use
        for use in (*outline.every, *outline.defaults)
        if isinstance(use.spec, ActionSpec) and COMMANDS in use.spec.units
    ]
    # Few recipes start programs: the others need not have their triggers made ready.
    door = next(filter(_is_open_to_all, outline.triggers), None) if programs else None
    if door is None:
        return
    for use in programs:
        report.add(
            "RG605",
            report.positions.key(use.parameters_path),
            name=use.word,
            owner=door.word,
            related=(report.positions.key(door.parameters_path),),
        )


def _is_open_to_all(use: Use) -> bool:
    spec, given = use.spec, use.parameters
    if not isinstance(spec, TriggerSpec) or not isinstance(given, Mapping):
        return False
    try:
        built: Any = spec.parameters.build(given)
        return spec.listen.is_open_to_all(built)
    except RouageError:
        return False

"""`hold`, `trust` and `limits`: their normal form, and what they must mean beyond their shape."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.catalog.similar import nearest
from rouage.recipes.blocks import read_rate
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.sdk.connector import ANY_EFFECT, ActionSpec
from rouage.sdk.quantities import parse_duration

_UNUSUAL: Final = "unusual"
_OPEN: Final = "open"
_HELD: Final = frozenset({"outward", "irreversible"})


def normal_hold(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return `hold` of a step: seconds, or `open`."""
    given = entry.get("hold")
    if given is None:
        return {}
    return {"hold": given if given == _OPEN else parse_duration(given)}


def normal_brakes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `trust`, `limits` and `unusual` of a recipe, each only where it says something."""
    normal: dict[str, Any] = {}
    trust, limits = data.get("trust"), data.get("limits") or {}
    if trust is not None and trust != "auto":
        normal["trust"] = {"start": trust} if isinstance(trust, str) else {"start": "ask", **trust}
    counted = [_limit(unit, given) for unit, given in limits.items() if unit != _UNUSUAL]
    if counted:
        normal["limits"] = counted
    if limits.get(_UNUSUAL) is not None:
        normal["unusual"] = limits[_UNUSUAL]
    return normal


def _limit(unit: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, str):
        return {"unit": unit, "most": given}
    rate = read_rate(given)
    return {"unit": unit, "most": rate["count"], "per": rate["per"]}


def check_brakes(data: Mapping[str, Any], outline: Outline, report: Report) -> None:
    """Report a `hold` beside what sends nothing, and a limit that nothing ever counts."""
    steps = (*outline.every, *outline.defaults)
    for use in steps:
        _hold(use, report)
    limits = data.get("limits")
    if not isinstance(limits, Mapping) or report.is_explained(("limits",)):
        return
    known = {unit for use in steps for unit in _units(use)}
    for unit in limits:
        path = ("limits", unit)
        if unit == _UNUSUAL or unit in known or report.is_explained(path) or not known:
            continue
        names = sorted(known)
        facts = {"value": unit, "known": ", ".join(names), "suggestion": nearest(unit, names)}
        report.key("RG514", path, **facts)


def _hold(use: Use, report: Report) -> None:
    path = (*use.path, "hold")
    if use.entry.get("hold") is None or report.is_explained(path):
        return
    if not isinstance(use.spec, ActionSpec) or use.spec.effect not in _HELD:
        report.key("RG513", path, word=use.word)


def _units(use: Use) -> tuple[str, ...]:
    if not isinstance(use.spec, ActionSpec) or not use.spec.units:
        return ()
    return (ANY_EFFECT, *use.spec.units)

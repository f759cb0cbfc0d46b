"""`keep` of a recipe: its normal form, and what its times must be."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.model.recipe import Keep
from rouage.recipes.report import Report
from rouage.sdk.quantities import parse_duration, write_duration

_LEAST_SECONDS: Final = 3_600.0
"""The past is looked through by the hour."""
_TIMES: Final[Mapping[str, str]] = {"for": "age_seconds", "personal": "personal_seconds"}


def normal_keep(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `keep` of a recipe, where it says something."""
    given = data.get("keep") or {}
    normal: dict[str, Any] = {
        _TIMES[name]: parse_duration(given[name]) for name in _TIMES if given.get(name) is not None
    }
    if given.get("runs") is not None:
        normal["runs"] = given["runs"]
    if given.get("traces") == "values_blanked":
        normal["blanks_values"] = True
    return {"keep": normal} if normal else {}


def as_written(keep: Keep) -> dict[str, Any] | None:
    """Return `keep` as a recipe has it; None where it says nothing."""
    written: dict[str, Any] = {} if keep.runs is None else {"runs": keep.runs}
    for name, attribute in _TIMES.items():
        seconds = getattr(keep, attribute)
        if seconds is not None:
            written[name] = write_duration(seconds)
    if keep.blanks_values:
        written["traces"] = "values_blanked"
    return written or None


def check_keep(data: Mapping[str, Any], report: Report) -> None:
    """Report a time that is shorter than the pause between two looks at the past."""
    given = data.get("keep")
    if not isinstance(given, Mapping):
        return
    for name in _TIMES:
        path = ("keep", name)
        if report.is_explained(path) or not isinstance(given.get(name), str):
            continue
        try:
            seconds = parse_duration(given[name])
        except ValueError:
            continue
        if seconds < _LEAST_SECONDS:
            report.value("RG515", path, value=given[name])

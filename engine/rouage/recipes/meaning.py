"""What the engine words must mean, beyond their shape: answers, turns, branches, batches."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final

from rouage.catalog.grammar import STEP_ID_PATTERN
from rouage.expressions.filters import FUNCTIONS
from rouage.expressions.tokens import RESERVED
from rouage.recipes.document import Path
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.recipes.values import check_defaults, meant_time

_OPENING: Final = "${{"
_LOOP_WAYS: Final = ("times", "while", "until")
_WAIT_WAYS: Final = ("for", "until", "event")
_OF_EVENTS: Final = ("if", "timeout", "on_timeout")
_ROOTS: Final = frozenset(
    {"event", "trigger", "inputs", "vars", "steps", "secrets", "run", "recipe", "error", "loop"}
)
_TAKEN: Final = _ROOTS | RESERVED | frozenset(FUNCTIONS)
_LISTENER: Final = "chain.event"
_OPEN: Final = "open"


def check_meaning(outline: Outline, report: Report) -> None:
    """Report engine words that are shaped well and say nothing, or two things."""
    for use in outline.triggers:
        _batch(use, report)
        _missed(use, report)
    heard = _heard(outline.triggers)
    for use in outline.every:
        check = _CHECKS.get(use.word) if use.spec is None else None
        if check is not None and not report.is_explained(use.parameters_path):
            check(use, report)
        if use.spec is None and "once" in use.entry:
            place = report.positions.key((*use.path, "once"))
            report.add("RG708", place, severity="warning", name="once", word=use.word)
        if use.word == "emit" and use.spec is None:
            _own_event(use, heard, report)


def _batch(use: Use, report: Report) -> None:
    batch, path = use.entry.get("batch"), (*use.path, "batch")
    if not isinstance(batch, Mapping) or _is_explained(batch, path, report):
        return
    if not {"quiet", "every", "max"} & set(batch):
        report.key("RG236", path)
    if "debounce" in use.entry:
        place = report.positions.key((*use.path, "debounce"))
        report.add("RG707", place, severity="warning", name="debounce", other="batch")


def _missed(use: Use, report: Report) -> None:
    missed, path = use.entry.get("missed"), (*use.path, "missed", "max")
    if not isinstance(missed, Mapping) or "max" not in missed or report.is_explained(path):
        return
    if missed.get("policy") != "all":
        place = report.positions.key(path)
        report.add("RG706", place, severity="warning", name="max", needed="policy: all")


def _is_explained(given: Iterable[str], path: Path, report: Report) -> bool:
    """Say whether anything at *path* or in one of its keys was reported."""
    return report.is_explained(path) or any(report.is_explained((*path, key)) for key in given)


def _exactly_one(use: Use, report: Report, ways: tuple[str, ...], code: str) -> bool:
    given, path = use.parameters, use.parameters_path
    if not isinstance(given, Mapping):
        return True
    used = [name for name in ways if name in given]
    if len(used) != 1 and not _is_explained(given, path, report):
        report.key(code, (*path, used[1]) if used else path, names=", ".join(ways))
    return len(used) == 1


def _for_each(use: Use, report: Report) -> None:
    given, path = use.parameters, (*use.parameters_path, "as")
    name = given.get("as") if isinstance(given, Mapping) else None
    if isinstance(name, str) and name in _TAKEN and not report.is_explained(path):
        report.value("RG235", path, name=name)


def _repeat(use: Use, report: Report) -> None:
    _exactly_one(use, report, _LOOP_WAYS, "RG232")


def _wait(use: Use, report: Report) -> None:
    given, path = use.parameters, use.parameters_path
    if not _exactly_one(use, report, _WAIT_WAYS, "RG238") or not isinstance(given, Mapping):
        return
    if "event" in given:
        _unused(given, path, "on_timeout", "timeout", report)
        return
    for name in _OF_EVENTS:
        if name in given and not report.is_explained((*path, name)):
            report.key("RG240", (*path, name), name=name)
    _check_instant(given.get("until"), (*path, "until"), report)


def _check_instant(value: Any, path: Path, report: Report) -> None:
    """Report a text that is neither a time of day nor a date and time."""
    if not isinstance(value, str) or _OPENING in value or report.is_explained(path):
        return
    if value.strip() == _OPEN:
        return
    read = time.fromisoformat if re.match(r"\s*\d{1,2}:", value) else datetime.fromisoformat
    try:
        read(value.strip())
    except ValueError:
        report.value("RG511", path, value=value, suggestion=meant_time(value))


def _unused(given: Collection[str], path: Path, name: str, needed: str, report: Report) -> None:
    """Warn of *name*, which is of no use without *needed*."""
    if name in given and needed not in given and not report.is_explained((*path, name)):
        place = report.positions.key((*path, name))
        report.add("RG706", place, severity="warning", name=name, needed=needed)


def _approve(use: Use, report: Report) -> None:
    given, path = use.parameters, use.parameters_path
    if not isinstance(given, Mapping):
        return
    wanted = given.get("on_timeout")
    if "timeout" in given and wanted is None and not report.is_explained((*path, "timeout")):
        report.key("RG230", (*path, "timeout"))
    if wanted == "escalate" and "then" not in given:
        report.value("RG239", (*path, "on_timeout"))
    _unused(given, path, "on_timeout", "timeout", report)
    if wanted is not None and wanted != "escalate":
        _unused(given, path, "then", "on_timeout: escalate", report)
    _enough_people(given, path, report)
    check_defaults(given.get("fields"), (*path, "fields"), report)


def _enough_people(given: Mapping[str, Any], path: Path, report: Report) -> None:
    need, people = given.get("need"), given.get("from")
    if not isinstance(need, int) or not isinstance(people, list):
        return
    others = given.get("then") if isinstance(given.get("then"), list) else []
    known = {str(one) for one in (*people, *(others or ()))}
    if need > len(known) and not any(_OPENING in one for one in known):
        report.value("RG246", (*path, "need"), need=need, count=len(known))


def _choose(use: Use, report: Report) -> None:
    branches = use.parameters if isinstance(use.parameters, list) else []
    for number, branch in enumerate(branches[:-1]):
        path = (*use.parameters_path, number)
        if isinstance(branch, Mapping) and "if" not in branch and not report.is_explained(path):
            report.key("RG233", path, number=number + 1)
            return


def _parallel(use: Use, report: Report) -> None:
    given, path = use.parameters, (*use.parameters_path, "branches")
    branches = given.get("branches") if isinstance(given, Mapping) else None
    if not isinstance(branches, Mapping):
        return
    for name in branches:
        if re.search(STEP_ID_PATTERN, name) is None:
            report.key("RG504", (*path, name), value=name)
    if len(branches) == 1 and not _is_explained(branches, path, report):
        place = report.positions.key(path)
        report.add("RG234", place, severity="warning", name=next(iter(branches)))


def _heard(triggers: Iterable[Use]) -> dict[str, Path]:
    """Return the names of the emitted events that start the recipe."""
    heard = {}
    for use in triggers:
        if use.word == _LISTENER and isinstance(use.parameters, Mapping):
            heard[str(use.parameters.get("name"))] = use.path
    return heard


def _own_event(use: Use, heard: Mapping[str, Path], report: Report) -> None:
    """Warn of an event that starts the very recipe that emits it."""
    given = use.parameters
    name = given.get("name") if isinstance(given, Mapping) else given
    path = heard.get(str(name))
    if path is not None:
        place, related = use.parameters_path, report.positions.key((*path, _LISTENER))
        where = report.positions.key(place)
        report.add("RG705", where, severity="warning", name=name, related=(related,))


_CHECKS: Final[Mapping[str, Callable[[Use, Report], Any]]] = {
    "approve": _approve,
    "for_each": _for_each,
    "repeat": _repeat,
    "wait": _wait,
    "choose": _choose,
    "parallel": _parallel,
}

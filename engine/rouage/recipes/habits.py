"""What people write out of habit where an engine word wants another shape, each as what it is.

The schema would find these merely unknown or missing, and say so twice.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.recipes.document import Path
from rouage.recipes.report import Report
from rouage.recipes.words import found, wanted

_ELSE: Final = frozenset({"else", "otherwise", "default", "sinon", "autrement"})
_YES: Final = frozenset(
    {"approve", "approved", "approves", "accept", "accepted", "yes", "oui", "valider", "accepter"}
)
_ITEMS: Final = ("for_each", "foreach", "items", "in", "pour_chaque")
_LOOKED_UP: Final = re.compile(r"\s*[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])+(?:\s*\|.*)?\s*")

ORDER: Final = frozenset({"needs", "depends_on", "depends", "dependsOn", "after"})
"""Keys by which other tools say what comes first; here it is the list."""
OWN_DO: Final = frozenset({"do", "then", "alors", "faire"}) | _ELSE
"""Keys that hold steps elsewhere, and none beside the word of a step here."""

Habit = Callable[[Any, Path, Report], bool]


def report_habit(word: str, given: Any, path: Path, report: Report) -> bool:
    """Report what is wrong with the parameters *given* to *word*, if it is a known habit.

    Returns: whether the step is of no use to other checks.
    """
    habit = _HABITS.get(word)
    return habit is not None and habit(given, path, report)


def _choose(given: Any, path: Path, report: Report) -> bool:
    branches = given if isinstance(given, list) else []
    for number, branch in enumerate(branches):
        if not isinstance(branch, Mapping) or not branch:
            continue
        other = next((key for key in branch if key in _ELSE), None)
        if other is not None:
            report.key("RG248", (*path, number, other), name=other)
        elif not branch.keys() & {"if", "do", "then"}:
            report.key("RG247", (*path, number, next(iter(branch))))
        else:
            continue
        return True
    return False


def _steps_at_once(word: str) -> Habit:
    def look(given: Any, path: Path, report: Report) -> bool:
        if not isinstance(given, list):
            return False
        report.value("RG249", path, name=word)
        return True

    return look


def _for_each(given: Any, path: Path, report: Report) -> bool:
    if isinstance(given, list):
        return _steps_at_once("for_each")(given, path, report)
    listed = given.get("in") if isinstance(given, Mapping) else None
    if isinstance(listed, str) and _LOOKED_UP.fullmatch(listed):
        report.value(
            "RG216",
            (*path, "in"),
            name="in",
            wanted=wanted(["array"]),
            found=found(listed),
            suggestion=f'"${{{{ {listed.strip()} }}}}"',
        )
    return False


def _repeat(given: Any, path: Path, report: Report) -> bool:
    if isinstance(given, Mapping):
        items = next((name for name in _ITEMS if name in given), None)
        if items is not None:
            report.key("RG242", (*path, items), name=items)
            return True
    return _steps_at_once("repeat")(given, path, report)


def _parallel(given: Any, path: Path, report: Report) -> bool:
    if isinstance(given, list):
        report.value("RG243", path)
        return True
    if not isinstance(given, Mapping) or "branches" in given:
        return False
    named = next((name for name, steps in given.items() if isinstance(steps, list)), None)
    if named is not None:
        report.key("RG243", (*path, named))
    return named is not None


def _wait(given: Any, path: Path, report: Report) -> bool:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number:
        report.value("RG501", path, name="wait", value=given)
    return is_number


def _approve(given: Any, path: Path, report: Report) -> bool:
    wish = given.get("on_timeout") if isinstance(given, Mapping) else None
    if wish is True or (isinstance(wish, str) and wish.strip().lower() in _YES):
        report.value("RG231", (*path, "on_timeout"), value=found(wish))
    return False


_HABITS: Final[Mapping[str, Habit]] = {
    "choose": _choose,
    "for_each": _for_each,
    "repeat": _repeat,
    "group": _steps_at_once("group"),
    "parallel": _parallel,
    "wait": _wait,
    "approve": _approve,
}

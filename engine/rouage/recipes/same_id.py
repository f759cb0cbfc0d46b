"""Two files with one id: the second is refused, and waits for the first to let it go."""

from collections.abc import Iterable
from dataclasses import replace

from rouage.problem import Problem
from rouage.recipes.checker import Checked
from rouage.recipes.reader import read


def refuse_second(checked: Checked, source: bytes, *, name: str, owner: str) -> Checked:
    """Return *checked* as refused: another file, already active, has the same id."""
    document = read(source)
    problem = Problem(
        code="RG303",
        file=name,
        range=document.positions.value(("id",)),
        facts={"name": checked.recipe_id, "other": owner, "suggestion": f"{checked.recipe_id}_2"},
    )
    return replace(checked, recipe=None, problems=(problem, *checked.problems))


def wanted_id(problems: Iterable[Problem]) -> str | None:
    """Return the id that a file would have if another one did not hold it, or None."""
    for problem in problems:
        if problem.code == "RG303":
            return str(problem.facts["name"])
    return None

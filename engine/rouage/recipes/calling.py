"""Which recipes a recipe calls, and which of them are not there.

One file alone cannot tell: it is said of a folder, as a warning, since the other recipe may
come a moment later.
"""

from collections.abc import Collection, Iterable

from rouage.catalog.similar import nearest
from rouage.problem import Edit, Problem, Range
from rouage.recipes.document import Positions
from rouage.recipes.outline import Use
from rouage.records import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One `call`: the id of the other recipe, and where it is named."""

    recipe: str
    place: Range


def calls_of(steps: Iterable[Use], positions: Positions) -> tuple[Call, ...]:
    """Return the calls among *steps*."""
    found = []
    for use in steps:
        if use.word != "call" or use.spec is not None:
            continue
        given, path = use.parameters, use.parameters_path
        if isinstance(given, dict):
            given, path = given.get("recipe"), (*path, "recipe")
        if isinstance(given, str):
            found.append(Call(given, positions.value(path)))
    return tuple(found)


def missing_recipes(
    calls: Iterable[Call], known: Collection[str], file: str
) -> tuple[Problem, ...]:
    """Return a warning for each of the *calls* in *file* that leads nowhere."""
    return tuple(_missing(call, known, file) for call in calls if call.recipe not in known)


def _missing(call: Call, known: Collection[str], file: str) -> Problem:
    suggestion = nearest(call.recipe, sorted(known))
    facts = {"name": call.recipe} | ({} if suggestion is None else {"suggestion": suggestion})
    edits = () if suggestion is None else (Edit(range=call.place, text=suggestion),)
    return Problem(
        code="RG307", file=file, range=call.place, facts=facts, severity="warning", edits=edits
    )

"""Which results of steps can be read at one place of a recipe, and why others cannot."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rouage.recipes.outline import Use, deep
from rouage.recipes.shapes import ANY, Shape, closed

_NO_RESULT: Final = "RG445"


class Names:
    """The ids of steps, as a walk in the order of a run finds them.

    `results` holds the shapes of those that are known now. Of the others it is known whether
    they come later, stand in another branch, or stand in a loop that was left.
    """

    def __init__(self, every: Iterable[Use], lost: Iterable[str]) -> None:
        self.results: dict[str, Shape] = dict.fromkeys(lost, ANY)
        self.steps: Shape = {**closed({}), "properties": self.results}
        self._later = ids_of(every)
        self._elsewhere: set[str] = set()
        self._inside: dict[str, str | None] = {}

    def add(self, use: Use, shape: Shape) -> None:
        """Note that the result of *use* can be read from here on."""
        name = use.entry.get("id")
        if isinstance(name, str):
            self.results[name] = shape
            self._later.discard(name)

    def open_branch(self, others: set[str]) -> tuple[set[str], set[str]]:
        """Begin a branch in which *others* cannot be read; return what closes it."""
        before = self._elsewhere, set(self.results)
        self._elsewhere = self._elsewhere | others
        return before

    def close_branch(self, before: tuple[set[str], set[str]]) -> dict[str, Shape]:
        """End a branch; return the results that it gave, which are not known any more."""
        self._elsewhere, known = before
        return {name: self.results.pop(name) for name in set(self.results) - known}

    def leave_loop(self, loop: Any, known: set[str]) -> None:
        """Note that what was not *known* before a loop is known inside it alone."""
        inside = set(self.results) - known
        for name in inside:
            del self.results[name]
        inside |= {name for name, inner in self._inside.items() if inner in inside}
        self._inside |= dict.fromkeys(inside, loop if isinstance(loop, str) else None)

    def explain(self, code: str, facts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return why a result is not known here, if *code* says that it is not."""
        name = facts.get("name")
        if code != _NO_RESULT or not isinstance(name, str):
            return code, facts
        if name in self._elsewhere:
            return "RG306", {"name": name}
        if name in self._later:
            return "RG301", {key: fact for key, fact in facts.items() if key != "suggestion"}
        if name in self._inside:
            loop = self._inside[name] or "ID"
            return "RG305", {"name": name, "results": f"steps.{loop}.results"}
        return code, facts


def ids_of(uses: Iterable[Use]) -> set[str]:
    """Return the ids of *uses*."""
    return {name for use in uses if isinstance(name := use.entry.get("id"), str)}


def branch_ids(use: Use) -> Mapping[Any, set[str]]:
    """Return the ids in each of the bodies of *use*, at any depth."""
    return {key: ids_of(deep(body)) for key, body in use.bodies.items()}

"""What the checks of one recipe share: the source, and the problems found so far."""

from collections.abc import Sequence
from typing import Any, Final

from rouage.problem import Edit, Position, Problem, Range, Severity
from rouage.recipes.document import Document, Path

MOST_PROBLEMS: Final = 20


class Report:
    """Collects the problems of one file, so that one mistake gives one problem.

    A path that was *explained* is not looked at again: what else is wrong below it follows
    from the first mistake. An *incomplete* one lacks something that was reported.
    """

    def __init__(self, document: Document, file: str) -> None:
        self.document = document
        self.positions = document.positions
        self.file = file
        self._problems: list[Problem] = []
        self._explained: set[Path] = set()
        self.incomplete: set[Path] = set()
        self._known = [problem.range for problem in document.problems]

    def key(self, code: str, path: Path, **facts: Any) -> None:
        """Report *code* at the key of *path*, and explain the path."""
        self._explained.add(path)
        self.add(code, self.positions.key(path), **facts)

    def value(self, code: str, path: Path, **facts: Any) -> None:
        """Report *code* at the value of *path*, and explain the path."""
        self._explained.add(path)
        self.add(code, self.positions.value(path), **facts)

    def add(
        self,
        code: str,
        place: Range,
        *,
        severity: Severity = "error",
        related: tuple[Range, ...] = (),
        edits: tuple[Edit, ...] = (),
        **facts: Any,
    ) -> None:
        """Report *code* at *place*, unless the reader has named that place already."""
        if any(_overlap(place, known) for known in self._known):
            return
        suggestion = facts.get("suggestion")
        if suggestion and not edits and place.start.line == place.end.line:
            edits = (Edit(range=place, text=str(suggestion)),)
        self._problems.append(
            Problem(
                code=code,
                file=self.file,
                range=place,
                facts={name: fact for name, fact in facts.items() if fact is not None},
                severity=severity,
                related=related,
                edits=edits,
            )
        )

    def explain(self, path: Path) -> None:
        """Note that whatever is wrong at *path* or below has been said."""
        self._explained.add(path)

    def is_explained(self, path: Sequence[str | int]) -> bool:
        """Say whether *path*, or something above it, has been explained."""
        if not self._explained:
            return False
        whole = tuple(path)
        return any(whole[:end] in self._explained for end in range(len(whole) + 1))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the problems in the order of the file, at most as many as people read."""
        ordered = sorted(self._problems, key=lambda one: _key(one.range.start))
        return tuple(ordered[:MOST_PROBLEMS])

    @property
    def has_errors(self) -> bool:
        """Say whether the recipe cannot be used."""
        return any(problem.severity == "error" for problem in self._problems)


def _key(position: Position) -> tuple[int, int]:
    return position.line, position.column


def _overlap(first: Range, second: Range) -> bool:
    return _key(first.start) < _key(second.end) and _key(second.start) < _key(first.end)

"""What the checks of one recipe share: the source, and the problems found so far."""

from collections.abc import Mapping, Sequence
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
        self.serious: set[Range] = set()
        """Where a warning of the reader turned out to be an error."""
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
        written = facts.get("suggestion") or _operator(code, facts)
        if written and not edits and place.start.line == place.end.line:
            edits = (Edit(range=place, text=str(written)),)
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

    def is_lost(self, path: Path) -> bool:
        """Say whether the reader told what became of the value at *path*.

        If it only warned, it was right to: without the value it is an error.
        """
        end = self.positions.key(path).end
        for problem in self.document.problems:
            start = problem.range.start
            if start.line == end.line and start.column > end.column:
                self.serious.add(problem.range)
                return True
        return False

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


def _operator(code: str, facts: Mapping[str, Any]) -> str | None:
    """Return the operator to write instead of one of another language, or None."""
    if code == "RG421":
        return "=="
    instead = facts.get("instead") if code == "RG420" else None
    # `!ready` touches what it denies; `not ready` does not.
    return "not " if instead == "not" else instead


def _key(position: Position) -> tuple[int, int]:
    return position.line, position.column


def _overlap(first: Range, second: Range) -> bool:
    return _key(first.start) < _key(second.end) and _key(second.start) < _key(first.end)

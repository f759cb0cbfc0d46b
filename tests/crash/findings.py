"""What the verdict found wrong, by kind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_EXAMPLES = 5


@dataclass(kw_only=True, slots=True)
class Findings:
    """Violations by kind, with a few examples of each; all kinds are listed, found or not."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, things: Iterable[Any]) -> None:
        """Count *things* as violations of one kind."""
        found = [str(thing) for thing in things]
        self.counts[kind] = self.counts.get(kind, 0) + len(found)
        if found:
            self.examples.setdefault(kind, []).extend(found[:_EXAMPLES])

    @property
    def is_clean(self) -> bool:
        """Say whether nothing was found."""
        return not any(self.counts.values())

"""What is kept of the past beside the bounds of the workspace, and where personal values are."""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from rouage.model.recipe import Keep
from rouage.model.run import UNDO
from rouage.records import dataclass
from rouage.settings.retention import Retention

BLANKED_AFTER_SECONDS: Final = 3_600
"""`traces: values_blanked` leaves the values so long, for a look at what went wrong."""
_MICROSECONDS: Final = 1_000_000

PERSONAL: Final = 1
VALUES: Final = 2
PERSON: Final = 4
"""Bits of `event.blanked`: personal values are, all are, or what named a person on request."""

DONE: Final[Mapping[int, int]] = {PERSONAL: PERSONAL | VALUES, VALUES: VALUES}
"""With one of these bits there is nothing left to blank."""

Paths = tuple[str, ...]
"""Where values lie in a JSON value, as `buyer.email`; lists count for all their entries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where one version of a recipe has personal values: by source of events, and by action.

    `inputs` are where events of other sources have them: starts by hand, calls.
    """

    events: Mapping[str, Paths] = field(default_factory=dict)
    inputs: Paths = ()
    parameters: Mapping[str, Paths] = field(default_factory=dict)
    results: Mapping[str, Paths] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self.events or self.inputs or self.parameters or self.results)

    def of_event(self, source: str) -> Paths:
        """Return where the data of an event from *source* has them."""
        return self.events.get(source, self.inputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeping:
    """What recipes say of their own past, by id, and their `Places`, by version."""

    recipes: Mapping[str, Keep] = field(default_factory=dict)
    places: Mapping[str, Places] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    """The recipes of which a version has personal values."""

    def bounded(self) -> dict[str, Keep]:
        """Return the recipes for which the bounds of the workspace do not count."""
        return {recipe: keep for recipe, keep in self.recipes.items() if keep.has_bounds}

    def due(self, level: int, retention: Retention, now: int) -> dict[str, int]:
        """Return by recipe which runs are to be blanked: those that ended before this instant."""
        if level == VALUES:
            before = now - BLANKED_AFTER_SECONDS * _MICROSECONDS
            blanking = [one for one, keep in self.recipes.items() if keep.blanks_values]
            # The runs that undid some of its runs tell of the same files.
            return {name: before for one in blanking for name in (one, UNDO + one)}
        found = {}
        for recipe in self.personal:
            own = self.recipes.get(recipe, Keep()).personal_seconds
            seconds = retention.personal_seconds if own is None else own
            if seconds is not None:
                found[recipe] = now - round(seconds * _MICROSECONDS)
        return found


USUAL: Final = Keeping()
"""No recipe says anything of its own."""

"""Words that the design knows and this version does not have yet.

They are refused with a message of their own. To add one, describe it in
`rouage.catalog.grammar` and take it out here.
"""

from collections.abc import Mapping
from typing import Final, Literal

Place = Literal["recipe", "trigger", "step", "mode", "when_full", "defaults", "retry"]

LATER: Final[Mapping[Place, frozenset[str]]] = {
    "recipe": frozenset({"finally", "limits", "trust", "keep"}),
    "trigger": frozenset({"once", "debounce", "throttle", "batch", "alive"}),
    "step": frozenset(
        {
            "choose",
            "for_each",
            "repeat",
            "parallel",
            "group",
            "wait",
            "approve",
            "call",
            "emit",
            "once",
            "hold",
        }
    ),
    "mode": frozenset({"single", "restart", "latest"}),
    "when_full": frozenset({"skip", "replace_oldest"}),
    "defaults": frozenset({"on_error"}),
    "retry": frozenset({"when"}),
}


def is_later(word: str, place: Place) -> bool:
    """Say whether *word* belongs to a later version of the language at *place*."""
    return word in LATER[place]

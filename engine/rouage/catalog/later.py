"""Words that the design knows and this version does not have yet.

They are refused with a message of their own. To add one, describe it in
`rouage.catalog.grammar` and take it out here.
"""

from collections.abc import Mapping
from typing import Final, Literal

Place = Literal["recipe", "trigger", "step"]

LATER: Final[Mapping[Place, frozenset[str]]] = {
    "recipe": frozenset({"keep"}),
    "trigger": frozenset(),
    "step": frozenset(),
}


def is_later(word: str, place: Place) -> bool:
    """Say whether *word* belongs to a later version of the language at *place*."""
    return word in LATER[place]

"""A recipe that is being written: its parts, what is said beside them, what is left to do."""

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from rouage.language import Text
from rouage.records import dataclass


@dataclass(kw_only=True, slots=True)
class Piece:
    """One trigger or step with the comments above it.

    `entry` is None for what could not be translated: then `original` stands in a comment,
    with `reason`; `is_unsupported` if there is nothing like it here. Lists of pieces inside
    `entry` are steps of their own. `about` names the piece for the report.
    """

    entry: dict[str, Any] | None = None
    notes: list[Text] = field(default_factory=list)
    reason: Text | None = None
    original: Any = None
    about: str = ""
    is_unsupported: bool = False

    def give_up(self, reason: Text) -> None:
        """Make the piece a comment: a person has to write it."""
        if self.original is None or any(True for _ in pieces_in(self.entry)):
            # What stands inside it was its own: it must not vanish with it.
            self.original = plain(self.entry)
        self.entry, self.reason = None, reason


@dataclass(kw_only=True, slots=True)
class Draft:
    """A whole recipe before it is written.

    `settings` are further top words, in order. `advice` asks for a look but stands in the way
    of nothing. With `is_asleep` it is written switched off, also when it is whole.
    """

    name: str
    description: str = ""
    intro: list[Text] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    triggers: list[Piece] = field(default_factory=list)
    condition: str | None = None
    lost_conditions: list[Piece] = field(default_factory=list)
    steps: list[Piece] = field(default_factory=list)
    advice: list[Text] = field(default_factory=list)
    is_asleep: bool = False

    def pieces(self) -> Iterator[Piece]:
        """Yield every trigger, condition and step, also those inside others."""
        yield from pieces_in([*self.triggers, *self.lost_conditions, *self.steps])

    def unfinished(self) -> list[Piece]:
        """Return what a person has to write."""
        return [one for one in self.pieces() if one.entry is None and one.reason is not None]


def pieces_in(value: Any) -> Iterator[Piece]:
    """Yield the pieces in *value*, at any depth."""
    if isinstance(value, Piece):
        yield value
        yield from pieces_in(value.entry)
    elif isinstance(value, dict):
        for one in value.values():
            yield from pieces_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from pieces_in(one)


def plain(value: Any) -> Any:
    """Return *value* with its pieces as the data they stand for."""
    if isinstance(value, Piece):
        return plain(value.original if value.entry is None else value.entry)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value

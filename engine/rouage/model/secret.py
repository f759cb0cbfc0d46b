"""A value that must never be shown: it stays hidden through every operator and filter."""

from typing import Final

MASK: Final = "•••"


class Secret:
    """A secret and its clear value, which only the call to a connector may see.

    Comparing, measuring, or printing a secret tells nothing: `str`, `repr` and `format`
    give the mask (authoring X6). What is made of several secrets is called by all their
    names, with spaces between them.
    """

    __slots__ = ("_clear", "name")

    def __init__(self, clear: str, *, name: str = "") -> None:
        self._clear = clear
        self.name = name

    def reveal(self) -> str:
        """Return the clear value, for the call to a connector only."""
        return self._clear

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, specification: str) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be serialised")

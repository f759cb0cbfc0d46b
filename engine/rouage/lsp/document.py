"""One open document: its text, and what was found out about it, kept until it changes."""

from collections.abc import Callable
from functools import cached_property
from typing import Final

from rouage.analysis.editing.sketch import Sketch
from rouage.analysis.fixing import Fixed, fix
from rouage.lsp.positions import Lines
from rouage.problem import Problem
from rouage.recipes.reader import MAX_BYTES

Check = Callable[[bytes], tuple[Problem, ...]]

_LARGEST: Final = MAX_BYTES


class Document:
    """The text of a recipe as an editor has it now; *check* finds its problems."""

    def __init__(self, text: str, *, encoding: str, check: Check) -> None:
        self.text = text
        self._encoding = encoding
        self._check = check

    @property
    def is_readable(self) -> bool:
        """Say whether it can be a recipe at all, as far as its size goes."""
        return len(self.text) <= _LARGEST

    @property
    def source(self) -> bytes:
        """Return the text as the file would hold it."""
        # A lone surrogate is not UTF-8: the reader says so, as it does of any such file.
        return self.text.encode("utf-8", "surrogatepass")

    @property
    def newline(self) -> str:
        """Return how its first line ends."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    @cached_property
    def lines(self) -> Lines:
        """Return its lines."""
        return Lines.of(self.text, self._encoding)

    @cached_property
    def sketch(self) -> Sketch:
        """Return its outline, line by line."""
        return Sketch(self.text)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Return what `rouage check` says of it."""
        return self._check(self.source)

    @cached_property
    def corrected(self) -> Fixed:
        """Return what `rouage check --fix` makes of it."""
        return fix(self.source, self._check)

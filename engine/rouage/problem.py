"""What is wrong in a file, and exactly where: data only, without wording.

A `Problem` carries a code and facts; `rouage.analysis.catalogue` holds its sentence, its
reason and its remedy in each language.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from rouage.records import dataclass

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A place in a text: 1-based line, and 1-based column counted in code points."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A stretch of text; `end` is the position after the last code point."""

    start: Position
    end: Position


NOWHERE = Range(start=Position(line=1, column=1), end=Position(line=1, column=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A replacement that a machine can apply: the text of *range* becomes *text*."""

    range: Range
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake: a catalogue code, its place, and the facts its sentence needs."""

    code: str
    file: str = ""
    range: Range = NOWHERE
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    related: tuple[Range, ...] = ()
    edits: tuple[Edit, ...] = ()

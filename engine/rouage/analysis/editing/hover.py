"""What the word under the cursor means: a key, a parameter, a name or a filter."""

from collections.abc import Mapping
from typing import Any

from rouage.analysis.editing.candidate import Knowledge
from rouage.analysis.editing.cursor import Spot, spot_at
from rouage.analysis.editing.description import (
    describe_filter,
    describe_function,
    describe_key,
    describe_name,
    describe_spec,
)
from rouage.analysis.editing.naming import chain_at, sample_of, shape_of
from rouage.analysis.editing.places import required_of
from rouage.analysis.editing.roots import ROOTS
from rouage.analysis.editing.samples import sample_event
from rouage.analysis.editing.scopes import scope_at
from rouage.analysis.editing.sketch import Sketch
from rouage.expressions.filters import FILTERS, FUNCTIONS
from rouage.expressions.template import CLOSING, OPENING
from rouage.recipes.document import Path
from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """A page in Markdown about the columns *start* to *end* of the cursor's line."""

    text: str
    start: int
    end: int


def explain_at(sketch: Sketch, line: int, column: int, known: Knowledge) -> Explained | None:
    """Return the page of what stands at *line* and *column* (from 0), or None."""
    spot = spot_at(sketch, line, column)
    if spot.role == "nothing":
        return None
    column = min(column, len(sketch.lines[line]))
    if spot.role == "value":
        found = _in_expression(sketch, spot, column, known)
        if found is not None:
            return found
        text = _page(spot.path, known)
    else:
        if not spot.word:
            return None
        text = _page((*spot.path, spot.word.strip("\"' ")), known)
    return Explained(text=text, start=spot.start, end=spot.end) if text else None


def _page(path: Path, known: Knowledge) -> str:
    """Return the page of the key at *path*; an item of a list has that of the list."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    shape = known.places.shape_at(path)
    owner = known.places.shape_at(path[:-1]) if path else None
    if shape is None or owner is None or path[-1] not in (owner.get("properties") or {}):
        return ""
    spec = known.places.spec_at(path)
    if spec is not None:
        return describe_spec(spec, shape, known.language)
    name = str(path[-1])
    return describe_key(name, shape, known.language, is_required=name in required_of(owner))


def _in_expression(sketch: Sketch, spot: Spot, column: int, known: Knowledge) -> Explained | None:
    """Return the page of a name or filter, where the cursor is inside an expression."""
    line = sketch.lines[spot.line]
    bounds = _bounds(line, column, spot, is_bare=known.places.is_condition(spot.path))
    if bounds is None:
        return None
    start, end = bounds
    source = line[start:end]
    found = chain_at(source, column - start)
    if found is None:
        return None
    chain, first, last = found
    scope = scope_at(sketch.data, spot.path, known.places.catalog, known.secrets)
    text = _name_page(chain, source[:first], source[last:], scope, sketch, known)
    name = chain.rpartition(".")[2]
    return Explained(text=text, start=start + last - len(name), end=start + last) if text else None


def _bounds(line: str, column: int, spot: Spot, *, is_bare: bool) -> tuple[int, int] | None:
    """Return where the expression around *column* starts and ends on its line."""
    opening = line.rfind(OPENING, 0, column)
    if opening >= 0 and CLOSING not in line[opening:column]:
        closing = line.find(CLOSING, column)
        return opening + len(OPENING), len(line) if closing < 0 else closing
    if is_bare and OPENING not in line:
        return (spot.start, spot.end) if spot.start < spot.end else (0, len(line))
    return None


def _name_page(
    chain: str,
    before: str,
    after: str,
    scope: Mapping[str, Any],
    sketch: Sketch,
    known: Knowledge,
) -> str:
    language = known.language
    if before.rstrip().endswith("|") and chain in FILTERS:
        return describe_filter(FILTERS[chain], language)
    if chain in FUNCTIONS and after.lstrip().startswith("("):
        return describe_function(FUNCTIONS[chain], language)
    shape = shape_of(chain, scope)
    if shape is None:
        return ""
    sample = sample_of(chain, sample_event(sketch.data, known.places.catalog))
    return describe_name(chain, shape, sample, language, ROOTS.get(chain))

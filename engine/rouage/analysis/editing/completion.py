"""What can be written at the cursor of a recipe, however broken the rest of it is.

One answer for every editor: the language server and the page of the console ask here. All
words come from the composed schema, all names from the walk of the checker.
"""

from collections.abc import Iterator
from typing import Any, Final

from rouage.analysis.editing.candidate import Candidate, Knowledge
from rouage.analysis.editing.cursor import Spot, spot_at
from rouage.analysis.editing.keys import complete_key
from rouage.analysis.editing.names import complete_expression
from rouage.analysis.editing.naming import open_expression
from rouage.analysis.editing.places import types_of
from rouage.analysis.editing.scopes import scope_at
from rouage.analysis.editing.sketch import Sketch
from rouage.analysis.editing.values import complete_value

_MOST: Final = 400


def complete(sketch: Sketch, line: int, column: int, known: Knowledge) -> list[Candidate]:
    """Return what can stand at *line* and *column* (from 0, in code points), best first."""
    spot = spot_at(sketch, line, column)
    if spot.role == "nothing":
        return []
    written = sketch.lines[line]
    column = min(column, len(written))
    found = {one.label: one for one in reversed(list(_candidates(sketch, spot, column, known)))}

    def order(one: Candidate) -> tuple[bool, int, str]:
        # What begins as what is written comes first, so that a cut never takes it away.
        wanted = written[one.start : column].strip("\"' ").casefold()
        return not one.label.casefold().startswith(wanted), one.rank, one.label

    return sorted(found.values(), key=order)[:_MOST]


def _candidates(sketch: Sketch, spot: Spot, column: int, known: Knowledge) -> Iterator[Candidate]:
    shape = known.places.shape_at(spot.path)
    is_scalar = shape is not None and not ({"object", "array"} & set(types_of(shape)))
    if spot.role == "key" and not (is_scalar and shape is not None):
        indent = _indent(sketch.lines[spot.line])
        yield from complete_key(spot, indent, known, _value_of(sketch, spot))
        return
    is_bare = known.places.is_condition(spot.path)
    left = open_expression(spot.text, is_bare=is_bare)
    if left is not None:
        scope = scope_at(sketch.data, spot.path, known.places.catalog, known.secrets)
        yield from complete_expression(sketch, left, spot, column, scope, known)
        return
    yield from complete_value(spot, shape or {}, known)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _value_of(sketch: Sketch, spot: Spot) -> Any:
    """Return the data of the mapping that a new key would belong to."""
    data: Any = sketch.data
    for step in spot.path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data

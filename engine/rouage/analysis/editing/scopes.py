"""What expressions may name at one place of a recipe, also while the recipe is half-written.

The walk is that of the checker; here something else listens to it.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.recipes.document import Document, Path, Positions
from rouage.recipes.names import Names
from rouage.recipes.outline import outline
from rouage.recipes.references import check_references
from rouage.recipes.report import Report
from rouage.recipes.shapes import Shape
from rouage.recipes.soundness import Shapes, Soundness

Scope = Mapping[str, Shape]

_NONE: Final[Scope] = {}


def scope_at(
    data: Any, path: Path, catalog: Catalog, known_secrets: Collection[str] | None
) -> Scope:
    """Return the shape of each root that an expression at *path* may name.

    Where the step at *path* cannot be made out, what was known just before it is returned.
    """
    if not isinstance(data, Mapping) or not path:
        return _NONE
    report = Report(Document(data=dict(data), positions=Positions(None, "")), "")
    shaped = outline(data, report, catalog)
    listeners: list[_Listener] = []

    def listen(report: Report, names: Names) -> Soundness:
        listeners.append(_Listener(report, names, path))
        return listeners[0]

    check_references(data, shaped, report, known_secrets=known_secrets, sound=listen)
    return listeners[0].found


class _Listener(Soundness):
    """Keeps what is known at the path that is asked for, and checks nothing."""

    def __init__(self, report: Report, names: Names, path: Path) -> None:
        super().__init__(report, names)
        self._path = path
        self._is_exact = 0
        self.found: Scope = _NONE

    def values(self, value: Any, path: Path, shapes: Shapes) -> None:
        """Look at the place of a value."""
        del value
        self._look(path, shapes)

    def condition(self, entry: Any, name: str, path: Path, shapes: Shapes) -> None:
        """Look at the place of a condition."""
        del entry
        self._look((*path, name), shapes)

    def key(self, key: Any, path: Path, shapes: Shapes) -> None:
        """Look at the place of a key."""
        del key
        self._look(path, shapes)

    def effect_key(self, key: Any, path: Path, shapes: Shapes) -> None:
        """Look at the place of the key of an effect."""
        del key
        self._look(path, shapes)

    def items(self, listed: Any, path: Path, shapes: Shapes) -> Shape:
        """Look at the place of a list, and return what its items are."""
        self._look(path, shapes)
        return super().items(listed, path, shapes)

    def _look(self, path: Path, shapes: Shapes) -> None:
        same = _common(path, self._path)
        is_here = same == len(path)
        # An exact place wins over what was merely known shortly before it.
        if is_here and len(path) >= self._is_exact:
            self._is_exact = len(path)
            self.found = _copied(shapes)
        elif not self._is_exact and _is_before(path, self._path):
            self.found = _copied(shapes)


def _common(path: Path, wanted: Path) -> int:
    """Return how many steps two paths share from the start."""
    count = 0
    for one, other in zip(path, wanted, strict=False):
        if one != other:
            break
        count += 1
    return count


def _is_before(path: Path, wanted: Path) -> bool:
    """Say whether *path* stands before *wanted* in the same list of steps."""
    same = _common(path, wanted)
    if same == 0:
        return False
    if same >= len(path) or same >= len(wanted):
        return True
    one, other = path[same], wanted[same]
    return not (isinstance(one, int) and isinstance(other, int) and one > other)


def _copied(shapes: Shapes) -> Scope:
    """Return *shapes* as they are now: the walk adds names to them as it goes on."""
    return {
        name: {**shape, "properties": dict(shape["properties"])}
        if isinstance(shape.get("properties"), Mapping)
        else shape
        for name, shape in shapes.items()
    }

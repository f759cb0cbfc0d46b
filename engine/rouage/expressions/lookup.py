"""Names, fields and indexes: look-ups in mappings and lists, never in objects (authoring X4)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.faults import located
from rouage.expressions.kinds import kind_of, spoken
from rouage.expressions.nearest import listing, nearest
from rouage.expressions.nodes import Field, Index, Literal, Name, Node

Run = Callable[[Any], Any]
Key = tuple[str | int, int, int]
"""One step of a path: a field name or an element number, and its place in the source."""

MISSING: Final = object()
HIDDEN_ROOTS: Final = frozenset({"now", "language"})
"""Names of the scope that serve functions and filters, not expressions."""

_MEASURES: Final = frozenset({"length", "size", "count"})


class Path:
    """A chain of fields and fixed indexes from a root, such as `event.rows[0].total`."""

    __slots__ = ("keys", "names", "root", "source")

    def __init__(self, root: Name, keys: list[Key], source: str) -> None:
        self.root = root
        self.keys = keys
        self.names = [key[0] for key in keys]
        self.source = source

    def find(self, scope: Any) -> Any:
        """Return the value, or `MISSING`; it never raises."""
        value = scope.get(self.root.name, MISSING)
        for name in self.names:
            value = value.get(name, MISSING) if type(value) is dict else _step(value, name)
        return value

    def demand(self, scope: Any) -> Any:
        """Return the value.

        Raises:
            ExpressionError: some part of the path is not there; the error names which.
        """
        value = self._root(scope)
        for place, key in enumerate(self.keys):
            found = _step(value, key[0])
            if found is MISSING:
                raise self._missing(value, place)
            value = found
        return value

    def _root(self, scope: Any) -> Any:
        name, start, end = self.root.name, self.root.start, self.root.end
        if name in scope and name not in HIDDEN_ROOTS:
            return scope[name]
        known = [root for root in scope if root.isidentifier() and root not in HIDDEN_ROOTS]
        facts: dict[str, Any] = {"suggestion": nearest(name, known), "known": listing(known)}
        raise located("RG440", start, end, name=name, **facts)

    def _missing(self, value: Any, place: int) -> ExpressionError:
        name, start, end = self.keys[place]
        before = self.keys[place - 1][2] if place else self.root.end
        return missing(value, name, (start, end), self.source[self.root.start : before])


def path_runner(node: Node, source: str) -> Run | None:
    """Return the fastest function that gives the value of a fixed path, or None for others."""
    names: list[str] = []
    part = node
    while isinstance(part, Field):
        names.append(part.name)
        part = part.target
    if not isinstance(part, Name) or len(names) > 3 or part.name in HIDDEN_ROOTS:
        path = path_of(node, source)
        return None if path is None else path.demand

    def slow(scope: Any) -> Any:
        path = path_of(node, source)
        return path.demand(scope) if path is not None else MISSING

    if len(names) == 2:
        return _two(part.name, names[1], names[0], slow)
    if len(names) == 1:
        return _one(part.name, names[0], slow)
    return _three(part.name, names, slow) if names else _alone(part.name, slow)


def _alone(root: str, slow: Run) -> Run:
    def run(scope: Any) -> Any:
        return scope[root] if root in scope else slow(scope)

    return run


def _one(root: str, name: str, slow: Run) -> Run:
    def run(scope: Any) -> Any:
        try:
            value = scope[root]
            if type(value) is dict:
                return value[name]
        except KeyError:
            pass
        return slow(scope)

    return run


def _two(root: str, first: str, second: str, slow: Run) -> Run:
    def run(scope: Any) -> Any:
        try:
            value = scope[root]
            if type(value) is dict:
                value = value[first]
                if type(value) is dict:
                    return value[second]
        except KeyError:
            pass
        return slow(scope)

    return run


def _three(root: str, names: list[str], slow: Run) -> Run:
    third, second, first = names

    def run(scope: Any) -> Any:
        try:
            value = scope[root]
            if type(value) is dict:
                value = value[first]
                if type(value) is dict:
                    value = value[second]
                    if type(value) is dict:
                        return value[third]
        except KeyError:
            pass
        return slow(scope)

    return run


def _step(value: Any, name: str | int) -> Any:
    kind = type(value)
    if isinstance(name, str):
        if kind is dict or isinstance(value, Mapping):
            return value.get(name, MISSING)
    elif kind is list and -len(value) <= name < len(value):
        return value[name]
    return MISSING


def path_of(node: Node, source: str) -> Path | None:
    """Return *node* as a fixed path, or None if it is something else."""
    keys: list[Key] = []
    while not isinstance(node, Name):
        if isinstance(node, Field):
            keys.append((node.name, node.end - len(node.name), node.end))
        elif isinstance(node, Index) and isinstance(node.key, Literal):
            value = node.key.value
            if type(value) not in {str, int}:
                return None
            keys.append((value, node.target.end, node.end))
        else:
            return None
        node = node.target
    keys.reverse()
    return Path(node, keys, source)


def missing(value: Any, name: str | int, place: tuple[int, int], where: str) -> ExpressionError:
    """Return the error that says why *value* (written *where*) has nothing called *name*."""
    if isinstance(name, int):
        return _no_element(value, name, place)
    if not isinstance(value, Mapping):
        code = missing_code(name, frozenset({kind_of(value)}))
        return located(code, *place, where=where, kind=spoken(value), name=name)
    facts: dict[str, Any] = {"name": name, "suggestion": nearest(name, value)}
    if where == "steps":
        return located("RG445", *place, **facts)
    if where == "secrets":
        return located("RG446", *place, known=listing(value), **facts)
    return located("RG441", *place, where=where, known=listing(value), **facts)


def missing_code(name: str, kinds: frozenset[str]) -> str:
    """Return the code for field *name* of a value that has one of *kinds*, none an object."""
    if name in _MEASURES and kinds == {"secret"}:
        return "RG480"
    return "RG425" if name in _MEASURES and kinds <= {"text", "list"} else "RG448"


def _no_element(value: Any, number: int, place: tuple[int, int]) -> ExpressionError:
    if isinstance(value, list | tuple):
        return located("RG447", *place, size=len(value), index=number)
    return located("RG463", *place, kind=spoken(value))


def element(value: Any, index: Any, place: tuple[int, int], where: str) -> Any:
    """Return `value[index]` for an index known only now.

    Raises:
        ExpressionError: there is no such element or field.
    """
    kind = kind_of(index)
    if kind == "secret":
        raise located("RG480", *place)
    if not (kind == "text" or type(index) is int):
        raise located("RG463", *place, kind=spoken(index))
    found = _step(value, index)
    if found is MISSING:
        raise missing(value, index, place, where)
    return found

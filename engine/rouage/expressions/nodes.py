"""What an expression is made of once parsed; every node knows its place in the source.

Nothing changes a node once it is made. They are not frozen only because that would make
each of them twice as slow to make, and there are dozens for every expression.
"""

from typing import Any, TypeAlias, Union

from rouage.records import dataclass


@dataclass(slots=True, eq=False)
class Literal:
    """A value written out."""

    value: Any
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Name:
    """A root such as `event`."""

    name: str
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Field:
    """`target.name`; the name ends where the node ends."""

    target: "Node"
    name: str
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Index:
    """`target[key]`."""

    target: "Node"
    key: "Node"
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Unary:
    """`not`, `-` or `+` before a value."""

    operator: str
    operand: "Node"
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Binary:
    """Two values and the operator between them."""

    operator: str
    left: "Node"
    right: "Node"
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Chain:
    """Two or more values joined by the same `and`, `or` or `~`."""

    operator: str
    items: tuple["Node", ...]
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Choice:
    """`yes if condition else no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"
    start: int
    end: int


@dataclass(slots=True, eq=False)
class ListOf:
    """`[a, b]`."""

    items: tuple["Node", ...]
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Filtered:
    """`target | name(arguments)`; *name_start* and *name_end* are the place of the name."""

    target: "Node"
    name: str
    arguments: tuple["Node", ...]
    name_start: int
    name_end: int
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: tuple["Node", ...]
    name_end: int
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Defined:
    """`target is defined`, or `is not defined`."""

    target: "Node"
    negated: bool
    start: int
    end: int


Node: TypeAlias = Union[  # noqa: UP007 - 3.11 cannot evaluate the newer spelling
    Literal, Name, Field, Index, Unary, Binary, Chain, Choice, ListOf, Filtered, Call, Defined
]


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below *node*, in the order of the source."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Chain | ListOf):
        return node.items
    if isinstance(node, Field | Defined):
        return (node.target,)
    if isinstance(node, Index):
        return (node.target, node.key)
    if isinstance(node, Filtered):
        return (node.target, *node.arguments)
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Unary):
        return (node.operand,)
    return (node.yes, node.condition, node.no) if isinstance(node, Choice) else ()

"""What an expression is made of once parsed; every node knows its place in the source."""

from typing import Any, NamedTuple, TypeAlias, Union


class Literal(NamedTuple):
    """A value written out."""

    value: Any
    start: int
    end: int


class Name(NamedTuple):
    """A root such as `event`."""

    name: str
    start: int
    end: int


class Field(NamedTuple):
    """`target.name`; the name ends where the node ends."""

    target: "Node"
    name: str
    start: int
    end: int


class Index(NamedTuple):
    """`target[key]`."""

    target: "Node"
    key: "Node"
    start: int
    end: int


class Unary(NamedTuple):
    """`not`, `-` or `+` before a value."""

    operator: str
    operand: "Node"
    start: int
    end: int


class Binary(NamedTuple):
    """Two values and the operator between them."""

    operator: str
    left: "Node"
    right: "Node"
    start: int
    end: int


class Chain(NamedTuple):
    """Two or more values joined by the same `and`, `or` or `~`."""

    operator: str
    items: tuple["Node", ...]
    start: int
    end: int


class Choice(NamedTuple):
    """`yes if condition else no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"
    start: int
    end: int


class ListOf(NamedTuple):
    """`[a, b]`."""

    items: tuple["Node", ...]
    start: int
    end: int


class Filtered(NamedTuple):
    """`target | name(arguments)`; *name_start* and *name_end* are the place of the name."""

    target: "Node"
    name: str
    arguments: tuple["Node", ...]
    name_start: int
    name_end: int
    start: int
    end: int


class Call(NamedTuple):
    """`name(arguments)`."""

    name: str
    arguments: tuple["Node", ...]
    name_end: int
    start: int
    end: int


class Defined(NamedTuple):
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

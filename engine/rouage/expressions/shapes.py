"""What is known of a value before a run: a JSON Schema, read as kinds and fields.

Beside the types of JSON there are `date` and `secret`. An empty schema is any value.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rouage.expressions.kinds import KINDS, kind_of
from rouage.language import Text

Shape = Mapping[str, Any]

ANY: Final[Shape] = {}
_KIND_OF_TYPE: Final = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "array": "list",
    "object": "object",
    "date": "date",
    "secret": "secret",
}
_TYPE_OF_KIND: Final = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "list": "array",
    "object": "object",
    "date": "date",
    "secret": "secret",
}
EVERY: Final = frozenset(_TYPE_OF_KIND)
"""The kinds that a value of any kind can have."""


def shape_of_kinds(kinds: Iterable[str]) -> Shape:
    """Return the shape of a value that has one of *kinds*."""
    types = sorted({_TYPE_OF_KIND[kind] for kind in kinds if kind in _TYPE_OF_KIND})
    return {"type": types} if types and len(types) < len(EVERY) else ANY


def shape_of_value(value: Any) -> Shape:
    """Return the shape of a value that is known."""
    return {"type": _TYPE_OF_KIND.get(kind_of(value), "null"), "const": value}


def kinds_of(shape: Any) -> frozenset[str]:
    """Return the kinds that a value of *shape* can have; all of them where nothing is said."""
    if not isinstance(shape, Mapping):
        return EVERY
    declared = shape.get("type")
    types = [declared] if isinstance(declared, str) else declared
    if isinstance(types, list) and types:
        kinds = {_KIND_OF_TYPE.get(name, "") for name in types if isinstance(name, str)}
        return EVERY if "" in kinds or not kinds else frozenset(kinds)
    values = shape.get("enum") if "enum" in shape else [shape["const"]] if "const" in shape else []
    if isinstance(values, list) and values:
        return frozenset(map(kind_of, values))
    return frozenset({"object"}) if "properties" in shape else EVERY


def spoken_kinds(kinds: frozenset[str]) -> Text:
    """Return *kinds* as a sentence names them."""
    named = sorted(kinds)
    return Text(
        " or ".join(KINDS[kind].en for kind in named), " ou ".join(KINDS[kind].fr for kind in named)
    )


def fields_of(shape: Shape) -> Mapping[str, Any]:
    """Return the declared fields of an object."""
    found = shape.get("properties")
    return found if isinstance(found, Mapping) else {}


def field_of(shape: Shape, name: str) -> Shape | None:
    """Return the shape of field *name*, or None if such an object never has it."""
    fields = fields_of(shape)
    if name in fields:
        return as_shape(fields[name])
    others = shape.get("additionalProperties", not fields)
    if isinstance(others, Mapping):
        return others
    return ANY if others else None


def elements_of(shape: Shape) -> Shape:
    """Return the shape of the elements of a list (of the characters of a text)."""
    if kinds_of(shape) == {"text"}:
        return shape_of_kinds(["text"])
    return as_shape(shape.get("items"))


def as_shape(found: Any) -> Shape:
    """Return *found* if it is a schema, else any value."""
    return found if isinstance(found, Mapping) else ANY


def either(*shapes: Shape) -> Shape:
    """Return the shape of a value that has one of *shapes*."""
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    kinds = frozenset().union(*map(kinds_of, shapes))
    return ANY if kinds == EVERY else shape_of_kinds(kinds)


def without_null(shape: Shape) -> Shape:
    """Return *shape* for a value known not to be null."""
    kinds = kinds_of(shape)
    if kinds == EVERY or "null" not in kinds:
        return shape
    types = [_TYPE_OF_KIND[kind] for kind in sorted(kinds - {"null"})]
    return {**shape, "type": types} if types else ANY

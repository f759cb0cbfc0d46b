"""What may stand at a place of a recipe: the composed schema, walked by path.

The shape is the one that validation and the editor schema are readings of (authoring S6).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import recipe_shape
from rouage.catalog.words import CONDITION, Shape
from rouage.recipes.blocks import KEYS
from rouage.recipes.document import Path
from rouage.sdk.connector import ActionSpec, TriggerSpec
from rouage.sdk.params import ParamSpec

_LISTED: Final = re.compile(r"\^\(\?:((?:[\w-]|\\[-.])+(?:\|(?:[\w-]|\\[-.])+)+)\)\$")
_CONDITIONS: Final = (("retry", "when"), ("concurrency", "key"), *KEYS.items())


class Places:
    """The shape of a recipe for what is installed; `shape_at` walks it."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.root = recipe_shape(catalog)
        self._definitions: Mapping[str, Shape] = self.root["$defs"]
        self.trigger = self._definitions["trigger"]
        self.step = self._definitions["step"]

    def resolve(self, shape: Any) -> Shape | None:
        """Return *shape*, or what it refers to."""
        if not isinstance(shape, Mapping):
            return None
        reference = shape.get("$ref")
        if isinstance(reference, str):
            return self._definitions.get(reference.removeprefix("#/$defs/"))
        return dict(shape)

    def shape_at(self, path: Path) -> Shape | None:
        """Return the shape of what stands at *path*, or None where nothing is known."""
        shape: Shape | None = self.root
        for step in path:
            shape = None if shape is None else self._inner(shape, step)
        return shape

    def _inner(self, shape: Shape, step: str | int) -> Shape | None:
        if isinstance(step, int):
            return self.resolve(shape.get("items"))
        properties = shape.get("properties")
        if isinstance(properties, Mapping) and step in properties:
            return self.resolve(properties[step])
        return self.resolve(shape.get("additionalProperties"))

    def is_entry(self, shape: Shape | None) -> bool:
        """Say whether *shape* is that of a trigger or a step: one word, and common keys."""
        return shape is self.step or shape is self.trigger

    def spec_at(self, path: Path) -> ActionSpec | TriggerSpec | None:
        """Return the action or trigger whose parameters stand at *path*."""
        owner = self.shape_at(path[:-1]) if path else None
        word = path[-1] if path else None
        if not isinstance(word, str):
            return None
        if owner is self.step:
            return self.catalog.actions.get(word)
        return self.catalog.triggers.get(word) if owner is self.trigger else None

    def parameter_at(self, path: Path) -> ParamSpec | None:
        """Return the declaration of the parameter whose value, or an item of it, is at *path*."""
        while path and isinstance(path[-1], int):
            path = path[:-1]
        if len(path) < 2:
            return None
        spec = self.spec_at(path[:-1])
        return None if spec is None else spec.parameters.specs.get(str(path[-1]))

    def is_condition(self, path: Path) -> bool:
        """Say whether the value at *path* is an expression without `${{ }}`."""
        shape = self.shape_at(path) or {}
        if shape.get("type") == CONDITION["type"]:
            return True
        return path[-2:] in _CONDITIONS


def types_of(shape: Shape) -> Sequence[str]:
    """Return the JSON types that a value of *shape* may have."""
    kind = shape.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def properties_of(shape: Shape) -> Iterator[tuple[str, Any]]:
    """Yield the declared keys of *shape*, in order."""
    properties = shape.get("properties")
    if isinstance(properties, Mapping):
        yield from properties.items()


def choices_of(shape: Shape) -> list[Any]:
    """Return the values to choose from; examples count where they are all there is."""
    listed = shape.get("enum") or _listed_in(shape) or shape.get("examples")
    if isinstance(listed, list) and listed:
        return listed
    if "boolean" in types_of(shape):
        return [True, False]
    default = shape.get("default")
    return [] if default is None or isinstance(default, list | dict) else [default]


def is_choice(shape: Shape) -> bool:
    """Say whether only the values of `choices_of` will do (beside an expression)."""
    return "enum" in shape or bool(_listed_in(shape))


def _listed_in(shape: Shape) -> list[str]:
    """Return the words that the pattern of *shape* lists, where it is a choice."""
    found = _LISTED.match(str(shape.get("pattern", "")))
    return [] if found is None else found[1].replace("\\", "").split("|")


def required_of(shape: Shape) -> list[str]:
    """Return the keys that a mapping of *shape* must have."""
    return list(shape.get("required", ()))

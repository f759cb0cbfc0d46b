"""Check data against the composed schema; made once per catalog, since making it is slow."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import recipe_shape
from rouage.sdk.connector import ActionSpec, TriggerSpec

# What tells people something and a validator nothing: each word left would be looked at for
# every value of every recipe.
_TEXTS: Final = frozenset(
    {
        "title",
        "description",
        "markdownDescription",
        "patternErrorMessage",
        "defaultSnippets",
        "examples",
        "default",
    }
)
_NAMED: Final = frozenset({"properties", "$defs"})
_RECURSIVE: Final = frozenset({"#/$defs/step", "#/$defs/trigger"})

Accept = Callable[[Any], bool]


class RecipeValidator:
    """The schema of a recipe, ready to check.

    `declared` holds the JSON Schema of each parameter as its connector declared it, by id of
    trigger or action and by name.
    """

    def __init__(self, catalog: Catalog) -> None:
        schema = bare(recipe_shape(catalog))
        self._validator = _fast_validator(_inline(schema, schema["$defs"]))
        owners: dict[str, ActionSpec | TriggerSpec] = {**catalog.triggers, **catalog.actions}
        self.declared: dict[str, dict[str, dict[str, Any]]] = {
            id_: {name: spec.parameters.schema_of(name) for name in spec.parameters.names}
            for id_, spec in owners.items()
        }

    def errors(self, data: Any) -> Iterator[ValidationError]:
        """Yield what is wrong with *data*, each error at its own place."""
        found: Iterator[ValidationError] = self._validator.iter_errors(data)
        return found


def bare(shape: Any, *, is_named: bool = False) -> Any:
    """Return *shape* without the words that only people read.

    *is_named* says that the keys are names of properties, not words of JSON Schema.
    """
    if isinstance(shape, Mapping):
        return {
            key: bare(value, is_named=not is_named and key in _NAMED)
            for key, value in shape.items()
            if is_named or key not in _TEXTS
        }
    if isinstance(shape, list):
        return [bare(item) for item in shape]
    return shape


def _inline(shape: Any, definitions: Mapping[str, Any]) -> Any:
    """Return *shape* with each reference that is not recursive replaced by its target."""
    if isinstance(shape, list):
        return [_inline(item, definitions) for item in shape]
    if not isinstance(shape, dict):
        return shape
    target = shape.get("$ref")
    if isinstance(target, str) and target not in _RECURSIVE:
        return _inline(definitions[target.removeprefix("#/$defs/")], definitions)
    return {key: _inline(value, definitions) for key, value in shape.items()}


def _fast_validator(schema: Mapping[str, Any]) -> Any:
    """Return a validator that walks the keys of the data, not the many keys of the schema.

    Values that plainly fit are accepted on the way; everything else is left to jsonschema,
    so that the verdicts stay its own (a test compares them).
    """
    compiled: dict[int, dict[str, tuple[Accept | None, Any]]] = {}

    def properties(
        validator: Any, known: Any, instance: Any, _: Any
    ) -> Iterator[ValidationError]:
        if type(instance) is not dict:
            return
        ways = compiled.get(id(known))
        if ways is None:
            # The schema lives as long as the validator, so an id is not used twice.
            ways = compiled[id(known)] = {
                name: (_acceptor(shape), shape) for name, shape in known.items()
            }
        for name, value in instance.items():
            way = ways.get(name)
            if way is None or (way[0] is not None and way[0](value)):
                continue
            yield from validator.descend(value, way[1], path=name, schema_path=name)

    return extend(Draft202012Validator, {"properties": properties})(schema)


def _acceptor(shape: Mapping[str, Any]) -> Accept | None:
    """Return a quick test for scalars that fit *shape* for certain, or None."""
    if not shape:
        return lambda _: True
    types = shape.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    if "string" not in types:
        return None
    pattern = shape.get("pattern")
    if pattern is None:
        return lambda value: type(value) is str
    search = re.compile(pattern).search
    return lambda value: type(value) is str and search(value) is not None

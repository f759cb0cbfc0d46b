"""Check data against the composed schema; made once per catalog, since making it is slow."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from rouage.catalog.acceptance import Accept, acceptor
from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import recipe_shape
from rouage.sdk.connector import ActionSpec, TriggerSpec

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

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


class RecipeValidator:
    """The schema of a recipe, ready to check.

    `declared` holds the JSON Schema of each parameter as its connector declared it, by id of
    trigger or action and by name.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._part: Catalog | None = None
        self._accept: Accept
        self.declared: Mapping[str, Mapping[str, dict[str, Any]]] = _Declared(catalog)

    @cached_property
    def _validator(self) -> Any:
        # Made only when it is needed: loading jsonschema takes as long as checking ten recipes.
        return _fast_validator(bare(recipe_shape(self._catalog)))

    def errors(self, data: Any) -> "Iterator[ValidationError]":
        """Yield what is wrong with *data*, each error at its own place."""
        part = self._catalog.loaded
        if part is not self._part:
            # What fits by the connectors that are loaded fits by all: these only add words.
            self._part, self._accept = part, _quick_test(part)
        if self._accept(data):
            return iter(())
        found: Iterator[ValidationError] = self._validator.iter_errors(data)
        return found


class _Declared(dict[str, dict[str, dict[str, Any]]]):
    """The JSON Schema of each parameter, made for each trigger or action when it is asked for."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog

    def __missing__(self, id_: str) -> dict[str, dict[str, Any]]:
        spec: ActionSpec | TriggerSpec | None = self._catalog.actions.get(id_)
        parameters = (spec or self._catalog.triggers[id_]).parameters
        declared = {name: parameters.schema_of(name) for name in parameters.names}
        return self.setdefault(id_, declared)


def _quick_test(catalog: Catalog) -> Accept:
    schema = bare(recipe_shape(catalog))
    whole = {name: shape for name, shape in schema.items() if name != "$defs"}
    return acceptor(whole, schema["$defs"])


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


def _fast_validator(schema: Mapping[str, Any]) -> Any:
    """Return a validator that walks the keys of the data, not the many keys of the schema.

    What fits for certain is accepted on the way; everything else is left to jsonschema, so
    that the verdicts stay its own.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    definitions = schema["$defs"]
    compiled: dict[int, dict[str, tuple[Accept, Any]]] = {}

    def properties(
        validator: Any, known: Any, instance: Any, _: Any
    ) -> "Iterator[ValidationError]":
        if type(instance) is not dict:
            return
        ways = compiled.get(id(known))
        if ways is None:
            # The schema lives as long as the validator, so an id is not used twice.
            ways = compiled[id(known)] = {
                name: (acceptor(shape, definitions), shape) for name, shape in known.items()
            }
        for name, value in instance.items():
            way = ways.get(name)
            if way is not None and not way[0](value):
                yield from validator.descend(value, way[1], path=name, schema_path=name)

    make: Any = extend(Draft202012Validator, {"properties": properties})  # type: ignore[no-untyped-call] # untyped there
    return make(schema)

"""What expressions may name at each place of a recipe, as JSON Schema by root."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from rouage.recipes.outline import Use
from rouage.sdk.connector import ActionSpec, TriggerSpec

Shape = Mapping[str, Any]

ANY: Final[Shape] = {}
_TEXT: Final[Shape] = {"type": "string"}

TRIGGER: Final[Shape] = {
    "type": "object",
    "properties": {"id": _TEXT},
    "additionalProperties": False,
}
RECIPE: Final[Shape] = {
    "type": "object",
    "properties": {"id": _TEXT, "name": _TEXT},
    "additionalProperties": False,
}
RUN: Final[Shape] = {
    "type": "object",
    "properties": {"id": _TEXT, "started_at": _TEXT},
    "additionalProperties": False,
}
ERROR: Final[Shape] = {
    "type": "object",
    "properties": {
        "step": _TEXT,
        "kind": _TEXT,
        "message": _TEXT,
        "attempts": {"type": "integer"},
    },
    "additionalProperties": False,
}

_INPUT_TYPES: Final[Mapping[str, Shape]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "money": {"type": ["number", "string"]},
    "boolean": {"type": "boolean"},
    "list": {"type": "array"},
    "map": {"type": "object"},
    "choice": ANY,
}


def closed(properties: Mapping[str, Shape]) -> dict[str, Any]:
    """Return the shape of an object that has these *properties* and no other."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def inputs_shape(declared: Any) -> Shape:
    """Return the shape of `inputs` as the recipe declares them."""
    if not isinstance(declared, Mapping):
        return closed({})
    return closed({name: _input_shape(one) for name, one in declared.items()})


def _input_shape(declaration: Any) -> Shape:
    if not isinstance(declaration, Mapping) or declaration.get("required") is False:
        return ANY
    return _INPUT_TYPES.get(str(declaration.get("type")), _TEXT)


def variables_shape(declared: Any) -> dict[str, Any]:
    """Return the shape of `vars`: the names are known, their values may be anything."""
    return closed(dict.fromkeys(declared, ANY) if isinstance(declared, Mapping) else {})


def event_shape(uses: Iterable[Use]) -> Shape:
    """Return the shape of `event` when any of the triggers *uses* may have fired.

    A field is known if one of them gives it; where they differ it may be anything.
    """
    shapes: list[Shape] = [use.spec.event for use in uses if isinstance(use.spec, TriggerSpec)]
    if not shapes or any(not _is_closed(shape) for shape in shapes):
        return shapes[0] if len(shapes) == 1 else ANY
    if len(shapes) == 1:
        return shapes[0]
    merged: dict[str, Any] = {}
    for shape in shapes:
        for name, field in _properties(shape).items():
            merged[name] = field if merged.get(name, field) == field else ANY
    return closed(merged)


def _properties(shape: Shape) -> Shape:
    properties = shape.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _is_closed(shape: Mapping[str, Any]) -> bool:
    return isinstance(shape.get("properties"), Mapping)


def result_shape(use: Use) -> Shape:
    """Return the shape of `steps.ID` for the step *use*."""
    if isinstance(use.spec, ActionSpec):
        # After a failure that is passed over, something else may stand in for the result.
        may_fail = use.entry.get("on_error", "stop") != "stop"
        return ANY if may_fail else use.spec.result
    if use.word == "set" and isinstance(use.parameters, Mapping):
        return closed(dict.fromkeys(use.parameters, ANY))
    return ANY


def secrets_shape(known: Collection[str] | None) -> Shape:
    """Return the shape of `secrets`: any name, unless the known ones are given."""
    if known is None:
        return {"type": "object", "additionalProperties": True}
    return closed(dict.fromkeys(known, _TEXT))

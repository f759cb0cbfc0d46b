"""What expressions may name at each place of a recipe, as JSON Schema by root."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from rouage.recipes.outline import Use
from rouage.sdk.connector import ActionSpec, TriggerSpec

Shape = Mapping[str, Any]

ANY: Final[Shape] = {}
_TEXT: Final[Shape] = {"type": "string"}
_NUMBER: Final[Shape] = {"type": "integer"}

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

_TURN: Final[Mapping[str, Shape]] = {
    "index": {"type": "integer"},
    "first": {"type": "boolean"},
}
LOOPS: Final[Mapping[str, Shape]] = {
    "for_each": {
        "type": "object",
        "properties": {**_TURN, "last": {"type": "boolean"}},
        "additionalProperties": False,
    },
    # Nobody knows whether a turn is the last one before it is over.
    "repeat": {"type": "object", "properties": _TURN, "additionalProperties": False},
}
"""What `loop` is inside each of the loops."""

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


def run_shape(event: Shape) -> Shape:
    """Return the shape of `run` for a run that *event* started."""
    return {**RUN, "properties": {**RUN["properties"], "event": event}}


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
    shapes = [_own_shape(use) for use in uses if isinstance(use.spec, TriggerSpec)]
    if not shapes or any(not _is_closed(shape) for shape in shapes):
        return shapes[0] if len(shapes) == 1 else ANY
    if len(shapes) == 1:
        return shapes[0]
    merged: dict[str, Any] = {}
    for shape in shapes:
        for name, field in _properties(shape).items():
            merged[name] = field if merged.get(name, field) == field else ANY
    return closed(merged)


def _own_shape(use: Use) -> Shape:
    if "batch" in use.entry:
        items = {"type": "array", "items": given_shape(use)}
        return closed({"items": items, "count": {"type": "integer"}})
    return use.spec.event if isinstance(use.spec, TriggerSpec) else ANY


def given_shape(use: Use) -> Shape:
    """Return the shape of `event` as the trigger *use* itself gives it, before any batch."""
    return use.spec.event if isinstance(use.spec, TriggerSpec) else ANY


def _properties(shape: Shape) -> Shape:
    properties = shape.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _is_closed(shape: Mapping[str, Any]) -> bool:
    return isinstance(shape.get("properties"), Mapping)


def result_shape(use: Use) -> Shape:
    """Return the shape of `steps.ID` for the step *use*."""
    if use.passes_over:
        # After a failure, something else may stand in for the result.
        return ANY
    if isinstance(use.spec, ActionSpec):
        return use.spec.result
    given = use.parameters if isinstance(use.parameters, Mapping) else {}
    make = _RESULTS.get(use.word)
    return ANY if make is None else make(use, given)


def inner_shapes(steps: Iterable[Use]) -> Shape:
    """Return the shape of the results of *steps* and of those inside them, by id."""
    return closed({name: result_shape(use) for use in visible(steps) if (name := _id(use))})


def visible(steps: Iterable[Use]) -> Iterator[Use]:
    """Yield *steps* and those inside them whose results are known after them."""
    for use in steps:
        yield use
        yield from visible(use.handlers)
        if use.word not in LOOPS or use.spec is not None:
            for body in use.bodies.values():
                yield from visible(body)


def _id(use: Use) -> str | None:
    name = use.entry.get("id")
    return name if isinstance(name, str) else None


def _of_set(_: Use, given: Mapping[str, Any]) -> Shape:
    return closed(dict.fromkeys(given, ANY))


def _of_for_each(use: Use, _: Mapping[str, Any]) -> Shape:
    inside = inner_shapes(step for body in use.bodies.values() for step in body)
    failed = closed({"index": _NUMBER, "item": ANY, "error": {"type": "object"}})
    lists = {"failed": failed, "results": {**inside, "type": ["object", "null"]}}
    return closed(
        {"count": _NUMBER, "succeeded": _NUMBER}
        | {name: {"type": "array", "items": item} for name, item in lists.items()}
    )


def _of_parallel(use: Use, _: Mapping[str, Any]) -> Shape:
    branches = {str(key[-1]): inner_shapes(body) for key, body in use.bodies.items()}
    return closed({"first": {"type": ["string", "null"]}, "branches": closed(branches)})


def _of_wait(use: Use, given: Mapping[str, Any]) -> Shape:
    if use.event is None or given.get("on_timeout", "stop") != "stop":
        return ANY
    return given_shape(use.event)


def _of_approve(_: Use, given: Mapping[str, Any]) -> Shape:
    fields = inputs_shape(given.get("fields"))
    return closed({"approved": {"type": "boolean"}, "by": ANY, "at": _TEXT, "fields": fields})


def _of_call(_: Use, given: Mapping[str, Any]) -> Shape:
    return closed({"run": _TEXT}) if given.get("background") is True else {"type": "object"}


_Maker = Callable[[Use, Mapping[str, Any]], Shape]
_RESULTS: Final[Mapping[str, _Maker]] = {
    "set": _of_set,
    "for_each": _of_for_each,
    "repeat": lambda *_: closed({"count": _NUMBER}),
    "parallel": _of_parallel,
    "choose": lambda *_: closed({"branch": {"type": ["integer", "null"]}}),
    "group": lambda *_: closed({}),
    "wait": _of_wait,
    "approve": _of_approve,
    "call": _of_call,
    "emit": lambda *_: closed({"listeners": _NUMBER}),
}


def secrets_shape(known: Collection[str] | None) -> Shape:
    """Return the shape of `secrets`: any name, unless the known ones are given."""
    if known is None:
        return {"type": "object", "additionalProperties": True}
    return closed(dict.fromkeys(known, _TEXT))

"""A quick test for data that fits its schema for certain, which nearly all data does.

It only ever says yes: whatever it does not know, or what does not fit, is left to jsonschema,
whose verdict counts. A test holds the two side by side.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

Accept = Callable[[Any], bool]

_KNOWN: Final = frozenset(
    {
        "type",
        "pattern",
        "enum",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minimum",
        "maximum",
        "minItems",
        "minProperties",
    }
)


def acceptor(shape: Any, definitions: Mapping[str, Any]) -> Accept:
    """Return the quick test of *shape*; references are looked up in *definitions*."""
    return _Compiler(definitions).compile(shape)


class _Compiler:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._named: dict[str, Accept] = {}

    def compile(self, shape: Any) -> Accept:
        if shape is True or shape == {}:
            return _always
        if not isinstance(shape, Mapping):
            return _never
        if "$ref" in shape:
            return self._reference(shape["$ref"].removeprefix("#/$defs/"))
        if not _KNOWN.issuperset(shape):
            return _never
        return self._by_type(shape)

    def _reference(self, name: str) -> Accept:
        """Return the test of a definition, looked up at its first use: it may hold itself."""
        named, definitions = self._named, self._definitions

        def accept(value: Any) -> bool:
            test = named.get(name)
            if test is None:
                test = named[name] = self.compile(definitions[name])
            return test(value)

        return accept

    def _by_type(self, shape: Mapping[str, Any]) -> Accept:
        declared: str | list[str] = shape.get("type", [])
        types = {declared} if isinstance(declared, str) else set(declared)
        tests: dict[type, Accept] = {}
        if "string" in types or (not types and "enum" in shape):
            tests[str] = _text(shape)
        if "enum" in shape:
            tests[int] = frozenset(one for one in shape["enum"] if type(one) is int).__contains__
        else:
            tests |= _plain(types, shape)
            if "object" in types:
                tests[dict] = self._object(shape)
            if "array" in types:
                tests[list] = self._list(shape)
        find = tests.get

        def accept(value: Any) -> bool:
            test = find(type(value))
            return test is not None and test(value)

        return accept

    def _object(self, shape: Mapping[str, Any]) -> Accept:
        known = {name: self.compile(inner) for name, inner in shape.get("properties", {}).items()}
        rest = shape.get("additionalProperties", True)
        others = _never if rest is False else self.compile(rest)
        required = frozenset(shape.get("required", ()))
        least = max(len(required), shape.get("minProperties", 0))
        find = known.get

        def accept(value: dict[str, Any]) -> bool:
            if len(value) < least or not required.issubset(value):
                return False
            for name, inner in value.items():  # noqa: SIM110 - a generator costs as much again
                if not find(name, others)(inner):
                    return False
            return True

        return accept

    def _list(self, shape: Mapping[str, Any]) -> Accept:
        item = self.compile(shape.get("items", True))
        least = shape.get("minItems", 0)

        def accept(value: list[Any]) -> bool:
            return len(value) >= least and all(map(item, value))

        return accept


def _plain(types: set[str], shape: Mapping[str, Any]) -> dict[type, Accept]:
    """Return the tests of numbers, true, false and nothing."""
    low, high = shape.get("minimum"), shape.get("maximum")

    def fits(value: float) -> bool:
        return (low is None or value >= low) and (high is None or value <= high)

    within = _always if low is None and high is None else fits
    tests: dict[type, Accept] = {}
    if types & {"integer", "number"}:
        tests[int] = within
    if "number" in types:
        tests[float] = within
    if "boolean" in types:
        tests[bool] = _always
    if "null" in types:
        tests[type(None)] = _always
    return tests


def _text(shape: Mapping[str, Any]) -> Accept:
    if "enum" in shape:
        return frozenset(one for one in shape["enum"] if isinstance(one, str)).__contains__
    if "pattern" not in shape:
        return _always
    # Compiled when it is asked for: most of the words of a grammar are in no recipe at all.
    pattern = cache(lambda: re.compile(shape["pattern"]).search)
    return lambda value: pattern()(value) is not None


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False

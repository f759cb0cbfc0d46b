"""The part of the static check that knows filters."""

from abc import ABC, abstractmethod
from typing import Any

from rouage.errors import ExpressionError
from rouage.expressions import nodes
from rouage.expressions.calls import unknown_filter, wrong_count
from rouage.expressions.date_formats import pieces_of
from rouage.expressions.faults import Fault
from rouage.expressions.filters import FILTERS, Argument, FilterSpec
from rouage.expressions.kinds import one_of
from rouage.expressions.nearest import listing, nearest
from rouage.expressions.patterns import check_pattern
from rouage.expressions.shapes import (
    ANY,
    EVERY,
    Shape,
    either,
    elements_of,
    field_of,
    fields_of,
    kinds_of,
    shape_of_kinds,
    spoken_kinds,
    without_null,
)

_FIELD_FILTERS = frozenset({"map", "where", "sort"})


class FilterChecker(ABC):
    """Checks of filters: existence, arguments, what they work on, what they give."""

    source: str

    @abstractmethod
    def shape(self, node: nodes.Node) -> Shape:
        """Return the shape of *node*."""

    @abstractmethod
    def leniently(self, node: nodes.Node) -> Shape:
        """Return the shape of *node* where a missing field is allowed for."""

    @abstractmethod
    def note_at(
        self, start: int, end: int, code: str, *, warning: bool = False, **facts: Any
    ) -> None:
        """Note the mistake *code* from *start* to *end*."""

    def filtered(self, node: nodes.Filtered) -> Shape:
        """Return the shape of what a filter gives."""
        is_default = node.name == "default"
        target = self.leniently(node.target) if is_default else self.shape(node.target)
        arguments = [self.shape(argument) for argument in node.arguments]
        spec = FILTERS.get(node.name)
        if spec is None:
            self._note_error(unknown_filter(node))
            return ANY
        wrong = wrong_count(node, spec)
        if wrong is not None:
            self._note_error(wrong)
            return self._gives(spec, target)
        if not self._takes(node, spec, target):
            return self._gives(spec, ANY)
        for argument, shape in zip(node.arguments, arguments, strict=True):
            self._check_argument(node, spec, argument, shape)
        if is_default:
            return either(without_null(target), arguments[0])
        if node.name in _FIELD_FILTERS and node.arguments:
            return self._by_field(node, target)
        if node.name == "get":
            return self._got(node, target, arguments)
        return self._gives(spec, target)

    def _note_error(self, error: ExpressionError) -> None:
        facts: dict[str, Any] = error.facts
        self.note_at(error.offset, error.offset + error.length, error.code, **facts)

    def _takes(self, node: nodes.Filtered, spec: FilterSpec, target: Shape) -> bool:
        kinds = kinds_of(target)
        if kinds == {"secret"} and spec.taint == "refuse":
            measures = spec.gives == "boolean" or spec.name == "length"
            code = "RG480" if measures else "RG481"
            self.note_at(node.name_start, node.name_end, code, name=spec.name)
            return False
        accepted = set(spec.takes or EVERY) | ({"secret"} if spec.taint == "keep" else set())
        if "text" in accepted:
            accepted |= {"number", "date"}
        if kinds & accepted:
            return True
        facts: dict[str, Any] = {
            "name": spec.name,
            "expected": one_of(spec.takes),
            "kind": spoken_kinds(kinds),
        }
        self.note_at(node.name_start, node.name_end, "RG460", **facts)
        return False

    def _check_argument(
        self, node: nodes.Filtered, spec: FilterSpec, argument: nodes.Node, shape: Shape
    ) -> None:
        place = min(node.arguments.index(argument), len(spec.arguments) - 1)
        declared = spec.arguments[place]
        try:
            if isinstance(argument, nodes.Literal):
                declared.check(spec.name, argument.value)
                _check_literal(spec, argument.value)
                return
        except Fault as fault:
            self.note_at(argument.start, argument.end, fault.code, **fault.facts)
            return
        if declared.kinds and not kinds_of(shape) & self._accepted(spec, declared):
            facts: dict[str, Any] = {"argument": declared.name, "name": spec.name}
            facts |= {"expected": one_of(declared.kinds), "kind": spoken_kinds(kinds_of(shape))}
            self.note_at(argument.start, argument.end, "RG461", **facts)

    @staticmethod
    def _accepted(spec: FilterSpec, declared: Argument) -> set[str]:
        return set(declared.kinds) | ({"secret"} if spec.taint == "keep" else set())

    def _gives(self, spec: FilterSpec, target: Shape) -> Shape:
        if spec.taint == "keep" and kinds_of(target) == {"secret"}:
            return shape_of_kinds(["secret"])
        if spec.gives == "same":
            return target
        if spec.gives == "item":
            return elements_of(target)
        return ANY if spec.gives == "any" else shape_of_kinds([spec.gives])

    def _by_field(self, node: nodes.Filtered, target: Shape) -> Shape:
        """Check the field that `map`, `where` or `sort` names, and return what they give."""
        element, argument = elements_of(target), node.arguments[0]
        found: Shape | None = ANY
        if isinstance(argument, nodes.Literal) and isinstance(argument.value, str):
            found = field_of(element, argument.value) if "object" in kinds_of(element) else None
            if found is None:
                self._note_field(node, argument, element)
        if node.name == "map":
            return {"type": "array", "items": found or ANY}
        return target

    def _note_field(self, node: nodes.Filtered, argument: nodes.Literal, element: Shape) -> None:
        where, name = self.source[node.target.start : node.target.end], argument.value
        facts: dict[str, Any] = {"where": where, "name": name}
        if "object" not in kinds_of(element):
            kind = spoken_kinds(kinds_of(element))
            self.note_at(argument.start, argument.end, "RG448", kind=kind, **facts)
            return
        known = fields_of(element)
        facts |= {"suggestion": nearest(name, known), "known": listing(known)}
        self.note_at(argument.start, argument.end, "RG441", **facts)

    def _got(self, node: nodes.Filtered, target: Shape, arguments: list[Shape]) -> Shape:
        key = node.arguments[0]
        found: Shape | None = ANY
        if isinstance(key, nodes.Literal) and isinstance(key.value, str):
            if kinds_of(target) == {"object"}:
                found = field_of(target, key.value)
        elif kinds_of(target) == {"list"}:
            found = elements_of(target)
        if found is None:
            return arguments[1] if len(arguments) > 1 else ANY
        return either(found, arguments[1]) if len(arguments) > 1 else found


def _check_literal(spec: FilterSpec, value: Any) -> None:
    """Refuse a format or a pattern that is written out and wrong."""
    if not isinstance(value, str):
        return
    if spec.name in {"date", "parse_date"}:
        pieces_of(value)
    if spec.name == "extract":
        check_pattern(value)

"""What can be said about an expression before it runs: names, arguments, kinds (authoring X1).

Only what is certain is reported: where a shape says nothing, anything may come.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final, Literal

from rouage.errors import ExpressionError
from rouage.expressions import nodes
from rouage.expressions.check_filters import FilterChecker
from rouage.expressions.expression import Expression, compile_expression
from rouage.expressions.filters import FUNCTIONS
from rouage.expressions.kinds import TRUTH
from rouage.expressions.lookup import missing_code
from rouage.expressions.nearest import listing, nearest
from rouage.expressions.parser import parse
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
    shape_of_value,
    spoken_kinds,
)
from rouage.records import dataclass

Place = Literal["value", "text", "condition"]
_IN_TEXT: Final = {"list": "RG457", "object": "RG458", "null": "RG459"}
_ORDER: Final = frozenset({"<", "<=", ">", ">="})
_ORDERED: Final = (
    ("number", "number"),
    ("text", "text"),
    ("date", "date"),
    ("date", "text"),
    ("text", "date"),
)
_SUMS: Final = {
    "+": {
        ("number", "number"): "number",
        ("text", "text"): "text",
        ("list", "list"): "list",
        ("text", "secret"): "secret",
        ("secret", "text"): "secret",
        ("secret", "secret"): "secret",
    },
    "-": {("number", "number"): "number", ("date", "date"): "number"},
}
_NUMBERS_ONLY: Final = {("number", "number"): "number"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One mistake: a code of `MESSAGES`, its place in the source, and the facts to tell it.

    `facts["suggestion"]`, where there is one, can replace the characters of the place.
    """

    code: str
    offset: int
    length: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: Literal["error", "warning"] = "error"


def check_expression(
    expression: str | Expression, shapes: Mapping[str, Shape], *, place: Place = "value"
) -> list[Finding]:
    """Return the mistakes in *expression* that are certain, in the order of the source.

    *shapes* holds a JSON Schema for every root; `{}` is any value, and a root without a shape
    is unknown. *place* says whether the value stands inside a text or is a condition.
    """
    try:
        source = expression if isinstance(expression, str) else expression.source
        node = parse(source) if isinstance(expression, str) else expression.node
        checker = Checker(source, shapes)
        shape = checker.shape(node)
        checker.check_place(node, shape, place)
        if isinstance(expression, str) and not checker.findings:
            compile_expression(expression)
    except ExpressionError as error:
        return [as_finding(error)]
    return sorted(checker.findings, key=lambda finding: finding.offset)


def as_finding(error: ExpressionError) -> Finding:
    """Return *error* as a finding."""
    return Finding(code=error.code, offset=error.offset, length=error.length, facts=error.facts)


class Checker(FilterChecker):
    """One walk over a tree; `shape` returns what is known of a node and notes mistakes."""

    def __init__(self, source: str, shapes: Mapping[str, Shape]) -> None:
        self.source = source
        self.shapes = shapes
        self.findings: list[Finding] = []
        self.is_lenient = False

    def shape(self, node: nodes.Node) -> Shape:
        """Return the shape of *node*."""
        return _CHECKS[type(node)](self, node)

    def note(self, node: Any, code: str, *, warning: bool = False, **facts: Any) -> None:
        """Note the mistake *code* at *node*."""
        self.note_at(node.start, node.end, code, warning=warning, **facts)

    def note_at(
        self, start: int, end: int, code: str, *, warning: bool = False, **facts: Any
    ) -> None:
        """Note the mistake *code* from *start* to *end*."""
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        found = Finding(
            code=code, offset=start, length=max(1, end - start), facts=facts, severity=severity
        )
        self.findings.append(found)

    def check_place(self, node: nodes.Node, shape: Shape, place: Place) -> None:
        """Note what cannot stand at *place*."""
        kinds = kinds_of(shape)
        if place == "text" and kinds <= _IN_TEXT.keys():
            self.note(node, _IN_TEXT[min(kinds)])
        if place != "condition":
            return
        if kinds == {"secret"}:
            self.note(node, "RG480")
        elif "boolean" not in kinds:
            self.note(node, "RG455", kind=spoken_kinds(kinds))
        elif not self.findings and is_constant(node):
            value = compile_expression(self.source).evaluate({})
            self.note(node, "RG499", warning=True, value=TRUTH[value is True])

    def _literal(self, node: nodes.Literal) -> Shape:
        return shape_of_value(node.value)

    def _list_of(self, node: nodes.ListOf) -> Shape:
        items = [self.shape(item) for item in node.items]
        return {"type": "array", "items": either(*items) if items else ANY}

    def _name(self, node: nodes.Name) -> Shape:
        if node.name in self.shapes:
            return self.shapes[node.name]
        if node.name in FUNCTIONS:
            self.note(node, "RG429", name=node.name)
        else:
            known = list(self.shapes)
            suggestion = nearest(node.name, known)
            self.note(node, "RG440", name=node.name, suggestion=suggestion, known=listing(known))
        return ANY

    def _field(self, node: nodes.Field) -> Shape:
        target = self.shape(node.target)
        if isinstance(node.target, nodes.Name) and node.target.name == "secrets":
            self.member(node, target, node.name, node.end - len(node.name))
            return shape_of_kinds(["secret"])
        return self.member(node, target, node.name, node.end - len(node.name))

    def _index(self, node: nodes.Index) -> Shape:
        target, index = self.shape(node.target), self.shape(node.key)
        kinds, index_kinds = kinds_of(target), kinds_of(index)
        if index_kinds == {"secret"}:
            self.note(node.key, "RG480")
            return ANY
        if isinstance(node.key, nodes.Literal) and isinstance(node.key.value, str):
            return self.member(node, target, node.key.value, node.target.end)
        if kinds == {"list"} and "number" in index_kinds:
            return elements_of(target)
        if kinds == {"list"} or not index_kinds & {"number", "text"}:
            self.note(node.key, "RG463", kind=spoken_kinds(index_kinds))
        elif not kinds & {"list", "object"}:
            self.note(node, "RG463", kind=spoken_kinds(kinds))
        return ANY

    def member(self, node: Any, target: Shape, name: str, start: int) -> Shape:
        """Return the shape of field *name* of *target*, noting that there is none."""
        kinds = kinds_of(target)
        where = self.source[node.start : node.target.end]
        if "object" not in kinds:
            code = missing_code(name, kinds)
            kind = spoken_kinds(kinds)
            self.note_at(start, node.end, code, where=where, kind=kind, name=name)
            return ANY
        found = field_of(target, name)
        if found is not None:
            return found
        known = fields_of(target)
        suggestion = nearest(name, known)
        if not self.is_lenient or suggestion:
            code = {"steps": "RG445", "secrets": "RG446"}.get(where, "RG441")
            facts: dict[str, Any] = {"where": where, "name": name, "suggestion": suggestion}
            self.note_at(start, node.end, code, known=listing(known), **facts)
        return ANY

    def _unary(self, node: nodes.Unary) -> Shape:
        shape = self.shape(node.operand)
        kinds = kinds_of(shape)
        if node.operator == "not":
            self.demand_truth(node.operand, shape, "not")
            return shape_of_kinds(["boolean"])
        if "number" not in kinds:
            self.note(node, "RG462", operator=node.operator, kind=spoken_kinds(kinds))
        return shape_of_kinds(["number"])

    def demand_truth(self, node: nodes.Node, shape: Shape, operator: str) -> None:
        """Note that *node* is neither true nor false, if that is sure."""
        kinds = kinds_of(shape)
        if kinds == {"secret"}:
            self.note(node, "RG480")
        elif "boolean" not in kinds:
            self.note(node, "RG454", operator=operator, kind=spoken_kinds(kinds))

    def _binary(self, node: nodes.Binary) -> Shape:
        if self.is_hyphen(node):
            return ANY
        left, right = self.shape(node.left), self.shape(node.right)
        sign = node.operator
        if sign in _ORDER:
            return self._ordered(node, left, right)
        if sign in {"==", "!="}:
            return self._equality(node, left, right)
        if sign.split()[-1] in {"in", "like"}:
            return self._search(node, left, right)
        return self._arithmetic(node, left, right)

    def is_hyphen(self, node: nodes.Binary) -> bool:
        """Say whether the subtraction is a hyphen in a name, and note it."""
        left, right = node.left, node.right
        if node.operator != "-" or not isinstance(left, nodes.Field):
            return False
        name = right
        while isinstance(name, nodes.Field):
            name = name.target
        if not isinstance(name, nodes.Name) or name.name in self.shapes:
            return False
        if name.start != left.end + 1:
            return False
        start = left.end - len(left.name)
        self.note_at(start, name.end, "RG430", name=self.source[start : name.end])
        return True

    def _note_kinds(
        self,
        node: nodes.Binary,
        code: str,
        left: frozenset[str],
        right: frozenset[str],
        *,
        warning: bool = False,
    ) -> None:
        facts: dict[str, Any] = {"left": spoken_kinds(left), "right": spoken_kinds(right)}
        self.note(node, code, warning=warning, operator=node.operator, **facts)

    def _arithmetic(self, node: nodes.Binary, left: Shape, right: Shape) -> Shape:
        table = _SUMS.get(node.operator, _NUMBERS_ONLY)
        one, other = kinds_of(left), kinds_of(right)
        given = {gives for (a, b), gives in table.items() if a in one and b in other}
        if not given:
            self._note_kinds(node, _arithmetic_mistake(node.operator, one, other), one, other)
            return ANY
        return shape_of_kinds(given)

    def _ordered(self, node: nodes.Binary, left: Shape, right: Shape) -> Shape:
        one, other = kinds_of(left), kinds_of(right)
        if {"secret"} in (one, other):
            self.note(node, "RG480")
        elif not any(a in one and b in other for a, b in _ORDERED):
            self._note_kinds(node, "RG456", one, other)
        return shape_of_kinds(["boolean"])

    def _equality(self, node: nodes.Binary, left: Shape, right: Shape) -> Shape:
        one, other = kinds_of(left), kinds_of(right)
        if {"secret"} in (one, other):
            self.note(node, "RG480")
        elif not (one & other or {"text", "date"} <= one | other or {"null"} in (one, other)):
            # A comparison with null asks whether there is a value: that is a fair question.
            self._note_kinds(node, "RG464", one, other, warning=True)
        return shape_of_kinds(["boolean"])

    def _search(self, node: nodes.Binary, left: Shape, right: Shape) -> Shape:
        one, other = kinds_of(left), kinds_of(right)
        in_text = "text" in one and "text" in other
        in_data = node.operator.endswith("in") and bool(other & {"list", "object"})
        if {"secret"} in (one, other):
            self.note(node, "RG480")
        elif not in_text and not in_data:
            self._note_kinds(node, "RG450", one, other)
        return shape_of_kinds(["boolean"])

    def _chain(self, node: nodes.Chain) -> Shape:
        shapes = [self.shape(item) for item in node.items]
        if node.operator == "~":
            for item, shape in zip(node.items, shapes, strict=True):
                self.check_place(item, shape, "text")
            is_secret = any(kinds_of(shape) == {"secret"} for shape in shapes)
            may_be = any("secret" in kinds_of(shape) != EVERY for shape in shapes)
            kinds = ["secret"] if is_secret else ["secret", "text"] if may_be else ["text"]
            return shape_of_kinds(kinds)
        for item, shape in zip(node.items, shapes, strict=True):
            self.demand_truth(item, shape, node.operator)
        return shape_of_kinds(["boolean"])

    def _choice(self, node: nodes.Choice) -> Shape:
        self.demand_truth(node.condition, self.shape(node.condition), "if")
        return either(self.shape(node.yes), self.shape(node.no))

    def _call(self, node: nodes.Call) -> Shape:
        spec = FUNCTIONS.get(node.name)
        for argument in node.arguments:
            self.shape(argument)
        if spec is None:
            suggestion = nearest(node.name, FUNCTIONS)
            self.note_at(node.start, node.name_end, "RG443", name=node.name, suggestion=suggestion)
            return ANY
        if node.arguments:
            facts: dict[str, Any] = {
                "name": node.name,
                "expected": "0",
                "given": len(node.arguments),
            }
            self.note_at(node.start, node.name_end, "RG444", usage=f"{node.name}()", **facts)
        return shape_of_kinds([spec.gives])

    def _defined(self, node: nodes.Defined) -> Shape:
        self.leniently(node.target)
        return shape_of_kinds(["boolean"])

    def leniently(self, node: nodes.Node) -> Shape:
        """Return the shape of *node* where a missing field is allowed for."""
        before, self.is_lenient = self.is_lenient, True
        shape = self.shape(node)
        self.is_lenient = before
        return shape


def _arithmetic_mistake(sign: str, one: frozenset[str], other: frozenset[str]) -> str:
    if sign == "+" and {"text"} in (one, other):
        return "RG451"
    if sign == "*" and {"text"} in (one, other):
        return "RG452"
    return "RG453" if sign == "%" and one == {"text"} else "RG450"


def is_constant(node: nodes.Node) -> bool:
    """Say whether *node* depends on nothing."""
    if isinstance(node, nodes.Name | nodes.Call):
        return False
    return all(map(is_constant, nodes.children(node)))


_CHECKS: Final[dict[type, Callable[[Any, Any], Shape]]] = {
    nodes.Literal: Checker._literal,
    nodes.ListOf: Checker._list_of,
    nodes.Name: Checker._name,
    nodes.Field: Checker._field,
    nodes.Index: Checker._index,
    nodes.Unary: Checker._unary,
    nodes.Binary: Checker._binary,
    nodes.Chain: Checker._chain,
    nodes.Choice: Checker._choice,
    nodes.Filtered: Checker.filtered,
    nodes.Call: Checker._call,
    nodes.Defined: Checker._defined,
}

"""Nodes become closures: all decisions that can be taken once are taken here."""

import operator
from collections.abc import Callable
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions import operators
from rouage.expressions.calls import CallBuilder
from rouage.expressions.faults import Fault, located
from rouage.expressions.filters import FUNCTIONS
from rouage.expressions.kinds import spoken
from rouage.expressions.lookup import Run, element, path_runner
from rouage.expressions.nodes import (
    Binary,
    Call,
    Chain,
    Choice,
    Defined,
    Field,
    Filtered,
    Index,
    ListOf,
    Literal,
    Name,
    Node,
    Unary,
)
from rouage.expressions.parser import DEPTH_LIMIT
from rouage.expressions.patterns import is_like
from rouage.expressions.running import Constant, metered
from rouage.expressions.values import join_texts
from rouage.model.secret import Secret

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "//": operators.divide_whole,
    "%": operators.remainder,
}
_ORDER: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LITERAL_KINDS: Final = frozenset({str, int, float, bool, type(None)})
_NUMBERS: Final = frozenset({int, float})


def _like(text: Any, pattern: Any) -> bool:
    if isinstance(text, Secret) or isinstance(pattern, Secret):
        raise Fault("RG480")
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise Fault("RG450", operator="like", left=spoken(text), right=spoken(pattern))
    return is_like(text, pattern)


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operators.are_equal,
    "!=": lambda left, right: not operators.are_equal(left, right),
    "in": operators.contains,
    "not in": lambda left, right: not operators.contains(left, right),
    "like": _like,
    "not like": lambda left, right: not _like(left, right),
}


class Compiler(CallBuilder):
    """Compile one source. With *is_metered*, operations that can be long count their work."""

    def __init__(self, source: str, *, is_metered: bool) -> None:
        self.source = source
        self.is_metered = is_metered
        self.depth = 0

    def build(self, node: Node) -> Run:
        """Return the closure of *node*.

        Raises:
            ExpressionError: the tree is too deep, or names an unknown filter or function.
        """
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise located("RG412", node.start, node.end, limit=DEPTH_LIMIT)
        run = _BUILDERS[type(node)](self, node)
        self.depth -= 1
        if self.is_metered and not isinstance(run, Constant):
            return metered(run, node.start, node.end)
        return run

    def folded(self, run: Run, *parts: Run) -> Run:
        """Return the constant that *run* gives if all its *parts* are constants."""
        if self.is_metered:
            return run  # long work belongs to a run and its meter, not to loading
        for part in parts:
            if not isinstance(part, Constant):
                return run
        try:
            return Constant(run({}))
        except ExpressionError:
            return run  # it fails when it is evaluated, and `check` says so before

    def _literal(self, node: Literal) -> Run:
        return Constant(node.value)

    def _path(self, node: Name | Field) -> Run:
        if isinstance(node, Name) and node.name in FUNCTIONS:
            raise located("RG429", node.start, node.end, name=node.name)
        path = path_runner(node, self.source)
        if path is not None:
            return path
        target = self.build(node.target) if isinstance(node, Field) else Constant(None)
        return self._element(node, target, Constant(node.name))

    def _index(self, node: Index) -> Run:
        path = path_runner(node, self.source)
        if path is not None:
            return path
        return self._element(node, self.build(node.target), self.build(node.key))

    def _element(self, node: Any, target: Run, index: Run) -> Run:
        before = node.target.end
        place = (before + isinstance(node, Field), node.end)
        where = self.source[node.start : before]

        def run(scope: Any) -> Any:
            return element(target(scope), index(scope), place, where)

        return run

    def _list_of(self, node: ListOf) -> Run:
        items = [self.build(item) for item in node.items]

        def run(scope: Any) -> Any:
            return [item(scope) for item in items]

        return self.folded(run, *items)

    def _unary(self, node: Unary) -> Run:
        operand, start, end = self.build(node.operand), node.start, node.end
        if node.operator == "not":
            return self.folded(_negation(operand, self.truth(node, node.operand)), operand)
        calculate = operators.negate if node.operator == "-" else operators.affirm

        def run(scope: Any) -> Any:
            try:
                return calculate(operand(scope))
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        return self.folded(run, operand)

    def _binary(self, node: Binary) -> Run:
        left, sign, value = self.build(node.left), node.operator, node.right
        right = Constant(value.value) if type(value) is Literal else self.build(value)
        if sign in _ORDER:
            run = self._comparison(node, left, right)
        elif sign in {"==", "!="} and isinstance(right, Constant):
            run = self._equality(node, left, right.value)
        else:
            run = self._operation(node, _ARITHMETIC.get(sign) or _TESTS[sign], left, right)
        return self.folded(run, left, right) if isinstance(left, Constant) else run

    def _operation(
        self, node: Binary, calculate: Callable[[Any, Any], Any], left: Run, right: Run
    ) -> Run:
        start, end = node.start, node.end

        def run(scope: Any) -> Any:
            one = left(scope)
            other = right(scope)
            try:
                return calculate(one, other)
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        return run

    def _comparison(self, node: Binary, left: Run, right: Run) -> Run:
        compare, numbers = _ORDER[node.operator], _NUMBERS
        sign, start, end = node.operator, node.start, node.end

        def slowly(one: Any, other: Any) -> bool:
            try:
                return bool(compare(*operators.ordered_pair(sign, one, other)))
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        if isinstance(right, Constant) and type(right.value) in numbers:
            constant = right.value

            def with_number(scope: Any) -> bool:
                one = left(scope)
                if type(one) in numbers:
                    return compare(one, constant)  # type: ignore[no-any-return] # two numbers
                return slowly(one, constant)

            return with_number

        def run(scope: Any) -> bool:
            one = left(scope)
            other = right(scope)
            if type(one) in numbers and type(other) in numbers:
                return compare(one, other)  # type: ignore[no-any-return] # two numbers
            return slowly(one, other)

        return run

    def _equality(self, node: Binary, left: Run, constant: Any) -> Run:
        kind, wanted = type(constant), node.operator == "=="
        start, end = node.start, node.end
        quick = kind if kind in _LITERAL_KINDS else MISSING_KIND

        def run(scope: Any) -> bool:
            one = left(scope)
            if type(one) is quick:
                return (one == constant) is wanted
            try:
                return operators.are_equal(one, constant) is wanted
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        return run

    def _chain(self, node: Chain) -> Run:
        items = [self.build(item) for item in node.items]
        if node.operator == "~":
            return self.folded(self._joined(node, items), *items)
        truths = [self.truth(node, item) for item in node.items]
        run = _all_of(items, truths) if node.operator == "and" else _any_of(items, truths)
        return self.folded(run, *items) if isinstance(items[0], Constant) else run

    def _joined(self, node: Chain, items: list[Run]) -> Run:
        start, end = node.start, node.end

        def run(scope: Any) -> Any:
            parts = [item(scope) for item in items]
            try:
                return join_texts(parts)
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        return run

    def truth(self, node: Unary | Chain | Choice, item: Node) -> Callable[[Any], bool]:
        """Return what to do with a value of *item* that is neither true nor false."""
        sign = "if" if isinstance(node, Choice) else node.operator

        def refuse(value: Any) -> bool:
            if isinstance(value, Secret):
                raise located("RG480", item.start, item.end)
            raise located("RG454", item.start, item.end, operator=sign, kind=spoken(value))

        return refuse

    def _choice(self, node: Choice) -> Run:
        condition, yes, no = self.build(node.condition), self.build(node.yes), self.build(node.no)
        refuse = self.truth(node, node.condition)

        def run(scope: Any) -> Any:
            holds = condition(scope)
            if holds is True:
                return yes(scope)
            if holds is False:
                return no(scope)
            return refuse(holds)

        return self.folded(run, condition, yes, no)


class MISSING_KIND:  # noqa: N801 - a type that no value has
    """Stands for the type of no value."""


def _negation(operand: Run, refuse: Callable[[Any], bool]) -> Run:
    def run(scope: Any) -> bool:
        value = operand(scope)
        if value is True:
            return False
        return True if value is False else refuse(value)

    return run


def _all_of(items: list[Run], refusals: list[Callable[[Any], bool]]) -> Run:
    if len(items) == 2:
        (first, second), (refuse_first, refuse_second) = items, refusals

        def both(scope: Any) -> bool:
            value = first(scope)
            if value is True:
                value = second(scope)
                if value is True or value is False:
                    return value
                return refuse_second(value)
            return False if value is False else refuse_first(value)

        return both
    pairs = tuple(zip(items, refusals, strict=True))

    def run(scope: Any) -> bool:
        for item, refuse in pairs:
            value = item(scope)
            if value is not True:
                return False if value is False else refuse(value)
        return True

    return run


def _any_of(items: list[Run], refusals: list[Callable[[Any], bool]]) -> Run:
    if len(items) == 2:
        (first, second), (refuse_first, refuse_second) = items, refusals

        def either(scope: Any) -> bool:
            value = first(scope)
            if value is False:
                value = second(scope)
                if value is True or value is False:
                    return value
                return refuse_second(value)
            return True if value is True else refuse_first(value)

        return either
    pairs = tuple(zip(items, refusals, strict=True))

    def run(scope: Any) -> bool:
        for item, refuse in pairs:
            value = item(scope)
            if value is not False:
                return True if value is True else refuse(value)
        return False

    return run


_BUILDERS: Final[dict[type, Callable[[Any, Any], Run]]] = {
    Literal: Compiler._literal,
    Name: Compiler._path,
    Field: Compiler._path,
    Index: Compiler._index,
    ListOf: Compiler._list_of,
    Unary: Compiler._unary,
    Binary: Compiler._binary,
    Chain: Compiler._chain,
    Choice: Compiler._choice,
    Filtered: Compiler.filtered,
    Call: Compiler.call,
    Defined: Compiler.defined,
}

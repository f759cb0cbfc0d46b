"""Conditions: bare expressions that must be true or false, and the values they compared."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.expression import Expression, compile_expression
from rouage.expressions.faults import located
from rouage.expressions.kinds import spoken
from rouage.expressions.lookup import MISSING, Run, path_of
from rouage.expressions.nodes import (
    Binary,
    Call,
    Chain,
    Defined,
    Field,
    Index,
    Name,
    Node,
    Unary,
    children,
)
from rouage.expressions.template import CLOSING, OPENING, closing_of
from rouage.expressions.values import mask
from rouage.model.secret import Secret
from rouage.sdk.json import JSON

_SHOWN_TEXT: Final = 200
_SHOWN_ITEMS: Final = 20
_SHOWN_DEPTH: Final = 4
_PLAIN: Final = frozenset({int, float, bool, type(None)})
_TESTS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like"})


class Condition:
    """A condition ready to be evaluated as often as wanted.

    `evaluate(scope)` returns whether it holds; an `ExpressionError` says that its value is
    neither true nor false.
    """

    __slots__ = ("_leaves", "evaluate", "expression", "source")

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.source = expression.source
        node = expression.node
        self.evaluate = expression.evaluate if _is_test(node) else _boolean(expression)
        self._leaves: tuple[tuple[str, Run], ...] | None = None

    def explain(self, scope: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Return whether it holds, and a masked record of the values it looked at.

        The record is `{"expression", "value", "values": {"event.file.size": 12}}`; what is
        missing is left out, what is long is shortened.
        """
        if self._leaves is None:
            self._leaves = tuple(_leaves(self.expression.node, self.source).items())
        holds = self.evaluate(scope)
        values: dict[str, JSON] = {}
        for label, find in self._leaves:
            value = find(scope)
            if type(value) in _PLAIN:
                values[label] = value
            elif value is not MISSING:
                values[label] = shown(value)
        return holds, {"expression": self.source, "value": holds, "values": values}

    def __repr__(self) -> str:
        return f"Condition({self.source!r})"


def compile_condition(source: str) -> Condition:
    """Return *source* compiled: a bare expression, or one that `${{ }}` surrounds whole.

    Raises:
        ExpressionError: it is not sound, or mixes `${{ }}` with other text.
    """
    bare, shift = bare_condition(source)
    try:
        return Condition(compile_expression(bare))
    except ExpressionError as error:
        error.offset += shift
        raise


def bare_condition(source: str) -> tuple[str, int]:
    """Return *source* without surrounding `${{ }}` and blanks, and how far it starts.

    Raises:
        ExpressionError: the braces surround only a part of the source.
    """
    clean = source.strip()
    shift = len(source) - len(source.lstrip())
    if OPENING not in clean:
        return clean, shift
    if clean.startswith(OPENING):
        closing = closing_of(clean, len(OPENING))
        if closing < 0:
            raise located("RG407", shift, shift + len(OPENING))
        if closing == len(clean) - len(CLOSING):
            inner = clean[len(OPENING) : closing]
            blanks = len(inner) - len(inner.lstrip())
            return inner.strip(), shift + len(OPENING) + blanks
    start = shift + clean.index(OPENING)
    if _is_in_text(clean, start - shift):
        return clean, shift
    raise located("RG408", start, start + len(OPENING))


def _is_in_text(source: str, place: int) -> bool:
    """Say whether the character at *place* stands between quotes."""
    quote = ""
    for sign in source[:place]:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
    return bool(quote)


def _is_test(node: Node) -> bool:
    """Say whether *node* can give nothing but true or false."""
    if isinstance(node, Defined):
        return True
    if isinstance(node, Binary):
        return node.operator in _TESTS
    return isinstance(node, Unary | Chain) and node.operator in {"not", "and", "or"}


def _boolean(expression: Expression) -> Run:
    run, end = expression.evaluate, len(expression.source)

    def evaluate(scope: Any) -> bool:
        value = run(scope)
        if value is True or value is False:
            return value
        if isinstance(value, Secret):
            raise located("RG480", 0, end)
        raise located("RG455", 0, end, kind=spoken(value))

    return evaluate


def _leaves(node: Node, source: str) -> dict[str, Run]:
    """Return the names, paths and calls in *node*, each with a function that never raises."""
    if isinstance(node, Name | Field | Index):
        path = path_of(node, source)
        if path is not None:
            return {source[node.start : node.end]: path.find}
    if isinstance(node, Call):
        return {source[node.start : node.end]: _quiet(source[node.start : node.end])}
    found: dict[str, Run] = {}
    for child in children(node):
        found.update(_leaves(child, source))
    return found


def _quiet(source: str) -> Run:
    run = compile_expression(source).evaluate

    def find(scope: Any) -> Any:
        try:
            return run(scope)
        except ExpressionError:
            return MISSING

    return find


def shown(value: Any, depth: int = 0) -> JSON:
    """Return *value* masked and short enough for a record."""
    if isinstance(value, str):
        return value if len(value) <= _SHOWN_TEXT else value[: _SHOWN_TEXT - 1] + "…"
    if isinstance(value, Mapping | list | tuple) and depth >= _SHOWN_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_SHOWN_ITEMS]
        return {str(name): shown(item, depth + 1) for name, item in pairs}
    if isinstance(value, list | tuple):
        return [shown(item, depth + 1) for item in value[:_SHOWN_ITEMS]]
    return mask(value)

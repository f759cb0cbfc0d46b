"""One compiled expression."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.compiler import Compiler
from rouage.expressions.lookup import Run
from rouage.expressions.nodes import Node
from rouage.expressions.parser import parse
from rouage.expressions.running import UNMETERED, Constant, new_meter

_LONG: Final = ("|", "~", "+", " in ", " like ")
_COMPARISONS_PER_OPERATION: Final = 4


_REMEMBERED: Final = 4_096


class Expression:
    """An expression ready to be evaluated as often as wanted.

    `evaluate(scope)` returns its value; secrets, decimals and dates may stand in it. It is
    the compiled closure itself, so that a call costs no detour.
    """

    __slots__ = ("evaluate", "is_constant", "node", "source")

    def __init__(self, source: str, node: Node, run: Run) -> None:
        self.source = source
        self.node = node
        self.is_constant = isinstance(run, Constant)
        self.evaluate = run

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


@lru_cache(maxsize=_REMEMBERED)
def compile_expression(source: str) -> Expression:
    """Return *source* (without braces) compiled.

    Raises:
        ExpressionError: it is not a sound expression; offset and length tell where.
    """
    node = parse(source)
    is_metered = operations(source) > UNMETERED
    run = Compiler(source, is_metered=is_metered).build(node)
    return Expression(source, node, _with_meter(run) if is_metered else run)


def operations(source: str) -> int:
    """Return at least how many operations of *source* can be long (signs in texts count too)."""
    long = sum(map(source.count, _LONG))
    return long + sum(map(source.count, ("==", "!="))) // _COMPARISONS_PER_OPERATION


def _with_meter(run: Run) -> Run:
    if isinstance(run, Constant):
        return run

    def evaluate(scope: Mapping[str, Any]) -> Any:
        return run(new_meter(scope))

    return evaluate


__all__ = ["Expression", "ExpressionError", "compile_expression", "operations"]

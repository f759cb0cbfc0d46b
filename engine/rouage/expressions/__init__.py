"""The small language inside `${{ }}` and `if:` — look-ups, operators and pure filters.

`compile_*` once, evaluate often: source -> tokens -> nodes -> closures. Nothing here runs
code, reads attributes of objects, or builds a value before its size is known.
"""

from rouage.expressions.check import Finding, check_expression
from rouage.expressions.condition import Condition, compile_condition
from rouage.expressions.expression import Expression, compile_expression
from rouage.expressions.template import Template, compile_template, iter_expressions
from rouage.expressions.values import mask, reveal, secret_names

__all__ = [
    "Condition",
    "Expression",
    "Finding",
    "Template",
    "check_expression",
    "compile_condition",
    "compile_expression",
    "compile_template",
    "iter_expressions",
    "mask",
    "reveal",
    "secret_names",
]

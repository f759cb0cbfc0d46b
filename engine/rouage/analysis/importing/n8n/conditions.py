"""The comparisons of n8n's IF, Filter and Switch as expressions."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.importing.foreign import maps
from rouage.analysis.importing.n8n.expressions import Source, operand

# By the word of either version of the node; {a} and {b} are the two sides.
_OPERATIONS: Final[Mapping[str, str]] = {
    "equal": "{a} == {b}",
    "equals": "{a} == {b}",
    "notEqual": "{a} != {b}",
    "notEquals": "{a} != {b}",
    "larger": "{a} > {b}",
    "gt": "{a} > {b}",
    "largerEqual": "{a} >= {b}",
    "gte": "{a} >= {b}",
    "smaller": "{a} < {b}",
    "lt": "{a} < {b}",
    "smallerEqual": "{a} <= {b}",
    "lte": "{a} <= {b}",
    "contains": "({a} | contains({b}))",
    "notContains": "not ({a} | contains({b}))",
    "startsWith": "({a} | starts_with({b}))",
    "notStartsWith": "not ({a} | starts_with({b}))",
    "endsWith": "({a} | ends_with({b}))",
    "notEndsWith": "not ({a} | ends_with({b}))",
    "isEmpty": "({a} | default('')) == ''",
    "empty": "({a} | default('')) == ''",
    "isNotEmpty": "({a} | default('')) != ''",
    "notEmpty": "({a} | default('')) != ''",
    "exists": "{a} is defined",
    "notExists": "{a} is not defined",
    "true": "{a} == true",
    "false": "{a} == false",
    "after": "{a} > {b}",
    "before": "{a} < {b}",
}


def expression_of(parameters: Mapping[str, Any], source: Source) -> str | None:
    """Return the condition of a node, or None."""
    given = parameters.get("conditions")
    if not isinstance(given, Mapping):
        return None
    if isinstance(given.get("conditions"), list):
        parts = [_new(one, source) for one in maps(given["conditions"])]
        word = " or " if given.get("combinator") == "or" else " and "
    else:
        parts = [
            _compared(one.get("value1"), one.get("operation", _DEFAULTS.get(kind, "equal")),
                      one.get("value2"), source)
            for kind, items in given.items()
            for one in maps(items)
        ]  # fmt: skip
        word = " or " if parameters.get("combineOperation") == "any" else " and "
    if not parts or None in parts:
        return None
    return word.join(str(one) for one in parts)


_DEFAULTS: Final = {"number": "smaller", "boolean": "equal", "string": "equal"}


def _new(given: Mapping[str, Any], source: Source) -> str | None:
    operator = given.get("operator")
    operation = operator.get("operation") if isinstance(operator, Mapping) else None
    return _compared(given.get("leftValue"), operation, given.get("rightValue"), source)


def _compared(left: Any, operation: Any, right: Any, source: Source) -> str | None:
    template = _OPERATIONS.get(str(operation))
    if template is None:
        return None
    one = operand(left, source)
    other = operand(right, source) if "{b}" in template else ""
    if one is None or other is None:
        return None
    return template.replace("{a}", one).replace("{b}", other)


def rules_of(parameters: Mapping[str, Any], source: Source) -> list[str | None]:
    """Return the condition of each way out of a Switch, in order."""
    rules = parameters.get("rules")
    found = rules.get("values", rules.get("rules")) if isinstance(rules, Mapping) else None
    conditions = []
    for one in maps(found or []):
        if "conditions" in one:
            conditions.append(expression_of(one, source))
        else:
            value, operation = parameters.get("value1"), one.get("operation", "equal")
            conditions.append(_compared(value, operation, one.get("value2"), source))
    return conditions

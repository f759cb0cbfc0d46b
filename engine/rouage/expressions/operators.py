"""The operators: each knows the size of its result before it builds it (authoring X3)."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from rouage.expressions.dates import iso_date
from rouage.expressions.faults import Fault
from rouage.expressions.kinds import NUMBERS, kind_of, spoken
from rouage.expressions.values import INTEGER_LIMIT, checked_decimal, join_texts, list_room
from rouage.model.secret import Secret

_FLOAT_LIMIT: Final = 1.7e308
_NESTING: Final = 60
_DAY_SECONDS: Final = 86_400
_COMPARABLE: Final = frozenset({bool, type(None)})


def _number(value: Any) -> Any:
    """Return *value* if it is within bounds."""
    kind = type(value)
    if kind is int:
        if -INTEGER_LIMIT < value < INTEGER_LIMIT:
            return value
    elif kind is float:
        # False for infinities and for "not a number" as well.
        if -_FLOAT_LIMIT < value < _FLOAT_LIMIT:
            return value
    elif kind is Decimal:
        return checked_decimal(value)
    raise Fault("RG472")


def _calculate(calculation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Return the bounded result; two numbers of different kinds meet as decimals."""
    if type(left) is Decimal or type(right) is Decimal:
        left, right = decimal_of(left), decimal_of(right)
    try:
        return _number(calculation(left, right))
    except ZeroDivisionError:
        raise Fault("RG490") from None
    except ArithmeticError:
        # Decimals report 0 / 0 as an invalid operation.
        raise Fault("RG472" if right else "RG490") from None


def decimal_of(value: Any) -> Decimal:
    """Return a number as a decimal; a fraction counts as it is written, not as it is stored."""
    found = (
        value if type(value) is Decimal else Decimal(repr(value) if type(value) is float else value)
    )
    if not found.is_finite():
        raise Fault("RG472")
    return found


def _are_numbers(left: Any, right: Any) -> bool:
    return type(left) in NUMBERS and type(right) in NUMBERS


def _refuse(sign: str, left: Any, right: Any) -> Fault:
    """Return the fault for *sign* between values it does not know."""
    kinds = {kind_of(left), kind_of(right)}
    if sign == "+" and "text" in kinds:
        return Fault("RG451", left=spoken(left), right=spoken(right))
    if sign == "*" and "text" in kinds and "secret" not in kinds:
        return Fault("RG452")
    if sign == "%" and kind_of(left) == "text":
        return Fault("RG453")
    return Fault("RG450", operator=sign, left=spoken(left), right=spoken(right))


def add(left: Any, right: Any) -> Any:
    """Add two numbers, or put two texts or two lists one after the other."""
    if _are_numbers(left, right):
        return _calculate(operator.add, left, right)
    if isinstance(left, str | Secret) and isinstance(right, str | Secret):
        return join_texts((left, right))
    if type(left) is list and type(right) is list:
        list_room(len(left) + len(right))
        return left + right
    raise _refuse("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """Subtract two numbers; between two dates, count the days."""
    if _are_numbers(left, right):
        return _calculate(operator.sub, left, right)
    if isinstance(left, date) and isinstance(right, date):
        return _days_between(left, right)
    raise _refuse("-", left, right)


def _days_between(left: date, right: date) -> int | float:
    if not isinstance(left, datetime) and not isinstance(right, datetime):
        return (left - right).days
    one, other = _moments(left, right)
    days = (one - other).total_seconds() / _DAY_SECONDS
    return int(days) if days.is_integer() else days


def multiply(left: Any, right: Any) -> Any:
    """Multiply two numbers."""
    if _are_numbers(left, right):
        _number(left)
        _number(right)
        return _calculate(operator.mul, left, right)
    raise _refuse("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """Divide two numbers."""
    if _are_numbers(left, right):
        return _calculate(operator.truediv, left, right)
    raise _refuse("/", left, right)


def _floor(left: Any, right: Any) -> Any:
    if type(left) is not Decimal:
        return left // right
    quotient = left // right
    # Decimals cut towards zero; the language rounds down, whatever the numbers are made of.
    return quotient - 1 if quotient * right != left and (left < 0) != (right < 0) else quotient


def divide_whole(left: Any, right: Any) -> Any:
    """Divide two numbers and round down."""
    if _are_numbers(left, right):
        return _calculate(_floor, left, right)
    raise _refuse("//", left, right)


def _rest(left: Any, right: Any) -> Any:
    return left % right if type(left) is not Decimal else left - _floor(left, right) * right


def remainder(left: Any, right: Any) -> Any:
    """Return what a whole division leaves; it has the sign of *right*."""
    if _are_numbers(left, right):
        return _calculate(_rest, left, right)
    raise _refuse("%", left, right)


def negate(value: Any) -> Any:
    """Return the opposite of a number."""
    if type(value) not in NUMBERS:
        raise Fault("RG462", operator="-", kind=spoken(value))
    return _number(-value)


def affirm(value: Any) -> Any:
    """Return a number as it is."""
    if type(value) not in NUMBERS:
        raise Fault("RG462", operator="+", kind=spoken(value))
    return _number(value)


def are_equal(left: Any, right: Any) -> bool:
    """Say whether two values are the same; values of different kinds are not.

    Raises:
        Fault: a secret stands in one of them, or they are nested too deeply.
    """
    look_for_secrets(left)
    look_for_secrets(right)
    return _same(left, right)


def look_for_secrets(value: Any, depth: int = 0) -> None:
    """Refuse a value that is a secret or holds one, however deep: an answer would tell."""
    if isinstance(value, Secret):
        raise Fault("RG480")
    if depth > _NESTING:
        raise Fault("RG474")
    if isinstance(value, list | tuple | Mapping):
        for item in value.values() if isinstance(value, Mapping) else value:
            look_for_secrets(item, depth + 1)


def _same(left: Any, right: Any) -> bool:
    if _are_numbers(left, right):
        return _equal_numbers(left, right)
    if isinstance(left, date) or isinstance(right, date):
        return _equal_dates(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return type(left) is type(right) and type(left) in _COMPARABLE and bool(left == right)


def _equal_numbers(left: Any, right: Any) -> bool:
    if type(left) is Decimal or type(right) is Decimal:
        return decimal_of(left) == decimal_of(right)
    return bool(left == right)


def _equal_dates(left: Any, right: Any) -> bool:
    if not isinstance(left, str | date) or not isinstance(right, str | date):
        return False
    one, other = _moments(_as_date(left), _as_date(right))
    return one == other


def _as_date(value: Any) -> date:
    return iso_date(value) if isinstance(value, str) else value


def _moments(left: date, right: date) -> tuple[date, date]:
    """Return two dates in comparable form: a day beside a moment counts from its start."""
    if isinstance(left, datetime) and not isinstance(right, datetime):
        return left, datetime.combine(right, time(), left.tzinfo)
    if isinstance(right, datetime) and not isinstance(left, datetime):
        return datetime.combine(left, time(), right.tzinfo), right
    if isinstance(left, datetime) and isinstance(right, datetime):
        if left.tzinfo is None and right.tzinfo is not None:
            return left.replace(tzinfo=right.tzinfo), right
        if right.tzinfo is None and left.tzinfo is not None:
            return left, right.replace(tzinfo=left.tzinfo)
    return left, right


def ordered_pair(sign: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Return two values in a form that `<` can compare.

    Raises:
        Fault: a secret is involved, or the two have no order.
    """
    if isinstance(left, Secret) or isinstance(right, Secret):
        raise Fault("RG480")
    if _are_numbers(left, right):
        if type(left) is Decimal or type(right) is Decimal:
            return decimal_of(left), decimal_of(right)
        return left, right
    if isinstance(left, str) and isinstance(right, str):
        return left, right
    dates = isinstance(left, date) or isinstance(right, date)
    if dates and isinstance(left, str | date) and isinstance(right, str | date):
        return _moments(_as_date(left), _as_date(right))
    raise Fault("RG456", operator=sign, left=spoken(left), right=spoken(right))


def contains(item: Any, container: Any) -> bool:
    """Say whether *container* (a text, a list, an object) holds *item*."""
    if isinstance(item, Secret) or isinstance(container, Secret):
        raise Fault("RG480")
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, list | tuple):
        look_for_secrets(container)
        look_for_secrets(item)
        return any(_same(item, other) for other in container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    raise Fault("RG450", operator="in", left=spoken(item), right=spoken(container))

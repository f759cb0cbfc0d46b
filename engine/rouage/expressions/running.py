"""What closures share while they run: constants, and the meter of work (authoring X3)."""

from collections.abc import Sized
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.faults import located
from rouage.expressions.lookup import Run

STEP_LIMIT: Final = 10_000
UNMETERED: Final = 8
"""So many operations cannot exceed the limit together, so they are not counted: an
operation on the longest text counts 1,024 steps, on the longest list 1,000."""

_METER: Final = "\0meter"
_SIGNS_PER_STEP: Final = 1_024
_ELEMENTS_PER_STEP: Final = 10


class Constant:
    """The closure of a value known beforehand."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, scope: Any) -> Any:  # noqa: ARG002 - called like every closure
        """Return the value."""
        return self.value


def new_meter(scope: Any) -> dict[str, Any]:
    """Return a copy of *scope* with a fresh meter."""
    return {**scope, _METER: [0]}


def metered(run: Run, start: int, end: int) -> Run:
    """Return *run* followed by a count of the size of what it gave."""

    def count(scope: Any) -> Any:
        result = run(scope)
        meter = scope[_METER]
        meter[0] += 1 + _weight(result)
        if meter[0] > STEP_LIMIT:
            raise _too_much(start, end)
        return result

    return count


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value) // _SIGNS_PER_STEP
    return len(value) // _ELEMENTS_PER_STEP if isinstance(value, Sized) else 0


def _too_much(start: int, end: int) -> ExpressionError:
    return located("RG473", start, end, limit=STEP_LIMIT)

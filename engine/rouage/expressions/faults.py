"""How evaluation fails: a fault without a place, then an error that has one."""

from typing import Any

from rouage.errors import ExpressionError
from rouage.expressions.messages import MESSAGES, hint_of


class Fault(Exception):  # noqa: N818 - it becomes an ExpressionError once it has a place
    """Something an operator or a filter refuses; the node around it knows where."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code)


def located(code: str, start: int, end: int, **facts: Any) -> ExpressionError:
    """Return the error *code* for the characters from *start* to *end* of the source."""
    return ExpressionError(
        code,
        MESSAGES[code].text,
        offset=start,
        length=max(1, end - start),
        hint=hint_of(code, facts),
        **facts,
    )

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import compile_expression
from rouage.model.secret import Secret


@pytest.fixture
def scope() -> dict[str, Any]:
    return {
        "event": {
            "file": {"name": "FAC-2026-012.pdf", "path": "/in/FAC-2026-012.pdf", "size": 2048},
            "amount": 1234.5,
            "text": "  Bonjour Léa  ",
            "rows": [
                {"name": "b", "total": 10, "state": "paid"},
                {"name": "a", "total": 5, "state": "late"},
                {"name": "c", "total": 7, "state": "paid"},
            ],
            "tags": ["x", "y"],
            "headers": {"Content-Type": "application/json"},
            "nothing": None,
            "ok": True,
            "when": "2026-07-31T10:00:00+02:00",
        },
        "trigger": {"id": "trigger_1"},
        "inputs": {},
        "vars": {"limit": 400},
        "steps": {"read": {"total": 12}},
        "secrets": {"smtp": Secret("hunter2-clear", name="smtp")},
        "run": {"id": "r1", "started_at": "2026-07-31T10:00:00+00:00"},
        "recipe": {"id": "factures", "name": "Factures"},
        "now": datetime(2026, 7, 31, 22, 30, tzinfo=ZoneInfo("Europe/Paris")),
    }


@pytest.fixture
def value_of(scope: dict[str, Any]) -> Callable[[str], Any]:
    return lambda source: compile_expression(source).evaluate(scope)


@pytest.fixture
def error_of(scope: dict[str, Any]) -> Callable[[str], ExpressionError]:
    def error(source: str) -> ExpressionError:
        with pytest.raises(ExpressionError) as caught:
            compile_expression(source).evaluate(scope)
        return caught.value

    return error

"""How fast expressions compile and evaluate (authoring X7), beside the Jinja sandbox.

Run it as a script; it prints one JSON object. Best of five rounds, one core.
"""

import json
import sys
import timeit
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2] / "engine"))

from jinja2.sandbox import ImmutableSandboxedEnvironment

from rouage.expressions import (
    compile_condition,
    compile_expression,
    compile_template,
    mask,
    reveal,
)

CONDITION = "event.file.size > 1024 and vars.seuil < 400 or event.amount >= 1000"
TEXT = "Bonjour ${{ event.name }}, le fichier ${{ event.file.name }} est là"
FILTERED = "${{ event.name | upper }} doit ${{ event.amount | euros }}"
PARAMETERS: dict[str, Any] = {
    "source": "${{ event.file.path }}",
    "target": "~/Factures/${{ event.name | slug }}_${{ event.file.name }}",
    "on_conflict": "rename",
    "tags": ["a", "b"],
}
SCOPE = {
    "event": {
        "file": {"size": 2000, "name": "a.pdf", "path": "/in/a.pdf"},
        "amount": 1250.5,
        "name": "Léa",
    },
    "vars": {"seuil": 500},
    "now": datetime(2026, 7, 31, 22, 30, tzinfo=ZoneInfo("Europe/Paris")),
}


def microseconds(action: Callable[[], object], count: int) -> float:
    """Return the time of one *action*, the best of five rounds of *count*."""
    return round(min(timeit.repeat(action, number=count, repeat=5)) / count * 1e6, 3)


def measure() -> dict[str, object]:
    """Return every figure."""
    condition, text = compile_condition(CONDITION), compile_template(TEXT)
    filtered, parameters = compile_template(FILTERED), compile_template(PARAMETERS)
    constant = compile_template({"a": [1, 2, {"b": "c"}]})
    jinja = ImmutableSandboxedEnvironment().compile_expression(CONDITION)
    rendered = parameters.render(SCOPE)
    evaluate = microseconds(lambda: condition.evaluate(SCOPE), 50_000)
    compiling = microseconds(lambda: compile_expression(CONDITION), 5_000)
    per_second = round(1e6 / evaluate)
    return {
        "condition_us": evaluate,
        "conditions_per_second": per_second,
        "condition_explain_us": microseconds(lambda: condition.explain(SCOPE), 50_000),
        "condition_jinja_sandbox_us": microseconds(lambda: jinja(**SCOPE), 5_000),
        "compile_us": compiling,
        "template_two_substitutions_us": microseconds(lambda: text.render(SCOPE), 50_000),
        "template_with_filters_us": microseconds(lambda: filtered.render(SCOPE), 20_000),
        "step_parameters_us": microseconds(lambda: parameters.render(SCOPE), 20_000),
        "constant_us": microseconds(lambda: constant.render(SCOPE), 50_000),
        "reveal_us": microseconds(lambda: reveal(rendered), 20_000),
        "mask_us": microseconds(lambda: mask(rendered), 20_000),
        "aims": {
            "conditions_per_second_at_least_300000": per_second >= 300_000,
            "compile_at_most_50_us": compiling <= 50,
        },
    }


if __name__ == "__main__":
    print(json.dumps(measure()))

"""What a run knew when it made a file: plain look-ups, as the journal recorded them.

`${{ inputs.supplier }} ${{ inputs.file }}` may be laid over a name in several ways; what the
expressions gave then tells which one is right. Nothing is evaluated but names and fields.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.model.run import RunRecord

_LOOK_UP: Final = re.compile(r"\s*[A-Za-z_]\w*(\.\w+)+\s*")


def facts_of(run: RunRecord, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event, the inputs and the results of the outermost steps of *run*."""
    event = run.event_data if isinstance(run.event_data, Mapping) else {}
    given = event.get("inputs")
    inputs = _defaults(recipe.get("inputs")) | (dict(given) if isinstance(given, Mapping) else {})
    results = {step.path: step.result for step in run.steps}
    listed = recipe.get("do")
    steps = {
        str(entry["id"]): results.get(f"do.{number}")
        for number, entry in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(entry, Mapping) and "id" in entry
    }
    return {"event": dict(event), "inputs": inputs, "steps": steps}


def look_up(facts: Mapping[str, Any], source: str) -> str | None:
    """Return the text that the expression *source* gave, where it is a plain look-up."""
    if _LOOK_UP.fullmatch(source) is None:
        return None
    value: Any = facts
    for name in source.strip().split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def _defaults(declared: Any) -> dict[str, Any]:
    found = declared if isinstance(declared, Mapping) else {}
    return {
        name: one["default"]
        for name, one in found.items()
        if isinstance(one, Mapping) and "default" in one
    }

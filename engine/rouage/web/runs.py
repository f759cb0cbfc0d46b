"""Runs as JSON data: the same words for the API and for `--json`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rouage.language import Language
from rouage.model.run import RunRecord, StepRecord
from rouage.sdk.json import JSON


def summary_of(run: RunRecord, language: Language) -> dict[str, JSON]:
    """Return *run* as one entry of a list of runs."""
    return {
        "id": run.id,
        "recipe": run.recipe,
        "state": run.state,
        "event": run.event,
        "started": instant(run.started),
        "ended": instant(run.ended),
        "error": spoken(run.error, language),
    }


def detail_of(
    run: RunRecord, language: Language, step_ids: Mapping[str, str | None] | None = None
) -> dict[str, JSON]:
    """Return *run* with its conditions and steps; *step_ids* gives the ids by path."""
    ids = step_ids or {}
    return {
        **summary_of(run, language),
        "source": run.source,
        "created": instant(run.created),
        "duration_seconds": seconds_between(run.started, run.ended),
        "definition": run.definition,
        "reason": spoken(run.reason, language),
        "outputs": run.outputs,
        "event_data": run.event_data,
        "conditions": list(run.conditions),
        "steps": [_step(step, ids.get(step.path), language) for step in run.steps],
    }


def _step(step: StepRecord, step_id: str | None, language: Language) -> JSON:
    return {
        "path": step.path,
        "id": step_id,
        "action": step.action,
        "state": step.state,
        "parameters": step.parameters,
        "result": step.result,
        "error": spoken(step.error, language),
        "attempts": step.attempts,
        "started": instant(step.started),
        "ended": instant(step.ended),
        "duration_seconds": seconds_between(step.started, step.ended),
        "next_attempt": instant(step.next_attempt),
        "conditions": list(step.conditions),
    }


def spoken(record: Any, language: Language) -> Any:
    """Return the record of an error or a reason with its sentences in one *language*."""
    if not isinstance(record, Mapping):
        return record
    if set(record) == {"en", "fr"}:
        return record[language]
    return {name: spoken(value, language) for name, value in record.items()}


def instant(moment: datetime | None) -> str | None:
    """Return *moment* as ISO 8601 text, or None."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from *start* to *end* to the millisecond; None while one is open."""
    if start is None or end is None:
        return None
    return round(max(0.0, (end - start).total_seconds()), 3)

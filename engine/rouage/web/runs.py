"""Runs as JSON data: the same words for the API and for `--json`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from rouage.durable.port import Reader, RunFilter, SecretUse
from rouage.language import Language
from rouage.model.run import OPEN_STATES, UNDO, RunRecord, SignalRecord, StepRecord, WaitRecord
from rouage.records import dataclass
from rouage.rerun import static_path
from rouage.sdk.json import JSON

_MOST_RELATIVES: Final = 100
_MOST_WAITS: Final = 100
_SILENT: Final = frozenset({"limit"})
"""A time limit is looked after like a wait, but it is not what a run waits for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relatives:
    """What belongs to a run besides its record: its waits, its answers, and runs that it led to."""

    waits: tuple[WaitRecord, ...] = ()
    answers: tuple[SignalRecord, ...] = ()
    children: tuple[RunRecord, ...] = ()
    replays: tuple[RunRecord, ...] = ()
    undos: tuple[RunRecord, ...] = ()
    secrets: tuple[SecretUse, ...] = ()


async def relatives_of(reader: Reader, run: RunRecord) -> Relatives:
    """Return what the journal knows around *run*."""
    children = await reader.list_runs(RunFilter(parent=run.id), limit=_MOST_RELATIVES)
    siblings = await reader.list_runs(
        RunFilter(event=run.event, recipe=run.recipe), limit=_MOST_RELATIVES
    )
    undoing = await reader.list_runs(
        RunFilter(recipe=UNDO + run.recipe, since=run.created), limit=_MOST_RELATIVES
    )
    return Relatives(
        undos=tuple(one for one in undoing.runs if one.source == UNDO + run.id),
        waits=await waits_of(reader, run),
        answers=await reader.list_signals(run.id),
        children=children.runs,
        replays=tuple(one for one in siblings.runs if one.replay_of == run.id),
        secrets=await reader.list_secret_uses(run_id=run.id),
    )


async def waits_of(reader: Reader, run: RunRecord) -> tuple[WaitRecord, ...]:
    """Return what an unfinished run waits for, oldest first."""
    if run.state not in OPEN_STATES:
        return ()
    waits = await reader.list_waits(run_id=run.id, limit=_MOST_WAITS)
    return tuple(one for one in waits if one.run == run.id and one.kind not in _SILENT)


def summary_of(
    run: RunRecord, language: Language, waits: Iterable[WaitRecord] = ()
) -> dict[str, JSON]:
    """Return *run* as one entry of a list of runs."""
    return {
        "id": run.id,
        "recipe": run.recipe,
        "state": run.state,
        "event": run.event,
        "started": instant(run.started),
        "ended": instant(run.ended),
        "error": spoken(run.error, language),
        "waiting": [_wait(wait) for wait in waits],
    }


def detail_of(
    run: RunRecord,
    language: Language,
    step_ids: Mapping[str, str | None] | None = None,
    relatives: Relatives | None = None,
) -> dict[str, JSON]:
    """Return *run* with its conditions and steps; *step_ids* gives ids by path in the recipe."""
    ids = step_ids or {}
    around = relatives or Relatives()
    return {
        **summary_of(run, language, around.waits),
        "source": run.source,
        "created": instant(run.created),
        "duration_seconds": seconds_between(run.started, run.ended),
        "definition": run.definition,
        "reason": spoken(run.reason, language),
        "blanked": run.blanked,
        "outputs": run.outputs,
        "event_data": run.event_data,
        "conditions": list(run.conditions),
        "steps": [_step(step, ids.get(static_path(step.path)), language) for step in run.steps],
        "questions": [
            {"path": wait.path, "kind": wait.kind, "question": spoken(wait.question, language)}
            for wait in around.waits
        ],
        "answers": [_answer(signal) for signal in around.answers],
        "parent": run.parent,
        "children": [_relative(one) for one in around.children],
        "replay_of": run.replay_of,
        "replays": [_relative(one) for one in around.replays],
        "secrets": _secrets(around.secrets),
        "undone_by": [_relative(one) for one in around.undos],
    }


def _secrets(uses: Iterable[SecretUse]) -> list[JSON]:
    """Return which secrets were used, each with the steps that were given it."""
    steps: dict[str, list[JSON]] = {}
    for use in uses:
        steps.setdefault(use.name, []).append(use.step)
    return [{"name": name, "steps": steps[name]} for name in sorted(steps)]


def _wait(wait: WaitRecord) -> JSON:
    return {
        "path": wait.path,
        "kind": wait.kind,
        "since": instant(wait.created),
        "due": instant(closing_of(wait)),
    }


def closing_of(wait: WaitRecord) -> datetime | None:
    """Return until when a wait lasts at most; its next look may come sooner (a reminder)."""
    question = wait.question
    if isinstance(question, Mapping) and "timeout_at" in question:
        at = question["timeout_at"]
        return datetime.fromisoformat(at) if isinstance(at, str) else None
    return wait.deadline


def _answer(signal: SignalRecord) -> JSON:
    return {
        "name": signal.name,
        "by": signal.author,
        "at": instant(signal.received),
        "payload": signal.payload,
    }


def _relative(run: RunRecord) -> JSON:
    return {"id": run.id, "recipe": run.recipe, "state": run.state}


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
        "resolution": spoken(step.resolution, language),
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

"""What a real run knew: the outcomes of its steps, found by action and by what they were given."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rouage.model.recipe import Recipe
from rouage.model.run import RunRecord, StepRecord
from rouage.rehearsal.answers import Answer
from rouage.rerun import static_path, steps_of
from rouage.sdk.json import JSON

_SETTLED: Final = frozenset({"done", "failed"})
_TOLD: Final = frozenset({"approve", "wait", "call"})
_TOO_LATE: Final = frozenset({"ApprovalTimeout", "WaitTimeout"})
_DECIDED: Final = ("approved", "by", "fields", "reason")
_ABOUT_PLACE: Final = frozenset({"path", "name", "folder", "file"})
"""What a result says of where something is: that changes with what the action is given."""


class Recall:
    """The outcomes of the steps of one run, in the order in which they came."""

    def __init__(self, steps: Iterable[StepRecord], ids: Mapping[str, str | None]) -> None:
        self._by_input: dict[str, list[Answer]] = {}
        self._by_place: dict[tuple[str, str], JSON] = {}
        self._used: dict[str, int] = {}
        for step in steps:
            if step.state not in _SETTLED or ":" in step.path:
                continue
            self._by_input.setdefault(_key(step.action, step.parameters), []).append(_answer(step))
            if step.state == "done":
                place = static_path(step.path)
                for name in (step.path, place, ids.get(place)):
                    if name is not None:
                        self._by_place.setdefault((step.action, name), step.result)

    def take(self, action: str, given: JSON) -> Answer | None:
        """Return what *action* came to when it was given just that, or None."""
        key = _key(action, given)
        known = self._by_input.get(key)
        if known is None:
            return None
        turn = self._used.get(key, 0)
        self._used[key] = turn + 1
        return known[min(turn, len(known) - 1)]

    def filled(self, action: str, path: str, step_id: str | None, result: JSON) -> JSON:
        """Return the made-up *result* with what the same step told then, but for places."""
        for name in (step_id, path, static_path(path)):
            then = None if name is None else self._by_place.get((action, name))
            if isinstance(then, dict) and isinstance(result, dict):
                kept = {name: value for name, value in then.items() if name not in _ABOUT_PLACE}
                return {**result, **kept}
        return result


def recall(runs: Iterable[RunRecord], recipe: Recipe | None) -> Recall:
    """Return the outcomes of all the steps of *runs*, whose version is *recipe*."""
    ids = {} if recipe is None else {step.path: step.id for step in steps_of(recipe)}
    return Recall((step for run in runs for step in run.steps), ids)


def said(run: RunRecord, recipe: Recipe) -> dict[str, tuple[Answer, ...]]:
    """Return what people, events and called recipes answered to *run*, by step of *recipe*."""
    ids = {step.path: step.id for step in steps_of(recipe)}
    late = {step.path for step in run.steps if step.path.endswith(":late")}
    found: dict[str, tuple[Answer, ...]] = {}
    for step in run.steps:
        is_told = step.action in _TOLD and step.state in _SETTLED and ":" not in step.path
        if is_told and not (step.action == "wait" and step.result is None):
            place = static_path(step.path)
            name = ids.get(place) or place
            answer = _reply(step, is_late=f"{step.path}:late" in late)
            found[name] = (*found.get(name, ()), answer)
    return found


def _reply(step: StepRecord, *, is_late: bool) -> Answer:
    result: Any = step.result
    kind = step.error.get("kind") if isinstance(step.error, Mapping) else None
    if is_late or kind in _TOO_LATE:
        return Answer(kind="timeout")
    if step.action == "approve" and isinstance(result, Mapping):
        if result.get("late"):
            return Answer(kind="timeout")
        return Answer(
            kind="value",
            value={name: result[name] for name in _DECIDED if result.get(name) is not None},
        )
    return _answer(step)


def _answer(step: StepRecord) -> Answer:
    if step.state == "done":
        return Answer(kind="value", value=step.result)
    return Answer(kind="error", value=_failure(step.error))


def _failure(error: Any) -> JSON:
    facts = error if isinstance(error, Mapping) else {}
    message = facts.get("message")
    said_in = message.get("en") if isinstance(message, Mapping) else message
    # It failed for good then: another attempt would not be told anything else.
    return {"kind": facts.get("kind", "StepError"), "message": said_in or "?", "passing": False}


def _key(action: str, given: JSON) -> str:
    return f"{action} {json.dumps(given, sort_keys=True, default=str)}"

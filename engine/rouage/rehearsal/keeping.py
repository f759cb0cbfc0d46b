"""A real run as a case of a test: its event, the answers its steps gave, and what it came to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.language import Language
from rouage.model.recipe import Recipe, StepUse
from rouage.model.run import RunRecord, StepRecord
from rouage.records import dataclass
from rouage.rehearsal.outcome import message_of
from rouage.rehearsal.scene import MANUAL
from rouage.rerun import static_path, steps_of
from rouage.sdk.json import JSON

_LONGEST: Final = 500
_BEGINNING: Final = 120
_MOST_ITEMS: Final = 100
_WORDS: Final = frozenset({"each", "error", "timeout", "value"})
_ANSWERED: Final = frozenset({"approve", "wait", "call"})
_PATHS: Final = frozenset({"path", "folder"})
_ENDED: Final = frozenset({"done", "failed"})
_TOO_LATE: Final = frozenset({"ApprovalTimeout", "WaitTimeout"})
Grouped = dict[str, list[StepRecord]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What it takes to make a case of a run: the version it used, and where it ran."""

    run: RunRecord
    recipe: Recipe
    catalog: Catalog
    workspace: Path
    zone: tzinfo
    language: Language

    def case(self, name: str) -> dict[str, JSON]:
        """Return the case, with paths of the workspace made relative and long values cut."""
        run = self.run
        started = (run.started or run.created).astimezone(self.zone)
        case: dict[str, Any] = {
            "name": name,
            "event": {"trigger": self._trigger(), "data": self._short(run.event_data)},
            "now": started.isoformat(timespec="seconds"),
        }
        if self.recipe.timezone is None and self.zone is not UTC:
            case["timezone"] = str(self.zone)
        answers = self._answers()
        if answers:
            case["answers"] = answers
        case["expect"] = self._expect()
        return case

    def _trigger(self) -> str:
        name = self.run.source.rpartition("/")[2]
        return name if any(one.id == name for one in self.recipe.triggers) else MANUAL

    def _grouped(self) -> Grouped:
        """Return the records of steps by id, or by place in the recipe, in their order."""
        ids = {step.path: step.id for step in steps_of(self.recipe)}
        found: Grouped = {}
        for step in sorted(self.run.steps, key=_began):
            place = static_path(step.path)
            if ":" not in step.path and place in ids:
                found.setdefault(ids[place] or place, []).append(step)
        return found

    # -- answers -----------------------------------------------------------------------------

    def _answers(self) -> dict[str, JSON]:
        uses = {step.path: step for step in steps_of(self.recipe)}
        answers: dict[str, JSON] = {}
        for name, records in self._grouped().items():
            given = [
                self._answer(record, uses[static_path(record.path)])
                for record in records
                if record.state in _ENDED and self._needs_answer(record, uses)
            ]
            if len(given) == 1:
                answers[name] = given[0]
            elif given:
                answers[name] = {"each": given}
        return answers

    def _needs_answer(self, record: StepRecord, uses: Mapping[str, StepUse]) -> bool:
        use = uses[static_path(record.path)]
        if use.uses in _ANSWERED:
            return use.uses != "wait" or use.event is not None
        spec = self.catalog.actions.get(use.uses)
        if spec is None or spec.effect != "none":
            return spec is not None
        given = record.parameters if isinstance(record.parameters, Mapping) else {}
        specs = spec.parameters.specs
        return any(name in specs and specs[name].format in _PATHS for name in given)

    def _answer(self, record: StepRecord, use: StepUse) -> JSON:
        result: Any = record.result
        if use.uses == "approve" and isinstance(result, Mapping):
            return self._decision(result)
        if record.state == "failed":
            return self._failure(record.error)
        if use.uses == "wait" and self._is_late(record):
            return {"timeout": True}
        value = self._short(result)
        is_word = isinstance(value, dict) and len(value) == 1 and set(value) <= _WORDS
        return {"value": value} if is_word else value

    def _decision(self, result: Mapping[str, Any]) -> JSON:
        if result.get("late"):
            return {"timeout": True}
        names = ("approved", "by", "fields", "reason")
        return {name: self._short(result[name]) for name in names if result.get(name) is not None}

    def _failure(self, error: Any) -> JSON:
        kind = error.get("kind") if isinstance(error, Mapping) else None
        if kind in _TOO_LATE:
            return {"timeout": True}
        said = self._short(message_of(error).render(self.language))
        return {"error": {"kind": str(kind or "StepError"), "message": said}}

    def _is_late(self, record: StepRecord) -> bool:
        return any(step.path == f"{record.path}:late" for step in self.run.steps)

    # -- expectations ------------------------------------------------------------------------

    def _expect(self) -> dict[str, JSON]:
        run = self.run
        expect: dict[str, JSON] = {"state": run.state}
        if run.state == "failed" and run.error is not None:
            expect["error"] = self._short(message_of(run.error).render(self.language))
        ids = {step.id for step in steps_of(self.recipe)}
        steps: dict[str, JSON] = {
            name: records[0].state if len(records) == 1 else {"times": len(records)}
            for name, records in self._grouped().items()
            if name in ids
        }
        if steps:
            expect["steps"] = steps
        expect["effects"] = self._effects()
        if run.outputs is not None:
            expect["outputs"] = self._expected(run.outputs)
        return expect

    def _effects(self) -> list[JSON]:
        """Return what the run did, in the order in which it was done."""
        found: list[JSON] = []
        for step in sorted(self.run.steps, key=_over):
            spec = self.catalog.actions.get(step.action)
            is_effect = step.action == "emit" or (spec is not None and spec.effect != "none")
            if step.state != "done" or not is_effect or ":" in step.path:
                continue
            given = step.parameters if isinstance(step.parameters, Mapping) else {}
            found.append({"action": step.action, **self._expected(given)})
        return found

    def _expected(self, value: Any) -> Any:
        """Return *value* as an expectation: of a long text its beginning is enough."""
        if isinstance(value, str) and len(value) > _LONGEST:
            return {"contains": self._short(value[:_BEGINNING])}
        if isinstance(value, Mapping):
            return {name: self._expected(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._expected(item) for item in value[:_MOST_ITEMS]]
        return self._short(value)

    def _short(self, value: Any) -> Any:
        """Return *value* with paths of the workspace relative, and what is long cut."""
        if isinstance(value, str):
            text = value.replace(f"{self.workspace}/", "")
            return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        if isinstance(value, Mapping):
            return {name: self._short(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._short(item) for item in value[:_MOST_ITEMS]]
        return value


def _began(step: StepRecord) -> tuple[float, str]:
    return (step.started.timestamp() if step.started is not None else 0.0, step.path)


def _over(step: StepRecord) -> tuple[float, str]:
    return (step.ended.timestamp() if step.ended is not None else 0.0, step.path)


def names_in(cases: Sequence[Any]) -> set[str]:
    """Return the names of *cases*."""
    return {str(case.name) for case in cases}

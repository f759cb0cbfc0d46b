"""What was expected and what came: every difference, and nothing but differences."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from rouage.errors import RouageError
from rouage.language import Text
from rouage.model.run import RunRecord, StepRecord
from rouage.records import dataclass
from rouage.rehearsal.cases import parameters_of
from rouage.rehearsal.effects import Effect, effects_of
from rouage.rehearsal.outcome import message_of, state_of, why_not
from rouage.rehearsal.scene import Performance
from rouage.rerun import static_path
from rouage.sdk.json import JSON

_WORDS: Final = frozenset({"contains", "matches"})

_UNUSED: Final = Text(
    "no step asked for the answer “{name}”", "aucune étape n’a demandé la réponse « {name} »"
)
_UNANSWERED: Final = Text(
    "the step {name} reads or asks, and has no answer in this case",
    "l’étape {name} lit ou demande quelque chose, et ce cas ne lui donne pas de réponse",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is not as expected; `place` says where (`effects.0.to`)."""

    place: str
    expected: JSON
    actual: JSON


def compare(
    expect: Mapping[str, Any],
    performance: Performance,
    *,
    ids: Mapping[str, str | None],
    workspace: Path,
) -> tuple[Difference, ...]:
    """Return where *performance* is not as *expect* says; *ids* gives the ids of steps by path."""
    view = _View(performance, ids, workspace)
    found = [*_state(expect, view)]
    for number, text in enumerate(expect.get(name) for name in ("reason", "error")):
        if text is not None:
            found += view.sentence("error" if number else "reason", str(text))
    for name, wanted in (expect.get("steps") or {}).items():
        found += _step(name, wanted, view)
    if "effects" in expect:
        found += _effects(expect["effects"] or [], view)
    if "outputs" in expect:
        actual = None if performance.run is None else performance.run.outputs
        found += view.differences("outputs", expect["outputs"], actual)
    return tuple(found)


def complaints(performance: Performance, expect: Mapping[str, Any]) -> tuple[Text, ...]:
    """Return what makes a case unfit, whatever it came to: a lacking answer, one too many."""
    waits = expect.get("state") == "waiting"
    missing = [] if waits else list(performance.unanswered)
    found = [_UNANSWERED.fill(name=name) for name in missing]
    if performance.run is not None:
        found += [_UNUSED.fill(name=name) for name in performance.unused]
    return tuple(found)


class _View:
    """The performance as tests see it: paths as the recipe would write them."""

    def __init__(
        self, performance: Performance, ids: Mapping[str, str | None], workspace: Path
    ) -> None:
        self.performance = performance
        self.ids = ids
        self._inside = f"{workspace}/"

    def seen(self, value: Any) -> Any:
        """Return *value* with the paths of the workspace made relative."""
        if isinstance(value, str):
            return value.replace(self._inside, "")
        if isinstance(value, Mapping):
            return {name: self.seen(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.seen(item) for item in value]
        return value

    def differences(self, place: str, expected: Any, actual: Any) -> list[Difference]:
        """Return where *actual* lacks something of *expected*."""
        return list(_differences(place, self.seen(expected), self.seen(actual)))

    def sentence(self, name: str, wanted: str) -> list[Difference]:
        """Return a difference when no sentence of the outcome holds *wanted*."""
        return self.among(name, wanted, self._said(name))

    def among(self, place: str, wanted: str, said: list[str]) -> list[Difference]:
        """Return a difference when none of the sentences *said* holds *wanted*."""
        if any(wanted.lower() in text.lower() for text in said):
            return []
        return [Difference(place=place, expected=wanted, actual=said[0] if said else None)]

    def _said(self, name: str) -> list[str]:
        run, verdict = self.performance.run, self.performance.verdict
        if run is None:
            return [*why_not(verdict), verdict.outcome] if name == "reason" else []
        record = run.error if name == "error" else run.reason
        return _said(record)


def _said(record: Any) -> list[str]:
    """Return the sentences of an error or a reason, in both languages."""
    return [] if record is None else [*message_of(record), *_asides(record)]


def _asides(record: Any) -> list[str]:
    """Return what people wrote, and the kind of an error."""
    if not isinstance(record, Mapping):
        return []
    return [str(record[key]) for key in ("reason", "kind") if record.get(key)]


def _state(expect: Mapping[str, Any], view: _View) -> Iterator[Difference]:
    wanted, found = expect.get("state"), state_of(view.performance)
    if wanted is not None and wanted != found:
        yield Difference(place="state", expected=wanted, actual=_told(found, view.performance))


def _told(state: str, performance: Performance) -> str:
    """Return the state, and why it came to it."""
    run = performance.run
    if run is None:
        return f"{state} ({why_not(performance.verdict).en})"
    record: Any = run.error if run.error is not None else run.reason
    return state if record is None else f"{state} ({message_of(record).en})"


def _step(name: str, wanted: Any, view: _View) -> Iterator[Difference]:
    given: Mapping[str, Any] = wanted if isinstance(wanted, Mapping) else {"state": wanted}
    found = _steps_called(name, view.performance.run, view.ids)
    place = f"steps.{name}"
    if "times" in given and len(found) != given["times"]:
        yield Difference(place=f"{place}.times", expected=given["times"], actual=len(found))
    if not found and given.get("state", "done") != "not_taken":
        yield Difference(place=place, expected=given.get("state", "done"), actual="not_taken")
    for record in found:
        at = place if len(found) == 1 else f"{place} ({record.path})"
        yield from _step_record(at, given, record, view)


def _step_record(
    place: str, given: Mapping[str, Any], record: StepRecord, view: _View
) -> Iterator[Difference]:
    """Yield where one taking of a step differs."""
    if "state" in given and given["state"] != record.state:
        yield Difference(place=place, expected=given["state"], actual=_step_told(record))
    for word, actual in (("with", record.parameters), ("result", record.result)):
        if word in given:
            yield from view.differences(f"{place}.{word}", given[word], actual)
    if "error" in given:
        yield from view.among(f"{place}.error", str(given["error"]), _said(record.error))


def _step_told(record: StepRecord) -> str:
    error = record.error
    return record.state if error is None else f"{record.state} ({message_of(error).en})"


def _steps_called(
    name: str, run: RunRecord | None, ids: Mapping[str, str | None]
) -> list[StepRecord]:
    """Return the records of the step with this id, this place in the recipe, or in the run."""
    return [
        step
        for step in (() if run is None else run.steps)
        if ":" not in step.path
        and name in {step.path, static_path(step.path), ids.get(static_path(step.path))}
    ]


def _effects(expected: Sequence[Any], view: _View) -> Iterator[Difference]:
    """Yield the differences between two lists: all effects are expected, in their order."""
    wanted = [one for entry in expected for one in [entry] * int(entry.get("count", 1))]
    found = effects_of(view.performance)
    pairs = SequenceMatcher(
        None, [one["action"] for one in wanted], [one.action for one in found], autojunk=False
    )
    for word, start, end, from_, to in pairs.get_opcodes():
        if word == "equal":
            for offset in range(end - start):
                place = f"effects.{from_ + offset} ({found[from_ + offset].action})"
                given = dict(parameters_of(wanted[start + offset]))
                actual = found[from_ + offset].parameters
                yield from view.differences(place, given, actual)
            continue
        for one in wanted[start:end]:
            yield Difference(place="effects", expected=view.seen(one), actual=None)
        for effect in found[from_:to]:
            yield Difference(place="effects", expected=None, actual=view.seen(_as_case(effect)))


def _as_case(effect: Effect) -> dict[str, Any]:
    parameters = effect.parameters
    return {"action": effect.action, **(parameters if isinstance(parameters, dict) else {})}


def _differences(place: str, expected: Any, actual: Any) -> Iterator[Difference]:
    if isinstance(expected, Mapping):
        is_word = len(expected) == 1 and set(expected) <= _WORDS
        if not is_word and isinstance(actual, Mapping):
            for name, one in expected.items():
                yield from _differences(f"{place}.{name}", one, actual.get(name))
        elif not is_word or not _holds(expected, actual):
            yield Difference(place=place, expected=dict(expected), actual=actual)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from _differences(f"{place}.{number}", one, other)
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield Difference(place=place, expected=expected, actual=actual)


def _holds(expected: Mapping[str, Any], actual: Any) -> bool:
    """Say whether a text, or a list, contains or matches what is written."""
    ((word, wanted),) = expected.items()
    if word == "contains":
        return isinstance(actual, str | list) and (
            str(wanted) in actual if isinstance(actual, str) else wanted in actual
        )
    try:
        return isinstance(actual, str) and re.search(str(wanted), actual[:20_000]) is not None
    except re.error:
        return False


class UnfitCase(RouageError):  # noqa: N818 - a state, told by its name
    """A case that cannot be played: its event is missing, or an answer is none."""

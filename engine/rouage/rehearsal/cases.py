"""The file of tests beside a recipe, read strictly: every mistake has its place and its remedy."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.catalog.similar import nearest
from rouage.language import Text
from rouage.problem import Problem
from rouage.recipes.document import Path
from rouage.recipes.reader import read
from rouage.recipes.report import Report
from rouage.records import dataclass
from rouage.rehearsal.answers import Answer, read_answers
from rouage.rehearsal.outcome import NOT_TRIGGERED
from rouage.sdk.json import JSON

STATES: Final = (
    "succeeded", "failed", "skipped", "cancelled", "waiting", "needs_attention", NOT_TRIGGERED,
)  # fmt: skip
STEP_STATES: Final = ("done", "failed", "skipped", "waiting", "not_taken")

_FILE: Final = {"cases": "list", "rouage": "integer"}
_CASE: Final = {
    "name": "text",
    "event": "map",
    "file": "text",
    "now": "text",
    "timezone": "text",
    "inputs": "map",
    "answers": "map",
    "expect": "map",
}
_EVENT: Final = {"trigger": "text", "data": "any"}
_EXPECT: Final = {
    "state": "text",
    "reason": "text",
    "error": "text",
    "steps": "map",
    "effects": "list",
    "outputs": "map",
}
_STEP: Final = {
    "state": "text",
    "with": "any",
    "result": "any",
    "error": "text",
    "times": "integer",
}
_PLACE: Final = re.compile(r"(do|on_error|finally)\.\d|.*/")
_RESERVED: Final = frozenset({"action", "count"})

_WANTED: Final[Mapping[str, tuple[Text, type]]] = {
    "text": (Text("a text", "un texte"), str),
    "list": (Text("a list", "une liste"), list),
    "map": (Text("names with values", "des noms avec des valeurs"), dict),
    "integer": (Text("a whole number", "un nombre entier"), int),
}
_KINDS: Final[Mapping[type, Text]] = {
    str: Text("a text", "un texte"),
    bool: Text("true or false", "true ou false"),
    int: Text("a number", "un nombre"),
    float: Text("a number", "un nombre"),
    list: Text("a list", "une liste"),
    dict: Text("names with values", "des noms avec des valeurs"),
}
_NOTHING: Final = Text("nothing", "rien")
_TEST_FILE: Final = Text("the file", "le fichier")
_A_CASE: Final = Text("a case", "un cas")
_TWICE: Final = Text("two cases are called “{name}”", "deux cas s’appellent « {name} »")
_BOTH: Final = Text(
    "a case has an event or the file of one, not both",
    "un cas a un événement ou le fichier d’un événement, pas les deux",
)
_NO_STATE: Final = Text(
    "`reason` goes with a run that does not start or is cancelled",
    "« reason » va avec une exécution qui ne démarre pas ou qui est annulée",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a test may name: the steps, triggers and inputs of its recipe, and all actions."""

    steps: Collection[str]
    triggers: Collection[str]
    inputs: Collection[str]
    actions: Collection[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One test: what happens, what steps are answered, and what is expected of it.

    `data` is None where the event is the sample of its trigger; `file` names the JSON file
    that holds it.
    """

    name: str
    line: int
    trigger: str | None = None
    has_data: bool = False
    data: JSON = None
    file: str | None = None
    now: str | None = None
    timezone: str | None = None
    inputs: Mapping[str, JSON] = field(default_factory=dict)
    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)


def read_cases(
    source: bytes, *, file: str, known: Known | None
) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """Return the cases of a test file, and what is wrong with it; no case if anything is."""
    document = read(source)
    report = Report(document, file)
    data: Any = document.data
    if document.is_complete and not isinstance(data, Mapping):
        report.value("RG201" if data is None else "RG216", (), **_unfit("cases", "map", data))
    cases: tuple[Case, ...] = ()
    if isinstance(data, Mapping):
        _Reading(report, known).check(data)
        if not report.has_errors and not document.problems:
            cases = tuple(
                _case(one, report.positions.key(("cases", number, "name")).start.line)
                for number, one in enumerate(data["cases"])
            )
    problems = (*document.problems, *report.problems)
    return cases, tuple(_located(problem, file) for problem in problems)


def _located(problem: Problem, file: str) -> Problem:
    return replace(problem, file=file)


def _case(given: Mapping[str, Any], line: int) -> Case:
    event = given.get("event") or {}
    return Case(
        name=given["name"],
        line=line,
        trigger=event.get("trigger"),
        has_data="data" in event,
        data=event.get("data"),
        file=given.get("file"),
        now=given.get("now"),
        timezone=given.get("timezone"),
        inputs=given.get("inputs") or {},
        answers={name: read_answers(value) for name, value in (given.get("answers") or {}).items()},
        expect=given["expect"],
    )


def _unfit(name: str, kind: str, found: Any) -> dict[str, Any]:
    return {
        "name": name,
        "wanted": _WANTED[kind][0],
        "found": _KINDS.get(type(found), _NOTHING),
    }


class _Reading:
    """Looks at every word of a test file."""

    def __init__(self, report: Report, known: Known | None) -> None:
        self._report = report
        self._known = known

    def check(self, data: Mapping[str, Any]) -> None:
        """Report everything that is wrong in *data*."""
        self._words(data, (), _FILE, _TEST_FILE, ("cases",))
        cases = data.get("cases")
        names: set[str] = set()
        for number, case in enumerate(cases if isinstance(cases, list) else ()):
            path: Path = ("cases", number)
            if not isinstance(case, Mapping):
                self._report.value("RG216", path, **_unfit("cases", "map", case))
                continue
            self._check_case(case, path)
            name = case.get("name")
            if isinstance(name, str) and name in names:
                self._reason((*path, "name"), _TWICE.fill(name=name))
            names.add(str(name))

    def _check_case(self, case: Mapping[str, Any], path: Path) -> None:
        self._words(case, path, _CASE, _A_CASE, ("name", "expect"))
        if "event" in case and "file" in case and "data" in (case["event"] or {}):
            self._reason((*path, "file"), _BOTH)
        known = self._known
        event = self._inner(case, path, "event", _EVENT)
        if known is not None and isinstance(event.get("trigger"), str):
            triggers = {*known.triggers, "manual"}
            self._one_of((*path, "event", "trigger"), "trigger", event["trigger"], triggers)
        self._check_time(case, path)
        if known is not None:
            self._names(case, path, "inputs", known.inputs)
            self._names(case, path, "answers", known.steps)
        self._check_expect(self._inner(case, path, "expect", _EXPECT), (*path, "expect"))

    def _check_expect(self, expect: Mapping[str, Any], path: Path) -> None:
        state = expect.get("state")
        if isinstance(state, str):
            self._one_of((*path, "state"), "state", state, STATES)
        if "reason" in expect and state not in {NOT_TRIGGERED, "cancelled", None}:
            self._reason((*path, "reason"), _NO_STATE)
        steps = expect.get("steps")
        if isinstance(steps, Mapping):
            if self._known is not None:
                self._names(expect, path, "steps", self._known.steps)
            for name, wanted in steps.items():
                self._check_step(wanted, (*path, "steps", name))
        effects = expect.get("effects")
        for number, effect in enumerate(effects if isinstance(effects, list) else ()):
            self._check_effect(effect, (*path, "effects", number))

    def _check_step(self, wanted: Any, path: Path) -> None:
        state = wanted
        if isinstance(wanted, Mapping):
            self._words(wanted, path, _STEP, Text(str(path[-1]), str(path[-1])), ())
            state, path = wanted.get("state"), (*path, "state")
        if state is not None:
            self._one_of(path, "state", state, STEP_STATES)

    def _check_effect(self, effect: Any, path: Path) -> None:
        if not isinstance(effect, Mapping):
            self._report.value("RG216", path, **_unfit("effects", "map", effect))
            return
        if "action" not in effect:
            self._report.value("RG212", path, names="action", owner="effects")
        elif self._known is not None:
            actions = {*self._known.actions, "emit"}
            self._one_of((*path, "action"), "action", effect["action"], actions)
        count = effect.get("count")
        if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
            self._report.value("RG216", (*path, "count"), **_unfit("count", "integer", count))

    def _check_time(self, case: Mapping[str, Any], path: Path) -> None:
        now, zone = case.get("now"), case.get("timezone")
        if isinstance(now, str) and not _is_instant(now):
            self._report.value("RG511", (*path, "now"), value=now[:60])
        if isinstance(zone, str) and not _is_zone(zone):
            self._report.value("RG502", (*path, "timezone"), value=zone[:60])

    def _inner(
        self, owner: Mapping[str, Any], path: Path, name: str, words: Mapping[str, str]
    ) -> Mapping[str, Any]:
        found = owner.get(name)
        if not isinstance(found, Mapping):
            return {}
        self._words(found, (*path, name), words, Text(name, name), ())
        return found

    def _words(
        self,
        given: Mapping[str, Any],
        path: Path,
        words: Mapping[str, str],
        owner: Text,
        required: tuple[str, ...],
    ) -> None:
        meant = set()
        for name, value in given.items():
            place = (*path, name)
            if name not in words:
                near = nearest(name, words)
                meant.add(near)
                self._report.key("RG221", place, name=name, owner=owner, suggestion=near)
            elif words[name] != "any" and not _is_a(words[name], value):
                self._report.value("RG216", place, **_unfit(name, words[name], value))
        missing = [name for name in required if name not in given and name not in meant]
        if missing:
            self._report.key("RG212", path, names=", ".join(missing), owner=owner)

    def _names(
        self, owner: Mapping[str, Any], path: Path, name: str, known: Collection[str]
    ) -> None:
        """Report names below *name* that the recipe does not have; places are not looked up."""
        given = owner.get(name)
        for key in given if isinstance(given, Mapping) else ():
            if key in known or (name != "inputs" and _PLACE.match(key)):
                continue
            near = nearest(key, known)
            facts = {"name": key, "owner": name, "suggestion": near}
            self._report.key("RG221", (*path, name, key), **facts)

    def _one_of(self, path: Path, name: str, value: Any, choices: Collection[str]) -> None:
        if value in choices:
            return
        near = nearest(str(value), choices)
        listed = ", ".join(choices) if len(choices) < 12 else None
        facts = {"name": name, "value": str(value)[:60], "choices": listed or near or "…"}
        self._report.value("RG217", path, **facts, suggestion=near)

    def _reason(self, path: Path, reason: Text) -> None:
        self._report.value("RG509", path, reason=reason)


def _is_a(kind: str, value: Any) -> bool:
    return isinstance(value, _WANTED[kind][1]) and not (
        kind == "integer" and isinstance(value, bool)
    )


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def parameters_of(effect: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that an expected effect names."""
    return ((name, value) for name, value in effect.items() if name not in _RESERVED)

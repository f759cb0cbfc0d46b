"""Check every expression of a recipe against what is known where it stands.

The walk follows the order of the run: a step sees the results of the steps before it, and
nothing of those after it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from rouage.recipes.blocks import KEYS
from rouage.recipes.document import Path
from rouage.recipes.names import Names, branch_ids
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.recipes.shapes import (
    ANY,
    ERROR,
    LOOPS,
    RECIPE,
    TRIGGER,
    Shape,
    event_shape,
    given_shape,
    inputs_shape,
    result_shape,
    run_shape,
    secrets_shape,
    variables_shape,
)
from rouage.recipes.soundness import Soundness

_NESTED: Final[Mapping[str, frozenset[str]]] = {
    "for_each": frozenset({"do"}),
    "repeat": frozenset({"do", "while", "until"}),
    "parallel": frozenset({"branches"}),
    "group": frozenset({"do"}),
    "wait": frozenset({"event", "if"}),
}
"""What stands below an engine word and is no value of its own."""


def check_references(
    data: Mapping[str, Any],
    outline: Outline,
    report: Report,
    *,
    known_secrets: Collection[str] | None,
    sound: Callable[[Report, Names], Soundness] = Soundness,
) -> None:
    """Report every expression that is unsound or names what is not there.

    Another *sound* follows the same walk, and is told what is known at each place.
    """
    _Walk(data, outline, report, known_secrets, sound).check()


class _Walk:
    """The names known so far, growing step by step."""

    def __init__(
        self,
        data: Mapping[str, Any],
        outline: Outline,
        report: Report,
        known_secrets: Collection[str] | None,
        sound: Callable[[Report, Names], Soundness],
    ) -> None:
        self._data = data
        self._outline = outline
        self._names = Names(outline.every, outline.lost_ids)
        self._sound = sound(report, self._names)
        self._vars = variables_shape(data.get("vars"))
        if outline.lost_steps:
            # One of them may have been a misspelt `set`.
            self._vars["additionalProperties"] = True
        self._before: dict[str, Shape] = {
            "inputs": inputs_shape(data.get("inputs")),
            "recipe": RECIPE,
            "secrets": secrets_shape(known_secrets),
        }
        self._event: dict[str, Shape] = {
            **self._before,
            "event": ANY if outline.lost_triggers else event_shape(outline.triggers),
            "trigger": TRIGGER,
        }

    def check(self) -> None:
        """Walk the recipe in the order of a run."""
        data, outline = self._data, self._outline
        self._sound.values(data.get("vars"), ("vars",), self._event)
        matching = {**self._event, "vars": self._vars}
        for use in outline.triggers:
            self._trigger(use, matching)
        self._sound.condition(data, "if", (), matching)
        concurrency = data.get("concurrency")
        if isinstance(concurrency, Mapping):
            self._sound.key(concurrency.get("key"), ("concurrency", "key"), matching)
        run = run_shape(self._event["event"])
        running: dict[str, Shape] = {**matching, "run": run, "steps": self._names.steps}
        self._steps(outline.steps, running)
        self._steps(outline.on_error, {**running, "error": ERROR})
        self._steps(outline.finally_, {**running, "error": ANY})
        self._sound.values(data.get("outputs"), ("outputs",), running)
        # What is common to all actions may stand anywhere among the steps.
        self._defaults(data.get("defaults"), {**running, "steps": ANY, "vars": ANY})

    def _defaults(self, defaults: Any, shapes: dict[str, Shape]) -> None:
        if isinstance(defaults, Mapping):
            self._policies(defaults, ("defaults",), shapes)
        self._steps(self._outline.defaults, {**shapes, "error": ERROR})

    def _trigger(self, use: Use, matching: Mapping[str, Shape]) -> None:
        self._listening(use)
        given = {**matching, "event": given_shape(use)}
        self._sound.condition(use.entry, "if", use.path, given)
        for word in KEYS.keys() & use.entry.keys():
            name, shaping, path = KEYS[word], use.entry[word], (*use.path, word)
            if isinstance(shaping, Mapping):
                self._sound.key(shaping.get(name), (*path, name), given)
            elif word == "once":
                self._sound.key(shaping, path, given)

    def _listening(self, use: Use) -> None:
        """Check the parameters of a trigger, which listens whatever runs there are."""
        own = {**self._before, "vars": self._vars}
        self._sound.values(use.parameters, use.parameters_path, own)

    def _steps(self, uses: Collection[Use], shapes: dict[str, Shape]) -> None:
        for use in uses:
            self._step(use, shapes)

    def _step(self, use: Use, shapes: dict[str, Shape]) -> None:
        self._sound.condition(use.entry, "if", use.path, shapes)
        if use.spec is None:
            self._word(use, shapes)
        else:
            self._sound.values(use.parameters, use.parameters_path, shapes)
        if "once" in use.entry:
            self._sound.effect_key(use.entry["once"], (*use.path, "once"), shapes)
        self._policies(use.entry, use.path, shapes)
        if use.handlers:
            self._steps(use.handlers, {**shapes, "error": ERROR})
        self._names.add(use, result_shape(use))
        if use.word == "set" and use.spec is None and isinstance(use.parameters, Mapping):
            self._vars["properties"].update(dict.fromkeys(use.parameters, ANY))

    def _policies(self, entry: Mapping[str, Any], path: Path, shapes: dict[str, Shape]) -> None:
        """Check what is said about failures: when to try again, what stands in."""
        retry, on_error = entry.get("retry"), entry.get("on_error")
        if retry is on_error is None:
            return
        if isinstance(retry, Mapping):
            self._sound.condition(retry, "when", (*path, "retry"), {**shapes, "error": ERROR})
        if isinstance(on_error, Mapping):
            place = (*path, "on_error", "continue")
            self._sound.values(on_error.get("continue"), place, shapes)

    # -- engine words ------------------------------------------------------------------------

    def _word(self, use: Use, shapes: dict[str, Shape]) -> None:
        """Check an engine word: its own values, then the steps inside it."""
        self._own_values(use, shapes)
        if use.word in LOOPS:
            self._loop(use, shapes)
        elif use.word in {"choose", "parallel"}:
            self._branches(use, shapes)
        else:
            if use.event is not None:
                self._listening(use.event)
                shown = {**shapes, "event": given_shape(use.event)}
                self._sound.condition(use.parameters, "if", use.parameters_path, shown)
            for body in use.bodies.values():
                self._steps(body, shapes)

    def _own_values(self, use: Use, shapes: Mapping[str, Shape]) -> None:
        given, path = use.parameters, use.parameters_path
        if use.word == "choose":
            return
        if not isinstance(given, Mapping):
            self._sound.values(given, path, shapes)
            return
        for name, value in given.items():
            is_body = name == "on_timeout" and not isinstance(value, str)
            if name not in _NESTED.get(use.word, ()) and not is_body:
                self._sound.values(value, (*path, name), shapes)

    def _branches(self, use: Use, shapes: dict[str, Shape]) -> None:
        """Check branches: what one of them gives is known after all, and in no other."""
        branches = use.parameters if isinstance(use.parameters, list) else []
        for number, branch in enumerate(branches):
            if isinstance(branch, Mapping):
                self._sound.condition(branch, "if", (*use.parameters_path, number), shapes)
        ids, found = branch_ids(use), dict[str, Shape]()
        for key, body in use.bodies.items():
            others = set[str]().union(*[names for other, names in ids.items() if other != key])
            before = self._names.open_branch(others)
            self._steps(body, shapes)
            found |= self._names.close_branch(before)
        self._names.results.update(found)

    def _loop(self, use: Use, shapes: dict[str, Shape]) -> None:
        """Check a loop: its item and its steps are known inside alone."""
        given = use.parameters if isinstance(use.parameters, Mapping) else {}
        path, inside = use.parameters_path, {**shapes, "loop": LOOPS[use.word]}
        if use.word == "for_each":
            item = self._sound.items(given.get("in"), (*path, "in"), shapes)
            inside[str(given.get("as", "item"))] = item
        else:
            self._sound.condition(given, "while", path, inside)
        known = set(self._names.results)
        for body in use.bodies.values():
            self._steps(body, inside)
        if use.word == "repeat":
            self._sound.condition(given, "until", path, inside)
        self._names.leave_loop(use.entry.get("id"), known)

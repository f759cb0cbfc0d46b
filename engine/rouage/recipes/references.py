"""Check every expression of a recipe against what is known where it stands.

The walk follows the order of the run: a step sees the results of the steps before it, and
nothing of those after it.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal

from rouage.errors import ExpressionError
from rouage.expressions import (
    Expression,
    check_expression,
    compile_condition,
    compile_expression,
    iter_expressions,
)
from rouage.recipes.document import Path
from rouage.recipes.outline import Outline, Use
from rouage.recipes.report import Report
from rouage.recipes.shapes import (
    ANY,
    ERROR,
    RECIPE,
    RUN,
    TRIGGER,
    Shape,
    closed,
    event_shape,
    inputs_shape,
    result_shape,
    secrets_shape,
    variables_shape,
)
from rouage.recipes.values import all_steps

Place = Literal["value", "text", "condition"]

_OPENING: Final = "${{"
_NO_RESULT: Final = "RG445"


def check_references(
    data: Mapping[str, Any],
    outline: Outline,
    report: Report,
    *,
    known_secrets: Collection[str] | None,
) -> None:
    """Report every expression that is unsound or names what is not there."""
    _Walk(data, outline, report, known_secrets).check()


class _Walk:
    """The names known so far, growing step by step."""

    def __init__(
        self,
        data: Mapping[str, Any],
        outline: Outline,
        report: Report,
        known_secrets: Collection[str] | None,
    ) -> None:
        self._data = data
        self._outline = outline
        self._report = report
        self._later = {
            name for use in all_steps(outline) if isinstance(name := use.entry.get("id"), str)
        }
        self._vars = variables_shape(data.get("vars"))
        self._results: dict[str, Shape] = dict.fromkeys(outline.lost_ids, ANY)
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
        data = self._data
        self._values(data.get("vars"), ("vars",), self._event)
        matching = {**self._event, "vars": self._vars}
        for use in self._outline.triggers:
            self._trigger(use, matching)
        self._condition(data, (), matching)
        self._admission_key(data.get("concurrency"), matching)
        running: dict[str, Shape] = {**matching, "run": RUN, "steps": closed({})}
        running["steps"] = {**closed({}), "properties": self._results}
        for use in self._outline.steps:
            self._step(use, running)
        for use in self._outline.on_error:
            self._step(use, {**running, "error": ERROR})
        self._values(data.get("outputs"), ("outputs",), running)

    def _trigger(self, use: Use, matching: Mapping[str, Shape]) -> None:
        own = {**self._before, "vars": self._vars}
        self._values(use.parameters, use.parameters_path, own)
        self._condition(use.entry, use.path, {**matching, "event": event_shape([use])})

    def _admission_key(self, concurrency: Any, shapes: Mapping[str, Shape]) -> None:
        path: Path = ("concurrency", "key")
        key = concurrency.get("key") if isinstance(concurrency, Mapping) else None
        if not isinstance(key, str) or self._report.is_explained(path):
            return
        if _OPENING in key:
            self._text(key, path, shapes)
        else:
            self._bare_key(key, path, shapes)

    def _bare_key(self, key: str, path: Path, shapes: Mapping[str, Shape]) -> None:
        """Check a key written without `${{ }}`: an expression of any type."""
        try:
            expression = compile_expression(key)
        except ExpressionError as error:
            self._fault(error, path, key, 0)
            return
        self._findings(expression, "value", path, key, 0, shapes)

    def _step(self, use: Use, shapes: dict[str, Shape]) -> None:
        self._condition(use.entry, use.path, shapes)
        self._values(use.parameters, use.parameters_path, shapes)
        on_error = use.entry.get("on_error")
        if isinstance(on_error, Mapping):
            self._values(on_error.get("continue"), (*use.path, "on_error", "continue"), shapes)
        for handler in use.handlers:
            self._step(handler, {**shapes, "error": ERROR})
        name = use.entry.get("id")
        if isinstance(name, str):
            self._results[name] = result_shape(use)
            self._later.discard(name)
        if use.word == "set" and use.spec is None and isinstance(use.parameters, Mapping):
            self._vars["properties"].update(dict.fromkeys(use.parameters, ANY))

    # -- expressions -------------------------------------------------------------------------

    def _values(self, value: Any, path: Path, shapes: Mapping[str, Shape]) -> None:
        for place, text in _texts(value, path):
            if not self._report.is_explained(place):
                self._text(text, place, shapes)

    def _text(self, text: str, path: Path, shapes: Mapping[str, Shape]) -> None:
        for expression, start in iter_expressions(text):
            if isinstance(expression, ExpressionError):
                self._fault(expression, path, text, start)
                continue
            before, after = text[:start], text[start + len(expression.source) :]
            is_alone = before.strip() == _OPENING and after.strip() == "}}"
            place: Place = "value" if is_alone else "text"
            self._findings(expression, place, path, text, start, shapes)

    def _condition(self, entry: Mapping[str, Any], path: Path, shapes: Mapping[str, Shape]) -> None:
        source, place = entry.get("if"), (*path, "if")
        if isinstance(source, str) and not self._report.is_explained(place):
            self._bare(source, place, shapes)

    def _bare(self, source: str, path: Path, shapes: Mapping[str, Shape]) -> None:
        try:
            condition = compile_condition(source)
        except ExpressionError as error:
            self._fault(error, path, source, 0)
            return
        start = max(0, source.find(condition.source))
        self._findings(condition.expression, "condition", path, source, start, shapes)

    def _fault(self, error: ExpressionError, path: Path, text: str, start: int) -> None:
        where = self._report.positions.locate(path, text, start + error.offset, error.length)
        facts: dict[str, Any] = dict(error.facts)
        self._report.add(error.code, where, **facts)

    def _findings(
        self,
        expression: Expression,
        place: Place,
        path: Path,
        text: str,
        start: int,
        shapes: Mapping[str, Shape],
    ) -> None:
        for finding in check_expression(expression, shapes, place=place):
            code, facts = finding.code, dict(finding.facts)
            if code == _NO_RESULT and facts.get("name") in self._later:
                code = "RG301"
                facts.pop("suggestion", None)
            where = self._report.positions.locate(
                path, text, start + finding.offset, finding.length
            )
            self._report.add(code, where, severity=finding.severity, **facts)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield each text of *value* that may hold an expression, with its path."""
    if isinstance(value, str):
        if _OPENING in value:
            yield path, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*path, number))

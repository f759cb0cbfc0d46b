"""Check single expressions where they stand: in a text, as a condition, as a key, as a list."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from rouage.errors import ExpressionError
from rouage.expressions import (
    Expression,
    check_expression,
    compile_condition,
    compile_expression,
    iter_expressions,
)
from rouage.expressions.check import Checker
from rouage.expressions.shapes import (
    either,
    elements_of,
    kinds_of,
    shape_of_kinds,
    shape_of_value,
    spoken_kinds,
)
from rouage.recipes.document import Path
from rouage.recipes.names import Names
from rouage.recipes.report import Report
from rouage.recipes.shapes import ANY, Shape

Place = Literal["value", "text", "condition"]
Shapes = Mapping[str, Shape]

_OPENING: Final = "${{"


class Soundness:
    """Reports what is unsound in expressions; `names` says why a result is not known."""

    def __init__(self, report: Report, names: Names) -> None:
        self._report = report
        self._names = names

    def values(self, value: Any, path: Path, shapes: Shapes) -> None:
        """Check every text of *value*."""
        for place, text in _texts(value, path):
            if not self._report.is_explained(place):
                self._text(text, place, shapes)

    def condition(self, entry: Any, name: str, path: Path, shapes: Shapes) -> None:
        """Check the condition *name* of *entry*, which stands at *path*."""
        source, place = entry.get(name), (*path, name)
        if not isinstance(source, str) or self._report.is_explained(place):
            return
        try:
            condition = compile_condition(source)
        except ExpressionError as error:
            self._fault(error, place, source, 0)
            return
        start = max(0, source.find(condition.source))
        self._findings(condition.expression, "condition", place, source, start, shapes)

    def key(self, key: Any, path: Path, shapes: Shapes) -> None:
        """Check what tells events or runs apart: a text, or a bare expression of any type."""
        if not isinstance(key, str) or self._report.is_explained(path):
            return
        if _OPENING in key:
            self._text(key, path, shapes)
            return
        try:
            expression = compile_expression(key)
        except ExpressionError as error:
            self._fault(error, path, key, 0)
            return
        self._findings(expression, "value", path, key, 0, shapes)

    def effect_key(self, key: Any, path: Path, shapes: Shapes) -> None:
        """Check the key of an effect; warn of a text that was meant to be an expression."""
        self.values(key, path, shapes)
        if not isinstance(key, str) or "." not in key or _OPENING in key:
            return
        try:
            is_sound = not check_expression(compile_expression(key), shapes)
        except ExpressionError:
            return
        if is_sound:
            place, meant = self._report.positions.value(path), f'"${{{{ {key} }}}}"'
            self._report.add("RG704", place, severity="warning", value=key, suggestion=meant)

    def items(self, listed: Any, path: Path, shapes: Shapes) -> Shape:
        """Return what is known of the items of *listed*; report what is surely no list."""
        if isinstance(listed, list):
            return _shape_of_items(listed)
        if not isinstance(listed, str) or self._report.is_explained(path):
            return ANY
        expression, start = next(iter(iter_expressions(listed)), (None, 0))
        if not isinstance(expression, Expression):
            return ANY
        shape = Checker(expression.source, shapes).shape(expression.node)
        kinds = kinds_of(shape)
        if "list" in kinds:
            return elements_of(shape) if kinds == {"list"} else ANY
        source = expression.source.strip()
        where = self._report.positions.locate(path, listed, listed.find(source, start), len(source))
        self._report.add("RG237", where, kind=spoken_kinds(kinds))
        return ANY

    def _text(self, text: str, path: Path, shapes: Shapes) -> None:
        for expression, start in iter_expressions(text):
            if isinstance(expression, ExpressionError):
                self._fault(expression, path, text, start)
                continue
            before, after = text[:start], text[start + len(expression.source) :]
            is_alone = before.strip() == _OPENING and after.strip() == "}}"
            place: Place = "value" if is_alone else "text"
            self._findings(expression, place, path, text, start, shapes)

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
        shapes: Shapes,
    ) -> None:
        for finding in check_expression(expression, shapes, place=place):
            code, facts = self._names.explain(finding.code, dict(finding.facts))
            where = self._report.positions.locate(
                path, text, start + finding.offset, finding.length
            )
            self._report.add(code, where, severity=finding.severity, **facts)


def _shape_of_items(listed: list[Any]) -> Shape:
    if not listed or any(isinstance(item, str) and _OPENING in item for item in listed):
        return ANY
    shape = either(*map(shape_of_value, listed))
    return shape_of_kinds(kinds_of(shape))


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

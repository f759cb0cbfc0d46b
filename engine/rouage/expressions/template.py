"""Values that hold expressions: `${{ expr }}` in texts, at any depth of lists and objects.

Data is never read as an expression: what an expression gives is put in place and not looked
at again (authoring X5).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rouage.errors import ExpressionError
from rouage.expressions.expression import Expression, compile_expression
from rouage.expressions.faults import Fault, located
from rouage.expressions.lookup import Run
from rouage.expressions.running import Constant
from rouage.expressions.values import TEXT_LIMIT, join_texts, text_of
from rouage.sdk.json import JSON

OPENING: Final = "${{"
CLOSING: Final = "}}"


class Template:
    """A JSON value with its expressions compiled.

    `render(scope)` gives the value with every expression replaced; a text that is one
    expression keeps the kind of its value. A constant is given back as it is.
    """

    __slots__ = ("is_constant", "render", "value")

    def __init__(self, value: JSON, render: Callable[[Mapping[str, Any]], Any]) -> None:
        self.value = value
        self.is_constant = isinstance(render, Constant)
        self.render = render

    def __repr__(self) -> str:
        return f"Template({self.value!r})"


class Hole(NamedTuple):
    """The source of one expression inside a text, and where it starts and its `}}` ends."""

    source: str
    start: int
    end: int


def compile_template(value: JSON) -> Template:
    """Return *value* with every `${{ expr }}` in its texts compiled.

    Raises:
        ExpressionError: an expression is not sound; the offset counts in its whole text.
    """
    return Template(value, _compile(value))


def iter_expressions(text: str) -> list[tuple[Expression | ExpressionError, int]]:
    """Return each expression of *text*, or its error, with the offset where its source starts.

    The offset of an error counts from that start.
    """
    try:
        holes = [part for part in _parts(text) if isinstance(part, Hole)]
    except ExpressionError as error:
        return [(error, 0)]
    return [(_try_compile(hole.source), hole.start) for hole in holes]


def _try_compile(source: str) -> Expression | ExpressionError:
    try:
        return compile_expression(source)
    except ExpressionError as error:
        return error


def closing_of(text: str, start: int) -> int:
    """Return the position of the `}}` that ends the expression starting at *start*, or -1."""
    position, size = start, len(text)
    while position < size:
        sign = text[position]
        if sign == "}" and text.startswith(CLOSING, position):
            return position
        if sign in "'\"":
            position = _after_quote(text, position)
            if position < 0:
                # A quote that is never closed: the compiler will point at it.
                return text.find(CLOSING, start)
        else:
            position += 1
    return -1


def _after_quote(text: str, start: int) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == text[start]:
            return position + 1
        position += 1
    return -1


def _parts(text: str) -> Iterator[str | Hole]:
    """Yield the literal stretches of *text* and its expressions, in order."""
    position, literal = 0, ""
    while True:
        opening = text.find(OPENING, position)
        if opening < 0:
            literal += text[position:]
            break
        if opening > position and text[opening - 1] == "$":
            # `$${{` stands for `${{` itself.
            literal += text[position : opening - 1] + OPENING
            position = opening + len(OPENING)
            continue
        literal += text[position:opening]
        start = opening + len(OPENING)
        closing = closing_of(text, start)
        if closing < 0:
            raise located("RG407", opening, start)
        if literal:
            yield literal
            literal = ""
        position = closing + len(CLOSING)
        yield Hole(text[start:closing], start, position)
    if literal:
        yield literal


def _compile(value: JSON) -> Run:
    if isinstance(value, str):
        return _compile_text(value) if OPENING in value else Constant(value)
    if isinstance(value, Mapping):
        return _compile_object(dict(value))
    if isinstance(value, list | tuple):
        return _compile_list(list(value))
    return Constant(value)


def _compile_object(value: dict[str, Any]) -> Run:
    compiled = {name: _compile(item) for name, item in value.items()}
    moving = [(name, run) for name, run in compiled.items() if not isinstance(run, Constant)]
    # Constant texts may have lost an escape, so they come from their closures.
    still = {
        name: run.value if isinstance(run, Constant) else None for name, run in compiled.items()
    }
    if not moving:
        return Constant(still)

    def run(scope: Any) -> dict[str, Any]:
        rendered = still.copy()
        for name, render in moving:
            rendered[name] = render(scope)
        return rendered

    return run


def _compile_list(value: list[Any]) -> Run:
    compiled = [_compile(item) for item in value]
    moving = [(place, run) for place, run in enumerate(compiled) if not isinstance(run, Constant)]
    still = [run.value if isinstance(run, Constant) else None for run in compiled]
    if not moving:
        return Constant(still)

    def run(scope: Any) -> list[Any]:
        rendered = still.copy()
        for place, render in moving:
            rendered[place] = render(scope)
        return rendered

    return run


def _compile_text(text: str) -> Run:
    parts = list(_parts(text))
    if len(parts) == 1:
        only = parts[0]
        return Constant(only) if isinstance(only, str) else _compile_hole(only)
    runs = [Constant(part) if isinstance(part, str) else _compile_hole(part) for part in parts]
    run = _joined(runs, [(0, 0) if isinstance(part, str) else part[1:] for part in parts])
    return Constant(run({})) if all(isinstance(part, Constant) for part in runs) else run


def _compile_hole(hole: Hole) -> Run:
    try:
        return compile_expression(hole.source).evaluate
    except ExpressionError as error:
        raise _moved(error, hole.start) from None


def _moved(error: ExpressionError, start: int) -> ExpressionError:
    return ExpressionError(
        error.code,
        error.message,
        offset=error.offset + start,
        length=error.length,
        hint=error.hint,
        **error.facts,
    )


def _joined(runs: list[Run], places: list[tuple[int, int]]) -> Run:
    """Return the closure that joins the texts of *runs*; *places* says where each stands."""
    frame = [
        _text_at(run.value, place) if isinstance(run, Constant) else ""
        for run, place in zip(runs, places, strict=True)
    ]
    moving = [(number, run) for number, run in enumerate(runs) if not isinstance(run, Constant)]
    fixed_size = sum(map(len, frame))

    def slowly(parts: list[Any]) -> Any:
        texts = [_text_at(part, place) for part, place in zip(parts, places, strict=True)]
        try:
            return join_texts(texts)
        except Fault as fault:
            raise located(fault.code, places[0][0], places[-1][1], **fault.facts) from None

    def run(scope: Any) -> Any:
        parts: list[Any] = frame.copy()
        size = fixed_size
        for number, render in moving:
            part = render(scope)
            parts[number] = part
            if type(part) is str:
                size += len(part)
            else:
                size = TEXT_LIMIT + 1
        return "".join(parts) if size <= TEXT_LIMIT else slowly(parts)

    return run


def _text_at(value: Any, place: tuple[int, int]) -> Any:
    """Return *value* as a text (a secret stays one), or raise the error of its *place*."""
    try:
        return text_of(value)
    except Fault as fault:
        raise located(fault.code, *place, **fault.facts) from None

"""Filters between data and JSON texts, and the way out of what is missing."""

import json
from collections.abc import Mapping
from typing import Any, Final

from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.filters.text import whole
from rouage.expressions.values import (
    INTEGER_LIMIT,
    TEXT_LIMIT,
    holds_secret,
    mask,
    name_of_all,
    reveal,
    room,
)
from rouage.language import Text
from rouage.model.secret import Secret

_NESTING: Final = 60
_NODE_LIMIT: Final = 50_000
_SHORT_ESCAPES: Final = '"\\\n\r\t\b\f'
_LONG_ESCAPES: Final = [chr(code) for code in range(32) if chr(code) not in _SHORT_ESCAPES]
_INDENT_LIMIT: Final = 8
_TOO_MUCH: Final = Text("it holds too many values", "il contient trop de valeurs")
_BROKEN: Final = Text(
    "line {line}, column {column} is not as it should be",
    "ligne {line}, colonne {column}, quelque chose ne va pas",
)
_NUMBER: Final = Text("one of its numbers is too large", "un de ses nombres est trop grand")
_DEEP: Final = Text("it is nested too deeply", "il est trop imbriqué")


class _Ruler:
    """Measure a JSON text before it is written."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self.size = 0
        self.nodes = 0

    def add(self, value: Any, depth: int = 0) -> None:
        """Count *value*; stop as soon as the text would be too long."""
        self.nodes += 1
        if depth > _NESTING or self.nodes > _NODE_LIMIT:
            raise Fault("RG474")
        kind = type(value)
        if kind is str:
            self.size += _quoted_size(value)
        elif isinstance(value, Mapping | list | tuple):
            self._add_container(value, depth)
        elif isinstance(value, str | Secret):
            self.size += _quoted_size(value if isinstance(value, str) else value.reveal())
        elif kind is int and not -INTEGER_LIMIT < value < INTEGER_LIMIT:
            raise Fault("RG472")
        else:
            self.size += 40
        if self.size > TEXT_LIMIT:
            room(self.size)

    def _add_container(self, value: Any, depth: int) -> None:
        # Brackets, and for each element a comma and, where asked for, a line of its own.
        line = 2 + self.indent * (depth + 1) if self.indent else 2
        self.size += 2 + line * (1 + len(value))
        if isinstance(value, Mapping):
            self.size += sum(_quoted_size(str(name)) + 2 for name in value)
            value = value.values()
        for item in value:
            self.add(item, depth + 1)


def _quoted_size(text: str) -> int:
    size = len(text) + 2
    if size > TEXT_LIMIT:
        return size
    if text.isprintable():
        return size + text.count('"') + text.count("\\")
    size += sum(map(text.count, _SHORT_ESCAPES))
    return size + 5 * sum(map(text.count, _LONG_ESCAPES))


def to_json(value: Any, indent: int = 0) -> str | Secret:
    """Return *value* as a JSON text; one secret inside makes the whole a secret."""
    spaces = whole("indent", indent, most=_INDENT_LIMIT)
    _Ruler(spaces).add(value)
    is_secret = holds_secret(value)
    plain = reveal(value) if is_secret else mask(value)
    text = json.dumps(plain, ensure_ascii=False, indent=spaces or None)
    room(len(text))
    return Secret(text, name=name_of_all(value)) if is_secret else text


def _whole_number(digits: str) -> int:
    if len(digits) > 40 or not -INTEGER_LIMIT < int(digits) < INTEGER_LIMIT:
        raise Fault("RG497", reason=_NUMBER)
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise Fault("RG497", reason=_NUMBER)
    return value


def _refuse_constant(_: str) -> Any:
    raise Fault("RG497", reason=_NUMBER)


def from_json(text: str) -> Any:
    """Return the data that a JSON text holds."""
    room(len(text))
    if text.count(",") + text.count("[") + text.count("{") > _NODE_LIMIT:
        raise Fault("RG497", reason=_TOO_MUCH)
    try:
        return json.loads(
            text,
            parse_int=_whole_number,
            parse_float=_fraction,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        reason = Text(_BROKEN.render("en", place), _BROKEN.render("fr", place))
        raise Fault("RG497", reason=reason) from None
    except RecursionError:
        raise Fault("RG497", reason=_DEEP) from None


def default(value: Any, otherwise: Any) -> Any:
    """Return *value*, or *otherwise* where it is null; the evaluator adds “or missing”."""
    return otherwise if value is None else value


DATA_FILTERS: Final = (
    FilterSpec(
        name="default",
        call=default,
        about=Text("another value where it is missing or null", "une autre valeur s’il manque"),
        example="event.phone | default('')",
        takes=(),
        gives="any",
        arguments=(Argument(name="otherwise", kinds=()),),
        taint="inside",
    ),
    FilterSpec(
        name="json",
        call=to_json,
        about=Text("as a JSON text", "en texte JSON"),
        example="event.body | json",
        takes=(),
        arguments=(Argument(name="indent", kinds=("number",), required=False),),
        taint="inside",
    ),
    FilterSpec(
        name="from_json",
        call=from_json,
        about=Text("the data of a JSON text", "les données d’un texte JSON"),
        example="'[1, 2]' | from_json",
        gives="any",
    ),
)
"""The filters of this file."""

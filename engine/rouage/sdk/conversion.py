"""From the values of a recipe to the types that a connector declared, one converter each."""

import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from rouage.language import Text
from rouage.sdk.quantities import Duration, parse_duration

if TYPE_CHECKING:
    from rouage.sdk.params import ParamSpec

Converter = Callable[[Any], Any]


class Refused(Exception):  # noqa: N818 - a signal between converters and build()
    """A value that does not fit; the text says what was wanted."""

    def __init__(self, wanted: Text) -> None:
        self.wanted = wanted
        super().__init__(wanted.en)


def unwrap_optional(kind: Any) -> tuple[Any, bool]:
    """Return (*kind* without None, whether None was admitted)."""
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        if len(options) == 1 and len(options) < len(typing.get_args(kind)):
            return options[0], True
    return kind, False


def converter_of(kind: Any, spec: "ParamSpec") -> Converter:
    """Return the converter of values for a parameter of the type *kind*."""
    kind, is_optional = unwrap_optional(kind)
    convert = _checked(_plain_converter(kind), spec)
    if not is_optional:
        return convert
    return lambda value: None if value is None else convert(value)


def _plain_converter(kind: Any) -> Converter:
    if kind in _SCALAR_CONVERTERS:
        return _SCALAR_CONVERTERS[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return _choice_converter(arguments)
    if origin is list:
        return _list_converter(_plain_converter(arguments[0]))
    if origin is dict:
        return _mapping_converter(_plain_converter(arguments[1]))
    if origin in {typing.Union, types.UnionType} and set(arguments) == {str, list[str]}:
        return _one_or_many_converter
    return _anything


def _anything(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(Text("a text", "un texte"))
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    raise Refused(Text("a whole number", "un nombre entier"))


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", value, re.ASCII):
        return float(value)
    raise Refused(Text("a number", "un nombre"))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Refused(Text("true or false", "true ou false (vrai ou faux)"))


def _duration(value: Any) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError:
            pass
    raise Refused(Text("a duration such as 10s, 5m or 2h", "une durée comme 10s, 5m ou 2h"))


_SCALAR_CONVERTERS: Final[dict[Any, Converter]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    Duration: _duration,
}


def _choice_converter(choices: tuple[Any, ...]) -> Converter:
    listed = ", ".join(str(choice) for choice in choices)
    refusal = Text(f"one of {listed}", f"l’un de {listed}")
    by_text = {str(choice): choice for choice in choices}

    def convert(value: Any) -> Any:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                return by_text[str(value)]
            except KeyError:
                pass
        if isinstance(value, bool) and value in choices:
            return value
        raise Refused(refusal)

    return convert


def _list_converter(item: Converter) -> Converter:
    def convert(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise Refused(Text("a list", "une liste"))
        return [item(element) for element in value]

    return convert


def _mapping_converter(item: Converter) -> Converter:
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise Refused(Text("a mapping of names to values", "une table nom: valeur"))
        return {str(name): item(element) for name, element in value.items()}

    return convert


def _one_or_many_converter(value: Any) -> Any:
    return [_text(element) for element in value] if isinstance(value, list) else _text(value)


def _checked(convert: Converter, spec: "ParamSpec") -> Converter:
    checks = [check for check in (_pattern_check(spec), _bounds_check(spec)) if check]
    if not checks:
        return convert

    def checked(value: Any) -> Any:
        ready = convert(value)
        for check in checks:
            check(ready)
        return ready

    return checked


def _pattern_check(spec: "ParamSpec") -> Callable[[Any], None] | None:
    if spec.pattern is None and spec.max_length is None:
        return None
    pattern = re.compile(spec.pattern or "")
    limit = spec.max_length
    wanted = Text(f"a text like {spec.pattern}", f"un texte de la forme {spec.pattern}")
    too_long = Text(f"at most {limit} characters", f"au plus {limit} caractères")

    def check(value: Any) -> None:
        if not isinstance(value, str):
            return
        if limit is not None and len(value) > limit:
            raise Refused(too_long)
        if pattern.search(value) is None:
            raise Refused(wanted)

    return check


def _bounds_check(spec: "ParamSpec") -> Callable[[Any], None] | None:
    low, high = spec.minimum, spec.maximum
    if low is None and high is None:
        return None

    def check(value: Any) -> None:
        if not isinstance(value, int | float):
            return
        if low is not None and value < low:
            raise Refused(Text(f"at least {low:g}", f"au moins {low:g}"))
        if high is not None and value > high:
            raise Refused(Text(f"at most {high:g}", f"au plus {high:g}"))

    return check

"""Typed parameters: one declaration, read by validation, schema, pages and forms.

    @params
    class Push:
        '''What to push, and where.'''

        topic: str = param(Text("Topic.", "Sujet."), pattern="^[a-z]+$")
        priority: Literal[1, 2, 3] = param(Text("Urgency.", "Urgence."), default=2)

`Parameters.of(Push)` gives the JSON Schema of the values and builds instances of them.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NewType, TypeVar, dataclass_transform

from rouage.errors import CatalogError, StepError
from rouage.language import Text, as_text

Duration = NewType("Duration", float)
"""A length of time in seconds; written `10s`, `5m`, `2h30m`, `3d`, `1w` in a recipe."""

_MISSING: Final = dataclasses.MISSING
_DURATION_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d|w)", re.ASCII)
DURATION_PATTERN: Final = r"^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d|w)){1,6}$"

P = TypeVar("P")


def parse_duration(text: str) -> float:
    """Return the seconds that *text* (`90s`, `2h30m`) stands for.

    Raises:
        ValueError: *text* is not a duration.
    """
    if re.fullmatch(DURATION_PATTERN, text) is None:
        raise ValueError(text)
    return float(sum(float(n) * _DURATION_UNITS[unit] for n, unit in _DURATION_PART.findall(text)))


_SIZE_UNITS: Final = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
SIZE_PATTERN: Final = r"^\d{1,12} ?(?:[kKmMgG]?[bBoO]|[kKmMgG]i[bBoO])?$"


def parse_size(text: str) -> int:
    """Return the bytes that *text* (`4096`, `5 MB`, `1 MiB`, `5 Mo`) stands for.

    Raises:
        ValueError: *text* is not a size.
    """
    if re.fullmatch(SIZE_PATTERN, text, re.ASCII) is None:
        raise ValueError(text)
    digits = re.match(r"\d+", text)
    assert digits is not None  # noqa: S101 - the pattern begins with digits
    unit = text[digits.end() :].strip().lower().replace("o", "b")
    return int(digits.group()) * _SIZE_UNITS[unit]


@dataclass(frozen=True, kw_only=True, slots=True)
class ParamSpec:
    """What `param()` says of a parameter beyond its type."""

    about: Text
    title: Text | None = None
    pattern: str | None = None
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    examples: tuple[Any, ...] = ()
    is_secret: bool = False


def param(
    about: Text | str,
    *,
    default: Any = _MISSING,
    title: Text | str | None = None,
    pattern: str | None = None,
    format: str | None = None,  # noqa: A002 - the JSON Schema word
    minimum: float | None = None,
    maximum: float | None = None,
    max_length: int | None = None,
    examples: typing.Iterable[Any] = (),
    secret: bool = False,
) -> Any:
    """Declare one parameter of a `@params` class.

    *format* is one of `path folder email url duration cron time timezone secret-name money
    glob json`. A mutable *default* (list, dict) is copied for each instance. *title* is a short
    label for forms and editors; without it the name is shown.
    """
    spec = ParamSpec(
        about=as_text(about),
        title=None if title is None else as_text(title),
        pattern=pattern,
        format=format,
        minimum=minimum,
        maximum=maximum,
        max_length=max_length,
        examples=tuple(examples),
        is_secret=secret,
    )
    if isinstance(default, list | dict):
        value = default
        return dataclasses.field(default_factory=value.copy, metadata={"param": spec})
    return dataclasses.field(default=default, metadata={"param": spec})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(param,))
def params(cls: type[P]) -> type[P]:
    """Make *cls* a frozen, keyword-only dataclass of parameters."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


@params
class NoParams:
    """For triggers and actions that need none."""


Converter = Callable[[Any], Any]


class _Refused(Exception):  # noqa: N818 - a signal between converters and build()
    """A value that does not fit; the text says what was wanted."""

    def __init__(self, wanted: Text) -> None:
        self.wanted = wanted
        super().__init__(wanted.en)


class Parameters:
    """The readings of one `@params` class: its JSON Schema, and how to build it.

    `names` lists the parameters in order; `specs` holds what was declared of each; `required`
    those without a default. `schema` is the JSON Schema (2020-12) of *final* values, English
    only; the composed recipe schema, which admits expressions, is made in `rouage.catalog`.
    """

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        fields = dataclasses.fields(cls)
        self.names = tuple(f.name for f in fields)
        self.types: dict[str, Any] = {f.name: hints[f.name] for f in fields}
        self.specs: dict[str, ParamSpec] = {f.name: _spec_of(cls, f) for f in fields}
        self.required = tuple(
            f.name for f in fields if f.default is _MISSING and f.default_factory is _MISSING
        )
        self.defaults: dict[str, Any] = {
            f.name: f.default_factory() if f.default_factory is not _MISSING else f.default
            for f in fields
            if f.name not in self.required
        }
        self._converters: dict[str, Converter] = {
            name: _converter(kind, self.specs[name]) for name, kind in self.types.items()
        }

    @classmethod
    def of(cls, declared: type[Any]) -> "Parameters":
        """Return the readings of the `@params` class *declared*."""
        return cls(declared)

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of final values."""
        return {
            "type": "object",
            "properties": {name: self.schema_of(name) for name in self.names},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def schema_of(self, name: str) -> dict[str, Any]:
        """Return the JSON Schema of the parameter *name*."""
        schema = _schema(self.types[name]) | _constraints(self.specs[name])
        if name in self.defaults and self.defaults[name] is not None:
            schema["default"] = self.defaults[name]
        return schema

    def build(self, values: Mapping[str, Any]) -> Any:
        """Return an instance from final *values*, converted and checked.

        A number is welcome where text is wanted (1.10 keeps what the reader kept); a text
        that spells a number is welcome where a number is wanted.

        Raises:
            StepError: a value does not fit, is missing, or is unknown; the first one is named.
        """
        ready: dict[str, Any] = {}
        for name, value in values.items():
            convert = self._converters.get(name)
            if convert is None:
                raise StepError(_UNKNOWN, name=name)
            try:
                ready[name] = convert(value)
            except _Refused as refused:
                raise StepError(
                    _UNFIT, name=name, wanted=refused.wanted, value=_short(value)
                ) from None
        try:
            return self.cls(**ready)
        except TypeError:
            missing = [name for name in self.required if name not in ready]
            raise StepError(_ABSENT, name=", ".join(missing)) from None


_UNKNOWN: Final = Text("unknown parameter “{name}”", "paramètre inconnu « {name} »")
_ABSENT: Final = Text("the parameter “{name}” is missing", "il manque le paramètre « {name} »")
_UNFIT: Final = Text(
    "the parameter “{name}” must be {wanted}, not {value}",
    "le paramètre « {name} » doit être {wanted}, pas {value}",
)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else type_word(value)
    return repr(text[:57] + "…") if len(text) > 60 else repr(text)


def type_word(value: Any) -> str:
    """Return the JSON word for the type of *value* (never a Python class name)."""
    for kind, word in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "text"),
        (list, "list"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return word
    return "nothing" if value is None else "value"


def _spec_of(cls: type[Any], declared: "dataclasses.Field[Any]") -> ParamSpec:
    spec = declared.metadata.get("param")
    if not isinstance(spec, ParamSpec):
        raise CatalogError(
            Text(
                "{owner}.{name} is declared without param()",
                "{owner}.{name} est déclaré sans param()",
            ),
            owner=cls.__name__,
            name=declared.name,
        )
    return spec


def unwrap_optional(kind: Any) -> tuple[Any, bool]:
    """Return (*kind* without None, whether None was admitted)."""
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        if len(options) == 1 and len(options) < len(typing.get_args(kind)):
            return options[0], True
    return kind, False


_SCALARS: Final[dict[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
}


def _schema(kind: Any) -> dict[str, Any]:
    kind, _ = unwrap_optional(kind)
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if kind is Duration:
        return {"type": "string", "format": "duration", "pattern": DURATION_PATTERN}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin in {typing.Union, types.UnionType} and set(arguments) == {str, list[str]}:
        return {"type": ["string", "array"], "items": {"type": "string"}}
    return {}


def _constraints(spec: ParamSpec) -> dict[str, Any]:
    named: dict[str, Any] = {
        "description": spec.about.en,
        "title": spec.title.en if spec.title else None,
        "pattern": spec.pattern,
        "format": spec.format,
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "maxLength": spec.max_length,
        "examples": list(spec.examples) or None,
    }
    return {word: value for word, value in named.items() if value is not None}


def _converter(kind: Any, spec: ParamSpec) -> Converter:
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
        raise _Refused(Text("a text", "un texte"))
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    raise _Refused(Text("a whole number", "un nombre entier"))


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", value, re.ASCII):
        return float(value)
    raise _Refused(Text("a number", "un nombre"))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _Refused(Text("true or false", "true ou false (vrai ou faux)"))


def _duration(value: Any) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError:
            pass
    raise _Refused(Text("a duration such as 10s, 5m or 2h", "une durée comme 10s, 5m ou 2h"))


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
        raise _Refused(refusal)

    return convert


def _list_converter(item: Converter) -> Converter:
    def convert(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise _Refused(Text("a list", "une liste"))
        return [item(element) for element in value]

    return convert


def _mapping_converter(item: Converter) -> Converter:
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _Refused(Text("a mapping of names to values", "une table nom: valeur"))
        return {str(name): item(element) for name, element in value.items()}

    return convert


def _one_or_many_converter(value: Any) -> Any:
    return [_text(element) for element in value] if isinstance(value, list) else _text(value)


def _checked(convert: Converter, spec: ParamSpec) -> Converter:
    checks = [check for check in (_pattern_check(spec), _bounds_check(spec)) if check]
    if not checks:
        return convert

    def checked(value: Any) -> Any:
        ready = convert(value)
        for check in checks:
            check(ready)
        return ready

    return checked


def _pattern_check(spec: ParamSpec) -> Callable[[Any], None] | None:
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
            raise _Refused(too_long)
        if pattern.search(value) is None:
            raise _Refused(wanted)

    return check


def _bounds_check(spec: ParamSpec) -> Callable[[Any], None] | None:
    low, high = spec.minimum, spec.maximum
    if low is None and high is None:
        return None

    def check(value: Any) -> None:
        if not isinstance(value, int | float):
            return
        if low is not None and value < low:
            raise _Refused(Text(f"at least {low:g}", f"au moins {low:g}"))
        if high is not None and value > high:
            raise _Refused(Text(f"at most {high:g}", f"au plus {high:g}"))

    return check

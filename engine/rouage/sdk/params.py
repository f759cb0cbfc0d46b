"""Typed parameters: one declaration, read by validation, schema, pages and forms.

    @params
    class Push:
        '''What to push, and where.'''

        topic: str = param(Text("Topic.", "Sujet."), pattern="^[a-z]+$")
        priority: Literal[1, 2, 3] = param(Text("Urgency.", "Urgence."), default=2)

`Parameters.of(Push)` gives the JSON Schema of the values and builds instances of them.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar, dataclass_transform

from rouage.errors import CatalogError, StepError
from rouage.language import Text, as_text
from rouage.records import dataclass
from rouage.sdk.conversion import Converter, Refused, converter_of, unwrap_optional
from rouage.sdk.quantities import DURATION_PATTERN, Duration

_MISSING: Final = dataclasses.MISSING
_PATHS: Final = frozenset({"path", "folder"})


P = TypeVar("P")


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
    is_exposed: bool = False


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
    exposed: bool = False,
) -> Any:
    """Declare one parameter of a `@params` class.

    *format* is one of `path folder email url duration cron time timezone secret-name money
    glob json`. A mutable *default* (list, dict) is copied for each instance. *title* is a short
    label for forms and editors; without it the name is shown. *exposed* says that others see the
    value where it goes (the arguments of a program, the query of an address): no secret may
    stand there.
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
        is_exposed=exposed,
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


class Parameters:
    """The readings of one `@params` class: its JSON Schema, and how to build it.

    A name that Python keeps for itself is declared with a final underscore (`for_`).
    `names` lists the parameters in order; `specs` holds what was declared of each; `required`
    those without a default; `paths` the fields that hold a path. `schema` is the JSON Schema
    (2020-12) of *final* values, English only; the composed recipe schema, which admits
    expressions, is made in `rouage.catalog`.
    """

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        fields = dataclasses.fields(cls)
        self.names = tuple(_public(f.name) for f in fields)
        self.types: dict[str, Any] = {_public(f.name): hints[f.name] for f in fields}
        self.specs: dict[str, ParamSpec] = {_public(f.name): _spec_of(cls, f) for f in fields}
        self.required = tuple(
            _public(f.name)
            for f in fields
            if f.default is _MISSING and f.default_factory is _MISSING
        )
        self.defaults: dict[str, Any] = {
            _public(f.name): f.default_factory() if f.default_factory is not _MISSING else f.default
            for f in fields
            if _public(f.name) not in self.required
        }
        self.paths = tuple(f.name for f in fields if self.specs[_public(f.name)].format in _PATHS)
        self._renamed = {_public(f.name): f.name for f in fields if f.name.endswith("_")}
        self._converters: dict[str, Converter] = {
            name: converter_of(kind, self.specs[name]) for name, kind in self.types.items()
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
            except Refused as refused:
                raise StepError(
                    _UNFIT, name=name, wanted=refused.wanted, value=_short(value)
                ) from None
        for name, attribute in self._renamed.items():
            if name in ready:
                ready[attribute] = ready.pop(name)
        try:
            return self.cls(**ready)
        except TypeError:
            missing = [name for name in self.required if name not in values]
            raise StepError(_ABSENT, name=", ".join(missing)) from None


_UNKNOWN: Final = Text("unknown parameter “{name}”", "paramètre inconnu « {name} »")
_ABSENT: Final = Text("the parameter “{name}” is missing", "il manque le paramètre « {name} »")
_UNFIT: Final = Text(
    "the parameter “{name}” must be {wanted}, not {value}",
    "le paramètre « {name} » doit être {wanted}, pas {value}",
)


def _public(attribute: str) -> str:
    """Return the name of a parameter as recipes write it: `for_` stands for `for`."""
    return attribute.removesuffix("_")


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

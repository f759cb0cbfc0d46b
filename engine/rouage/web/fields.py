"""What a person writes into a field, as the type that the field declares."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk.json import JSON

_LONGEST_FIELD: Final = 65_536
_SPACES: Final = str.maketrans("", "", "\u00a0\u202f\u2009 ")
_YES: Final = frozenset({"true", "yes", "oui", "on", "1"})
_NO: Final = frozenset({"false", "no", "non", "off", "0"})

_UNFIT: Final = Text("“{field}” must be {wanted}", "« {field} » doit être {wanted}")
_TOO_LONG: Final = Text("“{field}” is too long", "« {field} » est trop long")
_WORDS: Final[Mapping[str, Text]] = {
    "number": Text("a number", "un nombre"),
    "integer": Text("a whole number", "un nombre entier"),
    "boolean": Text("yes or no", "oui ou non"),
    "list": Text("a list", "une liste"),
    "map": Text("an object in JSON", "un objet en JSON"),
}


class FieldError(StepError):
    """Report what a person wrote into `field`, and what would fit."""

    def __init__(self, message: Text, field: str, *, wanted: Text | None = None) -> None:
        self.field = field
        super().__init__(message, field=field, wanted=wanted)


def kind_of(declared: Any) -> str:
    """Return the type that a field declares; without one it is a text."""
    if isinstance(declared, Mapping):
        return str(declared.get("type", "text"))
    return declared if isinstance(declared, str) else "text"


def read_field(name: str, declared: Any, text: str) -> JSON:
    """Return what *text* means for the field *name*.

    Whether the value is acceptable (bounds, choices, patterns) is not judged here.

    Raises:
        FieldError: it is no value of the declared type.
    """
    if len(text) > _LONGEST_FIELD:
        raise FieldError(_TOO_LONG, name)
    kind = kind_of(declared)
    read = _READERS.get(kind)
    if read is None:
        return text.replace("\r\n", "\n")
    try:
        return read(text.strip())
    except (ValueError, RecursionError):
        raise FieldError(_UNFIT, name, wanted=_WORDS[kind]) from None


def write_field(value: JSON) -> str:
    """Return *value* as a person would write it into a field."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) and "\n" not in one for one in value):
        return "\n".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False)


def _number(text: str) -> JSON:
    """Read a number as it is written in English or French: 1450.5, 1 450,50."""
    plain = text.translate(_SPACES)
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    value = json.loads(plain.removeprefix("+"), parse_constant=_refuse)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(text)  # noqa: TRY004 - caught above, like every other misfit
    return value


def _integer(text: str) -> JSON:
    value = _number(text)
    if not isinstance(value, int):
        raise ValueError(text)  # noqa: TRY004 - caught above, like every other misfit
    return value


def _boolean(text: str) -> JSON:
    word = text.lower()
    if word not in _YES | _NO:
        raise ValueError(text)
    return word in _YES


def _list(text: str) -> JSON:
    if not text.startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    value = json.loads(text, parse_constant=_refuse)
    if not isinstance(value, list):
        raise ValueError(text)  # noqa: TRY004 - caught above, like every other misfit
    return value


def _map(text: str) -> JSON:
    value = json.loads(text, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError(text)  # noqa: TRY004 - caught above, like every other misfit
    return value


def _refuse(name: str) -> None:
    raise ValueError(name)


_READERS: Final[Mapping[str, Callable[[str], JSON]]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "list": _list,
    "map": _map,
}

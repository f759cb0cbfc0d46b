"""The kinds of values that expressions know, and how a sentence names them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from rouage.language import Text
from rouage.model.secret import Secret

KINDS: Final[dict[str, Text]] = {
    "text": Text("a text", "un texte"),
    "number": Text("a number", "un nombre"),
    "boolean": Text("true or false", "vrai ou faux"),
    "null": Text("an empty value (null)", "une valeur vide (null)"),
    "list": Text("a list", "une liste"),
    "object": Text("an object", "un objet"),
    "date": Text("a date", "une date"),
    "secret": Text("a secret", "un secret"),
    "unknown": Text("a value of an unknown kind", "une valeur d’un genre inconnu"),
}
TRUTH: Final = {True: Text("true", "vraie"), False: Text("false", "fausse")}

TYPES: Final[dict[str, tuple[type, ...]]] = {
    "text": (str,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "null": (NoneType,),
    "list": (list, tuple),
    "object": (dict, Mapping),
    "date": (date, datetime),
    "secret": (Secret,),
}
NUMBERS: Final = frozenset({int, float, Decimal})


def kind_of(value: Any) -> str:
    """Return the kind of *value*: a key of `KINDS`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, types in TYPES.items():
        if isinstance(value, types):
            return kind
    return "unknown"


def spoken(value: Any) -> Text:
    """Return the kind of *value* as a sentence names it, such as “a text”."""
    return KINDS[kind_of(value)]


def one_of(kinds: tuple[str, ...]) -> Text:
    """Return *kinds* as a sentence lists them, such as “a text or a number”."""
    return Text(
        " or ".join(KINDS[kind].en for kind in kinds),
        " ou ".join(KINDS[kind].fr for kind in kinds),
    )

"""Filters on lists and objects."""

import json
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from typing import Any, Final

from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.kinds import kind_of, spoken
from rouage.expressions.nearest import nearest
from rouage.expressions.operators import add, are_equal, decimal_of, look_for_secrets, ordered_pair
from rouage.expressions.values import list_room, mask
from rouage.language import Text
from rouage.model.secret import Secret


def first(items: Any) -> Any:
    """Return the first element (or character)."""
    if not items:
        raise Fault("RG449", name="first")
    return items[0]


def last(items: Any) -> Any:
    """Return the last element (or character)."""
    if not items:
        raise Fault("RG449", name="last")
    return items[-1]


def length(value: Any) -> int:
    """Return the number of elements, fields or characters."""
    return len(value)


def total(items: list[Any]) -> Any:
    """Return the sum of a list of numbers; 0 for none."""
    list_room(len(items))
    for item in items:
        if kind_of(item) != "number":
            raise Fault("RG450", operator="sum", left=spoken(0), right=spoken(item))
    return reduce(add, items, 0)


def _extreme(name: str, items: list[Any], *, largest: bool) -> Any:
    list_room(len(items))
    if not items:
        raise Fault("RG449", name=name)
    best = items[0]
    ordered_pair(name, best, best)
    for item in items[1:]:
        one, other = ordered_pair(name, item, best)
        if (one > other) if largest else (one < other):
            best = item
    return best


def smallest(items: list[Any]) -> Any:
    """Return the smallest element."""
    return _extreme("min", items, largest=False)


def largest(items: list[Any]) -> Any:
    """Return the largest element."""
    return _extreme("max", items, largest=True)


def in_order(items: list[Any], field: str | None = None, order: str = "asc") -> list[Any]:
    """Return the elements in order, by *field* for a list of objects."""
    list_room(len(items))
    keys = items if field is None else [_field("sort", item, field) for item in items]
    key_of = _sort_key(keys)
    pairs = [(key_of(key), place) for place, key in enumerate(keys)]
    pairs.sort(key=lambda pair: pair[0], reverse=order == "desc")
    return [items[place] for _, place in pairs]


def _sort_key(keys: list[Any]) -> Callable[[Any], Any]:
    """Return what to sort by, after making sure that all *keys* are of one kind."""
    kinds = {kind_of(key) for key in keys}
    if "secret" in kinds:
        raise Fault("RG480")
    if not keys or kinds == {"number"}:
        return decimal_of if any(kind_of(key) == "number" for key in keys) else lambda key: key
    if kinds == {"text"}:
        return _text_key
    if kinds == {"date"}:
        return _date_key
    other = next((key for key in keys if kind_of(key) != kind_of(keys[0])), keys[0])
    raise Fault("RG456", operator="sort", left=spoken(keys[0]), right=spoken(other))


def _text_key(text: str) -> tuple[str, str]:
    """Return the place of *text* in a dictionary: accents and capitals come second."""
    if text.isascii():
        return text.casefold(), text
    plain = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign)), text


def _date_key(day: date) -> float:
    if not isinstance(day, datetime):
        return float(day.toordinal() * 86_400)
    midnight = datetime.combine(day.date(), time(), day.tzinfo)
    return day.toordinal() * 86_400 + (day - midnight).total_seconds()


def unique(items: list[Any]) -> list[Any]:
    """Return the elements without repeats, in their order."""
    list_room(len(items))
    seen: set[Any] = set()
    kept = []
    for item in items:
        key = _identity(item)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _identity(item: Any) -> Any:
    """Return a key that equals that of another element exactly if `==` says they are equal."""
    kind = type(item)
    if kind is str or kind is int:
        return item
    if kind is float or kind is Decimal:
        return decimal_of(item)  # hashes like the whole number it may be
    if kind is dict or kind is list:
        look_for_secrets(item)
        return kind, json.dumps(mask(item), sort_keys=True)
    if isinstance(item, Secret):
        raise Fault("RG480")
    return kind, item


def _field(filter_name: str, item: Any, field: str) -> Any:
    if not isinstance(item, dict):
        raise Fault("RG448", where=filter_name, kind=spoken(item), name=field)
    if field not in item:
        raise Fault("RG441", where="…", name=field, suggestion=nearest(field, item))
    return item[field]


def pluck(items: list[Any], field: str) -> list[Any]:
    """Return the value of *field* of each object."""
    list_room(len(items))
    return [_field("map", item, field) for item in items]


def where(items: list[Any], field: str, value: Any) -> list[Any]:
    """Return the objects whose *field* is *value*; those without it are left out."""
    list_room(len(items))
    kept = []
    for item in items:
        if not isinstance(item, dict):
            raise Fault("RG448", where="where", kind=spoken(item), name=field)
        if field in item and are_equal(item[field], value):
            kept.append(item)
    return kept


_NOTHING: Final = object()


def get(value: Any, key: Any, otherwise: Any = _NOTHING) -> Any:
    """Return a field of an object or an element of a list, else *otherwise*."""
    if isinstance(value, dict) and isinstance(key, str):
        if key in value:
            return value[key]
        if otherwise is _NOTHING:
            raise Fault("RG441", where="…", name=key, suggestion=nearest(key, value))
        return otherwise
    if isinstance(value, list) and type(key) is int:
        if -len(value) <= key < len(value):
            return value[key]
        if otherwise is _NOTHING:
            raise Fault("RG447", size=len(value), index=key)
        return otherwise
    raise Fault("RG480" if isinstance(key, Secret) else "RG463", kind=spoken(key))


_LISTS: Final = ("list",)
_FIELD: Final = Argument(name="field")

LIST_FILTERS: Final = (
    FilterSpec(
        name="first",
        call=first,
        about=Text("the first element", "le premier élément"),
        example="[1, 2] | first",
        takes=("list", "text"),
        gives="item",
    ),
    FilterSpec(
        name="last",
        call=last,
        about=Text("the last element", "le dernier élément"),
        example="[1, 2] | last",
        takes=("list", "text"),
        gives="item",
    ),
    FilterSpec(
        name="length",
        call=length,
        about=Text("how many", "combien"),
        example="event.rows | length",
        takes=("list", "text", "object"),
        gives="number",
    ),
    FilterSpec(
        name="sum",
        call=total,
        about=Text("the sum of numbers", "la somme de nombres"),
        example="[1, 2] | sum",
        takes=_LISTS,
        gives="number",
    ),
    FilterSpec(
        name="min",
        call=smallest,
        about=Text("the smallest", "le plus petit"),
        example="[1, 2] | min",
        takes=_LISTS,
        gives="item",
    ),
    FilterSpec(
        name="max",
        call=largest,
        about=Text("the largest", "le plus grand"),
        example="[1, 2] | max",
        takes=_LISTS,
        gives="item",
    ),
    FilterSpec(
        name="sort",
        call=in_order,
        about=Text("in order, by a field if told", "dans l’ordre, selon un champ au besoin"),
        example="event.rows | sort('date', 'desc')",
        takes=_LISTS,
        gives="same",
        arguments=(
            Argument(name="field", kinds=("text", "null"), required=False),
            Argument(name="order", required=False, options=("asc", "desc")),
        ),
    ),
    FilterSpec(
        name="unique",
        call=unique,
        about=Text("without repeats", "sans répétition"),
        example="[1, 1, 2] | unique",
        takes=_LISTS,
        gives="same",
    ),
    FilterSpec(
        name="map",
        call=pluck,
        about=Text("one field of each object", "un champ de chaque objet"),
        example="event.rows | map('total')",
        takes=_LISTS,
        gives="list",
        arguments=(_FIELD,),
    ),
    FilterSpec(
        name="where",
        call=where,
        about=Text("the objects whose field has a value", "les objets dont un champ vaut ceci"),
        example="event.rows | where('state', 'paid')",
        takes=_LISTS,
        gives="same",
        arguments=(_FIELD, Argument(name="value", kinds=())),
        taint="inside",
    ),
    FilterSpec(
        name="get",
        call=get,
        about=Text("one field or element, else …", "un champ ou un élément, sinon …"),
        example="event.row | get('Total', 0)",
        takes=("object", "list"),
        gives="any",
        arguments=(
            Argument(name="key", kinds=("text", "number", "secret")),
            Argument(name="otherwise", kinds=(), required=False),
        ),
        taint="inside",
    ),
)
"""The filters of this file."""

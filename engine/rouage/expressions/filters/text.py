"""Filters on texts."""

import hashlib
import re
import unicodedata
from typing import Any, Final

from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.operators import contains as holds
from rouage.expressions.patterns import extract, is_like
from rouage.expressions.values import LIST_LIMIT, join_texts, list_room, room
from rouage.language import Text
from rouage.model.secret import Secret

_WORD_STARTS: Final = re.compile(r"([-\s({\[<]+)")
_LIGATURES: Final = str.maketrans(
    {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l"}
)
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_SLUG_SOURCE_LIMIT: Final = 32_768
_HASHES: Final = ("sha256", "sha512", "sha1", "md5")


def _widest(text: str) -> int:
    """Return the most characters *text* can have once its case is changed."""
    return len(text) if text.isascii() else 3 * len(text)


def upper(text: str) -> str:
    """Return *text* in capitals."""
    room(_widest(text))
    return text.upper()


def lower(text: str) -> str:
    """Return *text* in small letters."""
    room(_widest(text))
    return text.lower()


def trim(text: str) -> str:
    """Return *text* without the blanks around it."""
    room(len(text))
    return text.strip()


def title(text: str) -> str:
    """Return *text* with a capital at the start of each word."""
    room(_widest(text))
    return "".join(word[:1].upper() + word[1:].lower() for word in _WORD_STARTS.split(text))


def replace(text: str, old: str, new: str) -> str:
    """Return *text* with *new* wherever *old* stood."""
    if not old:
        raise Fault("RG495", value="''", name="old")
    room(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def split(text: str, separator: str | None = None) -> list[str]:
    """Return the parts of *text* between separators (blanks unless told)."""
    room(len(text))
    if separator == "":
        raise Fault("RG495", value="''", name="separator")
    # One part more than allowed is enough to know.
    parts = text.split(separator, LIST_LIMIT)
    list_room(len(parts))
    return parts


def join(items: list[Any], separator: str | Secret = "") -> str | Secret:
    """Return the elements as one text, *separator* between them."""
    list_room(len(items))
    parts: list[Any] = []
    for item in items:
        parts += (separator, item) if parts else (item,)
    return join_texts(parts)


def truncate(text: str, length: int, end: str = "…") -> str:
    """Return *text* cut to at most *length* characters, *end* included."""
    size = whole("length", length)
    if len(text) <= size:
        room(len(text))
        return text
    room(size)
    return text[: max(0, size - len(end))] + end[:size]


def whole(name: str, value: Any, *, least: int = 0, most: int = 10_000_000) -> int:
    """Return *value* if it is a whole number between *least* and *most*."""
    if type(value) is not int or not least <= value <= most:
        raise Fault("RG495", value=str(value)[:30], name=name)
    return value


def slug(text: str) -> str:
    """Return *text* as a short name for files and addresses: `Été à Paris` is `ete-a-paris`."""
    room(len(text), _SLUG_SOURCE_LIMIT)
    plain = unicodedata.normalize("NFKD", text.translate(_LIGATURES).lower())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _NOT_IN_SLUG.sub("-", bare).strip("-")


def contains(container: Any, item: Any) -> bool:
    """Say whether a text holds a text, a list an element, or an object a field."""
    return holds(item, container)


def starts_with(text: str, start: str) -> bool:
    """Say whether *text* begins with *start*."""
    return text.startswith(start)


def ends_with(text: str, end: str) -> bool:
    """Say whether *text* ends with *end*."""
    return text.endswith(end)


def digest(text: str, algorithm: str = "sha256") -> str:
    """Return the fingerprint of *text* in hexadecimal."""
    room(len(text))
    return hashlib.new(algorithm, text.encode("utf-8", "surrogatepass")).hexdigest()


def _spec(name: str, call: Any, about: Text, example: str, **more: Any) -> FilterSpec:
    return FilterSpec(name=name, call=call, about=about, example=example, **more)


TEXT_FILTERS: Final = (
    _spec("upper", upper, Text("in capitals", "en majuscules"), "'a' | upper", taint="keep"),
    _spec("lower", lower, Text("in small letters", "en minuscules"), "'A' | lower", taint="keep"),
    _spec(
        "trim",
        trim,
        Text("without the blanks around", "sans les blancs autour"),
        "' a ' | trim",
        taint="keep",
    ),
    _spec(
        "title",
        title,
        Text("a capital at each word", "une majuscule à chaque mot"),
        "'jean dupont' | title",
        taint="keep",
    ),
    _spec(
        "replace",
        replace,
        Text("one text in place of another", "un texte à la place d’un autre"),
        "'a-b' | replace('-', ' ')",
        arguments=(Argument(name="old"), Argument(name="new")),
        taint="keep",
    ),
    _spec(
        "split",
        split,
        Text("cut into a list", "découpé en liste"),
        "'a, b' | split(', ')",
        gives="list",
        arguments=(Argument(name="separator", required=False),),
    ),
    _spec(
        "join",
        join,
        Text("a list as one text", "une liste en un seul texte"),
        "['a', 'b'] | join(', ')",
        takes=("list",),
        arguments=(Argument(name="separator", kinds=("text", "secret"), required=False),),
        taint="inside",
    ),
    _spec(
        "truncate",
        truncate,
        Text("cut to a length", "coupé à une longueur"),
        "event.text | truncate(100)",
        arguments=(
            Argument(name="length", kinds=("number",)),
            Argument(name="end", required=False),
        ),
        taint="keep",
    ),
    _spec(
        "slug",
        slug,
        Text("a short name for files and addresses", "un nom court pour fichiers et adresses"),
        "'Été à Paris' | slug",
        taint="keep",
    ),
    _spec(
        "contains",
        contains,
        Text("does it hold this?", "contient-il ceci ?"),
        "event.subject | contains('facture')",
        takes=("text", "list", "object"),
        gives="boolean",
        arguments=(Argument(name="item", kinds=()),),
    ),
    _spec(
        "starts_with",
        starts_with,
        Text("does it begin so?", "commence-t-il ainsi ?"),
        "event.file.name | starts_with('FAC')",
        gives="boolean",
        arguments=(Argument(name="start"),),
    ),
    _spec(
        "ends_with",
        ends_with,
        Text("does it end so?", "finit-il ainsi ?"),
        "event.file.name | ends_with('.pdf')",
        gives="boolean",
        arguments=(Argument(name="end"),),
    ),
    _spec(
        "like",
        is_like,
        Text("does it fit a pattern with * and ?", "suit-il un motif avec * et ?"),
        "event.file.name | like('FAC-*.pdf')",
        gives="boolean",
        arguments=(Argument(name="pattern"),),
    ),
    _spec(
        "extract",
        extract,
        Text("the parts that stand at {places}", "les morceaux placés aux {endroits}"),
        "event.subject | extract('commande n°{}')",
        gives="any",
        arguments=(Argument(name="pattern"),),
    ),
    _spec(
        "hash",
        digest,
        Text("fingerprint (SHA-256)", "empreinte (SHA-256)"),
        "event.text | hash",
        arguments=(Argument(name="algorithm", required=False, options=_HASHES),),
        taint="keep",
    ),
)
"""The filters of this file."""

"""The engine's words and the shaping of events in normal form: one spelling for each."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.catalog.words import LEARNED
from rouage.sdk.business import parse_working_days
from rouage.sdk.quantities import parse_duration

WAITED: Final = "wait"
"""The trigger id of a `wait` on an event; the path of its step follows when it is read back."""

_SECONDS: Final = ("timeout", "remind")
_PER: Final = re.compile(r"\s*(?:per|par|/)\s*")
_OPENING: Final = "${{"
_NESTED: Final = frozenset({"do", "branches", "event"})


def normal_block(word: str, given: Any) -> Any:
    """Return the parameters of the engine word *word*, without the steps inside it."""
    return _BLOCKS.get(word, _as_it_is)(given)


def _as_it_is(given: Any) -> Any:
    return given


def _choose(given: Any) -> Any:
    return [{"if": _expression(branch["if"])} if "if" in branch else {} for branch in given]


def _expression(condition: Any) -> str:
    return condition if isinstance(condition, str) else str(condition).lower()


def _mapping(given: Mapping[str, Any]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for name, value in given.items():
        if name in _NESTED or value is None or (name == "on_timeout" and isinstance(value, list)):
            continue
        if name in _SECONDS:
            normal[name] = _term(value)
        elif name in {"if", "while", "until"} and isinstance(value, bool):
            normal[name] = _expression(value)
        else:
            normal[name] = value
    return normal


def _term(written: str) -> float | str:
    """Return the time that people are given: seconds, or `3 working days`."""
    days = parse_working_days(written)
    return parse_duration(written) if days is None else f"{days} working days"


def _parallel(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the order of the branches, which are sorted by name otherwise."""
    names = list(given.get("branches") or ())
    order = {} if names == sorted(names) else {"order": names}
    return _mapping(given) | order


def _short(name: str) -> Callable[[Any], Any]:
    """Return a reading of what may also be written as its *name* alone."""

    def read(given: Any) -> Any:
        return _mapping(given) if isinstance(given, Mapping) else {name: given}

    return read


_BLOCKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "choose": _choose,
    "for_each": _mapping,
    "repeat": _mapping,
    "parallel": _parallel,
    "group": _mapping,
    "wait": _short("for"),
    "approve": _short("ask"),
    "call": _short("recipe"),
    "emit": _short("name"),
}


def normal_shaping(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return `once`, `debounce`, `throttle`, `batch` and `alive` of a trigger."""
    normal: dict[str, Any] = {}
    for name in ("once", "debounce", "batch"):
        given = entry.get(name)
        if given is not None:
            whole = given if isinstance(given, Mapping) else {_FIRST[name]: given}
            normal[name] = {key: _shaped(key, value) for key, value in whole.items()}
    if entry.get("throttle") is not None:
        normal["throttle"] = read_rate(entry["throttle"])
    return normal | _alive(entry.get("alive") or {})


def _alive(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `alive` of a trigger; without anything in it there is nothing to prove."""
    normal: dict[str, Any] = {}
    if given.get("probe") is not None:
        normal["probe"] = parse_duration(given["probe"])
    expect = given.get("expect")
    if expect is not None:
        normal["expect"] = LEARNED if expect == LEARNED else read_rate(expect)
    return {"alive": normal} if normal else {}


_FIRST: Final = {"once": "key", "debounce": "wait", "batch": "quiet"}
_SHAPE_SECONDS: Final = frozenset({"within", "wait", "max_wait", "quiet", "every"})
KEYS: Final[Mapping[str, str]] = {"once": "key", "debounce": "key", "batch": "by"}
"""What tells the events of a trigger apart, by the word that it stands in."""


def _shaped(name: str, value: Any) -> Any:
    if name in _SHAPE_SECONDS:
        return parse_duration(value)
    return normal_key(value) if name in {"key", "by"} else value


def normal_key(key: Any) -> str:
    """Return a key as a text with expressions.

    `key: event.body.id` is an expression; a fixed text would be one key for all.
    """
    return key if isinstance(key, str) and _OPENING in key else f"${{{{ {key} }}}}"


def read_rate(text: str) -> dict[str, Any]:
    """Return the count and the seconds of a rate such as `20 per 1h`."""
    count, duration = _PER.split(text.strip(), maxsplit=1)
    return {"count": int(count), "per": parse_duration(duration)}

"""Blank the values of what is over: all of them, or those that declarations call personal.

A personal value is taken from where it is declared, and blanked wherever the same event and its
runs have it: in other parameters, in texts that hold it, in what conditions compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

from rouage.durable.erasure import ERASED, blank
from rouage.durable.keeping import Paths
from rouage.durable.values import Stored, from_column
from rouage.records import dataclass
from rouage.sdk.json import JSON

_DIGEST: Final = "‹digest› "
"""Before the digest of a key of the ledger: it is still known, but cannot be read."""
CLAIM: Final = "claim"
"""The table of the ledger, whose rows are told apart by scope and key."""
_SHORTEST_PART: Final = 4
"""Shorter values are only blanked where they are all of a text."""
_MOST_PARTS: Final = 200
"""Of more people than this, only whole texts are compared."""

Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row: where it stands, and which paths in it are personal."""

    table: str
    column: str
    place: Place
    stored: Stored
    value: JSON
    paths: Paths = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A cell and what it is to hold."""

    cell: Cell
    value: JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What blanking one event with its runs writes.

    `first` may be written in any pieces, with digests for the keys of the ledger at `hidden`;
    `last` at once: it holds the cells by which personal values are known. Without them, who is
    killed in the middle could not find the rest any more.
    """

    first: Sequence[Change]
    hidden: Sequence[Place]
    last: Sequence[Change]


class Personal:
    """The personal values of one event and its runs."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        found = {text for cell in cells for path in cell.paths for text in _at(cell.value, path)}
        self._whole = {text for text in found if text and text != ERASED}
        parts = [text for text in self._whole if len(text) >= _SHORTEST_PART]
        self._parts = [text.casefold() for text in parts] if len(parts) <= _MOST_PARTS else []

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._whole)

    def is_in(self, text: str) -> bool:
        """Say whether *text* is such a value, or holds one."""
        if text in self._whole:
            return True
        if not self._parts:
            return False
        plain = text.casefold()
        return any(part in plain for part in self._parts)

    def without(self, value: JSON) -> JSON:
        """Return *value* with such texts blanked, also where they are names of entries."""
        if isinstance(value, str):
            return ERASED if self.is_in(value) else value
        if isinstance(value, list):
            return [self.without(one) for one in value]
        if isinstance(value, dict):
            return {
                (f"{ERASED} {number}" if self.is_in(name) else name): self.without(one)
                for number, (name, one) in enumerate(value.items())
            }
        return value


def blank_all(cells: Sequence[Cell]) -> Changes:
    """Return what leaves no value of *cells*."""
    return Changes(
        first=_differing((one, without_contents(one.column, one.value)) for one in cells),
        hidden=[one.place for one in cells if one.table == CLAIM],
        last=[],
    )


def blank_personal(cells: Sequence[Cell]) -> Changes:
    """Return what leaves no personal value of *cells*."""
    personal = Personal(cells)
    others = [one for one in cells if not one.paths] if personal else []
    sources = [one for one in cells if one.paths]
    return Changes(
        first=_differing((one, personal.without(one.value)) for one in others),
        hidden=[
            one.place
            for one in others
            if one.table == CLAIM and personal.is_in(from_column(one.place[1]))
        ],
        last=_differing(
            (one, _without_at(personal.without(one.value), one.paths)) for one in sources
        ),
    )


def without_contents(column: str, value: JSON) -> JSON:
    """Return *value* without its contents; what says what happened is none of them."""
    if column == "conditions" and isinstance(value, list):
        return [_kept(one, "expression") for one in value]
    if column in {"error", "reason"} and isinstance(value, dict):
        return _kept(value, "kind")
    return blank(value)


def _kept(value: JSON, name: str) -> JSON:
    if not isinstance(value, dict) or not isinstance(empty := blank(value), dict):
        return None
    return {**empty, **({name: value[name]} if name in value else {})}


def digest_of(key: str) -> str:
    """Return what stands for a key of the ledger that is not to be read any more."""
    if key.startswith(_DIGEST):
        return key
    return _DIGEST + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _differing(pairs: Iterable[tuple[Cell, JSON]]) -> list[Change]:
    return [Change(cell=cell, value=new) for cell, new in pairs if new != cell.value]


def _at(value: JSON, path: str) -> Iterator[str]:
    """Yield the texts at *path*, and all below it."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif not path:
        yield from _texts(value)
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name in value:
            yield from _at(value[name], rest)


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _without_at(value: JSON, paths: Paths) -> JSON:
    """Return *value* with everything at *paths* blanked, numbers too."""
    for path in paths:
        value = _blank_at(value, path)
    return value


def _blank_at(value: JSON, path: str) -> JSON:
    if isinstance(value, list):
        return [_blank_at(one, path) for one in value]
    if not path:
        return blank(value)
    if not isinstance(value, dict):
        return value
    name, _, rest = path.partition(".")
    return {key: _blank_at(one, rest) if key == name else one for key, one in value.items()}

"""What is remembered of corrections and proposals, and how the journal keeps it.

Each is one item under a key that follows from what it is about: writing it twice, also after a
crash, leaves one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Literal, get_args

from rouage.records import dataclass
from rouage.sdk.json import JSON

OWNER: Final = "#corrections"
MOST_CORRECTIONS: Final = 200
MOST_PROPOSALS: Final = 200
KEPT_SECONDS: Final = 60 * 86_400
"""So long a correction counts: two in two months are worth a question."""

Kind = Literal["folder", "pattern", "word", "map", "text"]
State = Literal["open", "accepted", "dismissed", "overtaken"]
KINDS: Final = frozenset(get_args(Kind))
STATES: Final = frozenset(get_args(State))

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One file that a step made, and what its owner made of it.

    `old` and `new` are its paths, the same one for a text that was edited: then `edited` is what
    the text became, and `parameter` the one of the step that it was.
    """

    run: str
    recipe: str
    step: str
    old: str
    new: str
    noticed: datetime
    edited: str | None = None
    parameter: str | None = None

    @property
    def key(self) -> str:
        """Return what tells this file of this step from all others."""
        return "c" + digest(self.run, self.step, self.old)

    def as_json(self) -> dict[str, JSON]:
        """Return the correction as data."""
        return {
            "run": self.run,
            "recipe": self.recipe,
            "step": self.step,
            "old": self.old,
            "new": self.new,
            "noticed": self.noticed.isoformat(),
            "edited": self.edited,
            "parameter": self.parameter,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value of a recipe that would be written otherwise.

    `path` leads to it in the file; `before` is None for an entry that is new. `old` and `new` are
    what the owner exchanged: folders, words, patterns of names.
    """

    kind: Kind
    path: Path
    before: str | None
    after: str
    old: str
    new: str

    def as_json(self) -> dict[str, JSON]:
        """Return the change as data."""
        return {
            "kind": self.kind,
            "path": list(self.path),
            "before": self.before,
            "after": self.after,
            "old": self.old,
            "new": self.new,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A change that several corrections speak for; `number` is its name for people.

    `corrections` are their keys, `made` how many files the step made in the same time.
    """

    number: int
    recipe: str
    change: Change
    corrections: tuple[str, ...]
    made: int
    since: datetime
    state: State = "open"
    is_told: bool = False

    @property
    def key(self) -> str:
        """Return what tells this proposal from all others, whatever happens to the recipe."""
        return proposal_key(self.recipe, self.change)

    @property
    def notice(self) -> str:
        """Return the key of the notice that tells the owner of it."""
        return f"correction:{self.number}"

    def as_json(self) -> dict[str, JSON]:
        """Return the proposal as data."""
        return {
            "number": self.number,
            "recipe": self.recipe,
            "change": self.change.as_json(),
            "corrections": list(self.corrections),
            "made": self.made,
            "since": self.since.isoformat(),
            "state": self.state,
            "is_told": self.is_told,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Everything that is remembered, by key; `lost` are keys of what cannot be read any more."""

    corrections: Mapping[str, Correction]
    proposals: Mapping[str, Proposal]
    lost: tuple[str, ...] = ()

    def numbered(self, number: int) -> Proposal | None:
        """Return the proposal with this number."""
        return next((one for one in self.proposals.values() if one.number == number), None)


def proposal_key(recipe: str, change: Change) -> str:
    """Return the key of the proposal of *change* in *recipe*."""
    place = "/".join(str(part) for part in change.path)
    return "p" + digest(recipe, change.kind, place, change.old, change.new)


def digest(*parts: str) -> str:
    """Return a short name for *parts*, which may hold anything that a file name may."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=12).hexdigest()


def read_known(items: Mapping[bytes, JSON]) -> Known:
    """Return what the journal holds.

    A row that does not say what its key says was blanked, because it named a person.
    """
    corrections, proposals = (dict(_all(items, *how)) for how in _HOW)
    found = {key.encode() for key in (*corrections, *proposals)}
    lost = tuple(key.decode("utf-8", "replace") for key in items if key not in found)
    return Known(corrections=corrections, proposals=proposals, lost=lost)


def _all(
    items: Mapping[bytes, JSON], first: bytes, read: Callable[[Any], Any]
) -> Iterator[tuple[str, Any]]:
    for key, value in sorted(items.items()):
        if key.startswith(first):
            with suppress(KeyError, TypeError, ValueError):
                one = read(value)
                if one.key.encode() == key:
                    yield one.key, one


def _correction(value: Any) -> Correction:
    texts = {name: _text(value[name]) for name in ("run", "recipe", "step", "old", "new")}
    return Correction(
        **texts,
        noticed=datetime.fromisoformat(value["noticed"]),
        edited=_optional(value["edited"]),
        parameter=_optional(value["parameter"]),
    )


def _proposal(value: Any) -> Proposal:
    if value["state"] not in STATES:
        raise ValueError("state")
    return Proposal(
        number=int(value["number"]),
        recipe=_text(value["recipe"]),
        change=_change(value["change"]),
        corrections=tuple(_text(one) for one in value["corrections"]),
        made=int(value["made"]),
        since=datetime.fromisoformat(value["since"]),
        state=value["state"],
        is_told=bool(value["is_told"]),
    )


def _change(value: Any) -> Change:
    if value["kind"] not in KINDS:
        raise ValueError("kind")
    return Change(
        kind=value["kind"],
        path=tuple(one if isinstance(one, int) else _text(one) for one in value["path"]),
        before=_optional(value["before"]),
        after=_text(value["after"]),
        old=_text(value["old"]),
        new=_text(value["new"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)


_HOW: Final = ((b"c", _correction), (b"p", _proposal))

"""What is known of every file: one row per path, kept in the trigger's durable store.

The row of a claimed version is written in the same commit as its event (triggers F-18).
"""

import os
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from rouage.sdk import JSON

State = Literal[
    "baseline", "claimed", "same", "restored", "left", "taken", "known", "repeated", "own", "seen"
]
"""How a row came to be: there at the first activation, made an event, the same content again,
back from elsewhere; or the file is gone: by itself, or taken by a run. With `once_per`: a
content or a name that was taken before. Written by the recipe itself; or noted, no more."""

ROOT: Final = b"root"
_PREFIX: Final = b"file:"
_STATES: Final[tuple[State, ...]] = (
    "baseline",
    "claimed",
    "same",
    "restored",
    "left",
    "taken",
    "known",
    "repeated",
    "own",
    "seen",
)
GONE: Final[frozenset[State]] = frozenset({"left", "taken"})
"""The states of rows whose file is not there."""


class Version(NamedTuple):
    """The facts that change when a file does; the device number is never compared."""

    size: int
    mtime_ns: int
    ino: int
    ctime_ns: int

    @classmethod
    def of(cls, facts: os.stat_result) -> "Version":
        """Return the facts that count."""
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ino, facts.st_ctime_ns)


class Row(NamedTuple):
    """The last known version of one path, its content's hash if read, and when it was noted."""

    version: Version
    sha256: bytes | None
    state: State
    at: int

    def to_json(self) -> JSON:
        """Return the row as stored."""
        digest = None if self.sha256 is None else self.sha256.hex()
        return [*self.version, digest, _STATES.index(self.state), self.at]


def key_of(path: bytes) -> bytes:
    """Return the key under which the row of *path* is stored."""
    return _PREFIX + path


def read_row(stored: JSON) -> Row | None:
    """Return a stored row, or None when it is not one."""
    if not isinstance(stored, list) or len(stored) != 7:
        return None
    numbers = [int(str(number)) for number in (*stored[:4], *stored[5:])]
    digest = stored[4]
    return Row(
        Version(*numbers[:4]),
        bytes.fromhex(digest) if isinstance(digest, str) else None,
        _STATES[numbers[4]],
        numbers[5],
    )


def read_rows(items: Mapping[bytes, JSON]) -> dict[bytes, Row]:
    """Return all rows by path."""
    rows: dict[bytes, Row] = {}
    for key, stored in items.items():
        if key.startswith(_PREFIX):
            row = read_row(stored)
            if row is not None:
                rows[key[len(_PREFIX) :]] = row
    return rows

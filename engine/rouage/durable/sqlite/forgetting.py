"""Which rows may be forgotten, and how they are: each a function of a connection.

The choice is made on a connection that reads; what is chosen is looked at again by the
statement that deletes it, since a run may be asked for again meanwhile.
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Final

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.records import dataclass

FORGOTTEN: Final = 2
"""In `event.matched`: only the key is remembered, so that a late duplicate is known (R2)."""

REFERENCES: Final[Mapping[str, Sequence[str]]] = {
    "event": ("data",),
    '"match"': ("conditions", "error"),
    "run": ("reason", "error", "outputs", "cancel"),
    "step": ("parameters", "conditions", "result", "error", "resolution"),
    "effect": ("inverse",),
    "waiter": ("question",),
    "signal": ("payload",),
    "claim": ("result",),
    "trigger_item": ("value",),
}
"""The columns that may hold the digest of a large value (`values.store`)."""
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("seq",),
    '"match"': ("event", "recipe"),
    "run": ("seq",),
    "step": ("run", "path"),
    "effect": ("run", "path", "number"),
    "waiter": ("run", "path"),
    "signal": ("run", "name", "id"),
    "claim": ("scope", "key"),
    "trigger_item": ("owner", "key"),
}
"""What tells the rows of a table apart."""

_NUMBERS: Final = "(SELECT value FROM json_each(?))"
_IS_OVER: Final = f"run.state NOT IN {OPEN_STATES_SQL}"
# A run is needed by its open children, by the caller that waits for it, and by its replays.
# The last row stays, because the next number is counted from it.
_IS_FREE: Final = (
    "run.seq < (SELECT max(seq) FROM run) AND NOT EXISTS (SELECT 1 FROM run AS other WHERE"  # noqa: S608 - ours
    f" other.parent = run.seq AND other.state IN {OPEN_STATES_SQL}) AND NOT EXISTS (SELECT 1 FROM"
    f" run AS other WHERE other.replay_of = run.seq AND other.state IN {OPEN_STATES_SQL})"
    " AND NOT EXISTS (SELECT 1 FROM run AS other WHERE other.seq = run.parent AND"
    f" other.state IN {OPEN_STATES_SQL})"
)
_RUNS: Final = (
    f"SELECT seq FROM run WHERE seq > ? AND {_IS_OVER} AND ended < ? AND {_IS_FREE} AND {{}}"  # noqa: S608 - ours
    " ORDER BY seq LIMIT ?"
)
_FREE_OF: Final = (
    f"SELECT seq, event FROM run WHERE seq IN {_NUMBERS} AND {_IS_OVER} AND {_IS_FREE}"  # noqa: S608 - ours
)
_OPEN: Final = f"SELECT count(*) FROM run WHERE state <> 'succeeded' AND state IN {OPEN_STATES_SQL}"  # noqa: S608 - ours
_HAS_NO_RUN: Final = (
    "event.matched = 1 AND event.seq < (SELECT max(seq) FROM event)"
    " AND NOT EXISTS (SELECT 1 FROM run WHERE run.event = event.seq)"
)
_EVENTS: Final = (
    f"SELECT seq FROM event WHERE seq > ? AND received < ? AND {_HAS_NO_RUN}"  # noqa: S608 - ours
    " ORDER BY seq LIMIT ?"
)
_FREE_EVENTS: Final = f"SELECT seq FROM event WHERE seq IN {_NUMBERS} AND {_HAS_NO_RUN}"  # noqa: S608 - ours
_KEYS: Final = (
    f"SELECT seq, id, source, key, time, received FROM event WHERE seq IN {_NUMBERS}"  # noqa: S608 - ours
    " AND received >= ?"
)
_REMEMBER: Final = (
    "INSERT INTO event (seq, id, source, key, time, received, matched)"  # noqa: S608 - ours
    f" VALUES (?, ?, ?, ?, ?, ?, {FORGOTTEN})"
)
_OLD_KEYS: Final = (
    "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE matched = 2 AND received < ?"
    " AND seq < (SELECT max(seq) FROM event) LIMIT ?)"
)
_OLD_CLAIMS: Final = (
    "DELETE FROM claim WHERE (scope, key) IN (SELECT scope, key FROM claim WHERE expires < ?"  # noqa: S608 - ours
    f" AND NOT EXISTS (SELECT 1 FROM run WHERE seq = claim.run AND state IN {OPEN_STATES_SQL})"
    " LIMIT ?)"
)
_OF_RUNS: Final = ("step", "effect", "lineage", "signal", "waiter")


@dataclass(kw_only=True, slots=True)
class Gone:
    """What one piece of work removed; `digests` of large values that may have lost their use."""

    runs: int = 0
    events: int = 0
    digests: frozenset[bytes] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Of:
    """The runs of one recipe, or of all but some."""

    recipe: str | None = None
    but: Sequence[str] = ()

    def condition(self) -> tuple[str, tuple[str, ...]]:
        """Return it as SQL, and what belongs to its marks."""
        if self.recipe is not None:
            return "run.recipe = ?", (self.recipe,)
        if self.but:
            return f"run.recipe NOT IN {_NUMBERS}", (json.dumps(self.but),)
        return "true", ()


EVERY: Final = Of()


def choose_runs(
    connection: apsw.Connection, *, after: int, ended_before: int, limit: int, of: Of = EVERY
) -> list[int]:
    """Return the oldest runs beyond number *after* that may go."""
    condition, values = of.condition()
    query = _RUNS.format(condition)
    return [seq for (seq,) in connection.execute(query, (after, ended_before, *values, limit))]


def choose_events(
    connection: apsw.Connection, *, after: int, received_before: int, limit: int
) -> list[int]:
    """Return the oldest events without a run that may go."""
    return [seq for (seq,) in connection.execute(_EVENTS, (after, received_before, limit))]


def count_runs(connection: apsw.Connection, of: Of = EVERY) -> int:
    """Return the number of finished runs."""
    condition, values = of.condition()
    # Without a condition SQLite counts without looking at a row.
    where = f" WHERE {condition}" if values else ""
    total = connection.execute(f"SELECT count(*) FROM run{where}", values).get  # noqa: S608 - ours
    return int(total) - int(connection.execute(f"{_OPEN} AND {condition}", values).get)


def count_events(connection: apsw.Connection) -> int:
    """Return the number of events that are remembered whole."""
    total = connection.execute("SELECT count(*) FROM event").get
    keys = connection.execute("SELECT count(*) FROM event WHERE matched = 2").get
    return int(total) - int(keys)


def used_bytes(connection: apsw.Connection) -> int:
    """Return how much of the file is in use."""
    pages, free = connection.pragma("page_count"), connection.pragma("freelist_count")
    size = connection.pragma("page_size")
    return (int(str(pages)) - int(str(free))) * int(str(size))


def forget_runs(
    connection: apsw.Connection,
    numbers: Sequence[int],
    *,
    keys_before: int,
    failpoints: Failpoints | None = None,
) -> Gone:
    """Delete those of the runs that may go, with all their rows, in one transaction."""
    with transaction(connection):
        rows = list(connection.execute(_FREE_OF, (json.dumps(numbers),)))
        runs = json.dumps([seq for seq, _ in rows])
        digests = _digests(connection, (*_OF_RUNS,), "run", runs)
        digests |= _digests(connection, ("run",), "seq", runs)
        for table in _OF_RUNS:
            connection.execute(f"DELETE FROM {table} WHERE run IN {_NUMBERS}", (runs,))  # noqa: S608 - ours
        connection.execute(f"DELETE FROM run WHERE seq IN {_NUMBERS}", (runs,))  # noqa: S608 - ours
        gone = _forget_events(connection, sorted({event for _, event in rows}), keys_before)
        if failpoints is not None:
            failpoints.reach("mid_purge")
    return Gone(runs=len(rows), events=gone.events, digests=gone.digests | digests)


def forget_events(connection: apsw.Connection, numbers: Sequence[int], *, keys_before: int) -> Gone:
    """Forget those of the events that started no run that is still there."""
    with transaction(connection):
        return _forget_events(connection, numbers, keys_before)


def _forget_events(connection: apsw.Connection, numbers: Sequence[int], keys_before: int) -> Gone:
    """Delete the events whose key need not be known any more, and keep the keys of the others."""
    free = [seq for (seq,) in connection.execute(_FREE_EVENTS, (json.dumps(numbers),))]
    events = json.dumps(free)
    digests = _digests(connection, ("event",), "seq", events)
    digests |= _digests(connection, ('"match"',), "event", events)
    connection.execute(f'DELETE FROM "match" WHERE event IN {_NUMBERS}', (events,))  # noqa: S608 - ours
    # Rows that only become shorter keep their pages: they are deleted, and the keys put back.
    keys = list(connection.execute(_KEYS, (events, keys_before)))
    connection.execute(f"DELETE FROM event WHERE seq IN {_NUMBERS}", (events,))  # noqa: S608 - ours
    connection.executemany(_REMEMBER, keys)
    return Gone(events=len(free), digests=digests)


def forget_keys(connection: apsw.Connection, *, keys_before: int, limit: int) -> int:
    """Delete event keys that need not be known any more."""
    connection.execute(_OLD_KEYS, (keys_before, limit))
    return connection.changes()


def forget_claims(connection: apsw.Connection, *, now: int, limit: int) -> int:
    """Delete keys of the ledger that have expired."""
    connection.execute(_OLD_CLAIMS, (now, limit))
    return connection.changes()


def sizes_of(connection: apsw.Connection, digests: Sequence[bytes]) -> int:
    """Return how many bytes these large values have."""
    query = "SELECT length(body) FROM blob WHERE hash = ?"
    return sum(int(size) for digest in digests for (size,) in connection.execute(query, (digest,)))


def unused_blobs(connection: apsw.Connection) -> list[tuple[bytes, int]]:
    """Return the large values that no row refers to, with their sizes; reads every table."""
    connection.execute("BEGIN")
    try:
        blobs = dict(connection.execute("SELECT hash, length(body) FROM blob"))
        for table, columns in REFERENCES.items() if blobs else ():
            for column in columns:
                query = f"SELECT {column} FROM {table} WHERE typeof({column}) = 'blob'"  # noqa: S608 - ours
                for (digest,) in connection.execute(query):
                    blobs.pop(digest, None)
        return list(blobs.items())
    finally:
        connection.execute("COMMIT")


def delete_blobs(connection: apsw.Connection, digests: Sequence[bytes], but: Set[bytes]) -> int:
    """Delete large values, *but* for those that came into use again; return how many."""
    gone = [(digest,) for digest in digests if digest not in but]
    with transaction(connection):
        connection.executemany("DELETE FROM blob WHERE hash = ?", gone)
    return len(gone)


def note_sweep(connection: apsw.Connection, now: int) -> None:
    """Remember when large values without use were looked for."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('blobs_swept', ?)", (now,))


def last_sweep(connection: apsw.Connection) -> int:
    """Return when large values without use were looked for, in microseconds since 1970."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'blobs_swept'").get or 0)


def give_back(connection: apsw.Connection, *, pages: int, kept_share: float) -> bool:
    """Give free pages back to the disk; return whether there are more to give."""
    total, free = (int(str(connection.pragma(name))) for name in ("page_count", "freelist_count"))
    if free <= total * kept_share:
        return False
    for _ in connection.execute(f"PRAGMA incremental_vacuum({pages})"):
        pass
    return True


def _digests(
    connection: apsw.Connection, tables: Sequence[str], key: str, numbers: str
) -> frozenset[bytes]:
    """Return the digests in rows that are about to go."""
    found: set[bytes] = set()
    for table in tables:
        for column in REFERENCES.get(table, ()):
            query = (
                f"SELECT {column} FROM {table} WHERE {key} IN {_NUMBERS}"  # noqa: S608 - ours
                f" AND typeof({column}) = 'blob'"
            )
            found.update(digest for (digest,) in connection.execute(query, (numbers,)))
    return frozenset(found)


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Do what is inside as one transaction, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

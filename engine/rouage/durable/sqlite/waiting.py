"""The questions about waits, answers, called runs and replays, each a function of a connection."""

from typing import Any, Final

import apsw

from rouage.durable.batch import WaiterRow
from rouage.durable.records import signal_record, wait_record
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.durable.values import to_column
from rouage.model.run import SignalRecord, WaitKind, WaitRecord

ANSWERED: Final = (
    "SELECT DISTINCT signal.run FROM signal"
    " JOIN waiter ON waiter.run = signal.run AND waiter.name = signal.name"
    " UNION SELECT run FROM waiter WHERE name >= 'once:' AND name < 'once;'"
)
"""The runs for which something came, or may have: a crash may have kept them from looking.

The second part is `waits.ONCE_PREFIX`, written out for the planner.
"""

_WAITS: Final = (
    "SELECT waiter.run, waiter.path, waiter.kind, waiter.deadline, waiter.name, waiter.question,"
    " waiter.created, run.id, run.recipe FROM {source} JOIN run ON run.seq = waiter.run"
)
_CALLED: Final = " ".join(
    [
        "SELECT id FROM run WHERE parent = ? AND parent_path IS NOT NULL",
        "AND state IN",
        OPEN_STATES_SQL,
        "ORDER BY seq",
    ]
)
_SIGNALS: Final = (
    "SELECT name, id, payload, author, received FROM signal WHERE run = ? ORDER BY received, id"
)


def waits_of(connection: apsw.Connection, seq: int) -> list[WaiterRow]:
    """Return the rows of what one run waits for."""
    query = "SELECT run, path, kind, deadline, name, question, created FROM waiter WHERE run = ?"
    return list(connection.execute(query, (seq,)))


def signals_of(connection: apsw.Connection, seq: int, value: Values) -> list[SignalRecord]:
    """Return what came for one run, oldest first."""
    return [signal_record(row, value) for row in connection.execute(_SIGNALS, (seq,))]


def list_waits(
    connection: apsw.Connection,
    kinds: frozenset[WaitKind] | None,
    run_id: str | None,
    name: str | None,
    limit: int,
) -> tuple[WaitRecord, ...]:
    """Return what runs wait for, oldest first."""
    conditions: list[str] = []
    bindings: list[Any] = []
    source = "waiter"
    if kinds is not None:
        conditions.append(f"waiter.kind IN ({','.join('?' * len(kinds))})")
        bindings += sorted(kinds)
    if run_id is not None:
        conditions.append("run.id >= ? AND run.id < ?")
        bindings += [run_id, run_id + "\x7f"]
    if name is not None:
        source = "waiter INDEXED BY waiter_by_name"
        conditions.append("waiter.name = ?")
        bindings.append(to_column(name))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = " ORDER BY waiter.created, waiter.run, waiter.path LIMIT ?"
    rows = list(
        connection.execute(_WAITS.format(source=source) + where + order, [*bindings, max(1, limit)])
    )
    value = Values(connection)
    return tuple([wait_record(row[:7], row[7], row[8], value) for row in rows])


def list_signals(connection: apsw.Connection, run_id: str) -> tuple[SignalRecord, ...]:
    """Return what came for the run with exactly this id, oldest first."""
    seq = connection.execute("SELECT seq FROM run WHERE id = ?", (run_id,)).get
    return () if seq is None else tuple(signals_of(connection, seq, Values(connection)))


def called_by(connection: apsw.Connection, seq: int) -> list[str]:
    """Return the ids of the unfinished runs for whose end this run waits."""
    return [run_id for (run_id,) in connection.execute(_CALLED, (seq,))]


def siblings(connection: apsw.Connection, event_id: str, recipe: str) -> int:
    """Return how many runs of the recipe there are for the event, replays included."""
    query = (
        "SELECT count(*) FROM run WHERE event = (SELECT seq FROM event WHERE id = ?) AND recipe = ?"
    )
    return int(connection.execute(query, (event_id, to_column(recipe))).get)

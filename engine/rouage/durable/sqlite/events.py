"""The questions about events: what is asked for, when it came, what a pause held back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import apsw

from rouage.durable.records import event_of
from rouage.durable.sought import Sought
from rouage.durable.sqlite.blobs import Values
from rouage.durable.values import to_column, to_microseconds
from rouage.model.event import Event

_EVENT: Final = "SELECT seq, id, source, key, time, received, data, trail FROM event WHERE seq = ?"
_NEXT: Final = "SELECT seq, received FROM event WHERE seq >= ? ORDER BY seq LIMIT 1"
_HELD_BACK: Final = (
    "SELECT event FROM \"match\" WHERE event > ?1 AND outcome = 'paused'"
    " AND (?2 IS NULL OR recipe = ?2) ORDER BY event LIMIT ?3"
)
_LAST_LETTER: Final = "\U0010ffff"

Condition = tuple[str, tuple[Any, ...]]


def conditions_of(connection: apsw.Connection, sought: Sought) -> Iterator[Condition]:
    """Yield the conditions that *sought* puts on the table of events, with their values."""
    # Of a forgotten event only the key is known (see `forgetting`).
    yield "matched <> 2", ()
    if sought.subject is not None:
        yield "subject = ?", (to_column(sought.subject),)
    if sought.source is not None and sought.key is not None:
        first, last = sought.key, sought.key + _LAST_LETTER
        yield "source = ?", (to_column(sought.source),)
        yield "key BETWEEN ? AND ?", (to_column(first), to_column(last))
    elif sought.source is not None:
        # The sign keeps the planner on the order of time: a page is found from the end.
        yield "+source = ?", (to_column(sought.source),)
    if sought.since is not None:
        yield "seq >= ?", (first_since(connection, sought.since),)
    if sought.until is not None:
        yield "seq < ?", (first_since(connection, sought.until),)


def first_since(connection: apsw.Connection, instant: datetime) -> int:
    """Return the number of the first event received at *instant* or later.

    Numbers and times of receipt grow together, so no index is needed: a search by halves.
    """
    wanted = to_microseconds(instant)
    low, high = 0, int(connection.execute("SELECT coalesce(max(seq), 0) FROM event").get) + 1
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(_NEXT, (middle,)).fetchone()
        if found is None or found[1] >= wanted:
            high = middle
        else:
            low = found[0] + 1
    return low


def held_back(
    connection: apsw.Connection, since: datetime, recipe: str | None, after: int, limit: int
) -> tuple[tuple[int, Event], ...]:
    """Return events with a verdict `paused`, oldest first, each with its number."""
    value = Values(connection)
    start = max(after, first_since(connection, since) - 1)
    named = None if recipe is None else to_column(recipe)
    numbers = [seq for (seq,) in connection.execute(_HELD_BACK, (start, named, max(1, limit)))]
    rows = [connection.execute(_EVENT, (seq,)).fetchone() for seq in numbers]
    return tuple([(row[0], event_of(row, value)) for row in rows if row is not None])

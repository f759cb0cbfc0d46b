"""The stored events of one recipe with the runs that they started, read one after the other."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import apsw

from rouage.durable.records import RUN_COLUMNS, blanked_of, event_of, run_record, step_record
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.events import first_since
from rouage.durable.sqlite.opening import connect_for_reading
from rouage.durable.values import to_column
from rouage.errors import JournalError
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.run import Blanked, RunRecord
from rouage.records import dataclass

_PAGE: Final = 100
"""So many events are read in one go; between two pages the journal may change."""
_EVENTS: Final = (
    "SELECT seq, id, source, key, time, received, data, trail, blanked FROM event"
    " WHERE seq >= ? AND seq < ? AND matched <> 2 AND +source IN ({marks})"
    " ORDER BY seq DESC LIMIT ?"
)
_OUTCOME: Final = 'SELECT outcome FROM "match" WHERE event = ? AND recipe = ?'
_RUN: Final = (
    f"SELECT {RUN_COLUMNS} FROM run JOIN event ON event.seq = run.event"  # noqa: S608 - ours
    " WHERE run.event = ? AND +run.recipe = ? ORDER BY run.seq LIMIT 1"
)
_STEPS: Final = (
    "SELECT run, path, state, action, attempts, parameters, conditions, result, error, started,"
    " ended, next_attempt, resolution FROM step WHERE run = ? ORDER BY started, path"
)
_UNREADABLE: Final = Text(
    "the journal cannot be read: {detail}", "le journal ne peut pas être lu : {detail}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent:
    """An event, what one recipe decided about it, and the run that it started, with its steps.

    A run that was done again is told by its first time.
    """

    event: Event
    outcome: str | None = None
    run: RunRecord | None = None
    blanked: Blanked | None = None

    @property
    def trigger(self) -> str:
        """Return the id of the trigger that it came from."""
        return self.event.source.rpartition("/")[2]


def stored_events(
    path: Path, recipe: str, sources: Sequence[str], *, since: datetime, until: datetime
) -> Generator[StoredEvent, None, None]:
    """Yield what came from *sources* in the journal *path*, the newest first.

    Raises:
        JournalError: the journal cannot be read.
    """
    connection = connect_for_reading(path)
    try:
        with _told():
            first, after = (first_since(connection, moment) for moment in (since, until))
            query = _EVENTS.format(marks=", ".join("?" * len(sources)))
            named = [to_column(source) for source in sources]
        while True:
            with _told():
                rows = list(connection.execute(query, (first, after, *named, _PAGE)))
            for row in rows:
                yield _stored(connection, row, recipe)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]
    finally:
        connection.close()


def _stored(connection: apsw.Connection, row: Sequence[Any], recipe: str) -> StoredEvent:
    value, place = Values(connection), (row[0], to_column(recipe))
    with _told():
        outcome = connection.execute(_OUTCOME, place).get
        found = connection.execute(_RUN, place).fetchone()
        if found is None:
            return StoredEvent(
                event=event_of(row, value), outcome=outcome, blanked=blanked_of(row[8])
            )
        steps = tuple(
            [step_record(one, found[1], value) for one in connection.execute(_STEPS, (found[0],))]
        )
        run = run_record(found, value, steps=steps)
        return StoredEvent(
            event=event_of(row, value), outcome=outcome, run=run, blanked=blanked_of(row[8])
        )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise JournalError(_UNREADABLE, detail=str(error)) from error

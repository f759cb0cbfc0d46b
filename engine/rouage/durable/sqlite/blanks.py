"""Which events and their runs are to be blanked, and what that writes (features N-11).

What is to be written is worked out on a connection that reads. The writer looks again whether
all runs are over: only then the rows still are what they were.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

import apsw

from rouage.durable.blanking import (
    CLAIM,
    Cell,
    Change,
    Changes,
    Place,
    blank_all,
    blank_personal,
    digest_of,
)
from rouage.durable.failpoints import Failpoints
from rouage.durable.keeping import DONE, PERSONAL, Paths, Places
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.forgetting import PLACES, REFERENCES, transaction
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.durable.values import Stored, from_column, store, to_column
from rouage.records import dataclass

_NUMBERS: Final = "(SELECT value FROM json_each(?))"
# What an open run came from, calls, or does again is still needed by it.
_OPEN_OTHER: Final = f"SELECT 1 FROM run AS other WHERE other.state IN {OPEN_STATES_SQL} AND"  # noqa: S608 - ours
_IS_SETTLED: Final = (
    f"NOT EXISTS (SELECT 1 FROM run AS one WHERE one.event = event.seq AND"  # noqa: S608 - ours
    f" (one.state IN {OPEN_STATES_SQL}"
    f" OR EXISTS ({_OPEN_OTHER} other.parent = one.seq)"
    f" OR EXISTS ({_OPEN_OTHER} other.replay_of = one.seq)"
    f" OR EXISTS ({_OPEN_OTHER} other.seq = one.parent)))"
)
_CHOSEN: Final = (
    "WITH rule (recipe, before) AS MATERIALIZED (SELECT key, value FROM json_each(?))"  # noqa: S608 - ours
    " SELECT seq FROM event WHERE seq > ? AND matched = 1"
    " AND (blanked IS NULL OR blanked < 0 OR blanked & ? = 0)"
    " AND received < ? AND EXISTS"
    ' (SELECT 1 FROM "match" JOIN rule ON rule.recipe = "match".recipe'
    ' WHERE "match".event = event.seq AND event.received < rule.before'
    " AND NOT EXISTS (SELECT 1 FROM run WHERE run.event = event.seq AND run.ended >= rule.before))"
    # What a pause held back may still be let go.
    " AND NOT EXISTS (SELECT 1 FROM \"match\" WHERE event = event.seq AND outcome = 'paused')"
    f" AND {_IS_SETTLED} ORDER BY seq LIMIT ?"
)
_SETTLED: Final = f"SELECT count(*) FROM event WHERE seq = ? AND {_IS_SETTLED}"  # noqa: S608 - ours
_EVENT: Final = "SELECT source, data FROM event WHERE seq = ?"
_MATCHES: Final = 'SELECT event, recipe, definition, conditions, error FROM "match" WHERE event = ?'
_RUNS: Final = "SELECT seq, definition, reason, error, outputs, cancel FROM run WHERE event = ?"
_STEPS: Final = (
    "SELECT run, path, action, parameters, conditions, result, error, resolution FROM step"
    " WHERE run = ?"
)
_EFFECTS: Final = "SELECT run, path, number, inverse FROM effect WHERE run = ?"
_SIGNALS: Final = "SELECT run, name, id, payload FROM signal WHERE run = ?"
_CLAIMS: Final = (
    "SELECT coalesce(run.event, claim.event), scope, claim.key, claim.result FROM claim"  # noqa: S608 - ours
    f" LEFT JOIN run ON run.seq = claim.run WHERE claim.event IN {_NUMBERS}"
    f" OR run.event IN {_NUMBERS}"
)
_HIDE: Final = "UPDATE OR REPLACE claim SET key = ? WHERE scope IS ? AND key IS ?"
_MARK: Final = "UPDATE event SET blanked = (coalesce(abs(blanked), 0) | ?) * ? WHERE seq = ?"
_NOWHERE: Final = Places()
_NO_PATHS: Final[Mapping[str, Paths]] = {}

Statement = tuple[str, Sequence[Any]]


@dataclass(kw_only=True, slots=True)
class Work:
    """What blanking one event with its runs writes: `first` in any pieces, then `last` at once."""

    event: int
    level: int
    first: list[Statement] = field(default_factory=list)
    last: list[Statement] = field(default_factory=list)
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    digests: set[bytes] = field(default_factory=set)
    """Of large values that lose their use here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Some statements of one work that are written in one go."""

    work: Work
    statements: Sequence[Statement]
    is_last: bool = False


def choose_blankable(
    connection: apsw.Connection, *, due: Mapping[str, int], level: int, after: int, limit: int
) -> list[int]:
    """Return the oldest events beyond number *after* that are due, with their runs."""
    rules, before = json.dumps(due), max(due.values())
    bindings = (rules, after, DONE[level], before, limit)
    return [seq for (seq,) in connection.execute(_CHOSEN, bindings)]


def plan_blanks(
    connection: apsw.Connection,
    events: Sequence[int],
    *,
    level: int,
    places: Mapping[str, Places],
) -> list[Work]:
    """Return what is to be written for each of the events."""
    numbers, value = json.dumps(events), Values(connection)
    claims: dict[int, list[Cell]] = {}
    for event, scope, key, stored in connection.execute(_CLAIMS, (numbers, numbers)):
        place = (scope, key)
        cell = Cell(CLAIM, "result", place=place, stored=stored, value=value(stored))
        claims.setdefault(event, []).append(cell)
    reading, found = _Reading(connection, value, places), list[Work]()
    for event in events:
        cells = [*reading.cells(event), *claims.get(event, ())]
        changes = blank_personal(cells) if level == PERSONAL else blank_all(cells)
        found.append(_work(Work(event=event, level=level), changes))
    return found


def parts_of(works: Iterable[Work], size: Callable[[], int]) -> Iterator[list[Part]]:
    """Yield what is to be written together: about *size* statements, and never half a `last`."""
    piece, left = list[Part](), size()
    for work in works:
        rest = work.first
        while len(rest) > left:
            piece.append(Part(work=work, statements=rest[:left]))
            rest = rest[left:]
            yield piece
            piece, left = [], size()
        piece.append(Part(work=work, statements=[*rest, *work.last], is_last=True))
        left -= len(rest) + len(work.last) + 1
        if left <= 0:
            yield piece
            piece, left = [], size()
    if piece:
        yield piece


def write_blanks(
    connection: apsw.Connection, parts: Sequence[Part], *, failpoints: Failpoints | None = None
) -> list[Work]:
    """Write the parts in one transaction, and their marks; return the works that are done."""
    done = []
    with transaction(connection):
        for part in parts:
            work = part.work
            if not connection.execute(_SETTLED, (work.event,)).get:
                continue
            connection.executemany("INSERT OR IGNORE INTO blob VALUES (?, ?)", work.blobs.items())
            for statement, bindings in part.statements:
                connection.execute(statement, bindings)
            # Under way it is negative: whoever asks is told already, and it is chosen again.
            sign = 1 if part.is_last else -1
            connection.execute(_MARK, (work.level, sign, work.event))
            if part.is_last:
                done.append(work)
        if failpoints is not None:
            failpoints.reach("mid_blanking")
    if failpoints is not None:
        failpoints.reach("between_blanks")
    return done


def _work(work: Work, changes: Changes) -> Work:
    work.first += [_statement(change, work) for change in changes.first]
    for scope, key in changes.hidden:
        new = to_column(digest_of(from_column(key)))
        if new != key:
            work.first.append((_HIDE, (new, scope, key)))
    work.last += [_statement(change, work) for change in changes.last]
    return work


def _statement(change: Change, work: Work) -> Statement:
    cell = change.cell
    if isinstance(cell.stored, bytes):
        work.digests.add(cell.stored)
    where = " AND ".join(f"{name} IS ?" for name in PLACES[cell.table])
    query = f"UPDATE {cell.table} SET {cell.column} = ? WHERE {where}"  # noqa: S608 - ours
    return query, (store(change.value, work.blobs), *cell.place)


class _Reading:
    """The values of one event and its runs."""

    def __init__(
        self, connection: apsw.Connection, value: Values, places: Mapping[str, Places]
    ) -> None:
        self._connection = connection
        self._value = value
        self._places = places

    def cells(self, event: int) -> Iterator[Cell]:
        """Yield what may hold something to blank."""
        versions: dict[str, None] = {}
        for place, version, *values in self._rows(_MATCHES, event, keys=2):
            versions[version or ""] = None
            yield from self._cells('"match"', place, values)
        for place, version, *values in self._rows(_RUNS, event, keys=1):
            versions[version] = None
            yield from self._cells("run", place, values)
            yield from self._of_run(place[0], self._places.get(version, _NOWHERE))
        ((source, data),) = self._connection.execute(_EVENT, (event,))
        known = [self._places.get(version, _NOWHERE) for version in versions]
        paths = [path for one in known for path in one.of_event(from_column(source))]
        yield from self._cells("event", (event,), [data], {"data": tuple(paths)})

    def _of_run(self, run: int, places: Places) -> Iterator[Cell]:
        for place, action, *values in self._rows(_STEPS, run, keys=2):
            paths = {
                "parameters": places.parameters.get(action, ()),
                "result": places.results.get(action, ()),
            }
            yield from self._cells("step", place, values, paths)
        for place, *values in self._rows(_EFFECTS, run, keys=3):
            yield from self._cells("effect", place, values)
        for place, *values in self._rows(_SIGNALS, run, keys=3):
            yield from self._cells("signal", place, values)

    def _rows(self, query: str, number: int, *, keys: int) -> Iterator[tuple[Any, ...]]:
        """Yield for each row what tells it from the others, then the rest of it."""
        for row in list(self._connection.execute(query, (number,))):
            yield (row[:keys], *row[keys:])

    def _cells(
        self,
        table: str,
        place: Place,
        values: Sequence[Stored],
        paths: Mapping[str, Paths] = _NO_PATHS,
    ) -> Iterator[Cell]:
        for column, stored in zip(REFERENCES[table], values, strict=True):
            if stored is not None:
                value, declared = self._value(stored), paths.get(column, ())
                yield Cell(table, column, place=place, stored=stored, value=value, paths=declared)

"""The questions to a journal file, each a function of a connection."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw

from rouage.durable.journal import LoadedRun, Opened, OpenRun
from rouage.durable.port import EventRecord, RunFilter, RunPage
from rouage.durable.records import (
    RUN_COLUMNS,
    event_of,
    loaded_run,
    open_run,
    run_record,
    step_record,
    verdict_of,
)
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.durable.values import Stored, decode, to_column, to_microseconds
from rouage.model.event import Event
from rouage.model.run import RunRecord, StepRecord
from rouage.sdk.json import JSON

_RUNS: Final = f"SELECT {RUN_COLUMNS} FROM run JOIN event ON event.seq = run.event"  # noqa: S608 - ours
_EVENTS: Final = "SELECT seq, id, source, key, time, received, data FROM event"
_CIRCUMSTANCES: Final = (
    "SELECT event.data, m.conditions FROM run JOIN event ON event.seq = run.event"
    ' LEFT JOIN "match" AS m ON m.event = run.event AND m.recipe = run.recipe WHERE run.seq = ?'
)
_EVENT_OF_RUN: Final = " ".join([_EVENTS, "WHERE seq = (SELECT event FROM run WHERE seq = ?)"])
_RUNS_OF_EVENT: Final = " ".join(
    [
        _RUNS,
        'WHERE run.seq IN (SELECT run FROM "match" WHERE event = ? AND run IS NOT NULL)',
        "ORDER BY run.seq",
    ]
)
_IS_OF_EVENT: Final = (
    'run.seq IN (SELECT m.run FROM "match" AS m WHERE m.event ='
    " (SELECT seq FROM event WHERE id = ?) AND m.run IS NOT NULL)"
)
_VERDICTS: Final = (
    'SELECT recipe, outcome, definition, conditions, error FROM "match" WHERE event = ?'
)
_STEPS: Final = (
    "SELECT run, path, state, action, attempts, parameters, conditions, result, error, started,"
    " ended, next_attempt FROM step WHERE run = ? ORDER BY started, path"
)


class Values:
    """Turn columns into values; large ones are fetched."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __call__(self, stored: Stored) -> Any:
        """Return what the column stands for."""
        if stored is None:
            return None
        if isinstance(stored, str):
            return decode(stored)
        body = self._connection.execute("SELECT body FROM blob WHERE hash = ?", (stored,)).get
        return None if body is None else decode(bytes(body).decode())


def opened(connection: apsw.Connection) -> Opened:
    """Return what a start needs to know."""
    last_event = connection.execute("SELECT coalesce(max(seq), 0) FROM event").get
    last_run = connection.execute("SELECT coalesce(max(seq), 0) FROM run").get
    where = f"state <> 'succeeded' AND state IN {OPEN_STATES_SQL}"
    return Opened(
        last_event=int(last_event), last_run=int(last_run), open_runs=_open_runs(connection, where)
    )


def open_runs_of(connection: apsw.Connection, events: Sequence[int]) -> list[OpenRun]:
    """Return the unfinished runs of these events."""
    if not events:
        return []
    numbers = ",".join(map(str, events))
    return _open_runs(connection, f"event.seq IN ({numbers}) AND state IN {OPEN_STATES_SQL}")


def _open_runs(connection: apsw.Connection, where: str) -> list[OpenRun]:
    deadlines = dict(connection.execute("SELECT run, min(deadline) FROM waiter GROUP BY run"))
    rows = connection.execute(f"{_RUNS} WHERE {where} ORDER BY run.seq")
    return [open_run(row, deadlines.get(row[0])) for row in rows]


def list_runs(
    connection: apsw.Connection, chosen: RunFilter, cursor: str | None, limit: int
) -> RunPage:
    """Return a page of runs, newest first."""
    conditions, bindings = _conditions(chosen)
    if cursor is not None:
        conditions.append("run.seq < ?")
        bindings.append(int(cursor))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = f"{where} ORDER BY run.seq DESC LIMIT {max(1, limit) + 1}"
    rows = list(connection.execute(_RUNS + order, bindings))
    value = Values(connection)
    runs = tuple([run_record(row, value) for row in rows[:limit]])
    return RunPage(runs=runs, cursor=str(rows[limit - 1][0]) if len(rows) > limit else None)


def _conditions(chosen: RunFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    bindings: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        bindings.extend(values)

    if chosen.recipe is not None:
        add("run.recipe = ?", to_column(chosen.recipe))
    if chosen.states is not None:
        add(_state_condition(chosen.states))
    if chosen.event is not None:
        add(_IS_OF_EVENT, chosen.event)
    if chosen.run_id is not None:
        add("run.id >= ? AND run.id < ?", chosen.run_id, chosen.run_id + "\x7f")
    if chosen.since is not None:
        add("run.created >= ?", to_microseconds(chosen.since))
    if chosen.before is not None:
        add("run.created < ?", to_microseconds(chosen.before))
    return conditions, bindings


def _state_condition(states: Iterable[str]) -> str:
    # Literals, because the planner uses the partial index only when it sees them.
    names = ", ".join(f"'{state}'" for state in sorted(states) if state.isidentifier())
    seldom = "" if "'succeeded'" in names else "run.state <> 'succeeded' AND "
    return f"{seldom}run.state IN ({names})"


def get_run(connection: apsw.Connection, run_id: str) -> RunRecord | None:
    """Return one run with everything that is known of it."""
    row = connection.execute(f"{_RUNS} WHERE run.id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    value = Values(connection)
    ((data, conditions),) = connection.execute(_CIRCUMSTANCES, (row[0],))
    return run_record(
        row,
        value,
        event_data=value(data),
        conditions=value(conditions),
        steps=tuple(_steps(connection, row[0], row[1], value).values()),
    )


def _steps(
    connection: apsw.Connection, seq: int, run_id: str, value: Values
) -> dict[str, StepRecord]:
    rows = connection.execute(_STEPS, (seq,))
    return {row[1]: step_record(row, run_id, value) for row in rows}


def find_events(
    connection: apsw.Connection, source: str | None, subject: str | None, limit: int
) -> tuple[EventRecord, ...]:
    """Return events, newest first, with verdicts and runs."""
    conditions, bindings = [], []
    if subject is not None:
        conditions.append("subject = ?")
        bindings.append(to_column(subject))
    if source is not None:
        # The sign keeps the planner on the order of time: a page is found from the end.
        conditions.append("+source = ?")
        bindings.append(to_column(source))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = f"{where} ORDER BY seq DESC LIMIT {max(1, limit)}"
    rows = list(connection.execute(_EVENTS + order, bindings))
    return tuple([_event_record(connection, row) for row in rows])


def _event_record(connection: apsw.Connection, row: Sequence[Any]) -> EventRecord:
    value = Values(connection)
    verdicts = connection.execute(_VERDICTS, (row[0],))
    runs = connection.execute(_RUNS_OF_EVENT, (row[0],))
    return EventRecord(
        event=event_of(row, value),
        verdicts=tuple([verdict_of(verdict, value) for verdict in verdicts]),
        runs=tuple([run_record(run, value) for run in runs]),
    )


def load_items(connection: apsw.Connection, trigger: str) -> dict[bytes, JSON]:
    """Return the durable store of one trigger."""
    value = Values(connection)
    rows = connection.execute(
        "SELECT key, value FROM trigger_item WHERE owner = ?", (to_column(trigger),)
    )
    return {bytes(key): value(stored) for key, stored in rows}


def stats(connection: apsw.Connection) -> dict[str, int]:
    """Return the number of runs by state, of events, and of unmatched events."""
    rare = dict(
        connection.execute(
            "SELECT state, count(*) FROM run WHERE state <> 'succeeded' GROUP BY state"
        )
    )
    runs = connection.execute("SELECT count(*) FROM run").get
    events = connection.execute("SELECT count(*) FROM event").get
    unmatched = connection.execute("SELECT count(*) FROM event WHERE matched = 0").get
    counts = {str(state): int(number) for state, number in rare.items()}
    succeeded = int(runs) - sum(counts.values())
    if succeeded:
        counts["succeeded"] = succeeded
    return {**counts, "events": int(events), "unmatched": int(unmatched)}


def get_definition(connection: apsw.Connection, digest: str) -> bytes | None:
    """Return the definition with this hash."""
    query = "SELECT body FROM definition WHERE hash = ? LIMIT 1"
    body = connection.execute(query, (digest,)).get
    return None if body is None else bytes(body)


def last_definition(connection: apsw.Connection, recipe: str) -> bytes | None:
    """Return the newest accepted definition of the recipe."""
    query = "SELECT body FROM definition WHERE recipe = ? ORDER BY accepted DESC LIMIT 1"
    body = connection.execute(query, (to_column(recipe),)).get
    return None if body is None else bytes(body)


def load(connection: apsw.Connection, seqs: Sequence[int]) -> list[LoadedRun]:
    """Return these runs, in this order, as going on with them needs."""
    found = [_load(connection, "run.seq = ?", seq) for seq in seqs]
    return [run for run in found if run is not None]


def find(connection: apsw.Connection, run_id: str) -> LoadedRun | None:
    """Return the run with exactly this id."""
    return _load(connection, "run.id = ?", run_id)


def _load(connection: apsw.Connection, where: str, binding: int | str) -> LoadedRun | None:
    row = connection.execute(f"{_RUNS} WHERE {where}", (binding,)).fetchone()
    if row is None:
        return None
    value = Values(connection)
    (event,) = connection.execute(_EVENT_OF_RUN, (row[0],))
    return loaded_run(row, event_of(event, value), _steps(connection, row[0], row[1], value), value)


def find_event(
    connection: apsw.Connection, event_id: str
) -> tuple[int, Event, frozenset[str]] | None:
    """Return an event's number, the event, and the recipes that have a verdict on it."""
    row = connection.execute(f"{_EVENTS} WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    value = Values(connection)
    verdicts = connection.execute(_VERDICTS, (row[0],))
    known = frozenset([verdict_of(verdict, value).recipe for verdict in verdicts])
    return int(row[0]), event_of(row, value), known


def unmatched(connection: apsw.Connection) -> tuple[Event, ...]:
    """Return the events that have no verdicts yet, oldest first."""
    value = Values(connection)
    rows = connection.execute(f"{_EVENTS} WHERE matched = 0 ORDER BY seq")
    return tuple([event_of(row, value) for row in rows])

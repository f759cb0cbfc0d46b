"""The questions to a journal file, each a function of a connection."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw

from rouage.durable.blanking import digest_of
from rouage.durable.journal import LoadedRun, Opened, OpenRun
from rouage.durable.port import (
    ClaimRecord,
    DefinitionRecord,
    EventRecord,
    RunFilter,
    RunPage,
)
from rouage.durable.records import (
    RUN_COLUMNS,
    blanked_of,
    claim_record,
    definition_record,
    event_of,
    loaded_run,
    open_run_of,
    run_record,
    step_record,
    verdict_of,
)
from rouage.durable.sought import Sought
from rouage.durable.sqlite import waiting
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.events import conditions_of
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.durable.values import from_column, to_column, to_microseconds
from rouage.model.event import Event
from rouage.model.run import RunRecord, StepRecord
from rouage.sdk.json import JSON

_RUNS: Final = f"SELECT {RUN_COLUMNS} FROM run JOIN event ON event.seq = run.event"  # noqa: S608 - ours
_EVENTS: Final = "SELECT seq, id, source, key, time, received, data, trail, blanked FROM event"
_CIRCUMSTANCES: Final = (
    "SELECT event.data, m.conditions FROM run JOIN event ON event.seq = run.event"
    ' LEFT JOIN "match" AS m ON m.event = run.event AND m.recipe = run.recipe WHERE run.seq = ?'
)
_EVENT_OF_RUN: Final = " ".join([_EVENTS, "WHERE seq = (SELECT event FROM run WHERE seq = ?)"])
_RUNS_OF_EVENT: Final = " ".join([_RUNS, "WHERE run.event = ? ORDER BY run.seq"])
_CLAIM: Final = (
    "SELECT scope, claim.key, claim.state, (SELECT id FROM event WHERE seq = claim.event),"
    " (SELECT id FROM run WHERE seq = claim.run), path, result, expires FROM claim"
    " WHERE scope = ? AND claim.key IN (?, ?) ORDER BY claim.key = ? DESC LIMIT 1"
)
_OPEN_RUN: Final = (
    f"SELECT id FROM run INDEXED BY run_by_state WHERE state <> 'succeeded'"  # noqa: S608 - ours
    f" AND state IN {OPEN_STATES_SQL} AND recipe = ? AND key IS ? ORDER BY seq LIMIT 1"
)
_IS_OF_EVENT: Final = "run.event = (SELECT seq FROM event WHERE id = ?)"
_IS_CHILD: Final = "run.parent = (SELECT seq FROM run WHERE id = ?)"
_VERDICTS: Final = (
    'SELECT recipe, outcome, definition, conditions, error FROM "match" WHERE event = ?'
)
_STEPS: Final = (
    "SELECT run, path, state, action, attempts, parameters, conditions, result, error, started,"
    " ended, next_attempt, resolution FROM step WHERE run = ? ORDER BY started, path"
)


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
    answered = {seq for (seq,) in connection.execute(waiting.ANSWERED)}
    rows = connection.execute(f"{_RUNS} WHERE {where} ORDER BY run.seq")
    return [
        open_run_of(
            row,
            deadlines.get(row[0]),
            has_waits=row[0] in deadlines,
            is_answered=row[0] in answered,
        )
        for row in rows
    ]


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
    since, before, run_id = chosen.since, chosen.before, chosen.run_id
    ended = chosen.ended_since
    possible: list[tuple[str, Any]] = [
        ("run.recipe = ?", None if chosen.recipe is None else to_column(chosen.recipe)),
        (_IS_OF_EVENT, chosen.event),
        ("run.id >= ?", run_id),
        ("run.id < ?", None if run_id is None else run_id + "\x7f"),
        (_IS_CHILD, chosen.parent),
        ("run.created >= ?", None if since is None else to_microseconds(since)),
        ("run.created < ?", None if before is None else to_microseconds(before)),
        ("run.ended >= ?", None if ended is None else to_microseconds(ended)),
    ]
    wanted = [(condition, value) for condition, value in possible if value is not None]
    conditions = [condition for condition, _ in wanted]
    if chosen.states is not None:
        conditions.append(_state_condition(chosen.states))
    return conditions, [value for _, value in wanted]


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


def find_events(connection: apsw.Connection, sought: Sought, limit: int) -> tuple[EventRecord, ...]:
    """Return events, newest first, with verdicts and runs."""
    found = list(conditions_of(connection, sought))
    where = " AND ".join([condition for condition, _ in found])
    bindings = [value for _, values in found for value in values]
    order = f"{_EVENTS} WHERE {where} ORDER BY seq DESC LIMIT {max(1, limit)}"
    rows = list(connection.execute(order, bindings))
    return tuple([_event_record(connection, row) for row in rows])


def get_event(connection: apsw.Connection, event_id: str) -> EventRecord | None:
    """Return one event with verdicts and runs."""
    row = connection.execute(f"{_EVENTS} WHERE id = ? AND matched != 2", (event_id,)).fetchone()
    return None if row is None else _event_record(connection, row)


def is_kept(connection: apsw.Connection, source: str, key: str) -> bool:
    """Say whether the event of this identity is still here, and not only its key."""
    query = "SELECT count(*) FROM event WHERE source = ? AND key = ? AND matched != 2"
    return bool(connection.execute(query, (to_column(source), to_column(key))).get)


def _event_record(connection: apsw.Connection, row: Sequence[Any]) -> EventRecord:
    value = Values(connection)
    verdicts = connection.execute(_VERDICTS, (row[0],))
    runs = connection.execute(_RUNS_OF_EVENT, (row[0],))
    return EventRecord(
        event=event_of(row, value),
        verdicts=tuple([verdict_of(verdict, value) for verdict in verdicts]),
        runs=tuple([run_record(run, value) for run in runs]),
        blanked=blanked_of(row[8]),
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
    query = (
        "SELECT body FROM definition WHERE recipe = ? ORDER BY accepted DESC, number DESC LIMIT 1"
    )
    body = connection.execute(query, (to_column(recipe),)).get
    return None if body is None else bytes(body)


def list_definitions(connection: apsw.Connection, recipe: str) -> tuple[DefinitionRecord, ...]:
    """Return the accepted versions of the recipe, newest first."""
    rows = connection.execute(
        "SELECT hash, accepted, file, source FROM definition WHERE recipe = ?"
        " ORDER BY accepted DESC, number DESC",
        (to_column(recipe),),
    )
    return tuple([definition_record(recipe, row) for row in rows])


def list_versions(connection: apsw.Connection) -> tuple[tuple[str, str], ...]:
    """Return the accepted versions of all recipes, newest first."""
    query = "SELECT recipe, hash FROM definition ORDER BY accepted DESC, number DESC"
    return tuple([(from_column(recipe), digest) for recipe, digest in connection.execute(query)])


def find_claim(connection: apsw.Connection, scope: str, key: str) -> ClaimRecord | None:
    """Return who holds a key of the ledger."""
    column, hidden = to_column(key), to_column(digest_of(key))
    row = connection.execute(_CLAIM, (to_column(scope), column, hidden, column)).fetchone()
    return None if row is None else claim_record(row, Values(connection))


def is_known(connection: apsw.Connection, source: str, key: str) -> bool:
    """Say whether an event of this identity was accepted before."""
    query = "SELECT count(*) FROM event WHERE source = ? AND key = ?"
    return bool(connection.execute(query, (to_column(source), to_column(key))).get)


def open_run(connection: apsw.Connection, recipe: str, key: str | None) -> str | None:
    """Return the id of the oldest unfinished run of the recipe under this key."""
    place = to_column(recipe), None if key is None else to_column(key)
    found: str | None = connection.execute(_OPEN_RUN, place).get
    return found


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
    return loaded_run(
        row,
        event_of(event, value),
        _steps(connection, row[0], row[1], value),
        value,
        waits=waiting.waits_of(connection, row[0]),
        signals=waiting.signals_of(connection, row[0], value),
    )


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

"""The events of the memory journal, as its reader is asked for them."""

from datetime import datetime

from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import EventRecord
from rouage.durable.records import blanked_of, run_record, verdict_of
from rouage.durable.sought import Sought
from rouage.durable.values import from_column, to_column, to_microseconds
from rouage.model.event import Event


def find_events(rows: MemoryRows, sought: Sought, limit: int) -> tuple[EventRecord, ...]:
    """Return events, newest first, with verdicts and runs."""
    found = [seq for seq in sorted(rows.events, reverse=True) if _fits(rows, seq, sought)]
    return tuple(_event_record(rows, seq) for seq in found[:limit])


def _fits(rows: MemoryRows, seq: int, sought: Sought) -> bool:
    _, _, source, key, _, received, _, subject, matched, *_ = rows.events[seq]
    since, until = sought.since, sought.until
    return (
        matched != 2
        and sought.source in {None, from_column(source)}
        and (sought.subject is None or subject == to_column(sought.subject))
        and (sought.key is None or from_column(key).startswith(sought.key))
        and (since is None or received >= to_microseconds(since))
        and (until is None or received < to_microseconds(until))
    )


def get_event(rows: MemoryRows, event_id: str) -> EventRecord | None:
    """Return one event with verdicts and runs."""
    for seq, row in rows.events.items():
        if row[1] == event_id and row[8] != 2:
            return _event_record(rows, seq)
    return None


def is_kept(rows: MemoryRows, source: str, key: str) -> bool:
    """Say whether the event of this identity is still here, and not only its key."""
    wanted = to_column(source), to_column(key)
    return any(row[2:4] == wanted and row[8] != 2 for row in rows.events.values())


def held_back(
    rows: MemoryRows, since: datetime, recipe: str | None, after: int, limit: int
) -> tuple[tuple[int, Event], ...]:
    """Return events with a verdict `paused`, oldest first, each with its number."""
    wanted = None if recipe is None else to_column(recipe)
    found = sorted(
        row[0]
        for row in rows.matches.values()
        if row[2] == "paused"
        and row[0] > after
        and wanted in {None, row[1]}
        and rows.events[row[0]][5] >= to_microseconds(since)
    )
    return tuple((seq, rows.event(seq)) for seq in found[:limit])


def _event_record(rows: MemoryRows, seq: int) -> EventRecord:
    return EventRecord(
        event=rows.event(seq),
        verdicts=tuple(
            verdict_of(row[1:6], rows.value) for key, row in rows.matches.items() if key[0] == seq
        ),
        runs=tuple(
            run_record(rows.run_row(run), rows.value)
            for run, row in rows.runs.items()
            if row[2] == seq
        ),
        blanked=blanked_of(rows.blanked.get(seq)),
    )

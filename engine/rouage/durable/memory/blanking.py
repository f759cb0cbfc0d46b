"""Blanking in the memory journal, by the same rules as in the SQLite one (features N-11)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rouage.durable.blanking import (
    CLAIM,
    Cell,
    Change,
    Place,
    blank_all,
    blank_personal,
    digest_of,
)
from rouage.durable.keeping import DONE, PERSONAL, VALUES, Keeping, Paths, Places
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.values import Stored, from_column, store, to_column
from rouage.model.run import FINAL_STATES
from rouage.settings.retention import Retention

_NOWHERE: Final = Places()
_NO_PATHS: Final[Mapping[str, Paths]] = {}
_COLUMNS: Final[Mapping[str, Mapping[str, int]]] = {
    "event": {"data": 6},
    "match": {"conditions": 4, "error": 5},
    "run": {"reason": 2, "error": 5, "outputs": 6, "cancel": 7},
    "step": {"parameters": 5, "conditions": 6, "result": 7, "error": 8, "resolution": 12},
    "signal": {"payload": 3},
    CLAIM: {"result": 6},
}
"""Where the values stand in the rows of a table."""


def blank_due(rows: MemoryRows, retention: Retention, keeping: Keeping, now: int) -> int:
    """Blank the values that are due; return of how many events."""
    count = 0
    for level in (VALUES, PERSONAL):
        due = keeping.due(level, retention, now)
        for seq in list(rows.events):
            if not rows.blanked.get(seq, 0) & DONE[level] and _is_due(rows, seq, due):
                cells = list(_cells(rows, seq, keeping.places if level == PERSONAL else {}))
                changes = blank_personal(cells) if level == PERSONAL else blank_all(cells)
                for change in (*changes.first, *changes.last):
                    _write(rows, change)
                for place in changes.hidden:
                    claim = rows.claims.pop(place)
                    key = to_column(digest_of(from_column(claim[1])))
                    rows.claims[claim[0], key] = (claim[0], key, *claim[2:])
                rows.blanked[seq] = rows.blanked.get(seq, 0) | level
                count += 1
    return count


def _is_due(rows: MemoryRows, seq: int, due: Mapping[str, int]) -> bool:
    if rows.events[seq][8] != 1:
        return False
    if any(key[0] == seq and match[2] == "paused" for key, match in rows.matches.items()):
        return False  # what a pause held back may still be let go
    before = [due.get(from_column(key[1])) for key in rows.matches if key[0] == seq]
    runs = [run for run, row in rows.runs.items() if row[2] == seq]
    ends = [rows.events[seq][5], *(rows.run_row(run)[14] or 0 for run in runs)]
    is_old = any(one is not None and all(end < one for end in ends) for one in before)
    return is_old and all(_is_settled(rows, run) for run in runs)


def _is_settled(rows: MemoryRows, seq: int) -> bool:
    """Say whether the run is over, and no open one needs it."""
    if rows.run_row(seq)[3] not in FINAL_STATES:
        return False
    for other, run in rows.runs.items():
        is_open = rows.run_row(other)[3] not in FINAL_STATES
        if is_open and (seq in {run[12], run[14]} or other == rows.runs[seq][12]):
            return False
    return True


def _cells(rows: MemoryRows, seq: int, places: Mapping[str, Places]) -> Iterator[Cell]:
    versions = dict[str | None, None]()
    for key, match in rows.matches.items():
        if key[0] == seq:
            versions[match[3]] = None
            yield from _of_row(rows, "match", key, match)
    runs = [run for run, row in rows.runs.items() if row[2] == seq]
    for run in runs:
        version = rows.runs[run][4]
        versions[version] = None
        if run in rows.updates:
            yield from _of_row(rows, "run", (run,), rows.updates[run])
        yield from _of_run(rows, run, places.get(version, _NOWHERE))
    for place, claim in rows.claims.items():
        if claim[3] in runs or claim[2] == seq:
            value = rows.value(claim[6])
            yield Cell(CLAIM, "result", place=place, stored=claim[6], value=value)
    event = rows.events[seq]
    source = from_column(event[2])
    known = [places.get(version or "", _NOWHERE) for version in versions]
    paths = tuple(path for one in known for path in one.of_event(source))
    yield from _cell(rows, "event", "data", (seq,), event[6], paths)


def _of_run(rows: MemoryRows, run: int, places: Places) -> Iterator[Cell]:
    for path, step in rows.steps.get(run, {}).items():
        declared = {
            "parameters": places.parameters.get(step[3], ()),
            "result": places.results.get(step[3], ()),
        }
        yield from _of_row(rows, "step", (run, path), step, declared)
    for effect, inverse in rows.effects.items():
        if effect[0] == run:
            yield from _cell(rows, "effect", "inverse", effect, inverse)
    for name, signal in rows.signals.items():
        if name[0] == run:
            yield from _cell(rows, "signal", "payload", name, signal[3])


def _of_row(
    rows: MemoryRows,
    table: str,
    place: Place,
    row: Sequence[Any],
    declared: Mapping[str, Paths] = _NO_PATHS,
) -> Iterator[Cell]:
    for column, number in _COLUMNS[table].items():
        yield from _cell(rows, table, column, place, row[number], declared.get(column, ()))


def _cell(
    rows: MemoryRows,
    table: str,
    column: str,
    place: Place,
    stored: Stored,
    paths: Paths = (),
) -> Iterator[Cell]:
    if stored is not None:
        value = rows.value(stored)
        yield Cell(table, column, place=place, stored=stored, value=value, paths=paths)


def _write(rows: MemoryRows, change: Change) -> None:
    cell, new = change.cell, store(change.value, rows.blobs)
    place = cell.place
    if cell.table == "effect":
        rows.effects[place] = new
        return
    tables: dict[str, dict[Any, Any]] = {
        "event": rows.events,
        "match": rows.matches,
        "run": rows.updates,
        "step": rows.steps.get(place[0], {}),
        "signal": rows.signals,
        CLAIM: rows.claims,
    }
    table, number = tables[cell.table], _COLUMNS[cell.table][cell.column]
    key = {"event": place[0], "run": place[0], "step": place[-1]}.get(cell.table, place)
    table[key] = (*table[key][:number], new, *table[key][number + 1 :])

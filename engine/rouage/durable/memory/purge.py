"""Forgetting in the memory journal, by the same rules as in the SQLite one (R19)."""

from collections.abc import Iterator

from rouage.durable.keeping import Keeping
from rouage.durable.memory.blanking import blank_due
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import Purged
from rouage.durable.values import from_column
from rouage.model.run import FINAL_STATES
from rouage.settings.retention import KEY_SECONDS, Retention

_FORGOTTEN = 2
_MICROSECONDS = 1_000_000


def purge(rows: MemoryRows, retention: Retention, keeping: Keeping, now: int) -> Purged:
    """Forget what is too old or too much; nothing here is counted in bytes."""
    runs = events = 0
    for seq in _beyond(rows, retention, keeping, now):
        if _is_free(rows, seq):
            event = rows.runs[seq][2]
            _drop_run(rows, seq)
            runs += 1
            events += _drop_event(rows, event)
    age = retention.age_seconds
    before = 0 if age is None else now - age * _MICROSECONDS
    old = [seq for seq, row in rows.events.items() if row[5] < before and row[8] == 1]
    events += sum(_drop_event(rows, seq) for seq in old)
    return Purged(
        runs=runs,
        events=events,
        keys=_drop_keys(rows, now),
        claims=_drop_claims(rows, now),
        blanked=blank_due(rows, retention, keeping, now),
    )


def _beyond(rows: MemoryRows, retention: Retention, keeping: Keeping, now: int) -> Iterator[int]:
    """Yield the finished runs that are beyond their bounds, oldest first."""
    own = keeping.bounded()
    groups: dict[str | None, list[int]] = {}
    for seq in sorted(rows.runs):
        if rows.run_row(seq)[3] in FINAL_STATES:
            name = from_column(rows.runs[seq][3])
            groups.setdefault(name if name in own else None, []).append(seq)
    for recipe, over in groups.items():
        bounds = retention if recipe is None else own[recipe]
        age, most = bounds.age_seconds, bounds.runs
        excess = 0 if most is None else max(0, len(over) - most)
        for place, seq in enumerate(over):
            is_old = age is not None and (rows.run_row(seq)[14] or 0) < now - age * _MICROSECONDS
            if is_old or place < excess:
                yield seq


def _is_free(rows: MemoryRows, seq: int) -> bool:
    """Say whether no open run needs the run; the last one stays for its number."""
    if seq == max(rows.runs):
        return False
    for other, run in rows.runs.items():
        is_open = rows.run_row(other)[3] not in FINAL_STATES
        if is_open and (seq in {run[12], run[14]} or other == rows.runs[seq][12]):
            return False
    return True


def _drop_run(rows: MemoryRows, seq: int) -> None:
    del rows.runs[seq]
    rows.updates.pop(seq, None)
    rows.steps.pop(seq, None)
    for effect in [key for key in rows.effects if key[0] == seq]:
        del rows.effects[effect]
    for place in [key for key in rows.lineage if key[0] == seq]:
        del rows.lineage[place]
    for signal in [key for key in rows.signals if key[0] == seq]:
        del rows.signals[signal]


def _drop_event(rows: MemoryRows, seq: int) -> bool:
    """Forget an event that has no run left, but for its key."""
    row = rows.events[seq]
    has_run = any(run[2] == seq for run in rows.runs.values())
    if has_run or row[8] != 1 or seq == max(rows.events):
        return False
    for match in [key for key in rows.matches if key[0] == seq]:
        del rows.matches[match]
    rows.events[seq] = (*row[:6], None, None, _FORGOTTEN, None)
    rows.blanked.pop(seq, None)
    return True


def _drop_claims(rows: MemoryRows, now: int) -> int:
    """Forget the keys of the ledger that have expired."""
    old = [
        place
        for place, row in rows.claims.items()
        if row[7] is not None
        and row[7] < now
        and (row[3] not in rows.runs or rows.run_row(row[3])[3] in FINAL_STATES)
    ]
    for place in old:
        del rows.claims[place]
    return len(old)


def _drop_keys(rows: MemoryRows, now: int) -> int:
    before = now - KEY_SECONDS * _MICROSECONDS
    old = [seq for seq, row in rows.events.items() if row[8] == _FORGOTTEN and row[5] < before]
    for seq in old:
        row = rows.events.pop(seq)
        del rows.keys[row[2], row[3]]
    return len(old)

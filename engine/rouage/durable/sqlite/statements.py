"""The statements of the writer. Each writes many rows at once.

Every statement gives the interpreter lock away and must win it back from a busy loop, so
the writer makes as few as it can: at most two for each table and up to 80 rows.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from itertools import chain
from typing import Any, Final

from rouage.durable.batch import FREE, Batch

Run = Callable[[str, Sequence[Any]], Any]

_SIZES: Final = (64, 48, 32, *range(16, 0, -1))
"""Rows per statement: few sizes, since each keeps a compiled statement of about 1 KB a row."""


_MOST: Final = (0, *[max(size for size in _SIZES if size <= rows) for rows in range(1, 64)])
"""The largest size for so many rows."""


class ManyRows:
    """A statement around `VALUES (…), (…)`; its text for each count of rows is made once."""

    def __init__(self, before: str, columns: int, after: str = "") -> None:
        self._before = before
        self._row = "(" + ",".join("?" * columns) + ")"
        self._after = after
        self._texts: dict[int, str] = {}

    def write(self, run: Run, rows: Sequence[Sequence[Any]]) -> None:
        """Write *rows* with as few statements as possible."""
        start, left = 0, len(rows)
        while left:
            count = _MOST[left] if left < len(_MOST) else _SIZES[0]
            part = rows[start : start + count]
            run(self._text(count), tuple(chain.from_iterable(part)))
            start += count
            left -= count

    def _text(self, count: int) -> str:
        text = self._texts.get(count)
        if text is None:
            rows = ",".join([self._row] * count)
            text = self._texts[count] = f"{self._before} {rows} {self._after}"
        return text


_EVENTS = ManyRows(
    "INSERT INTO event (seq, id, source, key, time, received, data, subject, matched, trail)"
    " VALUES",
    10,
    "ON CONFLICT (source, key) DO NOTHING",
)
_MATCHES = ManyRows('INSERT INTO "match" VALUES', 7, "ON CONFLICT (event, recipe) DO NOTHING")
_RUNS = ManyRows(
    "INSERT INTO run (seq, id, event, recipe, definition, protocol, state, mode, key,"
    " maximum, created, started, parent, parent_path, replay_of) VALUES",
    15,
    "ON CONFLICT (id) DO NOTHING",
)
_STEPS = ManyRows(
    "INSERT INTO step VALUES",
    13,
    # A recorded result never changes, whoever tries.
    "ON CONFLICT (run, path) DO UPDATE SET state = excluded.state, action = excluded.action,"
    " attempts = excluded.attempts, parameters = coalesce(excluded.parameters, parameters),"
    " conditions = coalesce(excluded.conditions, conditions), result = excluded.result,"
    " error = excluded.error, started = excluded.started, ended = excluded.ended,"
    " next_attempt = excluded.next_attempt, resolution = coalesce(excluded.resolution, resolution)"
    " WHERE state NOT IN ('done', 'failed', 'skipped')",
)
_UPDATES = ManyRows(
    "UPDATE run SET state = new.column2, reason = new.column3,"
    " started = coalesce(new.column4, started), ended = new.column5, error = new.column6,"
    " outputs = new.column7, cancel = new.column8 FROM (VALUES",
    8,
    ") AS new WHERE run.seq = new.column1",
)
_FIRED = ManyRows("DELETE FROM waiter WHERE run IN (VALUES", 1, ")")
_WAITERS = ManyRows("INSERT OR REPLACE INTO waiter VALUES", 7)
_WAITERS_GONE = ManyRows("DELETE FROM waiter WHERE (run, path) IN (VALUES", 2, ")")
# The first answer under an id stays, however often it is delivered.
_SIGNALS = ManyRows("INSERT OR IGNORE INTO signal VALUES", 6)
_CLAIMS = ManyRows("INSERT OR REPLACE INTO claim VALUES", 8)
_CLAIMS_GONE = ManyRows("DELETE FROM claim WHERE (scope, key) IN (VALUES", 2, ")")
# The end of a run settles the keys that its steps have: given back, done, or in doubt for good.
_OF_ITS_STEP = "FROM step WHERE step.run = claim.run AND step.path = claim.path"
_CLAIMS_RELEASED = ManyRows(
    "DELETE FROM claim WHERE state = 'started' AND run IN (VALUES",
    1,
    f") AND EXISTS (SELECT 1 {_OF_ITS_STEP} AND step.state IN ('failed', 'skipped', 'waiting'))",
)
_CLAIMS_SETTLED = ManyRows(
    f"UPDATE claim SET state = coalesce((SELECT 'done' {_OF_ITS_STEP} AND step.state = 'done'),"  # noqa: S608 - ours
    f" 'doubtful'), result = (SELECT result {_OF_ITS_STEP})"
    " WHERE state = 'started' AND run IN (VALUES",
    1,
    ")",
)
_EFFECTS = ManyRows("INSERT OR REPLACE INTO effect (run, path, number, inverse) VALUES", 4)
_LINEAGE = ManyRows("INSERT OR REPLACE INTO lineage VALUES", 6)
_MATCHED = ManyRows("UPDATE event SET matched = 1 WHERE seq IN (VALUES", 1, ")")
_ITEMS = ManyRows("INSERT OR REPLACE INTO trigger_item VALUES", 3)
_ITEMS_GONE = ManyRows("DELETE FROM trigger_item WHERE (owner, key) IN (VALUES", 2, ")")
_DEFINITIONS = ManyRows(
    # Newer than all others of its recipe, whatever the clock says.
    "INSERT INTO definition (hash, recipe, accepted, body, file, source) SELECT column1, column2,"
    " max(column3, 1 + coalesce((SELECT max(accepted) FROM definition AS other"
    " WHERE other.recipe = column2), 0)), column4, column5, column6 FROM (VALUES",
    6,
    ") WHERE true ON CONFLICT (hash, recipe) DO UPDATE SET file = excluded.file,"
    " source = coalesce(excluded.source, source), accepted = max(excluded.accepted,"
    " 1 + (SELECT max(accepted) FROM definition AS other WHERE other.recipe = excluded.recipe))",
)
_BLOBS = ManyRows("INSERT OR IGNORE INTO blob VALUES", 2)
_WINNERS = "SELECT seq, id FROM event WHERE source = ? AND key = ?"


def write_blobs(run: Run, batches: Sequence[Batch]) -> None:
    """Write the large values of *batches*, one by one, before the rows that name them."""
    for batch in batches:
        for item in batch.blobs.items():
            _BLOBS.write(run, [item])


def write_rows(run: Run, changes: Callable[[], int], batches: Sequence[Batch]) -> None:
    """Write all rows of *batches*, in their order within each table.

    *changes* returns how many rows the last statement wrote.
    """
    lost = _write_events(run, changes, batches)
    _write(run, _STEPS, [batch.steps for batch in batches])
    _write_waiters(run, batches)
    _write(run, _SIGNALS, [batch.signals for batch in batches])
    _write_claims(run, batches, lost)
    _write(run, _EFFECTS, [batch.effects for batch in batches])
    _write(run, _LINEAGE, [batch.lineage for batch in batches])
    updates = {seq: row for batch in batches for seq, row in batch.updates.items()}
    if updates:
        _UPDATES.write(run, list(updates.values()))
    matched = [(seq,) for batch in batches for seq in batch.matched]
    if matched:
        _MATCHED.write(run, matched)
    _write(run, _DEFINITIONS, [batch.definitions for batch in batches])
    _write_items(run, batches, lost)


def _write(run: Run, statement: ManyRows, parts: Iterable[Sequence[Sequence[Any]]]) -> None:
    rows = list(chain.from_iterable(parts))
    if rows:
        statement.write(run, rows)


def _write_events(run: Run, changes: Callable[[], int], batches: Sequence[Batch]) -> set[int]:
    """Write events, verdicts and runs; return the duplicates, of which all else is left out."""
    lost: set[int] = set()
    events = [row for batch in batches for row in batch.events]
    if events:
        written = 0

        def count(text: str, bindings: Sequence[Any]) -> None:
            nonlocal written
            run(text, bindings)
            written += changes()

        _EVENTS.write(count, events)
        if written != len(events):
            lost = _find_duplicates(run, batches)
    matches = [row for batch in batches for row in batch.matches if row[0] not in lost]
    if matches:
        _MATCHES.write(run, matches)
    runs = [row for batch in batches for row in batch.runs if row[2] not in lost]
    if runs:
        _RUNS.write(run, runs)
    return lost


def _find_duplicates(run: Run, batches: Sequence[Batch]) -> set[int]:
    """Note in the intakes which events were known before; return the numbers given in vain."""
    lost = set()
    for batch in batches:
        intakes = {intake.event_seq: intake for intake in batch.intakes}
        for row in batch.events:
            winner = next(iter(run(_WINNERS, (row[2], row[3]))), (None, row[1]))
            if winner[0] != row[0]:
                lost.add(row[0])
                intakes[row[0]].first_id = winner[1]
    return lost


def _write_waiters(run: Run, batches: Sequence[Batch]) -> None:
    """Write what runs wait for; the newest word on a wait counts, and the end of its run."""
    waiters = {key: row for batch in batches for key, row in batch.waiters.items()}
    if waiters:
        _write(run, _WAITERS, [[row for row in waiters.values() if row is not None]])
        _write(run, _WAITERS_GONE, [[key for key, row in waiters.items() if row is None]])
    fired = [(seq,) for batch in batches for seq in batch.fired]
    if fired:
        _FIRED.write(run, fired)


def _write_claims(run: Run, batches: Sequence[Batch], lost: Set[int]) -> None:
    """Write who has which key: the newest word on it counts, and the end of its run."""
    claims = {row[:2]: row for batch in batches for row in batch.claims if row[2] not in lost}
    if claims:
        _write(run, _CLAIMS, [[row for row in claims.values() if row[5] != FREE]])
        _write(run, _CLAIMS_GONE, [[key for key, row in claims.items() if row[5] == FREE]])
    settled = [(seq,) for batch in batches for seq in batch.settled]
    if settled:
        _CLAIMS_RELEASED.write(run, settled)
        _CLAIMS_SETTLED.write(run, settled)


def _write_items(run: Run, batches: Sequence[Batch], lost: Set[int]) -> None:
    items = {key: value for batch in batches for key, value in batch.items.items()}
    for batch in batches:
        for event, held in batch.held.items():
            if event not in lost:
                items.update(held)
    if not items:
        return
    kept = [(owner, key, value) for (owner, key), value in items.items() if value is not None]
    if kept:
        _ITEMS.write(run, kept)
    gone = [key for key, value in items.items() if value is None]
    if gone:
        _ITEMS_GONE.write(run, gone)

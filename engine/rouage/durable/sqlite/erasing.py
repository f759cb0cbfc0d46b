"""Find and blank what the journal knows of a person. Rows stay: what happened, and when.

An event that names the person is blanked as a whole, with the runs that it started, since their
other values are about the same person. Elsewhere only the value that names them is. What belongs
to a run that is not over is left, and told.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw

from rouage.durable.erasure import ERASED, Found, Sought, blank
from rouage.durable.keeping import PERSON
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.forgetting import PLACES, REFERENCES, transaction
from rouage.durable.sqlite.schema import OPEN_STATES_SQL
from rouage.durable.values import Stored, from_column, store
from rouage.errors import JournalError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

_RUN_OF: Final[Mapping[str, str]] = {
    "run": "seq", "step": "run", "effect": "run", "waiter": "run", "signal": "run", "claim": "run",
}  # fmt: skip
_OF_EVENTS: Final = frozenset({"event", '"match"'})
_MARKED: Final = frozenset({"run", "step", "effect", "waiter", "signal"})
"""Tables of runs: a run of which something is blanked is not whole any more."""
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("key", "subject"),
    "run": ("key",),
    "signal": ("author",),
    "lineage": ("file",),
    "claim": ("key",),
}
"""Plain texts that may name a person. Keys become useless by it, and are no more than that."""
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    **PLACES,
    "lineage": ("run", "path", "number"),
}
_HELD: Final = "#held"
_GUESSES: Final = frozenset({"#corrections"})
"""What is only guessed of the owner's wishes: it goes, and nothing is taken twice for it."""
_OPEN: Final = (
    f"SELECT seq, event, id FROM run WHERE state <> 'succeeded' AND state IN {OPEN_STATES_SQL}"  # noqa: S608 - ours
)
_UNAWAITED: Final = (
    "NOT EXISTS (SELECT 1 FROM run WHERE run.event = event.seq AND state <> 'succeeded'"  # noqa: S608 - ours
    f" AND state IN {OPEN_STATES_SQL})"
)

_AND_PERSON: Final = f"(coalesce(abs(blanked), 0) | {PERSON}) * iif(blanked < 0, -1, 1)"

_NOT_SCRUBBED: Final = Text(
    "all is blanked, but the file of the journal still holds traces of it: {detail}",
    "tout est effacé, mais le fichier du journal en garde encore des traces : {detail}",
)
_ROOM: Final = Text(
    "free as much room as the journal takes, then forget again",
    "libérez autant de place qu’en prend le journal, puis recommencez",
)

Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """One statement of an erasing; `blob` is the large value that it refers to."""

    query: str
    bindings: tuple[Any, ...]
    blob: bytes | None = None


def write_erasures(connection: apsw.Connection, erasures: Sequence[Erasure]) -> None:
    """Write them, within the transaction of the caller."""
    for one in erasures:
        if one.blob is not None:
            blob = (one.bindings[0], one.blob)
            connection.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", blob)
        connection.execute(one.query, one.bindings)


def scrub(connection: apsw.Connection) -> None:
    """Write the file anew: pages that were moved or freed, and the log, hold what was there.

    Raises:
        JournalError: there is no room for it.
    """
    try:
        connection.execute("VACUUM")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as error:
        raise JournalError(_NOT_SCRUBBED, hint=_ROOM, detail=str(error)) from error


class Erasing:
    """One search through the journal, and what is to be written of it."""

    def __init__(
        self, connection: apsw.Connection, sought: Sought, *, is_live: bool = False
    ) -> None:
        self._connection = connection
        self._is_live = is_live
        self._sought = sought
        self._value = Values(connection)
        self._updates: list[tuple[str, str, Place, Stored]] = []
        self._renames: list[tuple[str, str, Place, Stored]] = []
        """Written last: some are the names by which the others are found."""
        self._blobs: dict[bytes, bytes] = {}
        self._large = self._large_values()
        self._replaced: set[bytes] = set()
        self._done: set[tuple[str, str, Place]] = set()
        rows = list(connection.execute(_OPEN))
        self._open = {seq: run for seq, _, run in rows}
        self._awaited = {event: run for _, event, run in rows}
        self.found = Found()

    def search(self) -> Found:
        """Find everything; nothing is written."""
        self._search_events()
        self._blank_runs()
        for table, columns in REFERENCES.items():
            for column in columns if table != "event" else ():
                self._search_column(table, column)
        for table, columns in _TEXTS.items():
            for column in columns:
                self._search_texts(table, column)
        self._note_files()
        return self.found

    def erasures(self) -> Iterator[Erasure]:
        """Yield what is to be written, in an order in which it can be cut anywhere.

        Events come after all that is blanked because of them: until then they name the person,
        so that who is killed in the middle finds the rest. Keys come last, since some are the
        names by which the others are found. An event that a new run works on by now is left.
        """
        for is_of_event in (False, True):
            for table, column, place, stored in self._updates:
                if (table == "event") is is_of_event:
                    yield self._erasure(table, column, place, stored)
        for number in sorted(self._blanked_events()):
            query = f"UPDATE event SET blanked = {_AND_PERSON} WHERE seq = ? AND {_UNAWAITED}"  # noqa: S608 - ours
            yield Erasure(query, (number,))
        for table, column, place, stored in self._renames:
            yield self._erasure(table, column, place, stored)

    def _erasure(self, table: str, column: str, place: Place, stored: Stored) -> Erasure:
        where = " AND ".join(f"{name} IS ?" for name in _KEYS[table])
        guard = f" AND {_UNAWAITED}" if table == "event" else ""
        blob = self._blobs.get(stored) if isinstance(stored, bytes) else None
        query = f"UPDATE {table} SET {column} = ? WHERE {where}{guard}"  # noqa: S608 - ours
        return Erasure(query, (stored, *place), blob)

    def _blanked_events(self) -> set[int]:
        """Return the events of which something is blanked, or of their runs."""
        events = {place[0] for table, _, place, _ in self._updates if table in _OF_EVENTS}
        runs = {place[0] for table, _, place, _ in self._updates if table in _MARKED}
        query = "SELECT event FROM run WHERE seq = ?"
        return events | {int(self._connection.execute(query, (run,)).get) for run in runs}

    def write(self) -> None:
        """Write what was found blanked, in one transaction, and leave no trace in free pages."""
        connection = self._connection
        connection.pragma("secure_delete", 1)
        with transaction(connection):
            write_erasures(connection, list(self.erasures()))
            for digest in self._unused():
                connection.execute("DELETE FROM blob WHERE hash = ?", (digest,))
        scrub(connection)

    # -- what names the person ---------------------------------------------------------------

    def _large_values(self) -> set[bytes]:
        found = self._like("SELECT hash, body FROM blob", "CAST(body AS TEXT)")
        return {
            digest
            for digest, body in found
            if self._sought.is_in(bytes(body).decode("utf-8", "replace"))
        }

    def _search_events(self) -> None:
        for (seq,), stored in self._rows("event", "data"):
            run = self._awaited.get(seq)
            if run is not None:
                self._leave(run)
                continue
            new, is_whole = self._sought.erased(self._value(stored))
            self._update("event", "data", (seq,), new, instead_of=stored)
            if is_whole:
                self._blank_event(seq)

    def _blank_event(self, seq: int) -> None:
        self.found.events.add(seq)
        query = "SELECT source, key FROM event WHERE seq = ?"
        for source, key in self._connection.execute(query, (seq,)):
            self.found.identities.add((from_column(source), from_column(key)))
        query = "SELECT seq, id FROM run WHERE event = ?"
        self.found.runs.update(self._connection.execute(query, (seq,)))

    def _search_column(self, table: str, column: str) -> None:
        for place, stored in self._rows(table, column):
            if table == "trigger_item" and self._must_stay(from_column(place[0])):
                continue
            if (table, column, place) not in self._done and not self._is_open(table, place):
                value = self._value(stored)
                new, is_whole = self._sought.erased(value)
                new = _blanked(column, value) if is_whole else new
                self._update(table, column, place, new, instead_of=stored)

    def _must_stay(self, owner: str) -> bool:
        """Note that something of a trigger is left, where it is."""
        if owner in _GUESSES:
            return False
        is_held = owner.endswith(_HELD)
        if is_held and self._is_live:
            # A daemon has it in memory, too, and will come to it.
            self._note(self.found.waiting, owner.removesuffix(_HELD))
        elif not is_held:
            # What a trigger must know so as to take nothing twice.
            self._note(self.found.kept_state, owner)
        return self._is_live or not is_held

    def _search_texts(self, table: str, column: str) -> None:
        names = ", ".join(_KEYS[table])
        query = f"SELECT {names}, {column} FROM {table}"  # noqa: S608 - ours
        for *place, text in self._like(query, f"CAST({column} AS TEXT)"):
            if not self._sought.is_in(from_column(text)) or self._is_open(table, tuple(place)):
                continue
            self._count(table)
            # Keys must stay different from each other.
            self._renames.append((table, column, tuple(place), f"{ERASED} {secrets.token_hex(8)}"))

    # -- what goes with it -------------------------------------------------------------------

    def _blank_runs(self) -> None:
        """Blank all other values of the runs whose event is blanked, and of its verdicts."""
        for table, owners, numbers in (
            *((table, _RUN_OF[table], self.found.runs) for table in _RUN_OF),
            ('"match"', "event", self.found.events),
        ):
            for column in REFERENCES[table]:
                for place, stored in self._of(table, column, owners, numbers):
                    new = _blanked(column, self._value(stored))
                    self._update(table, column, place, new, instead_of=stored)

    def _of(
        self, table: str, column: str, owner: str, numbers: Collection[int]
    ) -> Iterator[tuple[Place, Stored]]:
        names = ", ".join(PLACES[table])
        query = f"SELECT {names}, {column} FROM {table} WHERE {owner} = ? AND {column} NOTNULL"  # noqa: S608 - ours
        for number in numbers:
            for *place, stored in list(self._connection.execute(query, (number,))):
                yield tuple(place), stored

    def _note_files(self) -> None:
        query = "SELECT DISTINCT file FROM lineage WHERE run = ? AND role = 1"
        for run in sorted(self.found.runs):
            for (path,) in self._connection.execute(query, (run,)):
                self._note(self.found.files, from_column(path))

    # -- rows --------------------------------------------------------------------------------

    def _rows(self, table: str, column: str) -> Iterator[tuple[Place, Stored]]:
        """Yield the rows of *table* whose *column* names the person."""
        names = ", ".join(PLACES[table])
        query = f"SELECT {names}, {column} FROM {table}"  # noqa: S608 - ours
        for *place, stored in self._like(f"{query} WHERE typeof({column}) = 'text'", column):
            if self._sought.is_within(self._value(stored)):
                yield tuple(place), stored
        if self._large:
            for *place, stored in list(
                self._connection.execute(f"{query} WHERE typeof({column}) = 'blob'")
            ):
                if stored in self._large and self._sought.is_within(self._value(stored)):
                    yield tuple(place), stored

    def _like(self, query: str, expression: str) -> Iterator[Sequence[Any]]:
        joint = "AND" if " WHERE " in query else "WHERE"
        parts = self._sought.fragments()
        wanted = " OR ".join([rf"{expression} LIKE ? ESCAPE '\'"] * len(parts))
        yield from list(
            self._connection.execute(
                f"{query} {joint} ({wanted})", [_pattern(one) for one in parts]
            )
        )

    def _unused(self) -> set[bytes]:
        """Return which of the large values that were replaced nothing refers to any more."""
        left = self._large | self._replaced
        for table, columns in REFERENCES.items() if left else ():
            for column in columns:
                query = f"SELECT {column} FROM {table} WHERE typeof({column}) = 'blob'"  # noqa: S608 - ours
                left.difference_update(digest for (digest,) in self._connection.execute(query))
        return left

    def _is_open(self, table: str, place: Place) -> bool:
        if table == "trigger_item":
            return False
        if table == "claim":
            query = "SELECT run FROM claim WHERE scope IS ? AND key IS ?"
            place = (self._connection.execute(query, place).get,)
        known = self._awaited if table in _OF_EVENTS else self._open
        run = known.get(place[0])
        if run is not None:
            self._leave(run)
        return run is not None

    def _leave(self, run: str) -> None:
        self._note(self.found.open_runs, run)

    def _update(
        self, table: str, column: str, place: Place, new: JSON, *, instead_of: Stored
    ) -> None:
        self._count(table)
        self._done.add((table, column, place))
        if isinstance(instead_of, bytes):
            self._replaced.add(instead_of)
        self._updates.append((table, column, place, store(new, self._blobs)))

    def _count(self, table: str) -> None:
        name = table.strip('"')
        self.found.rows[name] = self.found.rows.get(name, 0) + 1

    @staticmethod
    def _note(names: list[str], name: str) -> None:
        if name not in names:
            names.append(name)


def _blanked(column: str, value: JSON) -> JSON:
    """Return *value* without its contents; which condition was looked at is not one of them."""
    if column != "conditions" or not isinstance(value, list):
        return blank(value)
    return [
        {**empty, "expression": one.get("expression")}
        if isinstance(one, dict) and isinstance(empty := blank(one), dict)
        else None
        for one in value
    ]


def _pattern(fragment: str) -> str:
    quoted = fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{quoted}%"

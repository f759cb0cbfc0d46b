"""Reading beside the writer: read-only connections in threads of their own."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from rouage.durable.journal import LoadedRun, Opened
from rouage.durable.port import (
    ClaimRecord,
    DefinitionRecord,
    EventRecord,
    FileRecord,
    Product,
    RunFilter,
    RunPage,
    SecretUse,
)
from rouage.durable.sought import Sought
from rouage.durable.sqlite import events, lineage, queries, waiting
from rouage.durable.sqlite.blobs import Values
from rouage.durable.sqlite.opening import connect_for_reading
from rouage.durable.values import Stored
from rouage.errors import JournalError
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.run import RunRecord, SignalRecord, WaitKind, WaitRecord
from rouage.sdk.json import JSON

T = TypeVar("T")

_THREADS: Final = 2

_UNREADABLE: Final = Text(
    "the journal cannot be read: {detail}", "le journal ne peut pas être lu : {detail}"
)
_CLOSED: Final = Text("the journal is closed", "le journal est fermé")


class SqliteReader:
    """Answer questions from a journal file, while a daemon writes to it or not.

    Each thread has its own connection, made at its first question.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="journal-reader")

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        return await self._ask(queries.list_runs, chosen, cursor, limit)

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        return await self._ask(queries.get_run, run_id)

    async def find_events(
        self,
        *,
        source: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> tuple[EventRecord, ...]:
        """Return events, newest first, with verdicts and runs."""
        sought = Sought(source=source, subject=subject, key=key, since=since, until=until)
        return await self._ask(queries.find_events, sought, limit)

    async def held_back(
        self, *, since: datetime, recipe: str | None = None, after: int = 0, limit: int = 500
    ) -> tuple[tuple[int, Event], ...]:
        """Return events with a verdict `paused`, oldest first, each with its number."""
        return await self._ask(events.held_back, since, recipe, after, limit)

    async def get_event(self, event_id: str) -> EventRecord | None:
        """Return one event with verdicts and runs."""
        return await self._ask(queries.get_event, event_id)

    async def is_kept(self, source: str, key: str) -> bool:
        """Say whether the event of this identity is still here, and not only its key."""
        return await self._ask(queries.is_kept, source, key)

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        return await self._ask(queries.load_items, trigger)

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        return await self._ask(queries.stats)

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        return await self._ask(queries.get_definition, digest)

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        return await self._ask(queries.last_definition, recipe)

    async def list_definitions(self, recipe: str) -> tuple[DefinitionRecord, ...]:
        """Return the accepted versions of the recipe, newest first, with their texts."""
        return await self._ask(queries.list_definitions, recipe)

    async def list_versions(self) -> tuple[tuple[str, str], ...]:
        """Return the accepted versions of all recipes, as (recipe, hash), newest first."""
        return await self._ask(queries.list_versions)

    async def find_claim(self, scope: str, key: str) -> ClaimRecord | None:
        """Return who holds a key of the ledger."""
        return await self._ask(queries.find_claim, scope, key)

    async def list_inverses(self, run_id: str) -> Mapping[str, JSON]:
        """Return how to take back what the steps of a run did, by path."""
        return await self._ask(lineage.list_inverses, run_id)

    async def inverse_of(self, seq: int, path: str) -> JSON:
        """Return what was recorded before the call of one step."""
        return await self._ask(lineage.inverse_of, seq, path)

    async def list_files(
        self,
        *,
        run_id: str | None = None,
        hash: bytes | None = None,  # noqa: A002 - what it is
        path: str | None = None,
        limit: int = 500,
    ) -> tuple[FileRecord, ...]:
        """Return what steps read and wrote, newest run first."""
        return await self._ask(lineage.list_files, run_id, hash, path, limit)

    async def list_secret_uses(
        self, *, run_id: str | None = None, name: str | None = None, limit: int = 500
    ) -> tuple[SecretUse, ...]:
        """Return which secrets steps were given, newest run first."""
        return await self._ask(lineage.list_secret_uses, run_id, name, limit)

    async def list_products(self, *, since: datetime, limit: int = 500) -> tuple[Product, ...]:
        """Return the files that steps made since *since*, those of the newest runs first."""
        return await self._ask(lineage.list_products, since, limit)

    async def is_known(self, source: str, key: str) -> bool:
        """Say whether an event of this identity was accepted before (R2)."""
        return await self._ask(queries.is_known, source, key)

    async def open_run(self, recipe: str, key: str | None) -> str | None:
        """Return the id of the oldest unfinished run of the recipe under this key."""
        return await self._ask(queries.open_run, recipe, key)

    async def opened(self) -> Opened:
        """Return what a start needs to know."""
        return await self._ask(queries.opened)

    async def load(self, seqs: Sequence[int]) -> list[LoadedRun]:
        """Return these runs, in this order; runs that do not exist are left out."""
        return await self._ask(queries.load, seqs)

    async def find(self, run_id: str) -> LoadedRun | None:
        """Return the run with exactly this id."""
        return await self._ask(queries.find, run_id)

    async def find_event(self, event_id: str) -> tuple[int, Event, frozenset[str]] | None:
        """Return an event's number, the event, and the recipes that have a verdict on it."""
        return await self._ask(queries.find_event, event_id)

    async def list_waits(
        self,
        *,
        kinds: frozenset[WaitKind] | None = None,
        run_id: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> tuple[WaitRecord, ...]:
        """Return what runs wait for, oldest first; *run_id* may be a prefix."""
        return await self._ask(waiting.list_waits, kinds, run_id, name, limit)

    async def list_signals(self, run_id: str) -> tuple[SignalRecord, ...]:
        """Return the signals that the run received, oldest first."""
        return await self._ask(waiting.list_signals, run_id)

    async def fetch(self, stored: Stored) -> JSON:
        """Return the value of a column that was read as it stands."""
        return await self._ask(lambda connection: Values(connection)(stored))

    async def called_by(self, seq: int) -> list[str]:
        """Return the ids of the unfinished runs for whose end this run waits."""
        return await self._ask(waiting.called_by, seq)

    async def siblings(self, event_id: str, recipe: str) -> int:
        """Return how many runs of the recipe there are for the event, replays included."""
        return await self._ask(waiting.siblings, event_id, recipe)

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that have no verdicts yet, oldest first."""
        return await self._ask(queries.unmatched)

    def close(self) -> None:
        """Close the connections and end the threads."""
        self._threads.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def _ask(self, question: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._answer, question, arguments)
        except RuntimeError as error:
            raise JournalError(_CLOSED) from error

    def _answer(self, question: Callable[..., T], arguments: Sequence[Any]) -> T:
        try:
            # One transaction for a question of several statements: one state of the journal.
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                return question(connection, *arguments)
            finally:
                connection.execute("COMMIT")
        except apsw.Error as error:
            raise JournalError(_UNREADABLE, detail=str(error)) from error

    def _connection(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect_for_reading(self._path)
            self._connections.append(connection)
        return connection

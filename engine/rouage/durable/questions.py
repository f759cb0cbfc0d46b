"""The questions to an engine: its journal answers them (the `Reader` of the port)."""

from collections.abc import Mapping
from datetime import datetime

from rouage.durable.journal import JournalReader
from rouage.durable.port import (
    ClaimRecord,
    DefinitionRecord,
    EventRecord,
    RunFilter,
    RunPage,
)
from rouage.model.event import Event
from rouage.model.run import RunRecord, SignalRecord, WaitKind, WaitRecord
from rouage.sdk.json import JSON


class Questions:
    """The part of an engine that asks the reader of its journal."""

    _reader: JournalReader

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        return await self._reader.list_runs(chosen, cursor=cursor, limit=limit)

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        return await self._reader.get_run(run_id)

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
        return await self._reader.find_events(
            source=source,
            subject=subject,
            key=key,
            since=since,
            until=until,
            limit=limit,
        )

    async def held_back(
        self, *, since: datetime, recipe: str | None = None, after: int = 0, limit: int = 500
    ) -> tuple[tuple[int, Event], ...]:
        """Return events with a verdict `paused`, oldest first, each with its number."""
        return await self._reader.held_back(since=since, recipe=recipe, after=after, limit=limit)

    async def get_event(self, event_id: str) -> EventRecord | None:
        """Return one event with verdicts and runs."""
        return await self._reader.get_event(event_id)

    async def is_kept(self, source: str, key: str) -> bool:
        """Say whether the event of this identity is still here, and not only its key."""
        return await self._reader.is_kept(source, key)

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        return await self._reader.load_items(trigger)

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        return await self._reader.stats()

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        return await self._reader.get_definition(digest)

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        return await self._reader.last_definition(recipe)

    async def list_definitions(self, recipe: str) -> tuple[DefinitionRecord, ...]:
        """Return the accepted versions of the recipe, newest first, with their texts."""
        return await self._reader.list_definitions(recipe)

    async def list_versions(self) -> tuple[tuple[str, str], ...]:
        """Return the accepted versions of all recipes, as (recipe, hash), newest first."""
        return await self._reader.list_versions()

    async def find_claim(self, scope: str, key: str) -> ClaimRecord | None:
        """Return who holds a key of the ledger."""
        return await self._reader.find_claim(scope, key)

    async def list_waits(
        self,
        *,
        kinds: frozenset[WaitKind] | None = None,
        run_id: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> tuple[WaitRecord, ...]:
        """Return what runs wait for, oldest first; *run_id* may be a prefix."""
        return await self._reader.list_waits(kinds=kinds, run_id=run_id, name=name, limit=limit)

    async def list_signals(self, run_id: str) -> tuple[SignalRecord, ...]:
        """Return the signals that the run received, oldest first."""
        return await self._reader.list_signals(run_id)

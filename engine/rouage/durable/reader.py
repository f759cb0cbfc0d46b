"""What may be asked of a journal, by the daemon and by commands, whether one runs or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from rouage.durable.messages import (
    ClaimRecord,
    DefinitionRecord,
    EventRecord,
    FileRecord,
    Product,
    RunFilter,
    RunPage,
    SecretUse,
)
from rouage.model.event import Event
from rouage.model.run import (
    RunRecord,
    SignalRecord,
    WaitKind,
    WaitRecord,
)
from rouage.sdk.json import JSON


class Reader(Protocol):
    """Questions to the journal. They never block the writer, and need no daemon."""

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        """Return runs, newest first (R19); without steps."""
        ...

    async def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run with its steps, its event's data and its conditions."""
        ...

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
        """Return events, newest first, with verdicts and runs.

        *subject* is what the event is about, as `why` asks for it: the path of a file, the
        message id of a mail. *key* is how the event's key begins, and asks for a *source*;
        *since* and *until* bound when it was received.
        """
        ...

    async def held_back(
        self, *, since: datetime, recipe: str | None = None, after: int = 0, limit: int = 500
    ) -> tuple[tuple[int, Event], ...]:
        """Return events with a verdict `paused`, oldest first, each with its number.

        Those received from *since* on, and numbered above *after*, of one *recipe* or of all.
        """
        ...

    async def get_event(self, event_id: str) -> EventRecord | None:
        """Return one event with verdicts and runs."""
        ...

    async def is_kept(self, source: str, key: str) -> bool:
        """Say whether the event of this identity is still here, and not only its key."""
        ...

    async def load_items(self, trigger: str) -> dict[bytes, JSON]:
        """Return the durable store of one trigger."""
        ...

    async def stats(self) -> Mapping[str, int]:
        """Return the number of runs by state, of events, and of unmatched events."""
        ...

    async def get_definition(self, digest: str) -> bytes | None:
        """Return the definition with this SHA-256 (hexadecimal)."""
        ...

    async def last_definition(self, recipe: str) -> bytes | None:
        """Return the newest accepted definition of the recipe (last good version, L2)."""
        ...

    async def list_definitions(self, recipe: str) -> tuple[DefinitionRecord, ...]:
        """Return the accepted versions of the recipe, newest first, with their texts."""
        ...

    async def list_versions(self) -> tuple[tuple[str, str], ...]:
        """Return the accepted versions of all recipes, as (recipe, hash), newest first."""
        ...

    async def list_waits(
        self,
        *,
        kinds: frozenset[WaitKind] | None = None,
        run_id: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> tuple[WaitRecord, ...]:
        """Return what runs wait for, oldest first; *run_id* may be a prefix."""
        ...

    async def list_signals(self, run_id: str) -> tuple[SignalRecord, ...]:
        """Return the signals that the run received, oldest first."""
        ...

    async def find_claim(self, scope: str, key: str) -> ClaimRecord | None:
        """Return who holds a key of the ledger."""
        ...

    async def list_inverses(self, run_id: str) -> Mapping[str, JSON]:
        """Return how to take back what the steps of a run did, by path."""
        ...

    async def list_files(
        self,
        *,
        run_id: str | None = None,
        hash: bytes | None = None,  # noqa: A002 - what it is
        path: str | None = None,
        limit: int = 500,
    ) -> tuple[FileRecord, ...]:
        """Return what steps read and wrote, newest run first: of a run, a content or a path."""
        ...

    async def list_secret_uses(
        self, *, run_id: str | None = None, name: str | None = None, limit: int = 500
    ) -> tuple[SecretUse, ...]:
        """Return which secrets steps were given, newest run first: a run's, or one secret."""
        ...

    async def list_products(self, *, since: datetime, limit: int = 500) -> tuple[Product, ...]:
        """Return the files that steps made since *since*, those of the newest runs first.

        A file without a known content is left out.
        """
        ...

"""The questions about effects and files, handed on by the engine to its journal."""

from collections.abc import Mapping
from datetime import datetime

from rouage.durable.journal import JournalReader
from rouage.durable.port import FileRecord, Product, SecretUse
from rouage.sdk.json import JSON


class FilesReading:
    """The part of the engine that answers what runs did to files."""

    _reader: JournalReader

    async def list_inverses(self, run_id: str) -> Mapping[str, JSON]:
        """Return how to take back what the steps of a run did, by path."""
        return await self._reader.list_inverses(run_id)

    async def list_files(
        self,
        *,
        run_id: str | None = None,
        hash: bytes | None = None,  # noqa: A002 - what it is
        path: str | None = None,
        limit: int = 500,
    ) -> tuple[FileRecord, ...]:
        """Return what steps read and wrote, newest run first."""
        return await self._reader.list_files(run_id=run_id, hash=hash, path=path, limit=limit)

    async def list_secret_uses(
        self, *, run_id: str | None = None, name: str | None = None, limit: int = 500
    ) -> tuple[SecretUse, ...]:
        """Return which secrets steps were given, newest run first."""
        return await self._reader.list_secret_uses(run_id=run_id, name=name, limit=limit)

    async def list_products(self, *, since: datetime, limit: int = 500) -> tuple[Product, ...]:
        """Return the files that steps made since *since*, those of the newest runs first."""
        return await self._reader.list_products(since=since, limit=limit)

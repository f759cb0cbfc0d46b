"""`folder.file`: each version of each file makes one event, committed with its row."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rouage.sdk import JSON, Emit, JournalError, Overloaded, Text, TriggerContext
from rouage_connectors.folder.brake import Brake
from rouage_connectors.folder.copies import copy_version
from rouage_connectors.folder.facts import LASTING, Found, describe, event_key
from rouage_connectors.folder.ledger import Row, State, key_of
from rouage_connectors.folder.names import display
from rouage_connectors.folder.once import Once
from rouage_connectors.folder.taker import Paused, Taken

_NO_COPY: Final = Text(
    "{file} could not be copied ({reason}); free some space, it is tried again",
    "{file} n’a pas pu être copié ({reason}) ; libérez de la place, un nouvel essai suivra",
)
_CHANGED_MEANWHILE: Final = Text(
    "the file changed while it was copied", "le fichier a changé pendant sa copie"
)
_PAUSE_WITHOUT_COPY: Final = 30.0


class Singles:
    """Hands each version over as an event of its own."""

    def __init__(
        self, context: TriggerContext, emit: Emit, once: Once, *, copies_versions: bool
    ) -> None:
        self._context = context
        self._emit = emit
        self._once = once
        self._copies = copies_versions
        self._brake = Brake(asyncio.get_running_loop().time)

    async def take(self, found: Found, at: int) -> Taken:
        """Commit the event and the row of one version together."""
        refused = self._once.refuses(found)
        if refused is not None:
            return Taken(Row(found.version, found.sha256, refused, at), is_stored=False)
        self._brake.check(found.path)
        kept = self._once.reserve([found])
        try:
            taken = await self._emit_one(found, at, kept)
        except (JournalError, Paused):
            self._once.release(kept)
            raise
        self._brake.count(found.path)
        return taken

    async def _emit_one(self, found: Found, at: int, kept: Mapping[bytes, JSON]) -> Taken:
        file = describe(found, self._context.timezone)
        row, key = Row(found.version, found.sha256, "claimed", at), self._key(found)
        items: Mapping[bytes, JSON] = {key_of(found.path): row.to_json(), **kept}
        folder = await self._copy(found, file, key) if self._copies else None
        try:
            receipt = await self._emit({"file": file}, key=key, items=items)
        except JournalError:
            self._discard(folder)
            raise
        if receipt.is_duplicate:
            self._discard(folder)
        return Taken(row, has_runs=bool(receipt.runs))

    def _key(self, found: Found) -> str:
        """Return the key of the event; no later version takes the place of a name taken once."""
        key = event_key(found)
        return f"{key}.{LASTING}" if self._once.is_by_name else key

    async def _copy(self, found: Found, file: dict[str, JSON], key: str) -> Path | None:
        """Keep this version aside, as the next one may take its place (triggers F-21)."""
        folder: Path | None = None
        try:
            folder = await asyncio.to_thread(self._context.received.fresh_folder, key)
            copied = await asyncio.to_thread(copy_version, found, folder)
        except OSError as error:
            self._discard(folder)
            facts = {"file": display(found.path), "reason": os.strerror(error.errno or 0)}
            raise Paused(_PAUSE_WITHOUT_COPY, _NO_COPY.fill(**facts)) from error
        if copied is None:
            self._discard(folder)
            raise Overloaded(_CHANGED_MEANWHILE, retry_after_seconds=0.1)
        file["original"], file["path"] = file["path"], str(copied)
        return folder

    def _discard(self, folder: Path | None) -> None:
        if folder is not None:
            self._context.received.discard(folder)

    def holds(self, path: bytes) -> bool:
        """Say no: nothing is held."""
        del path
        return False

    def depart(self, path: bytes, row: Row | None, state: State, at: int) -> Row | None:
        """Note in the row that the file is gone."""
        del path
        return None if row is None else row._replace(state=state, at=at)

    def status(self) -> dict[str, Any]:
        """Return how often the brake was needed."""
        return {"brakes": self._brake.trips} if self._brake.trips else {}

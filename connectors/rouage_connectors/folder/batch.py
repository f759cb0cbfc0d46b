"""`folder.batch`: a burst of files as one event, once no more of them come.

What is gathered has no row yet: after a crash the files are simply found again. Their rows
are written in the same commit as the event of the batch.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final

from rouage.sdk import JSON, Emit, JournalError, Overloaded, Text, TriggerContext
from rouage_connectors.folder.facts import Found, batch_key, describe
from rouage_connectors.folder.intake import STUCK, Intake
from rouage_connectors.folder.ledger import Row, State, Version, key_of
from rouage_connectors.folder.once import Once
from rouage_connectors.folder.parameters import Gathered
from rouage_connectors.folder.taker import Taken

_PAUSE_AFTER_FAULT: Final = 1.0
_LOOK_AGAIN: Final = 0.5
_MOST_BATCHES: Final = 2

_FULL: Final = Text("a batch is under way", "un lot est en cours")


class Batches:
    """Gathers versions, and hands them over together."""

    def __init__(
        self, context: TriggerContext, emit: Emit, once: Once, habits: Gathered, root: bytes
    ) -> None:
        self._context = context
        self._emit = emit
        self._once = once
        self._habits = habits
        self._root = os.fsdecode(root)
        self._gathered: dict[bytes, Found] = {}
        self._first = self._last = 0.0
        self._has_come = asyncio.Event()

    async def take(self, found: Found, at: int) -> Taken:
        """Add a version to the batch; a later version of the same file takes its place."""
        refused = self._once.refuses(found)
        if refused is None and self._is_own(found):
            refused = "own"
        if refused is not None:
            return Taken(Row(found.version, found.sha256, refused, at), is_stored=False)
        if len(self._gathered) >= _MOST_BATCHES * self._habits.max:
            raise Overloaded(_FULL, retry_after_seconds=_LOOK_AGAIN)
        self._last = asyncio.get_running_loop().time()
        if not self._gathered:
            self._first = self._last
        self._gathered[found.path] = found
        self._has_come.set()
        return Taken(None)

    def holds(self, path: bytes) -> bool:
        """Say whether a version of *path* is in the batch."""
        return path in self._gathered

    def depart(self, path: bytes, row: Row | None, state: State, at: int) -> Row | None:
        """Forget a file that went before its batch was complete."""
        self._gathered.pop(path, None)
        return None if row is None else row._replace(state=state, at=at)

    def status(self) -> dict[str, Any]:
        """Return how many files are gathered."""
        return {"gathered": len(self._gathered)}

    async def keep(self, intake: Intake) -> None:
        """Hand batches over as they are complete, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._has_come.wait()
            pause = self._due(intake) - loop.time()
            if pause > 0 and len(self._gathered) < self._habits.max:
                self._has_come.clear()
                try:
                    async with asyncio.timeout(pause):
                        await self._has_come.wait()
                except TimeoutError:
                    self._has_come.set()
                continue
            await self._release(intake)
            if not self._gathered:
                self._has_come.clear()

    def _due(self, intake: Intake) -> float:
        """Return when the batch is complete, as far as one can tell now."""
        now, habits = asyncio.get_running_loop().time(), self._habits
        latest = self._first + habits.max_wait
        quiet = self._last + habits.quiet
        if now >= quiet and intake.pending_paths(younger_than=habits.max_wait):
            # One of the burst is still being written.
            quiet = now + _LOOK_AGAIN
        return min(latest, quiet)

    async def _release(self, intake: Intake) -> None:
        batch = list(self._gathered.values())[: self._habits.max]
        stale = await asyncio.to_thread(_find_changed, batch)
        now = asyncio.get_running_loop().time()
        for found in stale:
            if self._gathered.get(found.path) is found:
                del self._gathered[found.path]
                intake.suggest(found.path, now)
        batch = [found for found in batch if self._gathered.get(found.path) is found]
        if not batch:
            return
        try:
            await self._emit_batch(batch, intake)
        except Overloaded as error:
            await asyncio.sleep(error.retry_after_seconds)
        except JournalError:
            intake.tell(STUCK)
            await asyncio.sleep(_PAUSE_AFTER_FAULT)

    async def _emit_batch(self, batch: list[Found], intake: Intake) -> None:
        at = int(self._context.clock.now().timestamp())
        files = [describe(found, self._context.timezone) for found in batch]
        rows = {f.path: Row(f.version, f.sha256, "claimed", at) for f in batch}
        kept = self._once.reserve(batch)
        items: Mapping[bytes, JSON] = {key_of(p): row.to_json() for p, row in rows.items()} | kept
        data: JSON = {
            "files": list(files),
            "count": len(files),
            "size": sum(found.version.size for found in batch),
            "folder": self._root,
        }
        trails = [self._context.traces.writers_of(file) for file in files]
        try:
            receipt = await self._emit(
                data, key=batch_key(batch), items=items, trail=max(trails, key=len)
            )
        except JournalError:
            self._once.release(kept)
            raise
        for found in batch:
            if self._gathered.get(found.path) is found:
                del self._gathered[found.path]
            intake.note_taken(found.path, Taken(rows[found.path], has_runs=bool(receipt.runs)))
        self._first = asyncio.get_running_loop().time()

    def _is_own(self, found: Found) -> bool:
        """Say whether the recipe wrote this file itself (triggers F-24)."""
        file = describe(found, self._context.timezone)
        return self._context.traces.writers_of(file)[-1:] == (self._context.recipe_id,)


def _find_changed(batch: list[Found]) -> list[Found]:
    """Return those that are no longer what was gathered."""
    stale = []
    for found in batch:
        try:
            is_same = Version.of(os.lstat(found.real)) == found.version
        except OSError:
            is_same = False
        if not is_same:
            stale.append(found)
    return stale

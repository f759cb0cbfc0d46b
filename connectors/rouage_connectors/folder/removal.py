"""`folder.removed`: a known file that left makes one event (never because a drive went, F-10).

A file that is written anew is gone for a moment, and a renamed one has not left: so one looks
again after the settle time. The row keeps the file as present until the event is on disk, so
that after a crash it is found missing again.
"""

import asyncio
import hashlib
import os
from typing import Any, Final, NamedTuple

from rouage.sdk import JSON, Emit, JournalError, Overloaded, TriggerContext
from rouage_connectors.folder.facts import Found, describe
from rouage_connectors.folder.intake import STUCK, Intake
from rouage_connectors.folder.ledger import GONE, Row, State, key_of
from rouage_connectors.folder.taker import Taken

_PAUSE_AFTER_FAULT: Final = 1.0
_GRACE_SECONDS: Final = 0.3
_TOGETHER: Final = 256

_Identity = tuple[int, int, int]


class _Leaving(NamedTuple):
    row: Row
    state: State
    due: float


class Removals:
    """Knows what is there, and tells what left."""

    def __init__(
        self, context: TriggerContext, emit: Emit, *, settle_seconds: float, by_recipes: bool
    ) -> None:
        self._context = context
        self._emit = emit
        self._grace = settle_seconds + _GRACE_SECONDS
        self._by_recipes = by_recipes
        self._leaving: dict[bytes, _Leaving] = {}
        self._has_come = asyncio.Event()

    async def take(self, found: Found, at: int) -> Taken:
        """Note that a file is there."""
        self._leaving.pop(found.path, None)
        return Taken(Row(found.version, found.sha256, "seen", at), is_stored=False)

    def holds(self, path: bytes) -> bool:
        """Say no: files that are there are noted at once."""
        del path
        return False

    def depart(self, path: bytes, row: Row | None, state: State, at: int) -> Row | None:
        """Note that a known file is gone; its row changes when that is certain."""
        del at
        if row is not None and path not in self._leaving:
            due = asyncio.get_running_loop().time() + self._grace
            self._leaving[path] = _Leaving(row, state, due)
            self._has_come.set()
        return None

    def status(self) -> dict[str, Any]:
        """Return how many files are gone, and not told of yet."""
        return {"leaving": len(self._leaving)}

    async def keep(self, intake: Intake) -> None:
        """Tell what left, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._has_come.wait()
            if not self._leaving:
                self._has_come.clear()
                continue
            due = next(iter(self._leaving.values())).due
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._tell_due(intake)

    async def _tell_due(self, intake: Intake) -> None:
        now = asyncio.get_running_loop().time()
        due = [path for path, one in self._leaving.items() if one.due <= now][:_TOGETHER]
        rows = list(intake.rows.items())
        pending = intake.pending_paths()
        gone = await asyncio.to_thread(
            _still_gone, {path: self._leaving[path].row for path in due}, rows, pending
        )
        at = int(self._context.clock.now().timestamp())
        told = []
        for path in due:
            leaving = self._leaving.get(path)
            if leaving is None or path not in gone:
                self._leaving.pop(path, None)
                continue
            # The action tells of it when it is done, which may be after the hint.
            trail = self._context.traces.takers_of(os.fsdecode(path))
            row = leaving.row._replace(state="taken" if trail else leaving.state, at=at)
            if gone[path] and (row.state == "left" or self._by_recipes):
                told.append(self._tell(path, leaving.row, row, trail, intake))
            else:
                intake.note(path, row)
                del self._leaving[path]
        await asyncio.gather(*told)

    async def _tell(
        self, path: bytes, known: Row, row: Row, trail: tuple[str, ...], intake: Intake
    ) -> None:
        file = describe(Found(path, row.version, None, path), self._context.timezone)
        del file["sha256"]
        items: dict[bytes, JSON] = {key_of(path): row.to_json()}
        try:
            await self._emit(
                {"file": file, "by_recipe": row.state == "taken"},
                key=_key(path, known),
                items=items,
                trail=trail,
            )
        except Overloaded as error:
            await asyncio.sleep(error.retry_after_seconds)
            return
        except JournalError:
            intake.tell(STUCK)
            await asyncio.sleep(_PAUSE_AFTER_FAULT)
            return
        self._leaving.pop(path, None)
        intake.note_taken(path, Taken(row))


def _key(path: bytes, row: Row) -> str:
    """Return the identity of one departure: of this file, since it was last noted."""
    place = hashlib.blake2b(path, digest_size=12).hexdigest()
    version = row.version
    return f"{place}.{version.size}.{version.mtime_ns}.{version.ino}.left.{row.at}"


def _still_gone(
    due: dict[bytes, Row], rows: list[tuple[bytes, Row]], pending: list[bytes]
) -> dict[bytes, bool]:
    """Return which files are not there; False where the file was only renamed within sight."""
    gone = [path for path in due if not os.path.lexists(path)]
    if not gone:
        return {}
    there: set[_Identity] = {
        _identity(row) for path, row in rows if row.state not in GONE and path not in due
    }
    for path in pending:
        try:
            facts = os.lstat(path)
        except OSError:
            continue
        there.add((facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return {path: _identity(due[path]) not in there for path in gone}


def _identity(row: Row) -> _Identity:
    return (row.version.ino, row.version.size, row.version.mtime_ns)

"""Files on their way from seen to claimed: they settle, are looked at, and become events."""

import asyncio
import hashlib
import heapq
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from rouage.sdk import JSON, Emit, JournalError, Overloaded, Text, TriggerContext
from rouage_connectors.folder.examine import Finding, Policy, Seen, examine
from rouage_connectors.folder.ledger import Row, State, Version, key_of
from rouage_connectors.folder.names import display

PENDING_LIMIT: Final = 10_000
MARKER: Final = b".ok"

_TOGETHER: Final = 256
_LARGE_TOGETHER: Final = 2
_LARGE_BYTES: Final = 4 << 20
_EARLY: Final = 0.002
_LONGEST_BACKOFF: Final = 60.0
_SHORTEST_BACKOFF: Final = 0.25
_PAUSE_AFTER_FAULT: Final = 5.0
_BUSY_PAUSE: Final = 0.1
_TAKEN_WITHIN: Final = 600.0
_LISTED: Final = 20

_STUCK: Final = Text(
    "the journal cannot write: the files wait",
    "le journal ne peut pas écrire : les fichiers attendent",
)
_WAITING: Final[Mapping[Finding, Text]] = {
    "changing": Text("still being written", "encore en cours d’écriture"),
    "written": Text("open for writing in a program", "ouvert en écriture par un programme"),
    "forbidden": Text("cannot be read (no permission)", "illisible (pas le droit de lire)"),
    "unchanged": Text("waits for its marker file", "attend son fichier témoin"),
}


@dataclass(slots=True)
class _Candidate:
    """A file that waits: when to look at it, and what was seen so far."""

    due: float
    since: float
    observed: Version | None = None
    observed_at: float = 0.0
    tries: int = 0
    finding: Finding = "changing"
    is_announced: bool = False


class Intake:
    """The pending files of one trigger, and its ledger.

    Times are those of the event loop. *group* owns the tasks that claim.
    """

    def __init__(
        self,
        context: TriggerContext,
        rows: dict[bytes, Row],
        policy: Policy,
        *,
        emit: Emit,
        group: asyncio.TaskGroup,
        wake: asyncio.Event,
        needs_marker: bool = False,
        warn_seconds: float = 600.0,
    ) -> None:
        self.rows = rows
        self.policy = policy
        self.unsaved: dict[bytes, Row | None] = {}
        self.is_overfull = False
        self._context = context
        self._emit = emit
        self._group = group
        self._wake = wake
        self._needs_marker = needs_marker
        self._warn_seconds = warn_seconds
        self._pending: dict[bytes, _Candidate] = {}
        self._heap: list[tuple[float, bytes]] = []
        self._busy: set[bytes] = set()
        self._claimed_at: dict[bytes, float] = {}
        self._places = asyncio.Semaphore(_TOGETHER)
        self._large_places = asyncio.Semaphore(_LARGE_TOGETHER)
        self._is_stuck = False

    def __len__(self) -> int:
        return len(self._pending)

    def next_due(self) -> float | None:
        """Return when the next file is due."""
        return self._heap[0][0] if self._heap else None

    def suggest(self, path: bytes, due: float, *, observed: Version | None = None) -> None:
        """Note that *path* may be new; it is looked at when *due*. Never more than the limit."""
        candidate = self._pending.get(path)
        now = self._now()
        if candidate is None:
            if len(self._pending) >= PENDING_LIMIT:
                self.is_overfull = True
                return
            candidate = self._pending[path] = _Candidate(due=due, since=now)
        candidate.due = due
        candidate.tries = 0
        if observed is not None:
            candidate.observed, candidate.observed_at = observed, now
        heapq.heappush(self._heap, (due, path))

    def is_pending(self, path: bytes) -> bool:
        """Say whether *path* is on its way already."""
        return path in self._pending or path in self._busy

    def depart(self, path: bytes) -> None:
        """Note that *path* is gone: taken by a run when its event was shortly before."""
        self._pending.pop(path, None)
        row = self.rows.get(path)
        if row is None or row.state in {"left", "taken"}:
            return
        claimed = self._claimed_at.pop(path, None)
        was_taken = claimed is not None and self._now() - claimed < _TAKEN_WITHIN
        self.note(path, row._replace(state="taken" if was_taken else "left", at=self._seconds()))

    def note(self, path: bytes, row: Row | None) -> None:
        """Set the row of *path*, to be stored soon; None forgets it."""
        self.unsaved[path] = row
        if row is None:
            self.rows.pop(path, None)
        else:
            self.rows[path] = row

    async def save(self) -> None:
        """Store the rows that changed without an event."""
        unsaved, self.unsaved = self.unsaved, {}
        try:
            await self._context.items.put(
                {
                    key_of(path): None if row is None else row.to_json()
                    for path, row in unsaved.items()
                }
            )
        except JournalError:
            self.unsaved = unsaved | self.unsaved

    async def work(self) -> None:
        """Look at the files that are due, all in one hop to a thread, and claim the new ones."""
        batch = self._take_due()
        if not batch:
            return
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(None, self._examine_all, batch)
        for path, result in seen:
            if result.finding == "unchanged" and result.version is None:
                self._later(path, result)
            elif result.finding == "changing" and result.wait_seconds < 0:
                self._busy.add(path)
                self._group.create_task(self._examine_large(path))
            else:
                await self._settle(path, result)

    def status(self) -> dict[str, Any]:
        """Return how many files are known and pending, and the first that wait."""
        waiting = [
            {
                "file": display(path),
                "since_seconds": round(self._now() - candidate.since),
                "size": candidate.observed.size if candidate.observed else None,
                "reason": _WAITING[candidate.finding]._asdict(),
            }
            for path, candidate in list(self._pending.items())[:_LISTED]
            if candidate.tries
        ]
        return {"known": len(self.rows), "pending": len(self._pending), "waiting": waiting}

    def drop_old_claims(self) -> None:
        """Forget claims that are too old to tell who took the file."""
        limit = self._now() - _TAKEN_WITHIN
        self._claimed_at = {path: at for path, at in self._claimed_at.items() if at > limit}

    def _take_due(self) -> list[tuple[bytes, Version | None]]:
        now = self._now()
        batch: list[tuple[bytes, Version | None]] = []
        while self._heap and self._heap[0][0] <= now + _EARLY and len(batch) < _TOGETHER:
            due, path = heapq.heappop(self._heap)
            candidate = self._pending.get(path)
            if candidate is None or due != candidate.due:
                continue
            if path in self._busy:
                candidate.due = now + _BUSY_PAUSE
                heapq.heappush(self._heap, (candidate.due, path))
                continue
            is_old = now - candidate.observed_at >= self.policy.settle_seconds - _EARLY
            batch.append((path, candidate.observed if is_old else None))
        return batch

    def _examine_all(self, batch: list[tuple[bytes, Version | None]]) -> list[tuple[bytes, Seen]]:
        now = self._context.clock.now().timestamp()
        small = self.policy._replace(hash_max_bytes=min(self.policy.hash_max_bytes, _LARGE_BYTES))
        results: list[tuple[bytes, Seen]] = []
        for path, observed in batch:
            if self._needs_marker and not os.path.lexists(path + MARKER):
                results.append((path, Seen("unchanged")))
                continue
            seen = examine(path, self.rows.get(path), small, observed=observed, now=now)
            if seen.version is not None and self._is_unread(seen):
                seen = Seen("changing", seen.version, wait_seconds=-1.0)
            results.append((path, seen))
        return results

    def _is_unread(self, seen: Seen) -> bool:
        """Say whether a large file is settled, and its content still has to be read."""
        if seen.finding not in {"new", "same", "restored"} or seen.version is None:
            return False
        return _LARGE_BYTES < seen.version.size <= self.policy.hash_max_bytes

    async def _examine_large(self, path: bytes) -> None:
        async with self._large_places:
            loop = asyncio.get_running_loop()
            candidate = self._pending.get(path)
            observed = None if candidate is None else candidate.observed
            now = self._context.clock.now().timestamp()
            row = self.rows.get(path)
            seen = await loop.run_in_executor(
                None, lambda: examine(path, row, self.policy, observed=observed, now=now)
            )
        self._busy.discard(path)
        await self._settle(path, seen)

    async def _settle(self, path: bytes, seen: Seen) -> None:
        """Act on what was found."""
        finding, version = seen.finding, seen.version
        if finding in {"changing", "written", "forbidden"}:
            self._later(path, seen)
            return
        self._pending.pop(path, None)
        if finding == "new" and version is not None:
            self._busy.add(path)
            await self._places.acquire()
            self._group.create_task(self._claim(path, version, seen.sha256))
        elif finding in {"same", "restored"} and version is not None:
            state: State = "same" if finding == "same" else "restored"
            former = self.rows.get(path)
            digest = seen.sha256 or (former.sha256 if former else None)
            self.note(path, Row(version, digest, state, self._seconds()))
        elif finding == "gone":
            self.depart(path)

    def _later(self, path: bytes, seen: Seen) -> None:
        """Look again, with growing pauses, for ever (triggers F-15)."""
        candidate = self._pending.get(path)
        if candidate is None:
            return
        now = self._now()
        pause = max(_SHORTEST_BACKOFF, self.policy.settle_seconds) * 2.0 ** min(candidate.tries, 8)
        if seen.finding == "changing" and not candidate.tries:
            pause = max(0.001, seen.wait_seconds)
        candidate.tries += 1
        candidate.finding = seen.finding
        if seen.version is not None and seen.version != candidate.observed:
            candidate.observed, candidate.observed_at = seen.version, now
        candidate.due = now + min(pause, _LONGEST_BACKOFF)
        heapq.heappush(self._heap, (candidate.due, path))
        if not candidate.is_announced and now - candidate.since > self._warn_seconds:
            candidate.is_announced = True
            self._context.log.warning(
                "%s waits since %d s: %s",
                display(path),
                now - candidate.since,
                _WAITING[candidate.finding].en,
            )

    async def _claim(self, path: bytes, version: Version, digest: bytes | None) -> None:
        """Commit the event and the row of one version together."""
        context = self._context
        row = Row(version, digest, "claimed", self._seconds())
        try:
            receipt = await self._emit(
                {"file": describe(path, version, digest, context)},
                key=_event_key(path, version, digest),
                items={key_of(path): row.to_json()},
            )
        except Overloaded as error:
            self._again(path, version, error.retry_after_seconds)
        except JournalError:
            self._is_stuck = True
            context.report("error", _STUCK)
            self._again(path, version, _PAUSE_AFTER_FAULT)
        else:
            self.rows[path] = row
            self.unsaved.pop(path, None)
            if receipt.runs:
                self._claimed_at[path] = self._now()
            if self._is_stuck:
                self._is_stuck = False
                context.report("listening", None)
        finally:
            self._busy.discard(path)
            self._places.release()

    def _again(self, path: bytes, version: Version, seconds: float) -> None:
        self._busy.discard(path)
        if path not in self._pending:
            self.suggest(path, self._now() + min(seconds, _LONGEST_BACKOFF), observed=version)
            self._wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _seconds(self) -> int:
        return int(self._context.clock.now().timestamp())


def describe(
    path: bytes, version: Version, digest: bytes | None, context: TriggerContext
) -> dict[str, JSON]:
    """Return `event.file`. A name that is no text keeps its bytes as surrogate escapes."""
    text = os.fsdecode(path)
    folder, _, name = text.rpartition("/")
    pure = PurePosixPath(name)
    modified = datetime.fromtimestamp(version.mtime_ns // 1_000_000_000, context.timezone)
    return {
        "path": text,
        "name": name,
        "stem": pure.stem,
        "ext": pure.suffix[1:].lower(),
        "folder": folder or "/",
        "size": version.size,
        "modified": modified.isoformat(),
        "sha256": None if digest is None else digest.hex(),
    }


def _event_key(path: bytes, version: Version, digest: bytes | None) -> str:
    """Return the identity of one version of one path; short, as every event keeps it."""
    place = hashlib.blake2b(path, digest_size=12).hexdigest()
    content = "-" if digest is None else digest[:12].hex()
    return f"{place}.{version.size}.{version.mtime_ns}.{version.ctime_ns}.{version.ino}.{content}"

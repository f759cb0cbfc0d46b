"""Files on their way from seen to taken: they settle, are looked at, and are handed over."""

import asyncio
import heapq
import os
from collections.abc import Mapping
from typing import Any, Final

from rouage.sdk import JournalError, Overloaded, Text, TriggerContext
from rouage.sdk.records import dataclass
from rouage_connectors.folder.examine import Finding, Policy, Seen, examine
from rouage_connectors.folder.facts import Found
from rouage_connectors.folder.ledger import GONE, Row, State, Version, key_of
from rouage_connectors.folder.links import Links
from rouage_connectors.folder.names import display
from rouage_connectors.folder.taker import Paused, Taken, Taker

PENDING_LIMIT: Final = 10_000
MARKER: Final = b".ok"

_TOGETHER: Final = 256
_LARGE_TOGETHER: Final = 2
_LARGE_BYTES: Final = 4 << 20
_EARLY: Final = 0.002
_LONGEST_BACKOFF: Final = 60.0
_SHORTEST_BACKOFF: Final = 0.25
_PAUSE_AFTER_FAULT: Final = 1.0
_BUSY_PAUSE: Final = 0.1
_TAKEN_WITHIN: Final = 600.0
_LISTED: Final = 20

STUCK: Final = Text(
    "the journal cannot write: the files wait",
    "le journal ne peut pas écrire : les fichiers attendent",
)
WAITING: Final[Mapping[Finding, Text]] = {
    "changing": Text("still being written", "encore en cours d’écriture"),
    "written": Text("open for writing in a program", "ouvert en écriture par un programme"),
    "part": Text(
        "its end is missing; it is taken once it is whole (`whole: off` takes it as it is)",
        "sa fin manque ; il sera pris une fois entier (`whole: off` le prend tel quel)",
    ),
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

    Times are those of the event loop. *group* owns the tasks that take. `trouble` is what
    the owner should know; whoever attends to the folder reports it.
    """

    def __init__(
        self,
        context: TriggerContext,
        rows: dict[bytes, Row],
        policy: Policy,
        *,
        taker: Taker,
        group: asyncio.TaskGroup,
        wake: asyncio.Event,
        links: Links | None = None,
        needs_marker: bool = False,
        warn_seconds: float = 600.0,
    ) -> None:
        self.rows = rows
        self.policy = policy
        self.unsaved: dict[bytes, Row | None] = {}
        self.is_overfull = False
        self.trouble: Text | None = None
        self._context = context
        self._taker = taker
        self._group = group
        self._wake = wake
        self._links = links
        self._needs_marker = needs_marker
        self._warn_seconds = warn_seconds
        self._pending: dict[bytes, _Candidate] = {}
        self._heap: list[tuple[float, bytes]] = []
        self._busy: set[bytes] = set()
        self._claimed_at: dict[bytes, float] = {}
        self._places = asyncio.Semaphore(_TOGETHER)
        self._large_places = asyncio.Semaphore(_LARGE_TOGETHER)
        self._paused_until = 0.0

    def __len__(self) -> int:
        return len(self._pending)

    def next_due(self) -> float | None:
        """Return when the next file is due."""
        return max(self._heap[0][0], self._paused_until) if self._heap else None

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
        return path in self._pending or path in self._busy or self._taker.holds(path)

    def pending_paths(self, *, younger_than: float = float("inf")) -> list[bytes]:
        """Return what is on its way, for less than so many seconds."""
        limit = self._now() - younger_than
        return [path for path, one in self._pending.items() if one.since > limit]

    def depart(self, path: bytes, *, is_sure: bool = True) -> None:
        """Note that *path* is gone: taken by a run, or else by itself.

        Without `is_sure` its drive may only be away: that is noted, and nobody is told.
        """
        self._pending.pop(path, None)
        row = self.rows.get(path)
        if row is not None and row.state in GONE:
            return
        claimed = self._claimed_at.pop(path, None)
        was_taken = claimed is not None and self._now() - claimed < _TAKEN_WITHIN
        if not was_taken and row is not None:
            was_taken = bool(self._context.traces.takers_of(os.fsdecode(path)))
        state: State = "taken" if was_taken else "left"
        if is_sure:
            row = self._taker.depart(path, row, state, self._seconds())
        elif row is not None:
            row = row._replace(state=state, at=self._seconds())
        if row is not None:
            self.note(path, row)

    def note(self, path: bytes, row: Row | None) -> None:
        """Set the row of *path*, to be stored soon; None forgets it."""
        if not self.unsaved:
            self._wake.set()
        self.unsaved[path] = row
        if row is None:
            self.rows.pop(path, None)
        else:
            self.rows[path] = row

    def take_baseline(self) -> int:
        """Forget that files were there first, so that they are taken; return how many."""
        paths = [path for path, row in self.rows.items() if row.state == "baseline"]
        now = self._now()
        for path in paths:
            self.note(path, None)
            # More of them than may be pending are found by the scan that follows.
            self.suggest(path, now)
        self._wake.set()
        return len(paths)

    def keep(self, path: bytes, row: Row) -> None:
        """Set the row of *path*, which is on disk already."""
        self.rows[path] = row
        self.unsaved.pop(path, None)

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
        """Look at the files that are due, all in one hop to a thread, and take the new ones."""
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
                "reason": WAITING[candidate.finding]._asdict(),
            }
            for path, candidate in list(self._pending.items())[:_LISTED]
            if candidate.tries
        ]
        facts = {"known": len(self.rows), "pending": len(self._pending), "waiting": waiting}
        return facts | {"is_overfull": self.is_overfull} | self._taker.status()

    def drop_old_claims(self) -> None:
        """Forget claims that are too old to tell who took the file."""
        limit = self._now() - _TAKEN_WITHIN
        self._claimed_at = {path: at for path, at in self._claimed_at.items() if at > limit}

    def _take_due(self) -> list[tuple[bytes, Version | None]]:
        now = self._now()
        batch: list[tuple[bytes, Version | None]] = []
        if now < self._paused_until:
            return batch
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
            seen = self._examine(path, small, observed, now)
            if seen.version is not None and self._is_unread(seen):
                seen = Seen("changing", seen.version, wait_seconds=-1.0)
            results.append((path, seen))
        return results

    def _examine(self, path: bytes, policy: Policy, observed: Version | None, now: float) -> Seen:
        real = self._real(path)
        if real is None:
            return Seen("other")
        return examine(real, self.rows.get(path), policy, observed=observed, now=now)

    def _real(self, path: bytes) -> bytes | None:
        return path if self._links is None else self._links.real(path)

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
            seen = await loop.run_in_executor(
                None, lambda: self._examine(path, self.policy, observed, now)
            )
        self._busy.discard(path)
        await self._settle(path, seen)

    async def _settle(self, path: bytes, seen: Seen) -> None:
        """Act on what was found."""
        finding, version = seen.finding, seen.version
        if finding in WAITING and (finding != "unchanged" or version is None):
            self._later(path, seen)
            return
        self._pending.pop(path, None)
        if finding == "new" and version is not None:
            self._busy.add(path)
            await self._places.acquire()
            real = path if self._links is None else self._real(path) or path
            self._group.create_task(self._take(Found(path, version, seen.sha256, real)))
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
                WAITING[candidate.finding].en,
            )

    async def _take(self, found: Found) -> None:
        """Hand one version over; what cannot be accepted now is handed over again later."""
        path = found.path
        try:
            taken = await self._taker.take(found, self._seconds())
        except Overloaded as error:
            self._again(found, error.retry_after_seconds)
        except Paused as pause:
            self._paused_until = self._now() + pause.seconds
            self.tell(pause.reason)
            self._again(found, pause.seconds)
        except JournalError:
            self.tell(STUCK)
            self._again(found, _PAUSE_AFTER_FAULT)
        else:
            self.note_taken(path, taken)
        finally:
            self._busy.discard(path)
            self._places.release()

    def note_taken(self, path: bytes, taken: Taken) -> None:
        """Note what became of a version that was handed over."""
        if taken.row is not None and taken.is_stored:
            self.keep(path, taken.row)
        elif taken.row is not None:
            self.note(path, taken.row)
        if taken.has_runs:
            self._claimed_at[path] = self._now()
        if self.trouble is not None and self._now() >= self._paused_until:
            self.tell(None)

    def tell(self, reason: Text | None) -> None:
        """Have the owner told of a trouble, or that it is over."""
        if reason != self.trouble:
            self.trouble = reason
            self._wake.set()

    def _again(self, found: Found, seconds: float) -> None:
        path = found.path
        self._busy.discard(path)
        if path not in self._pending:
            due = self._now() + min(seconds, _LONGEST_BACKOFF)
            self.suggest(path, due, observed=found.version)
            self._wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _seconds(self) -> int:
        return int(self._context.clock.now().timestamp())

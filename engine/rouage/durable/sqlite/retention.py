"""Keep the journal within its bounds: by age, number and size, in small pieces (P-18, R19).

The pieces are done by the writer between two commits. Each is timed: the next one is larger
or smaller, and comes after a rest, so that senders hardly notice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import apsw

from rouage.durable.failpoints import Failpoints
from rouage.durable.keeping import USUAL, Keeping
from rouage.durable.port import Purged
from rouage.durable.sqlite.blanking import Blanking
from rouage.durable.sqlite.forgetting import (
    EVERY,
    Gone,
    Of,
    choose_events,
    choose_runs,
    count_events,
    count_runs,
    delete_blobs,
    forget_claims,
    forget_events,
    forget_keys,
    forget_runs,
    give_back,
    last_sweep,
    note_sweep,
    sizes_of,
    unused_blobs,
    used_bytes,
)
from rouage.durable.sqlite.opening import connect_for_reading
from rouage.settings.retention import KEY_SECONDS, Retention

_CHOSEN_AT_ONCE: Final = 20_000
_TRIMMED_AT_ONCE: Final = 2_000
_PIECE_SECONDS: Final = 0.008
_SMALLEST: Final = 8
_LARGEST: Final = 1_024
_REST: Final = 3.0
"""Rest after each piece, as a multiple of the time that it took."""
_BLOB_BYTES_AT_ONCE: Final = 4_000_000
_VACUUM_PAGES: Final = 128
_KEPT_FREE: Final = 1 / 32
"""This share of the file stays free for what comes; more is given back to the disk."""
_SWEEP_SECONDS: Final = 86_400
"""Large values without use are looked for at least so often: a crash may leave some."""
_FOREVER: Final = 2**62
_MICROSECONDS: Final = 1_000_000

T = TypeVar("T")
Do = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


class Noting(Protocol):
    """The writer, which can note the digests of large values that it writes."""

    blobs_written: set[bytes] | None


class Purge:
    """One pass over a journal."""

    def __init__(
        self,
        path: Path,
        writer: Noting,
        do: Do,
        *,
        retention: Retention,
        keeping: Keeping = USUAL,
        failpoints: Failpoints | None = None,
    ) -> None:
        self._path = path
        self._writer = writer
        self._do = do
        self._retention = retention
        self._keeping = keeping
        self._others = Of(but=tuple(keeping.bounded()))
        self._failpoints = failpoints
        self._piece = 64
        self._purged = Purged()
        self._loose: set[bytes] = set()
        self._loose_bytes = 0

    async def run(self, now: int) -> Purged:
        """Forget what is beyond the bounds at *now*, microseconds since 1970."""
        await self.begin()
        try:
            before = await self._ask(used_bytes)
            await self._by_age(now)
            await self._by_number(now)
            await self._by_recipe(now)
            await self._by_size(now)
            await self._rest_of_ledger(now)
            await self._blank(now)
            if self._loose or await self._ask(last_sweep) < now - _SWEEP_SECONDS * _MICROSECONDS:
                await self._sweep_blobs(now)
            freed = max(0, before - await self._ask(used_bytes))
            while await self._timed(
                lambda writing: give_back(writing, pages=_VACUUM_PAGES, kept_share=_KEPT_FREE)
            ):
                pass
        finally:
            self.end()
        return self._counted(freed_bytes=freed)

    async def begin(self) -> None:
        """Open what is needed for reading."""
        self._reading = await asyncio.to_thread(connect_for_reading, self._path)

    def end(self) -> None:
        """Close it."""
        self._reading.close()

    async def _by_age(self, now: int) -> None:
        if self._retention.age_seconds is None:
            return
        before = now - self._retention.age_seconds * _MICROSECONDS
        await self._forget_oldest_runs(now, ended_before=before, of=self._others)
        await self._forget_oldest_events(now, received_before=before)

    async def _by_number(self, now: int) -> None:
        if self._retention.runs is None:
            return
        runs = await self._ask(count_runs, self._others) - self._retention.runs
        await self._forget_oldest_runs(now, most=max(0, runs), of=self._others)
        # Events that started nothing are bounded in the same way, for themselves.
        events = await self._ask(count_events) - await self._ask(count_runs)
        await self._forget_oldest_events(now, most=max(0, events - self._retention.runs))

    async def _by_recipe(self, now: int) -> None:
        """Bound the runs of the recipes that say themselves how many of them are kept."""
        for recipe, keep in self._keeping.bounded().items():
            of = Of(recipe=recipe)
            if keep.age_seconds is not None:
                before = now - round(keep.age_seconds * _MICROSECONDS)
                await self._forget_oldest_runs(now, ended_before=before, of=of)
            if keep.runs is not None:
                runs = await self._ask(count_runs, of) - keep.runs
                await self._forget_oldest_runs(now, most=max(0, runs), of=of)

    async def _blank(self, now: int) -> None:
        blanking = Blanking(
            self._ask, self._timed, piece=lambda: self._piece, failpoints=self._failpoints
        )
        count = await blanking.run(self._keeping, self._retention, now)
        self._count(blanked=count)
        await self._note(Gone(digests=frozenset(blanking.digests)))

    async def _by_size(self, now: int) -> None:
        """Forget the oldest until the rest fits; large values count as soon as they are loose."""
        limit = self._retention.size_bytes
        if limit is None:
            return
        while True:
            has_shrunk = await self._trim(now, limit)
            if self._loose:
                # Some of them may still be in use elsewhere: then there is more to do.
                await self._sweep_blobs(now)
            if not has_shrunk or await self._ask(used_bytes) <= limit:
                return

    async def _trim(self, now: int, limit: int) -> bool:
        """Forget half of what seems too much, again and again; return whether anything went."""
        has_shrunk = False
        while (used := await self._ask(used_bytes) - self._loose_bytes) > limit:
            share = (used - limit) / used / 2
            runs = max(1, int(await self._ask(count_runs) * share))
            if not await self._forget_oldest_runs(now, most=min(runs, _TRIMMED_AT_ONCE)):
                events = max(1, int(await self._ask(count_events) * share))
                if not await self._forget_oldest_events(now, most=min(events, _TRIMMED_AT_ONCE)):
                    break
            has_shrunk = True
        return has_shrunk

    async def _rest_of_ledger(self, now: int) -> None:
        keys_before = now - KEY_SECONDS * _MICROSECONDS
        while count := await self._timed(
            lambda writing: forget_keys(writing, keys_before=keys_before, limit=self._piece)
        ):
            self._count(keys=count)
        while count := await self._timed(
            lambda writing: forget_claims(writing, now=now, limit=self._piece)
        ):
            self._count(claims=count)

    async def _forget_oldest_runs(
        self,
        now: int,
        *,
        ended_before: int = _FOREVER,
        most: int | None = None,
        of: Of = EVERY,
    ) -> int:
        """Forget runs, oldest first; return how many."""
        keys_before = now - KEY_SECONDS * _MICROSECONDS
        after, left, done = 0, most, 0
        while left is None or left > 0:
            wanted = _CHOSEN_AT_ONCE if left is None else min(left, _CHOSEN_AT_ONCE)
            chosen = await self._ask(
                choose_runs, after=after, ended_before=ended_before, limit=wanted, of=of
            )
            if not chosen:
                break
            after = chosen[-1]
            left = None if left is None else left - len(chosen)
            for part in self._parts(chosen):
                work = partial(
                    forget_runs,
                    numbers=part,
                    keys_before=keys_before,
                    failpoints=self._failpoints,
                )
                gone: Gone = await self._timed(work)
                await self._note(gone)
                done += gone.runs
        return done

    async def _forget_oldest_events(
        self, now: int, *, received_before: int = _FOREVER, most: int | None = None
    ) -> int:
        """Forget events without runs, oldest first; return how many."""
        keys_before = now - KEY_SECONDS * _MICROSECONDS
        after, left, done = 0, most, 0
        while left is None or left > 0:
            wanted = _CHOSEN_AT_ONCE if left is None else min(left, _CHOSEN_AT_ONCE)
            chosen = await self._ask(
                choose_events, after=after, received_before=received_before, limit=wanted
            )
            if not chosen:
                break
            after = chosen[-1]
            left = None if left is None else left - len(chosen)
            for part in self._parts(chosen):
                work = partial(forget_events, numbers=part, keys_before=keys_before)
                gone: Gone = await self._timed(work)
                await self._note(gone)
                done += gone.events
        return done

    def _parts(self, whole: Sequence[T]) -> Iterator[Sequence[T]]:
        """Yield all of it in parts, each as long as is right when it is asked for."""
        start = 0
        while start < len(whole):
            part = whole[start : start + self._piece]
            start += len(part)
            yield part

    async def _note(self, gone: Gone) -> None:
        self._count(runs=gone.runs, events=gone.events)
        new = gone.digests - self._loose
        if new:
            self._loose |= new
            self._loose_bytes += await self._ask(sizes_of, sorted(new))

    async def _sweep_blobs(self, now: int) -> None:
        """Delete the large values without use.

        A value may come into use again while the tables are read. Whoever writes a row that
        refers to it has the writer write the value, too, which notes it from before the
        reading until the last deletion.
        """
        noted: set[bytes] = set()
        self._writer.blobs_written = noted
        try:
            # A commit under way has passed the noting: wait for it, by a chore of nothing.
            await self._do(lambda _: None)
            unused = await self._ask(unused_blobs)
            for part in _by_bytes(unused):
                work = partial(delete_blobs, digests=part, but=noted)
                self._count(blobs=await self._timed(work))
        finally:
            self._writer.blobs_written = None
        await self._timed(partial(note_sweep, now=now))
        self._loose.clear()
        self._loose_bytes = 0

    async def _ask(self, question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return await asyncio.to_thread(question, self._reading, *arguments, **options)

    async def _timed(self, work: Callable[[apsw.Connection], Any]) -> Any:
        """Have one piece done, learn from how long it took, and rest."""

        def timed(writing: apsw.Connection) -> tuple[Any, float]:
            before = time.monotonic()
            result = work(writing)
            return result, time.monotonic() - before

        result, seconds = await self._do(timed)
        if seconds > _PIECE_SECONDS:
            self._piece = max(_SMALLEST, self._piece // 2)
        elif seconds < _PIECE_SECONDS / 2:
            self._piece = min(_LARGEST, self._piece * 2)
        await asyncio.sleep(seconds * _REST)
        return result

    def _count(self, **numbers: int) -> None:
        self._purged = self._counted(**numbers)

    def _counted(self, **numbers: int) -> Purged:
        names = Purged.__dataclass_fields__
        return Purged(
            **{name: getattr(self._purged, name) + numbers.get(name, 0) for name in names}
        )


def _by_bytes(blobs: Sequence[tuple[bytes, int]]) -> list[list[bytes]]:
    """Return the digests in parts of bounded weight."""
    parts: list[list[bytes]] = []
    weight = 0
    for digest, size in blobs:
        if not parts or weight + size > _BLOB_BYTES_AT_ONCE:
            parts.append([])
            weight = 0
        parts[-1].append(digest)
        weight += size
    return parts

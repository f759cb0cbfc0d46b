"""One root while it exists: watched, scanned, its hints passed on to the intake."""

import asyncio
import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from typing import Final

from rouage.sdk import JSON, TriggerContext
from rouage.sdk.records import dataclass
from rouage_connectors.folder.absence import Absence
from rouage_connectors.folder.baseline import start_ledger
from rouage_connectors.folder.health import RootHealth
from rouage_connectors.folder.intake import MARKER, PENDING_LIMIT, Intake
from rouage_connectors.folder.ledger import Row, Version
from rouage_connectors.folder.names import PROBE, display
from rouage_connectors.folder.place import Place, look_at
from rouage_connectors.folder.scan import Listing, Scope, scan
from rouage_connectors.folder.watch import Hint, Hints, Watches

Identity = tuple[int, int]

_CHECK_SECONDS: Final = 8.0
_LONGEST_BATCH: Final = 0.05
_SAVE_SECONDS: Final = 2.0
_SHORTEST_POLL: Final = 10.0
_POLL_FACTOR: Final = 20.0
_FOLDER_PAUSES: Final = (0.05, 1.0)
_JUMP_SECONDS: Final = 5.0
_PROBE_SECONDS: Final = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How a root is attended. `activated` is the wall time at which the trigger began."""

    uses_events: bool
    rescan_seconds: float
    skips_existing: bool
    needs_marker: bool
    activated: float


class Attendance:
    """The care for one root, from its appearance to its disappearance."""

    def __init__(
        self,
        context: TriggerContext,
        scope: Scope,
        habits: Habits,
        intake: Intake,
        *,
        absence: Absence,
        wake: asyncio.Event,
    ) -> None:
        self._context = context
        self._scope = scope
        self._habits = habits
        self._intake = intake
        self._wake = wake
        self._absence = absence
        self._health = RootHealth(context, intake, absence)
        self._watches = self._make_watches() if habits.uses_events else None
        self._rescan_at = 0.0
        self._check_at = 0.0
        self._save_at = 0.0
        self._scan_seconds = 0.0
        self._folders: dict[float, bytes] = {}
        self._is_lossy = False
        self._probe: tuple[bytes, asyncio.Event] | None = None

    async def begin(self, first_items: Mapping[bytes, JSON] | None) -> int:
        """Watch, then scan. At the first activation, note what was there before it.

        *first_items* is then what the store holds, which is replaced; otherwise None.
        Returns: how many files were noted as there before.
        """
        try:
            listing = await self._scan(None)
            noted = 0
            if first_items is not None:
                noted = await self._note_baseline(listing, first_items)
            self._take_listing(listing)
            self._health.report(is_watched=self._watches is not None)
        except BaseException:
            self._close()
            raise
        return noted

    async def probe(self) -> bool | None:
        """Leave a file of ours in the folder, and say whether the system tells of it (F-13).

        None where nothing is told, or nothing can be written.
        """
        if self._watches is None or len(self._watches) == 0:
            return None
        path = self._scope.root + b"/" + PROBE + secrets.token_hex(8).encode()
        has_come = asyncio.Event()
        self._probe = (path, has_come)
        try:
            await asyncio.to_thread(_touch, path)
            async with asyncio.timeout(_PROBE_SECONDS):
                await has_come.wait()
        except TimeoutError:
            return False
        except OSError:
            return None
        finally:
            self._probe = None
            await asyncio.to_thread(_remove, path)
        return True

    async def run(self, identity: Identity) -> None:
        """Attend the root until it is gone or another one stands in its place."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                before = (loop.time(), self._wall())
                await self._wait()
                slept, passed = loop.time() - before[0], self._wall() - before[1]
                if passed - slept > _JUMP_SECONDS:
                    self._rescan_at, self._is_lossy = 0.0, True
                if not await self._turn(identity):
                    return
        finally:
            self._close()

    def _make_watches(self) -> Watches | None:
        batch_seconds = min(_LONGEST_BATCH, self._intake.policy.settle_seconds / 4)
        try:
            loop = asyncio.get_running_loop()
            return Watches(loop, self._wake, batch_seconds=batch_seconds)
        except OSError as error:
            self._health.note_no_watcher(error)
            return None

    def _close(self) -> None:
        if self._watches is not None:
            self._watches.close()

    async def _note_baseline(self, listing: Listing, old: Mapping[bytes, JSON]) -> int:
        """Note what was there before the activation; what came since goes its usual way."""
        rows: dict[bytes, Row] = {}
        if self._habits.skips_existing:
            fresh, at = self._fresh_paths(), int(self._wall())
            limit = int(self._habits.activated * 1e9) if self._is_trusted else None
            rows = await asyncio.get_running_loop().run_in_executor(
                None, lambda: _baseline(listing.changed, fresh, limit, at)
            )
        await start_ledger(self._context, self._scope.root, old, rows)
        self._intake.rows.clear()
        self._intake.rows.update(rows)
        for path in rows:
            del listing.changed[path]
        if rows:
            self._context.log.info(
                "%s: %d files were there first and are not processed",
                display(self._scope.root),
                len(rows),
            )
        return len(rows)

    def _fresh_paths(self) -> set[bytes]:
        """Return the files that were hinted at since the watch began."""
        if self._watches is None:
            return set()
        hints = self._watches.take()
        self._take_hints(hints)
        return {hint.path for hint in hints.hints if not hint.is_gone}

    @property
    def _is_trusted(self) -> bool:
        """Say whether the disk is ours, so that it answers at once and its clock is ours."""
        return self._intake.policy.trusts_clock

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        times = [self._rescan_at, self._check_at]
        due = self._intake.next_due()
        if due is not None:
            times.append(due)
        if self._intake.unsaved:
            times.append(self._save_at)
        times.extend(self._folders)
        timer = loop.call_at(min(times), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
        self._wake.clear()

    async def _turn(self, identity: Identity) -> bool:
        """Do what is due; False when the root is lost."""
        loop = asyncio.get_running_loop()
        if self._watches is not None:
            self._take_hints(self._watches.take())
        if loop.time() >= self._check_at and not await self._is_well(identity):
            return False
        await self._scan_folders()
        await self._intake.work()
        if self._intake.is_overfull and len(self._intake) < PENDING_LIMIT // 2:
            self._rescan_at = 0.0
        if loop.time() >= self._rescan_at:
            listing = await self._scan(None)
            if listing.is_root_missing:
                return False
            is_lossy, self._is_lossy = self._is_lossy, False
            if self._watches is not None and not is_lossy and self._is_trusted:
                self._health.look_for_blindness(listing)
                self._rescan_at = min(self._rescan_at, loop.time() + self._rescan_pause())
            self._take_listing(listing)
        self._health.report(is_watched=self._watches is not None)
        if self._intake.unsaved and loop.time() >= self._save_at:
            await self._intake.save()
            self._save_at = loop.time() + _SAVE_SECONDS
        return True

    async def _is_well(self, identity: Identity) -> bool:
        """Say whether the same folder is still there, and its watcher alive (F-9, F-13)."""
        self._check_at = asyncio.get_running_loop().time() + _CHECK_SECONDS
        if await find_identity(self._scope.root, is_local=self._is_trusted) != identity:
            return False
        return self._watches is None or self._watches.is_alive

    def _take_hints(self, hints: Hints) -> None:
        if hints.is_lossy:
            self._rescan_at = self._check_at = 0.0
            self._is_lossy = True
        for hint in hints.hints:
            if self._scope.is_linked_folder(hint.path):
                self._rescan_at = 0.0
            elif hint.is_folder:
                self._take_folder_hint(hint)
            else:
                self._take_file_hint(hint)

    def _take_file_hint(self, hint: Hint) -> None:
        path = hint.path
        if self._probe is not None and path == self._probe[0]:
            self._probe[1].set()
        if self._habits.needs_marker and path.endswith(MARKER):
            path = path[: -len(MARKER)]
        if not self._scope.names.admits(self._scope.below(path)):
            return
        if not hint.is_gone:
            self._intake.suggest(path, hint.at + self._intake.policy.settle_seconds)
        elif path is hint.path:
            self._intake.depart(path)

    def _take_folder_hint(self, hint: Hint) -> None:
        if not self._scope.is_recursive or self._watches is None:
            return
        if hint.is_gone:
            self._watches.forget(hint.path)
        elif not self._scope.names.ignores(hint.path.rpartition(b"/")[2]):
            for pause in _FOLDER_PAUSES:
                self._folders[hint.at + pause] = hint.path
            if len(self._folders) > PENDING_LIMIT:
                self._folders.clear()
                self._rescan_at = 0.0

    async def _scan_folders(self) -> None:
        """Scan the sub-folders that appeared, once at once and once a little later."""
        now = asyncio.get_running_loop().time()
        due = {self._folders.pop(at) for at in [at for at in self._folders if at <= now]}
        for folder in sorted(due):
            self._take_listing(await self._scan(folder))

    async def _scan(self, folder: bytes | None) -> Listing:
        loop = asyncio.get_running_loop()
        began = loop.time()
        watch: Callable[[bytes], None] | None = None
        if self._watches is not None:
            watch = self._watches.add
        scope, rows = self._scope, self._intake.rows
        if folder is not None:
            return await loop.run_in_executor(
                None, lambda: scan(scope, rows, folder=folder, watch=watch)
            )
        listing, place = await loop.run_in_executor(None, _scan_root, scope, rows, watch)
        self._is_lossy |= self._intake.is_overfull
        self._intake.is_overfull = False
        self._intake.drop_old_claims()
        self._scan_seconds = loop.time() - began
        self._health.note_scan(listing, self._watches)
        self._rescan_at = loop.time() + self._rescan_pause()
        if not listing.is_root_missing:
            await self._absence.note(listing, place)
        return listing

    def _rescan_pause(self) -> float:
        if self._watches is not None and not self._health.needs_polling:
            return self._habits.rescan_seconds
        return min(
            max(_SHORTEST_POLL, _POLL_FACTOR * self._scan_seconds),
            max(_SHORTEST_POLL, self._habits.rescan_seconds),
        )

    def _take_listing(self, listing: Listing) -> None:
        loop = asyncio.get_running_loop()
        now, wall, policy = loop.time(), self._wall(), self._intake.policy
        for path, version in listing.changed.items():
            if self._intake.is_pending(path) or self._is_marker(path):
                continue
            age = wall - max(version.ctime_ns, version.mtime_ns) / 1e9
            wait = policy.settle_seconds
            if policy.trusts_clock:
                wait = min(wait, max(0.0, wait - age))
            self._intake.suggest(path, now + wait, observed=version)
            if self._intake.is_overfull:
                break

    def _is_marker(self, path: bytes) -> bool:
        return self._habits.needs_marker and path.endswith(MARKER)

    def _wall(self) -> float:
        return self._context.clock.now().timestamp()


async def find_identity(root: bytes, *, is_local: bool) -> Identity | None:
    """Return what tells this folder from another of its name; None when there is none.

    A network drive may hang, so it is asked in a thread.
    """
    if is_local:
        return _identity(root)
    return await asyncio.get_running_loop().run_in_executor(None, _identity, root)


def _identity(root: bytes) -> Identity | None:
    try:
        facts = os.stat(root)  # noqa: PTH116 - paths are bytes here
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISDIR(facts.st_mode) else None


def _baseline(
    changed: Mapping[bytes, Version], fresh: set[bytes], limit: int | None, at: int
) -> dict[bytes, Row]:
    """Return rows for the files that are older than the activation (*limit*, if known)."""
    return {
        path: Row(version, None, "baseline", at)
        for path, version in changed.items()
        if path not in fresh and (limit is None or version.ctime_ns < limit)
    }


def _touch(path: bytes) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _remove(path: bytes) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - paths are bytes here


def _scan_root(
    scope: Scope, rows: Mapping[bytes, Row], watch: Callable[[bytes], None] | None
) -> tuple[Listing, Place | None]:
    """Scan the whole root; the place is None when it changed under the scan."""
    before = look_at(scope.root)
    listing = scan(scope, rows, watch=watch)
    return listing, before if look_at(scope.root) == before else None

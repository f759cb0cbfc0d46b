"""One root while it exists: watched, scanned, its hints passed on to the intake."""

import asyncio
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rouage.sdk import JSON, Text, TriggerContext
from rouage_connectors.folder.baseline import start_ledger
from rouage_connectors.folder.intake import MARKER, PENDING_LIMIT, Intake
from rouage_connectors.folder.ledger import Row, Version
from rouage_connectors.folder.names import display
from rouage_connectors.folder.scan import Listing, Scope, scan
from rouage_connectors.folder.watch import Hint, Hints, Watches, describe_refusal

Identity = tuple[int, int]

_CHECK_SECONDS: Final = 8.0
_LONGEST_BATCH: Final = 0.05
_SAVE_SECONDS: Final = 2.0
_SHORTEST_POLL: Final = 10.0
_POLL_FACTOR: Final = 20.0
_FOLDER_PAUSES: Final = (0.05, 1.0)
_JUMP_SECONDS: Final = 5.0
_KEPT_SECONDS: Final = 90 * 86_400
_WATCH_LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_watches")

_REFUSED: Final = Text(
    "{count} folder(s) cannot be watched, {folder} for instance ({reason}); they are polled "
    "instead. Watches allowed: {limit} (fs.inotify.max_user_watches)",
    "{count} dossier(s) impossibles à surveiller, {folder} par exemple ({reason}) ; ils sont "
    "scrutés à la place. Surveillances permises : {limit} (fs.inotify.max_user_watches)",
)
_UNREADABLE: Final = Text(
    "{count} folder(s) cannot be read, {folder} for instance",
    "{count} dossier(s) illisibles, {folder} par exemple",
)


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
        wake: asyncio.Event,
    ) -> None:
        self._context = context
        self._scope = scope
        self._habits = habits
        self._intake = intake
        self._wake = wake
        loop = asyncio.get_running_loop()
        batch_seconds = min(_LONGEST_BATCH, intake.policy.settle_seconds / 4)
        self._watches = (
            Watches(loop, wake, batch_seconds=batch_seconds) if habits.uses_events else None
        )
        self._rescan_at = 0.0
        self._check_at = 0.0
        self._save_at = 0.0
        self._scan_seconds = 0.0
        self._folders: dict[float, bytes] = {}
        self._complaint: Text | None = None
        self.scans = 0

    async def begin(self, first_items: Mapping[bytes, JSON] | None) -> None:
        """Watch, then scan. At the first activation, note what was there before it.

        *first_items* is then what the store holds, which is replaced; otherwise None.
        """
        try:
            listing = await self._scan(None)
            if first_items is not None:
                await self._note_baseline(listing, first_items)
            self._take_listing(listing)
            self._report(listing)
        except BaseException:
            self._close()
            raise

    async def run(self, identity: Identity) -> None:
        """Attend the root until it is gone or another one stands in its place."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                before = (loop.time(), self._wall())
                await self._wait()
                slept, passed = loop.time() - before[0], self._wall() - before[1]
                if passed - slept > _JUMP_SECONDS:
                    self._rescan_at = 0.0
                if not await self._turn(identity):
                    return
        finally:
            self._close()

    def _close(self) -> None:
        if self._watches is not None:
            self._watches.close()

    async def _note_baseline(self, listing: Listing, old: Mapping[bytes, JSON]) -> None:
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
            self._take_listing(listing)
            self._report(listing)
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
        for hint in hints.hints:
            if hint.is_folder:
                self._take_folder_hint(hint)
            else:
                self._take_file_hint(hint)

    def _take_file_hint(self, hint: Hint) -> None:
        path = hint.path
        if self._habits.needs_marker and path.endswith(MARKER):
            path = path[: -len(MARKER)]
        if not self._scope.names.admits(path[len(self._scope.root) :].lstrip(b"/")):
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
        rows = self._intake.rows
        listing = await loop.run_in_executor(
            None, lambda: scan(self._scope, rows, folder=folder, watch=watch)
        )
        if folder is None:
            self.scans += 1
            self._intake.is_overfull = False
            self._intake.drop_old_claims()
            self._scan_seconds = loop.time() - began
            self._rescan_at = loop.time() + self._rescan_pause()
            if not listing.is_root_missing:
                await self._note_absent(listing)
        return listing

    def _rescan_pause(self) -> float:
        if self._watches is not None and not self._watches.refused:
            return self._habits.rescan_seconds
        return min(
            max(_SHORTEST_POLL, _POLL_FACTOR * self._scan_seconds),
            max(_SHORTEST_POLL, self._habits.rescan_seconds),
        )

    async def _note_absent(self, listing: Listing) -> None:
        """Note rows whose file is gone; forget those that are gone for long."""
        rows, limit = self._intake.rows, int(self._wall()) - _KEPT_SECONDS
        loop = asyncio.get_running_loop()
        absent, expired = await loop.run_in_executor(
            None, lambda: _absent(rows, listing.present, limit)
        )
        for path in expired:
            self._intake.note(path, None)
        # An empty root may be a disk that is not mounted: its rows must not be touched.
        if listing.present:
            for path in absent:
                self._intake.depart(path)

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

    def _report(self, listing: Listing) -> None:
        """Say how the root is; only when that changed."""
        complaint = self._find_complaint(listing)
        if complaint == self._complaint and self.scans > 1:
            return
        self._complaint = complaint
        if complaint is not None:
            self._context.report("degraded", complaint)
        else:
            self._context.report("listening" if self._watches is not None else "polling", None)

    def _find_complaint(self, listing: Listing) -> Text | None:
        if self._watches is not None and self._watches.refused:
            folder, code = next(iter(self._watches.refused.items()))
            return _REFUSED.fill(
                count=len(self._watches.refused),
                folder=display(folder),
                reason=describe_refusal(code),
                limit=_watch_limit(),
            )
        if listing.refused:
            return _UNREADABLE.fill(count=len(listing.refused), folder=display(listing.refused[0]))
        return None

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


def _absent(
    rows: Mapping[bytes, Row], present: set[bytes], limit: int
) -> tuple[list[bytes], list[bytes]]:
    absent: list[bytes] = []
    expired: list[bytes] = []
    for path in list(rows):
        row = rows.get(path)
        if row is None or path in present:
            continue
        if row.state not in {"left", "taken"}:
            absent.append(path)
        elif row.at < limit:
            expired.append(path)
    return absent, expired


def _watch_limit() -> Any:
    try:
        return int(_WATCH_LIMIT.read_text())
    except (OSError, ValueError):
        return "?"

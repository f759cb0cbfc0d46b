"""Hints from the kernel, through watchdog's shared inotify reader.

watchdog's observers add two threads per folder, delay moves by half a second, and say
nothing when the kernel's queue overflows (triggers 1.2, 1.3). Its reader thread underneath
has none of that: one thread for all folders, raw events, and a call at an overflow. Where it
is missing (another system, another watchdog), folders are polled.
"""

import asyncio
import errno
import importlib
import itertools
import os
import threading
from collections import deque
from functools import cache
from typing import Any, Final, NamedTuple

from watchdog.utils import UnsupportedLibcError

_FROM_ROOT: Final = 0x00000400 | 0x00000800  # the folder itself was deleted or moved
_FOLDER: Final = 0x40000000
_GONE: Final = 0x00000040 | 0x00000200  # moved from, deleted
_QUEUED: Final = 10_000


class Hint(NamedTuple):
    """Something happened to *path*: it appeared or changed, or it went."""

    path: bytes
    is_gone: bool
    is_folder: bool
    at: float


class Hints(NamedTuple):
    """What was hinted at since the last look; `is_lossy`: something was lost, scan everything."""

    hints: list[Hint]
    is_lossy: bool


class Watches:
    """The inotify watches of one root. Folders are added by the scanner, as it meets them.

    `on_event` and its siblings run in watchdog's thread: they store one entry, wake the
    loop at most once per batch, and never raise. A batch is what comes within
    *batch_seconds*: hints know their time, so nothing is late.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wake: asyncio.Event, *, batch_seconds: float
    ) -> None:
        self._loop = loop
        self._wake = wake
        self._batch_seconds = batch_seconds
        self._reader: Any = _reader()
        self._mask = _mask()
        self._lock = threading.Lock()
        self._folders: dict[int, bytes] = {}
        self._registered: dict[bytes, tuple[int, int]] = {}
        self._identities: dict[bytes, tuple[int, int] | None] = {}
        self._ids = itertools.count(id(self) << 20)
        self._queue: deque[Hint] = deque()
        self._is_lossy = False
        self._is_woken = False
        self.refused: dict[bytes, int] = {}

    @property
    def is_alive(self) -> bool:
        """Say whether events can still come."""
        return bool(self._reader.is_alive())

    def __len__(self) -> int:
        return len(self._registered)

    def add(self, folder: bytes) -> None:
        """Watch *folder*, unless it is watched; a refusal is noted in `refused`.

        Another folder in its place (a drive that was mounted on it) is watched anew.
        """
        found = _identity(folder)
        if folder in self._registered:
            if self._identities.get(folder) == found:
                return
            self.forget(folder)
        self._identities[folder] = found
        identity = next(self._ids)
        try:
            descriptor = int(self._reader.add_callback(folder, self._mask, self, identity))
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTDIR}:
                self.refused[folder] = error.errno or errno.EIO
            return
        if descriptor < 0:
            self._reader.remove_callbacks([(descriptor, identity)])
            self.refused[folder] = errno.EACCES
            return
        with self._lock:
            former = self._folders.get(descriptor)
            old = self._registered.pop(former, None) if former is not None else None
            self._folders[descriptor] = folder
            self._registered[folder] = (descriptor, identity)
            self.refused.pop(folder, None)
        if old is not None:
            self._reader.remove_callbacks([old])

    def forget(self, folder: bytes) -> None:
        """Stop watching *folder* and all below it: it was moved away or deleted."""
        below = folder + b"/"
        with self._lock:
            paths = [p for p in self._registered if p == folder or p.startswith(below)]
            entries = [self._registered.pop(path) for path in paths]
            for path in paths:
                self._identities.pop(path, None)
            for descriptor, _ in entries:
                self._folders.pop(descriptor, None)
            for path in [p for p in self.refused if p == folder or p.startswith(below)]:
                self.refused.pop(path, None)
        self._remove(entries)

    def close(self) -> None:
        """Stop watching everything."""
        with self._lock:
            entries = list(self._registered.values())
            self._registered.clear()
            self._folders.clear()
        self._remove(entries)

    def take(self) -> Hints:
        """Return and forget what was hinted at."""
        self._is_woken = False
        hints = list(self._queue)
        for _ in hints:
            self._queue.popleft()
        lossy, self._is_lossy = self._is_lossy, False
        return Hints(hints, lossy)

    def on_event(self, event: Any) -> None:
        """Note a raw event (in watchdog's thread)."""
        folder = self._folders.get(event.wd)
        mask = event.mask
        if folder is None:
            return
        if mask & _FROM_ROOT or not event.name:
            self._note_loss()
            return
        if len(self._queue) >= _QUEUED:
            self._note_loss()
            return
        hint = Hint(
            folder + b"/" + event.name,
            bool(mask & _GONE),
            bool(mask & _FOLDER),
            self._loop.time(),
        )
        self._queue.append(hint)
        self._rouse()

    def on_watch_deleted(self, wd: int) -> None:
        """Note that the kernel ended a watch (in watchdog's thread): folder or drive is gone."""
        with self._lock:
            folder = self._folders.pop(wd, None)
            is_ours = folder is not None and self._registered.get(folder, (None,))[0] == wd
            if folder is not None and is_ours:
                del self._registered[folder]
                self._identities.pop(folder, None)
        if is_ours:
            self._note_loss()

    def on_queue_overflow(self) -> None:
        """Note that the kernel dropped events (in watchdog's thread)."""
        self._note_loss()

    def _note_loss(self) -> None:
        self._is_lossy = True
        self._rouse()

    def _rouse(self) -> None:
        if self._is_woken:
            return
        self._is_woken = True
        try:
            self._loop.call_soon_threadsafe(
                self._loop.call_later, self._batch_seconds, self._wake.set
            )
        except RuntimeError:
            # The loop is closed: nobody listens any more.
            return

    def _remove(self, entries: list[tuple[int, int]]) -> None:
        try:
            self._reader.remove_callbacks(entries)
        except OSError:
            # The folder is gone, and its watch with it.
            return


@cache
def _inotify() -> Any:
    """Return watchdog's inotify module, or None where there is none."""
    try:
        return importlib.import_module("watchdog.observers.inotify_c")
    except (ImportError, UnsupportedLibcError):
        return None


def events_are_possible() -> bool:
    """Say whether watchdog can watch here."""
    return hasattr(_inotify(), "InotifyFD")


def _reader() -> Any:
    """Return the shared reader thread; one of our own should that one have died."""
    reader = _inotify().InotifyFD.get_instance()
    if reader.is_alive():
        return reader
    reader = _inotify().InotifyFD()
    reader.start()
    return reader


def _mask() -> int:
    """Return what is asked of the kernel: never opens, reads or modifications (F-5)."""
    names = _inotify().InotifyConstants
    return int(
        names.IN_CREATE
        | names.IN_CLOSE_WRITE
        | names.IN_MOVED_FROM
        | names.IN_MOVED_TO
        | names.IN_DELETE
        | names.IN_DELETE_SELF
        | names.IN_MOVE_SELF
        | names.IN_ONLYDIR
    )


def _identity(folder: bytes) -> tuple[int, int] | None:
    try:
        facts = os.stat(folder)  # noqa: PTH116 - paths are bytes here
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino)

"""Add to the end of files, durably, many at a time, and once per idempotency key.

Appends to one file that arrive while it is being synced form the next batch: written with
one call, synced once. What each is about to add is noted first (`rouage.safety.intents`), so
that a step repeated after a crash finds its own line instead of adding it again.
"""

import asyncio
import copy
import functools
import hashlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import field
from typing import Any, Final, Literal, Protocol, TypeVar

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.failures import explaining
from rouage.safety.holding import has_name, hold
from rouage.safety.intents import Intent, Intents
from rouage.safety.names import new_name, shown
from rouage.safety.place import Place, check_regular

T = TypeVar("T")

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_TOGETHER: Final = 4_096
_MOST_LANES: Final = 256
_MOST_FRESH: Final = 10_000

_CANNOT_TELL: Final = Text(
    "{path} was replaced or edited since an interruption: whether this text was added before "
    "it cannot be told",
    "{path} a été remplacé ou modifié depuis une interruption : impossible de dire si ce texte "
    "avait été ajouté avant",
)
_CANNOT_TELL_HINT: Final = Text(
    "look whether the text is in the file, then run the recipe again if it is not",
    "regardez si le texte est dans le fichier, et relancez la recette s’il n’y est pas",
)


class Tail:
    """The end of a file as an append finds it, earlier appends of the same batch included.

    `memory` is kept for the next append as long as nobody else changed the file.
    """

    __slots__ = ("_descriptor", "_last", "_stored", "memory", "size")

    def __init__(self, descriptor: int, size: int, memory: dict[str, Any]) -> None:
        self.size = self._stored = size
        self.memory = memory
        self._descriptor = descriptor
        self._last: int | None = None

    def read(self, size: int, offset: int = 0) -> bytes:
        """Return up to *size* bytes that are in the file before this batch."""
        return os.pread(self._descriptor, size, offset)

    @property
    def ends_line(self) -> bool:
        """Say whether what is added next begins a line."""
        if self._last is None and self._stored:
            self._last = self.read(1, self._stored - 1)[0]
        return self._last is None or self._last == 0x0A

    def add(self, data: bytes) -> None:
        """Take *data* as part of the file."""
        if data:
            self.size, self._last = self.size + len(data), data[-1]


Compose = Callable[[Tail], tuple[bytes, Any]]
"""Given the present end of the file, return what to add and the JSON result to give back."""


class Opener(Protocol):
    """What an append needs of `Folders`."""

    def place(
        self, path: str, access: Literal["read", "write"], *, create: bool = False
    ) -> AbstractContextManager[Place]:
        """Open the folder of *path*, as `Folders.place` does."""
        ...


@dataclass(slots=True)
class _Entry:
    key: str
    what: bytes | Compose
    future: "asyncio.Future[Any]"
    work: Callable[[], Any] | None = None


@dataclass(slots=True)
class _Lane:
    """The appends to one file: those waiting, and what is known of its end."""

    path: str
    opener: Opener
    waiting: list[_Entry] = field(default_factory=list)
    is_busy: bool = False
    memory: dict[str, Any] = field(default_factory=dict)
    known: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What the file was before a batch: its date (None: it was not there), folders missing."""

    mtime: int | None
    folders: list[str]

    def add_to(self, note: dict[str, Any]) -> dict[str, Any]:
        """Return *note* with what undoing an addition needs to know."""
        note["mtime"] = self.mtime
        if self.folders:
            note["folders"] = self.folders
        return note


@dataclass(slots=True)
class _Batch:
    """What one write will add, and who asked for it."""

    chunks: list[bytes] = field(default_factory=list)
    notes: list[tuple[str, Intent]] = field(default_factory=list)
    outcomes: list[Any] = field(default_factory=list)


class Appender:
    """Batches appends by file; make one per workspace, used from one event loop at a time."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._lanes: dict[str, _Lane] = {}
        # What undo will need of an append, until its step takes it: the notes lie in a file.
        self._fresh: dict[str, tuple[str, dict[str, Any]]] = {}
        # The last batch that an earlier process noted for each file, as (end, key): a crash
        # may have cut it before its write.
        self._unsettled: dict[tuple[int, int], tuple[int, list[tuple[int, str]]]] = {}
        intents.on_load(self._remember)

    async def append(self, opener: Opener, path: str, what: bytes | Compose, *, key: str) -> Any:
        """Add *what* to the file *path* and return its result once it is on disk.

        Raises:
            StepError: the file cannot be written, or was changed since a crash.
        """
        return await self._wait(opener, path, _Entry(key, what, _future()))

    def take_note(self, key: str) -> tuple[str, dict[str, Any]] | None:
        """Return, once, the path and the note of an append that this process has just made."""
        fresh = self._fresh.pop(key, None)
        if len(self._fresh) >= _MOST_FRESH:
            self._fresh.clear()
        return fresh

    async def alone(self, opener: Opener, path: str, work: Callable[[], T]) -> T:
        """Call *work* in a thread while nobody adds to the file *path*, and return its result."""
        done: T = await self._wait(opener, path, _Entry("", b"", _future(), work))
        return done

    async def _wait(self, opener: Opener, path: str, entry: _Entry) -> Any:
        loop = asyncio.get_running_loop()
        lane = self._lanes.get(path)
        if lane is None:
            lane = self._lanes[path] = _Lane(path, opener)
        lane.waiting.append(entry)
        if not lane.is_busy:
            # Not at once: what other runs append in this turn of the loop rides along.
            lane.is_busy = True
            loop.call_soon(self._start, loop, lane)
        return await entry.future

    def _start(self, loop: asyncio.AbstractEventLoop, lane: _Lane) -> None:
        count = _together(lane.waiting)
        batch, lane.waiting = lane.waiting[:count], lane.waiting[count:]
        lane.is_busy = True
        # No task: nobody has to await the write of a batch whose askers were cancelled.
        if batch[0].work is not None:
            writing = loop.run_in_executor(None, _do, lane, batch[0].work)
        else:
            writing = loop.run_in_executor(None, self._write, lane, batch)
        writing.add_done_callback(functools.partial(self._finish, loop, lane, batch))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        lane: _Lane,
        batch: list[_Entry],
        writing: "asyncio.Future[list[Any]]",
    ) -> None:
        lane.is_busy = False
        if writing.cancelled():
            outcomes: list[Any] = [asyncio.CancelledError()] * len(batch)
        else:
            error = writing.exception()
            outcomes = [error] * len(batch) if error is not None else writing.result()
        for entry, outcome in zip(batch, outcomes, strict=True):
            _settle(entry.future, outcome)
        if lane.waiting:
            self._start(loop, lane)
        elif len(self._lanes) > _MOST_LANES:
            self._lanes.pop(lane.path, None)

    def _write(self, lane: _Lane, entries: list[_Entry]) -> list[Any]:
        self._intents.load()
        folders = missing_folders(lane.path)
        with lane.opener.place(lane.path, "write", create=True) as place:
            with explaining(lane.path):
                descriptor, found, is_new = _open(place)
            before = Before(mtime=None if is_new else found.st_mtime_ns, folders=folders)
            try:
                return self._add(lane, place, descriptor, found, entries, before)
            finally:
                os.close(descriptor)

    def _add(
        self,
        lane: _Lane,
        place: Place,
        descriptor: int,
        found: os.stat_result,
        entries: list[_Entry],
        before: "Before",
    ) -> list[Any]:
        identity, size = (found.st_dev, found.st_ino), found.st_size
        self._settle_crash(identity, size)
        if lane.known != (*identity, size):
            lane.memory.clear()
        lane.known = None
        tail = Tail(descriptor, size, lane.memory)
        batch = self._compose(tail, identity, lane, entries, before)
        if batch.chunks:
            self._intents.note_all(batch.notes)
            self._commit(lane, place, descriptor, size, batch)
        lane.known = (*identity, tail.size)
        return batch.outcomes

    def _compose(
        self,
        tail: Tail,
        identity: tuple[int, int],
        lane: _Lane,
        entries: list[_Entry],
        before: "Before",
    ) -> _Batch:
        batch, token = _Batch(), time.time_ns()
        for entry in entries:
            earlier = self._intents.find(entry.key)
            try:
                if earlier is not None:
                    batch.outcomes.append(_earlier(earlier, identity, tail, lane.path))
                    continue
                what = entry.what
                data, result = (what, None) if isinstance(what, bytes) else what(tail)
            except StepError as error:
                batch.outcomes.append(error)
                continue
            where = [*identity, token, tail.size, len(data), _digest(data)]
            note = before.add_to({"append": where, "result": result})
            batch.notes.append((entry.key, note))
            if len(self._fresh) < _MOST_FRESH:
                self._fresh[entry.key] = (lane.path, note)
            batch.chunks.append(data)
            batch.outcomes.append(result)
            tail.add(data)
        return batch

    def _commit(self, lane: _Lane, place: Place, descriptor: int, size: int, batch: _Batch) -> None:
        try:
            with explaining(lane.path):
                _write_all(descriptor, b"".join(batch.chunks))
                os.fdatasync(descriptor)
                if size == 0:
                    os.fsync(place.folder)
        except BaseException:
            # All or nothing: a torn line would stay in the file for ever.
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            lane.memory.clear()
            with suppress(StepError):
                self._intents.note_all([(key, None) for key, _ in batch.notes])
            raise

    def _remember(self, key: str, intent: Intent) -> None:
        where = intent.get("append") if isinstance(intent, dict) else None
        if not isinstance(where, list):
            return
        device, inode, token, offset, length, _ = where
        last = self._unsettled.get((device, inode))
        if last is None or last[0] != token:
            last = self._unsettled[device, inode] = (token, [])
        last[1].append((offset + length, key))

    def _settle_crash(self, identity: tuple[int, int], size: int) -> None:
        """Forget the notes of a batch that never reached the file, before its place is reused."""
        _, entries = self._unsettled.pop(identity, (0, []))
        missing = [(key, None) for end, key in entries if end > size]
        if missing:
            self._intents.note_all(missing)


def _future() -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().create_future()


def _together(waiting: list[_Entry]) -> int:
    """Return how many of the first entries one write may hold; other work goes alone."""
    if waiting[0].work is not None:
        return 1
    first = (number for number, entry in enumerate(waiting) if entry.work is not None)
    return min(_MOST_TOGETHER, next(first, len(waiting)))


def _do(lane: _Lane, work: Callable[[], Any]) -> list[Any]:
    lane.known = None
    return [work()]


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return  # its asker was cancelled
    if isinstance(outcome, asyncio.CancelledError):
        future.cancel()
    elif isinstance(outcome, BaseException):
        future.set_exception(copy.copy(outcome))
    else:
        future.set_result(outcome)


def missing_folders(path: str) -> list[str]:
    """Return the folders above *path* that are not there, the outermost first."""
    missing: list[str] = []
    folder = path.rpartition("/")[0]
    while folder and not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    return missing[::-1]


def _open(place: Place) -> tuple[int, os.stat_result, bool]:
    """Open the file and take its lock, which those who replace the whole file take too."""
    while True:
        descriptor, found, is_new = _open_once(place)
        try:
            hold(descriptor)
            if has_name(place, found):
                return descriptor, os.fstat(descriptor), is_new
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open_once(place: Place) -> tuple[int, os.stat_result, bool]:
    is_new = False
    try:
        descriptor = os.open(place.name, _FLAGS, dir_fd=place.folder)
    except FileNotFoundError:
        new_name(place.name)  # judged, but made as written: later appends look for that name
        descriptor = os.open(place.name, _FLAGS | os.O_CREAT, 0o666, dir_fd=place.folder)
        is_new = True
    try:
        found = os.fstat(descriptor)
        check_regular(place, found)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, found, is_new


def _earlier(intent: Intent, identity: tuple[int, int], tail: Tail, path: str) -> Any:
    """Return the result of an append that an earlier call made, if the file still shows it."""
    where = intent.get("append") if isinstance(intent, dict) else None
    if isinstance(intent, dict) and isinstance(where, list):
        device, inode, _, offset, length, digest = where
        same = (device, inode) == identity
        if same and _digest(tail.read(length, offset)) == digest:
            return intent.get("result")
    raise StepError(_CANNOT_TELL, hint=_CANNOT_TELL_HINT, path=shown(path))


def _digest(data: bytes) -> str:
    return hashlib.blake2s(data, digest_size=8).hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

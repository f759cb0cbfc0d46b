"""What actions were about to do, by idempotency key: how a step in doubt finds its own effect.

An action that changes a file notes, durably, what it is about to do (which file, which
target) before it does it. After a crash the step is called again with the same key, finds
the note, and compares it with the world: done, not done, or changed by somebody else. It
never has to guess.

The notes lie in two files of bounded size; the older one is dropped when the newer one is
full. Only runs that were under way at a crash need them, and those come first at the start.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from rouage.safety.failures import explaining

GENERATION_BYTES: Final = 2 << 20
"""Size at which a file of notes is closed: about 14,000 notes."""

Intent = dict[str, object] | list[object] | None
Visit = Callable[[str, Intent], None]


class _Generation:
    """One file of notes and where each key's last note lies in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self.descriptor = os.open(path, flags, 0o600)
        self.size = 0
        # Keyed by hash: the line holds the whole key, which is compared when it is read.
        self.places: dict[int, int] = {}

    def load(self, visit: Visit | None) -> None:
        """Read the file; a torn last line (power cut) is closed so that the next one is whole."""
        data = self.path.read_bytes()
        for line in data.splitlines(keepends=True):
            entry = _parsed(line)
            if entry is not None:
                self.places[hash(entry[0])] = self.size
                if visit is not None:
                    visit(*entry)
            self.size += len(line)
        if data and not data.endswith(b"\n"):
            self.write(b"\n")

    def write(self, data: bytes) -> None:
        view, start = memoryview(data), self.size
        try:
            while view:
                written = os.write(self.descriptor, view)
                view, self.size = view[written:], self.size + written
        except OSError:
            # A torn line would swallow the one after it.
            os.ftruncate(self.descriptor, start)
            self.size = start
            raise

    def find(self, key: str) -> tuple[bool, Intent]:
        place = self.places.get(hash(key))
        if place is None:
            return False, None
        chunk = b""
        while b"\n" not in chunk:
            more = os.pread(self.descriptor, 4096, place + len(chunk))
            if not more:
                break
            chunk += more
        entry = _parsed(chunk.partition(b"\n")[0])
        return (True, entry[1]) if entry is not None and entry[0] == key else (False, None)

    def close(self) -> None:
        os.close(self.descriptor)


def _parsed(line: bytes) -> tuple[str, Intent] | None:
    try:
        key, intent = json.loads(line)
    except (ValueError, TypeError):
        return None
    return (key, intent) if isinstance(key, str) else None


class Intents:
    """The notes of one workspace, in *folder*. Safe to use from several threads.

    *visit* is called with every note read from the disk, oldest first, before the first use.
    """

    def __init__(self, folder: Path, *, generation_bytes: int = GENERATION_BYTES) -> None:
        self._folder = folder
        self._limit = generation_bytes
        self._visits: list[Visit] = []
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._current: _Generation | None = None
        self._previous: _Generation | None = None
        self._written = self._synced = 0

    def on_load(self, visit: Visit) -> None:
        """Have *visit* called with every note that an earlier process left, oldest first."""
        self._visits.append(visit)

    def load(self) -> None:
        """Read what an earlier process left, unless that was done."""
        with self._lock, explaining(self._folder):
            self._ready()

    def find(self, key: str) -> Intent:
        """Return the last note of *key*, or None if there is none."""
        with self._lock, explaining(self._folder):
            current = self._ready()
            found, intent = current.find(key)
            if not found and self._previous is not None:
                _, intent = self._previous.find(key)
            return intent

    def note(self, key: str, intent: Intent) -> None:
        """Note that *key* is about to do *intent*; on disk when this returns."""
        self.note_all([(key, intent)])

    def note_all(self, notes: Iterable[tuple[str, Intent]]) -> None:
        """Note several intents at once; on disk when this returns.

        Raises:
            StepError: the notes cannot be written; the effect must not be tried.
        """
        lines = [(key, _line(key, intent)) for key, intent in notes]
        with explaining(self._folder):
            with self._lock:
                current = self._ready()
                at = current.size
                current.write(b"".join(line for _, line in lines))
                for key, line in lines:
                    current.places[hash(key)] = at
                    at += len(line)
                self._written += 1
                mine = self._written
            try:
                self._sync(mine)
            except OSError:
                self._withdraw([key for key, _ in lines])
                raise

    def close(self) -> None:
        """Close the files; a later use opens them again."""
        with self._sync_lock, self._lock:
            for generation in (self._current, self._previous):
                if generation is not None:
                    generation.close()
            self._current = self._previous = None

    def _withdraw(self, keys: Sequence[str]) -> None:
        """Take back notes that may not be on disk: their effects will not be tried."""
        with self._lock:
            current = self._ready()
            for key in keys:
                current.places.pop(hash(key), None)
            with suppress(OSError):
                current.write(b"".join(_line(key, None) for key in keys))

    def _sync(self, mine: int) -> None:
        """Sync once for all that was written meanwhile: threads that come late find it done."""
        with self._sync_lock:
            if self._synced >= mine or self._current is None:
                return
            with self._lock:
                written, current = self._written, self._current
            os.fdatasync(current.descriptor)
            self._synced = written
            if current.size >= self._limit:
                with self._lock:
                    self._rotate(current)

    def _rotate(self, full: _Generation) -> None:
        if self._written > self._synced:
            os.fdatasync(full.descriptor)
            self._synced = self._written
        if self._previous is not None:
            self._previous.close()
        older = self._folder / "previous.jsonl"
        full.path.replace(older)
        full.path = older
        self._previous, self._current = full, _Generation(self._folder / "current.jsonl")
        _sync_folder(self._folder)

    def _ready(self) -> _Generation:
        if self._current is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            previous, current = (
                _Generation(self._folder / f"{name}.jsonl") for name in ("previous", "current")
            )
            _sync_folder(self._folder)
            for generation in (previous, current):
                generation.load(self._visit)
            self._previous, self._current = previous, current
            self._visits.clear()
        return self._current

    def _visit(self, key: str, intent: Intent) -> None:
        for visit in self._visits:
            visit(key, intent)


def _line(key: str, intent: Intent) -> bytes:
    return json.dumps([key, intent], separators=(",", ":")).encode("ascii") + b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

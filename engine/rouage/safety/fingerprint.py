"""What tells one content from another, whatever the name of the file (features N-1, N-14).

A file up to `WHOLE_BYTES` is known by the SHA-256 of its content. Of a larger one the size and
sixteen samples are hashed, since a video must not be read whole before it may be moved; such a
fingerprint begins with `~`.
"""

import hashlib
import os
import stat
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from rouage.errors import StepError
from rouage.safety.failures import explaining
from rouage.safety.place import Place, look

if TYPE_CHECKING:
    from rouage.safety.paths import AnyPath, Folders

WHOLE_BYTES: Final = 64 << 20
"""Contents up to this size are hashed whole."""

_CHUNK: Final = 1 << 20
_SAMPLES: Final = 16
_SAMPLE_BYTES: Final = 256 << 10
_REMEMBERED: Final = 4_096
_RECENT_NANOSECONDS: Final = 2_000_000_000
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_Identity = tuple[int, int, int, int]
Span = tuple[int, int]
"""Where a part of a file begins and ends."""


class Fingerprints:
    """Hash contents, each once as long as its file stays as it is. Safe in several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Identity, str] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, found: os.stat_result) -> bool:
        """Say whether the fingerprint of a file is at hand: its content need not be read."""
        with self._lock:
            return _identity(found) in self._known

    def of(self, place: Place, found: os.stat_result | None = None) -> str | None:
        """Return the fingerprint of the regular file at *place*; None when there is none.

        *found* is what was seen there a moment ago.

        Raises:
            StepError: it is there, and cannot be read.
        """
        found = found or look(place)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        identity = _identity(found)
        with self._lock:
            known = self._known.get(identity)
        if known is not None:
            return known
        with explaining(place.path):
            descriptor = os.open(place.name, _FLAGS, dir_fd=place.folder)
            try:
                # What was opened counts: the name may be another file's by now.
                opened = os.fstat(descriptor)
                text = hash_of(descriptor, opened.st_size)
                is_steady = _identity(os.fstat(descriptor)) == _identity(opened)
            finally:
                os.close(descriptor)
        # A file that was written a moment ago may be written again without a new time.
        if is_steady and time.time_ns() - opened.st_mtime_ns > _RECENT_NANOSECONDS:
            self._remember(_identity(opened), text)
        return text

    def _remember(self, identity: _Identity, text: str) -> None:
        with self._lock:
            self._known[identity] = text
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def fingerprint(folders: "Folders", path: "AnyPath") -> str | None:
    """Return the fingerprint of the file *path*, or None when it is not there for us to read."""
    try:
        with folders.place(path, "read") as place:
            return folders.fingerprints.of(place)
    except (StepError, OSError):
        return None


def hash_of(descriptor: int, size: int, *, without: tuple[Span, ...] = ()) -> str:
    """Return the fingerprint of an open file of *size* bytes, parts of it left out."""
    rest = size - sum(end - start for start, end in without)
    if rest > WHOLE_BYTES and not without:
        return _sampled(descriptor, size)
    digest, offset = hashlib.sha256(), 0
    for start, end in (*sorted(without), (size, size)):
        while offset < start:
            piece = os.pread(descriptor, min(_CHUNK, start - offset), offset)
            if not piece:
                break
            digest.update(piece)
            offset += len(piece)
        offset = max(offset, end)
    return digest.hexdigest()


def as_bytes(text: str) -> bytes:
    """Return a fingerprint as the journal keeps it."""
    return b"~" + bytes.fromhex(text[1:]) if text.startswith("~") else bytes.fromhex(text)


def as_text(stored: bytes) -> str:
    """Return the fingerprint that `as_bytes` was given."""
    return "~" + stored[1:].hex() if len(stored) > hashlib.sha256().digest_size else stored.hex()


def _sampled(descriptor: int, size: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    for number in range(_SAMPLES):
        offset = number * (size - _SAMPLE_BYTES) // (_SAMPLES - 1)
        digest.update(os.pread(descriptor, _SAMPLE_BYTES, offset))
    return "~" + digest.hexdigest()


def _identity(found: os.stat_result) -> _Identity:
    # Not the time of the last change of name: a file that was moved is known still.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

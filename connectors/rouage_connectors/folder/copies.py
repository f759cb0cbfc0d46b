"""A private copy of one version, for `versions: all` (triggers F-21)."""

import hashlib
import os
from pathlib import Path
from typing import Final

from rouage.sdk.received import sync_folders
from rouage_connectors.folder.facts import Found
from rouage_connectors.folder.ledger import Version

_PIECE: Final = 1 << 20
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def copy_version(found: Found, folder: Path) -> Path | None:
    """Copy exactly the version *found* into *folder*; None when it is no longer there.

    The copy is on disk when this returns.

    Raises:
        OSError: the copy cannot be written.
    """
    try:
        source = os.open(found.real, _OPEN)
    except OSError:
        return None
    try:
        return _copy(source, found, folder)
    finally:
        os.close(source)


def _copy(source: int, found: Found, folder: Path) -> Path | None:
    if Version.of(os.fstat(source)) != found.version:
        return None
    # Under its own name: what recipes make of the copy is named after it.
    copy = folder / os.fsdecode(found.path.rpartition(b"/")[2])
    target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    digest, position = hashlib.sha256(), 0
    with os.fdopen(target, "wb") as stream:
        while piece := os.pread(source, _PIECE, position):
            digest.update(piece)
            stream.write(piece)
            position += len(piece)
        stream.flush()
        os.fsync(stream.fileno())
    is_same = Version.of(os.fstat(source)) == found.version and position == found.version.size
    if not is_same or (found.sha256 is not None and digest.digest() != found.sha256):
        return None
    sync_folders(folder)
    return copy

"""Whether the file of an event is still the version that the event told of (triggers F-22).

Asked when the run of the event begins for the first time. A newer version has its own event,
so that the run of the older one has nothing left to do.
"""

import asyncio
import os
from functools import lru_cache
from typing import Final

from rouage.sdk import JSON, Text
from rouage_connectors.folder.examine import hash_content
from rouage_connectors.folder.facts import read_version
from rouage_connectors.folder.ledger import Version
from rouage_connectors.folder.mounts import file_system_of, is_silent
from rouage_connectors.folder.names import display

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_VANISHED: Final = Text(
    "vanished: {file} was gone before the run began",
    "disparu : {file} n’était plus là quand l’exécution a commencé",
)
_SUPERSEDED: Final = Text(
    "superseded: {file} was replaced before the run began; the newer version has a run of its own",
    "remplacé : {file} a été remplacé avant le début de l’exécution ; la nouvelle version a sa "
    "propre exécution",
)


async def find_reason(data: JSON, key: str) -> Text | None:
    """Say why the event of this *key* came to nothing, or None: its file is as it was."""
    file = data.get("file") if isinstance(data, dict) else None
    claimed = read_version(key)
    if not isinstance(file, dict) or claimed is None or "original" in file:
        return None
    path, digest = os.fsencode(str(file.get("path"))), file.get("sha256")
    if _is_quick(path.rpartition(b"/")[0]) and _is_same(path, claimed):
        return None
    content = digest if isinstance(digest, str) else None
    return await asyncio.to_thread(_find_reason, path, claimed, content)


@lru_cache(maxsize=256)
def _is_quick(folder: bytes) -> bool:
    """Say whether asking for a file there cannot take long: it is no network drive."""
    return not is_silent(file_system_of(folder, is_real=True))


def _is_same(path: bytes, claimed: Version) -> bool:
    try:
        return Version.of(os.lstat(path)) == claimed
    except OSError:
        return False


def _find_reason(path: bytes, claimed: Version, digest: str | None) -> Text | None:
    try:
        descriptor = os.open(path, _OPEN)
    except (FileNotFoundError, NotADirectoryError):
        return _VANISHED.fill(file=display(path))
    except OSError:
        return None
    try:
        found = Version.of(os.fstat(descriptor))
        if _is_content(descriptor, found, claimed, digest):
            return None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return _SUPERSEDED.fill(file=display(path))


def _is_content(descriptor: int, found: Version, claimed: Version, digest: str | None) -> bool:
    """Say whether the file holds what the event told of, whatever its times (F-19)."""
    if found.size != claimed.size:
        return False
    if digest is not None:
        return hash_content(descriptor).hex() == digest
    return found.mtime_ns == claimed.mtime_ns

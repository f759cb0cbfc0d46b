"""Which place a folder is: a drive that is not mounted leaves an empty one behind (F-10).

Files that a scan does not find have left only if the folder is the place it was: the same
folder of the same file system. Below it, what was a mounted drive must still be one.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from rouage.sdk import JSON
from rouage_connectors.folder.mounts import mounts_below

PLACE: Final = b"place"
"""The key of the place in the trigger's store."""


class Place(NamedTuple):
    """What tells a place from another under the same path, and the drives mounted below it."""

    inode: int
    system: int
    mounts: tuple[bytes, ...] = ()

    def is_same(self, other: "Place") -> bool:
        """Say whether this is the same folder of the same file system."""
        return (self.inode, self.system) == (other.inode, other.system)

    def to_json(self) -> JSON:
        """Return the place as stored; file system numbers have up to 64 bits, so as text."""
        return [str(self.inode), str(self.system), [mount.hex() for mount in self.mounts]]


def look_at(root: bytes) -> Place | None:
    """Return which place *root* is now, or None when there is nothing."""
    try:
        facts = os.stat(root)  # noqa: PTH116 - paths are bytes here
        system = os.statvfs(root).f_fsid
    except OSError:
        return None
    return Place(facts.st_ino, system, tuple(mounts_below(root)))


def read_place(items: Mapping[bytes, JSON]) -> Place | None:
    """Return the place as it was stored."""
    stored = items.get(PLACE)
    if not isinstance(stored, list) or len(stored) != 3 or not isinstance(stored[2], list):
        return None
    mounts = tuple(bytes.fromhex(str(mount)) for mount in stored[2])
    return Place(int(str(stored[0])), int(str(stored[1])), mounts)


def lost_mounts(before: Place, now: Place) -> tuple[bytes, ...]:
    """Return the folders that had a drive mounted on them, and have none now."""
    missing = set(before.mounts) - set(now.mounts)
    return tuple(mount for mount in sorted(missing) if os.path.isdir(mount))  # noqa: PTH112


def is_below(path: bytes, folders: Iterable[bytes]) -> bool:
    """Say whether *path* lies in one of *folders*."""
    return any(path.startswith(folder.rstrip(b"/") + b"/") for folder in folders)

"""Where a folder lives: network and virtual file systems do not report changes (F-12)."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOUNT_TABLE: Final = Path("/proc/self/mountinfo")
_SILENT: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "vboxsf",
     "virtiofs", "drvfs", "fuse", "ncpfs", "coda", "lustre", "prl_fs", "vmhgfs"}
)  # fmt: skip
_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


def file_system_of(folder: bytes, table: bytes | None = None, *, is_real: bool = False) -> str:
    """Return the type of the file system that holds *folder*; "" when nobody can tell.

    With `is_real` no link of the path is looked up, so that this never waits for a drive.
    """
    real = folder if is_real else os.path.realpath(folder)
    best, kind = b"", ""
    for point, found in _mounts(table):
        if len(point) >= len(best) and _is_within(real, point):
            best, kind = point, found
    return kind


def mounts_below(folder: bytes, table: bytes | None = None) -> list[bytes]:
    """Return the folders below *folder* on which something is mounted, by the path given."""
    real = os.path.realpath(folder)
    found = {point for point, _ in _mounts(table) if point != real and _is_within(point, real)}
    return [folder.rstrip(b"/") + point[len(real.rstrip(b"/")) :] for point in sorted(found)]


def _mounts(table: bytes | None) -> Iterator[tuple[bytes, str]]:
    """Yield what is mounted where, the latest last."""
    if table is None:
        try:
            table = _MOUNT_TABLE.read_bytes()
        except OSError:
            return
    for line in table.splitlines():
        left, _, right = line.partition(b" - ")
        fields = left.split(b" ")
        if len(fields) < 5 or not right:
            continue
        point = _ESCAPE.sub(lambda match: bytes([int(match.group(1), 8)]), fields[4])
        yield point, right.split(b" ")[0].decode("ascii", "replace")


def is_silent(kind: str) -> bool:
    """Say whether a file system of this type must be polled."""
    return kind in _SILENT or kind.startswith("fuse.")


def _is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")

"""See at once what appears in a folder or at the end of a file (Linux inotify)."""

import ctypes
import os
import struct
from pathlib import Path

_IN_MODIFY, _IN_MOVED_TO, _IN_CREATE, _IN_NONBLOCK = 0x2, 0x80, 0x100, os.O_NONBLOCK
_HEADER = struct.Struct("iIII")


class FolderWatch:
    """Names that appear or change in one folder; `descriptor` goes into a poll."""

    def __init__(self, folder: Path, *, changes: bool) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(_IN_NONBLOCK)
        mask = _IN_MOVED_TO | _IN_CREATE | (_IN_MODIFY if changes else 0)
        if libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def names(self) -> list[str]:
        """Return the names reported since the last call; never waits."""
        found: list[str] = []
        try:
            data = os.read(self.descriptor, 1 << 20)
        except BlockingIOError:
            return found
        position = 0
        while position < len(data):
            _, _, _, length = _HEADER.unpack_from(data, position)
            position += _HEADER.size
            found.append(data[position : position + length].rstrip(b"\0").decode())
            position += length
        return found

    def close(self) -> None:
        """Stop watching."""
        os.close(self.descriptor)


class Tail:
    """The complete lines that were added to a file, also when the file is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def lines(self) -> list[bytes]:
        """Return the lines added since the last call."""
        try:
            with self._path.open("rb", buffering=0) as stream:
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

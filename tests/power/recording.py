"""A disk that remembers, and what a power cut may leave of it (durability section 8).

Everything below a database file passes through here. What was synced before the cut is on the
disk; of what came later any sector may be there or not, whole or torn.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

import apsw

SECTOR = 512
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
TORN = 0.1

Kind = Literal["write", "truncate", "sync", "delete"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was asked of the disk; a sync is noted when it has returned."""

    kind: Kind
    file: str
    offset: int = 0
    data: bytes = b""


class RecordingDisk(apsw.VFS):
    """Pass everything on, and write it down. `fails_to_sync` names files whose sync fails."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.operations: list[Operation] = []
        self.fails_to_sync: set[str] = set()
        self._lock = threading.Lock()

    def note(self, operation: Operation) -> None:
        with self._lock:
            self.operations.append(operation)

    @property
    def position(self) -> int:
        return len(self.operations)

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - the name is SQLite's
        return RecordedFile(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802 - the name is SQLite's
        self.note(Operation("delete", Path(name).name))
        super().xDelete(name, sync)


class RecordedFile(apsw.VFSFile):
    def __init__(self, disk: RecordingDisk, name: Any, flags: Any) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk = disk
        self._name = Path(path).name
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - the name is SQLite's
        self._disk.note(Operation("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802 - the name is SQLite's
        self._disk.note(Operation("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the name is SQLite's
        if self._name in self._disk.fails_to_sync:
            error = apsw.IOError("the disk did not confirm")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]
            raise error
        super().xSync(flags)
        self._disk.note(Operation("sync", self._name))


@dataclass(slots=True)
class _OnDisk:
    """One file: what is certain, and what was asked since."""

    content: bytearray
    pending: list[Operation] = field(default_factory=list)

    def settle(self) -> None:
        for operation in self.pending:
            _apply(self.content, operation)
        self.pending.clear()

    def after_cut(self, chance: Random, share: float) -> bytes:
        """Return the content with a random part of what was not certain."""
        content = bytearray(self.content)
        for operation in self.pending:
            if operation.kind != "write":
                if chance.random() < share:
                    _apply(content, operation)
                continue
            for sector in _sectors(operation):
                if chance.random() < share:
                    data = sector.data
                    if chance.random() < TORN:
                        data = data[: chance.randrange(len(data) + 1)]
                    _apply(content, Operation("write", sector.file, sector.offset, data))
        return bytes(content)


def _sectors(operation: Operation) -> Iterator[Operation]:
    start = 0
    while start < len(operation.data):
        offset = operation.offset + start
        length = SECTOR - offset % SECTOR
        yield Operation("write", operation.file, offset, operation.data[start : start + length])
        start += length


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "delete":
        content.clear()
    elif operation.kind == "truncate":
        size = operation.offset
        content[size:] = b"\0" * max(0, size - len(content))
    elif operation.data:
        if len(content) < operation.offset:
            content.extend(b"\0" * (operation.offset - len(content)))
        content[operation.offset : operation.offset + len(operation.data)] = operation.data


@dataclass(frozen=True, slots=True)
class Image:
    """What a cut after so many operations left, in a folder of its own."""

    position: int
    folder: Path


def images(
    operations: Sequence[Operation],
    before: dict[str, bytes],
    positions: Sequence[int],
    *,
    folder: Path,
    chance: Random,
    unsynced: str | None = None,
) -> Iterator[Image]:
    """Yield the disk after a power cut at each of the *positions*, in their order.

    Syncs of the file *unsynced* count for nothing, as on a disk that lies.
    """
    files = {name: _OnDisk(bytearray(content)) for name, content in before.items()}
    done = 0
    for number, position in enumerate(sorted(positions)):
        for operation in operations[done:position]:
            file = files.setdefault(operation.file, _OnDisk(bytearray()))
            if operation.kind == "sync":
                if operation.file != unsynced:
                    file.settle()
            else:
                file.pending.append(operation)
        done = position
        share = chance.choice(SHARES)
        place = folder / f"image-{number}"
        place.mkdir()
        for name, file in files.items():
            content = file.after_cut(chance, share)
            if content:
                (place / name).write_bytes(content)
        yield Image(position, place)

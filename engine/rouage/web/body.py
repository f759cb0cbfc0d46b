"""Read the body of a request: bounded while it arrives, inflated within a ratio.

What is larger than `IN_MEMORY` goes to a file without a name: many senders with large files
must not fill the memory.
"""

import asyncio
import mmap
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from rouage.sdk.multipart import Body

IN_MEMORY: Final = 1 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS
_INFLATE_STEP: Final = 1 << 20
_WRITTEN_AT_ONCE: Final = 1 << 18
_QUICK_BYTES: Final = 1 << 18


class Unacceptable(Exception):  # noqa: N818 - an answer to give, not a fault of ours
    """The request is refused with `status`; the connection closes when the rest is unread."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class Payload(Protocol):
    """The part of a stream of bytes that is used here."""

    def is_eof(self) -> bool:
        """Say whether everything has arrived."""
        ...

    async def readany(self) -> bytes:
        """Return what has arrived; nothing at the end."""
        ...

    def read_nowait(self, n: int = -1) -> bytes:
        """Return what has arrived, without waiting."""
        ...


class Depot:
    """Where large bodies lie: files without a name in *folder*, *most_bytes* in all.

    A place is taken for as long as the request lasts; who takes it gives it back.
    """

    def __init__(self, folder: Path | None = None, *, most_bytes: int = 512 << 20) -> None:
        self._folder = folder
        self._left = most_bytes

    def take(self, size: int) -> None:
        """Count *size* bytes more.

        Raises:
            Unacceptable: 503, too many large bodies are there at once.
        """
        if size > self._left:
            raise Unacceptable(503)
        self._left -= size

    def give_back(self, size: int) -> None:
        """Count *size* bytes less."""
        self._left += size

    def open(self) -> Any:
        """Return a new file without a name."""
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder)


class Growing:
    """A body on its way: in memory at first, in a file when it grows large."""

    def __init__(self, depot: Depot, *, most: int) -> None:
        self._depot = depot
        self._most = most
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._file: Any = None
        self.size = 0
        self.stored = 0

    async def add(self, piece: bytes) -> None:
        """Take in what came.

        Raises:
            Unacceptable: 413, it grows too large; 503, there is no room for it now.
        """
        self.size += len(piece)
        if self.size > self._most:
            raise Unacceptable(413)
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self.size > IN_MEMORY and (self._file is None or self._waiting > _WRITTEN_AT_ONCE):
            await self._store()

    async def finish(self) -> Body:
        """Return the whole."""
        if self._file is None:
            return b"".join(self._pieces)
        await self._store()
        return mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ)

    async def _store(self) -> None:
        self._depot.take(self._waiting)
        self.stored += self._waiting
        data = b"".join(self._pieces)
        self._pieces, self._waiting = [], 0
        try:
            if self._file is None:
                self._file = await asyncio.to_thread(self._depot.open)
            await asyncio.to_thread(_write, self._file, data)
        except OSError:
            raise Unacceptable(503) from None

    def close(self) -> None:
        """Give back the place; what `finish` returned stays readable while it is used."""
        if self._file is not None:
            self._file.close()
        self._depot.give_back(self.stored)
        self.stored = 0


def _write(file: Any, data: bytes) -> None:
    file.write(data)
    file.flush()


async def read_body(payload: Payload, *, most: int) -> bytes:
    """Return a body that has arrived already.

    Raises:
        Unacceptable: 413, more than *most* bytes came.
    """
    body = payload.read_nowait()
    if len(body) > most:
        raise Unacceptable(413)
    return body


async def inflate(data: Body, growing: Growing, *, ratio: int) -> Body:
    """Return *data* inflated from gzip into *growing*.

    Raises:
        Unacceptable: 413, it grows too large or *ratio* times; 400, it is not gzip.
    """
    most = ratio * max(len(data), 1)
    pieces = _inflated(data)
    while True:
        if len(data) > _QUICK_BYTES:
            piece = await asyncio.to_thread(next, pieces, None)
        else:
            piece = next(pieces, None)
        if piece is None:
            return await growing.finish()
        if growing.size + len(piece) > most:
            raise Unacceptable(413)
        await growing.add(piece)


def _inflated(data: Body) -> Iterator[bytes]:
    machine = zlib.decompressobj(_GZIP)
    rest: bytes | memoryview = memoryview(data)
    try:
        while not machine.eof:
            piece = machine.decompress(rest[:_INFLATE_STEP], _INFLATE_STEP)
            # What one step does not inflate is put before the rest, without copying all of it.
            left = len(machine.unconsumed_tail)
            rest = rest[min(_INFLATE_STEP, len(rest)) - left :]
            if piece:
                yield piece
            elif not rest:
                break
    except zlib.error as error:
        raise Unacceptable(400) from error
    if not machine.eof or machine.unused_data or len(rest):
        raise Unacceptable(400)

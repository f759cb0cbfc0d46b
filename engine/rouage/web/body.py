"""Read the body of a request: bounded while it arrives, inflated within a ratio."""

import zlib
from typing import Final, Protocol

_GZIP: Final = 16 + zlib.MAX_WBITS
_INFLATE_STEP: Final = 1 << 20


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


async def read_body(payload: Payload, *, most: int) -> bytes:
    """Return the whole body.

    Raises:
        Unacceptable: 413, more than *most* bytes came.
    """
    if payload.is_eof():
        body = payload.read_nowait()
        if len(body) > most:
            raise Unacceptable(413)
        return body
    pieces: list[bytes] = []
    size = 0
    while piece := await payload.readany():
        size += len(piece)
        if size > most:
            raise Unacceptable(413)
        pieces.append(piece)
    return b"".join(pieces)


def inflate(data: bytes, *, most: int, ratio: int) -> bytes:
    """Return *data* inflated from gzip.

    Raises:
        Unacceptable: 413, it grows beyond *most* bytes or *ratio* times; 400, it is not gzip.
    """
    most = min(most, ratio * max(len(data), 1))
    machine = zlib.decompressobj(_GZIP)
    pieces: list[bytes] = []
    size = 0
    try:
        while not machine.eof:
            piece = machine.decompress(data, _INFLATE_STEP)
            data = machine.unconsumed_tail
            size += len(piece)
            if size > most:
                raise Unacceptable(413)
            if not piece and not data:
                break
            pieces.append(piece)
    except zlib.error as error:
        raise Unacceptable(400) from error
    if not machine.eof or machine.unused_data:
        raise Unacceptable(400)
    return b"".join(pieces)

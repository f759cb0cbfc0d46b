"""The shop: sends signed orders, and logs each acknowledgement with its own fsync.

It is a process apart from the daemon. An order whose answer was lost with a connection has
an unknown outcome, so it is delivered again, unchanged, until it is acknowledged, as real
senders do. On SIGTERM it sends nothing new, delivers what is open, and prints its count.

    python -m tests.crash.client --port N --rate 600 --log acknowledged.log
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections import deque
from pathlib import Path

from tests.bench.orders import body_of, order_id, request_of
from tests.bench.recipes import HOOK

_ANSWER_SECONDS = 15.0
_PAUSE_SECONDS = 0.02
_LOST = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, OSError)


class AcknowledgementLog:
    """Lines that are on disk before whoever wrote them goes on; one sync for all that wait."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._lines: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None

    async def write(self, line: str) -> None:
        """Return when *line* is on disk."""
        loop = asyncio.get_running_loop()
        if self._waiting is None:
            self._waiting = loop.create_future()
            loop.call_soon(self._flush)
        self._lines.append(line.encode() + b"\n")
        await asyncio.shield(self._waiting)

    def _flush(self) -> None:
        os.write(self._descriptor, b"".join(self._lines))
        os.fsync(self._descriptor)
        waiting, self._waiting, self._lines = self._waiting, None, []
        if waiting is not None:
            waiting.set_result(None)


class Shop:
    """Orders to send, orders to send again, and what was answered."""

    def __init__(
        self, port: int, rate: float, log: AcknowledgementLog, *, path: str, prefix: str
    ) -> None:
        self._port = port
        self._path = path
        self._prefix = prefix
        self._rate = rate
        self._log = log
        self._again: deque[int] = deque()
        self._next = 0
        self._start = 0.0
        self.is_closing = False
        self.counts = {"deliveries": 0, "acknowledged": 0, "duplicates": 0, "refused": 0}

    async def run(self, connections: int) -> None:
        """Send until told to close, and until nothing is open."""
        self._start = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(self._connection())

    async def _connection(self) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while (number := await self._take()) is not None:
            try:
                if streams is None:
                    streams = await asyncio.open_connection("127.0.0.1", self._port)
                self.counts["deliveries"] += 1
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await self._deliver(number, *streams)
            except _LOST:
                self._again.append(number)
                if streams is not None:
                    streams[1].close()
                streams = None
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _take(self) -> int | None:
        """Return the next order to send when its time has come; None when all is done."""
        if self._again:
            return self._again.popleft()
        if self.is_closing:
            return None
        number = self._next
        self._next += 1
        due = self._start + number / self._rate
        late = asyncio.get_running_loop().time() - due
        if late < 0:
            await asyncio.sleep(-late)
        else:
            self._start += late  # no flood after an outage
        return number

    async def _deliver(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        order = order_id(self._prefix, number)
        writer.write(request_of(body_of(order, number), path=self._path))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0])
        body = await reader.readexactly(length)
        status = head[9:12]
        if status in {b"503", b"429"}:
            self.counts["refused"] += 1
            self._again.append(number)
            await asyncio.sleep(_PAUSE_SECONDS)
            return
        if status != b"200":
            raise SystemExit(f"unexpected answer: {head + body!r}")
        answer = json.loads(body)
        await self._log.write(f"{order} {answer['id']}")
        self.counts["acknowledged"] += 1
        self.counts["duplicates"] += bool(answer.get("duplicate"))


async def main() -> None:
    """Send orders as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=600.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--path", default=HOOK)
    parser.add_argument("--prefix", default="c")
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    log = AcknowledgementLog(options.log)
    shop = Shop(options.port, options.rate, log, path=options.path, prefix=options.prefix)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, setattr, shop, "is_closing", True)
    await shop.run(options.connections)
    sys.stdout.write(json.dumps(shop.counts) + "\n")


if __name__ == "__main__":
    asyncio.run(main())

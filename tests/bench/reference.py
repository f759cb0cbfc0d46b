"""What W1 is measured against: the same work written by hand, in one aiohttp handler.

It verifies the signature, parses the order, checks the condition, journals the event with a
grouped full-sync commit (one writer thread, WAL), then computes a value, renders a text and
appends a line, and answers. It keeps no verdicts, runs, steps or history, dedupes nothing and
resumes nothing: it is the ceiling, not a rival.

    python -m tests.bench.reference FOLDER      prints {"port": N, "pid": N}, serves until killed
"""

import asyncio
import hmac
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import apsw
from aiohttp import web

from tests.bench.orders import SECRET, SIGNATURE_HEADER

_Row = tuple[str, float, bytes]
_Waiting = tuple[_Row, "asyncio.Future[None]"]


class Journal:
    """Event rows in SQLite; whatever queued up during a commit shares the next one."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True).start()

    def add(self, row: _Row) -> "asyncio.Future[None]":
        future = self._loop.create_future()
        self._queue.put((row, future))
        return future

    def _write(self) -> None:
        database = apsw.Connection(str(self._path))
        database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        database.execute(
            "CREATE TABLE event (seq INTEGER PRIMARY KEY, id TEXT, received REAL, body BLOB)"
        )
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            # One statement for the batch: each statement gives the interpreter lock away.
            rows = ", ".join(["(?, ?, ?)"] * len(batch))
            values = [value for row, _ in batch for value in row]
            database.execute(f"INSERT INTO event (id, received, body) VALUES {rows}", values)
            self._loop.call_soon_threadsafe(_settle, [future for _, future in batch])


def _settle(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class Shop:
    """The hand-written handler."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._journal = Journal(folder / "reference.db", loop)
        self._key = SECRET.encode()
        self._lines = os.open(folder / "lines.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    async def receive(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        given = request.headers.get(SIGNATURE_HEADER, "")
        if not hmac.compare_digest(hmac.digest(self._key, body, "sha256").hex(), given):
            return web.Response(status=401)
        order = json.loads(body)
        if not order["total"] > 10:
            return web.Response(status=200)
        await self._journal.add((order["id"], time.time(), body))
        gross = round(order["total"] * 1.2, 2)
        text = f"{order['id']} {order['customer']['name']} ({order['customer']['city']}) {gross} €"
        os.write(self._lines, text.encode() + b"\n")
        return web.Response(
            body=f'{{"id": "{order["id"]}"}}'.encode(), content_type="application/json"
        )


async def serve(folder: Path) -> None:
    """Serve orders on a free port until cancelled."""
    shop = Shop(folder, asyncio.get_running_loop())
    # The bare server, without a router: about a tenth faster than a web.Application.
    server = web.Server(shop.receive, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    print(json.dumps({"port": port, "pid": os.getpid()}), flush=True)
    await asyncio.Event().wait()


class Reference:
    """The reference server as a process."""

    def __init__(self, folder: Path) -> None:
        self.lines = folder / "lines.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.reference", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        greeting: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.port, self.pid = int(greeting["port"]), int(greeting["pid"])

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    # The writer waits this long for a busy loop thread; 5 ms, the default, halves the figure.
    sys.setswitchinterval(0.0005)
    asyncio.run(serve(Path(sys.argv[1])))

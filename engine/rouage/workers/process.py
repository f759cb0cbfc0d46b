"""One worker process as the daemon sees it: its start, its messages, and its certain end.

Nothing the process does is trusted: what it sends is bounded and checked, and its end is the
end of its whole process group, and of whatever escaped from that.
"""

import asyncio
import os
import secrets
import signal
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from rouage.errors import StepError
from rouage.interpreter import own_command
from rouage.workers.frames import HEADER, pack, unpack
from rouage.workers.strays import MARK, end_strays, has_children

_BOOT: Final = "from rouage.workers.child import main; main()"
_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_PASSED_ON: Final = ("HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")
_READY_SECONDS: Final = 30.0
_END_SECONDS: Final = 0.5
_GONE_SECONDS: Final = 5.0
_MOST_PRINTED: Final = 1 << 20
_PRINTED_KEPT: Final = 8_192
_MESSAGE_ROOM: Final = 64 << 10


class WorkerLost(Exception):  # noqa: N818 - what happened
    """The process ended or was cut off: its exit code (None if it still ran), or the reason."""

    def __init__(self, code: int | None, reason: str | None = None) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason or code)


class _Channel(asyncio.Protocol):
    """Cuts what comes over the socket into frames, and wakes who waits for one."""

    def __init__(self, worker: "WorkerProcess") -> None:
        self._worker = worker
        self._data = bytearray()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._data += data
        while len(self._data) >= HEADER.size:
            (size,) = HEADER.unpack_from(self._data)
            if size > self._worker.most_bytes:
                self._worker.lose("result" if self._worker.is_busy else "gibberish")
                return
            end = HEADER.size + size
            if len(self._data) < end:
                return
            frame = bytes(self._data[HEADER.size : end])
            del self._data[:end]
            self._worker.take(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the connection."""
        del exc
        self._worker.hung_up()


class _Process(asyncio.SubprocessProtocol):
    """Takes what the process prints, and notices its end."""

    def __init__(self, worker: "WorkerProcess") -> None:
        self._worker = worker

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what was printed."""
        del fd
        self._worker.printed(data)

    def process_exited(self) -> None:
        """Note the end of the process."""
        self._worker.exited()


class WorkerProcess:
    """A process that serves the actions of the connector *target*, one call at a time."""

    def __init__(self, target: str, *, memory_bytes: int) -> None:
        self.target = target
        self.memory_bytes = memory_bytes
        self.most_bytes = _MESSAGE_ROOM
        self.is_busy = False
        self.is_lost = False
        self.output = bytearray()
        self._reason: str | None = None
        self._printed = 0
        self._queued = 0
        self._inbox: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._has_exited = asyncio.Event()
        self._has_hung_up = False
        self._mark = secrets.token_hex(8)
        self._process: asyncio.SubprocessTransport | None = None
        self._channel: asyncio.Transport | None = None

    @classmethod
    async def start(cls, target: str, *, memory_bytes: int, is_foreign: bool) -> "WorkerProcess":
        """Return a process that has loaded *target* and waits for its first call.

        Raises:
            OSError: the system has no room for another process.
            WorkerLost: it ended before it was ready.
            TimeoutError: it was not ready in time.
            StepError: the connector could not be loaded in it.
        """
        worker = cls(target, memory_bytes=memory_bytes)
        try:
            await worker._launch()
            worker.begin(most_bytes=0)
            async with asyncio.timeout(_READY_SECONDS):
                worker.tell(
                    {"target": target, "memory_bytes": memory_bytes, "is_foreign": is_foreign}
                )
                answer = await worker.next()
        except BaseException:
            await worker._be_gone()
            raise
        if "ready" not in answer:
            await worker._be_gone()
            raise StepError(str(answer.get("broken", "")))
        worker.finish()
        return worker

    async def _be_gone(self) -> None:
        """End a process that nobody else knows of; it is not left behind for a closed loop."""
        is_launched = self._process is not None
        self.end()
        if is_launched:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GONE_SECONDS):
                    await self.wait_exited()

    async def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process, _ = await loop.subprocess_exec(
                    lambda: _Process(self),
                    *own_command(_BOOT),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    cwd="/",
                    env=_environment(self._mark),
                    process_group=0,
                )
            ours.setblocking(False)
            self._channel, _ = await loop.create_connection(lambda: _Channel(self), sock=ours)
        except BaseException:
            ours.close()
            raise

    # -- the conversation --------------------------------------------------------------------

    def begin(self, *, most_bytes: int) -> None:
        """Expect the messages of one call, none longer than *most_bytes*."""
        self.is_busy, self.most_bytes = True, most_bytes + _MESSAGE_ROOM
        self._printed = 0
        self.output.clear()

    def finish(self) -> None:
        """Expect silence until the next call."""
        self.is_busy, self.most_bytes = False, _MESSAGE_ROOM

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        if self._channel is not None:
            self._channel.write(pack(message))

    async def next(self) -> dict[str, Any]:
        """Return the next message.

        Raises:
            WorkerLost: there will be none.
        """
        while not self._inbox:
            if self._reason is not None:
                raise WorkerLost(None, self._reason)
            if self._has_exited.is_set() or self._has_hung_up:
                raise WorkerLost(await self._exit_code())
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        frame = self._inbox.popleft()
        self._queued -= len(frame)
        try:
            message = unpack(frame)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise WorkerLost(None, "gibberish")
        return message

    async def _exit_code(self) -> int | None:
        """Return the exit code, or None if it only hung up; words that came first still count."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self._has_exited.wait()
        return None if self._process is None else self._process.get_returncode()

    def take(self, frame: bytes) -> None:
        """Take a frame that came."""
        self._queued += len(frame)
        if not self.is_busy:
            self.lose("gibberish")
        elif self._queued > 2 * self.most_bytes:
            self.lose("talk")
        else:
            self._inbox.append(frame)
            self._wake()

    def printed(self, data: bytes) -> None:
        """Take what was printed: the first of it is kept, too much of it is the end."""
        self._printed += len(data)
        self.output += data[: max(0, _PRINTED_KEPT - len(self.output))]
        if self._printed > _MOST_PRINTED:
            self.lose("talk")

    def exited(self) -> None:
        """Note the end of the process."""
        self.is_lost = True
        self._has_exited.set()
        self._wake()

    def hung_up(self) -> None:
        """Note the end of the connection."""
        self.is_lost = self._has_hung_up = True
        self._wake()

    def lose(self, reason: str) -> None:
        """Give the process up for *reason*, and end it."""
        if self._reason is None:
            self._reason = reason
        self.end()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the end -----------------------------------------------------------------------------

    @property
    def has_exited(self) -> bool:
        """Say whether the process is over and done with."""
        return self._has_exited.is_set()

    async def wait_exited(self) -> None:
        """Return when the system has taken the process back."""
        await self._has_exited.wait()

    @property
    def is_usable(self) -> bool:
        """Say whether it can serve another call."""
        return not self.is_lost and not self._inbox

    def has_children(self) -> bool:
        """Say whether processes that it started are still there."""
        return self._process is not None and has_children(self._process.get_pid())

    def end(self) -> None:
        """End the process and all that came from it, now."""
        self.is_lost = True
        if self._channel is not None:
            self._channel.abort()
            self._channel = None
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.get_pid(), signal.SIGKILL)
        process.close()
        # In a thread that nobody waits for: looking at every process takes some milliseconds.
        with suppress(RuntimeError):
            asyncio.get_running_loop().run_in_executor(None, end_strays, self._mark)


def _environment(mark: str) -> dict[str, str]:
    """Return an environment without a secret in it; the mark finds whatever a worker starts."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # With an arena per thread the address space would be used up by reservations.
    own = {"PATH": _PATH, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", MARK: mark}
    return {**passed, **own}

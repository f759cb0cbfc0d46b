"""One HTTP connection of the webhook listener, on aiohttp's parser and our own deadlines.

`aiohttp.web.Server` starts a task, a writer and a response object for each request and has
no deadline for a half-sent head or body. This protocol keeps one task per connection,
writes whole answers, and is looked at once a second by its owner, so that a request costs
half of the processor time and no timer.
"""

import asyncio
from collections import deque
from typing import Any, Final, Literal, Protocol

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from rouage.web.answers import encode, refusal
from rouage.web.body import Unacceptable
from rouage.web.limits import Limits, peer_of

State = Literal["idle", "head", "body", "answering", "closing"]
_PIPELINED: Final = 16
_READ_AHEAD: Final = 1 << 16
_MEBIBYTE: Final = 1 << 20
_LINE_BYTES: Final = 8190


class Owner(Protocol):
    """Who counts the connections and knows the answers."""

    def welcome(self, connection: "Connection") -> bool:
        """Take in a new connection and serve it; False when there is no room."""
        ...

    def farewell(self, connection: "Connection") -> None:
        """Forget a connection that was lost."""
        ...

    async def respond(
        self, connection: "Connection", message: RawRequestMessage, payload: StreamReader
    ) -> tuple[bytes, bool]:
        """Return the bytes of the answer, and whether the connection may go on."""
        ...


class Connection(BaseProtocol):
    """Parse requests, have them answered one by one, write what comes back."""

    __slots__ = (
        "_limits",
        "_owner",
        "_payload",
        "_queue",
        "_received",
        "_since",
        "_waiter",
        "is_local",
        "is_proxy",
        "peer",
        "remote",
        "requests",
        "state",
    )

    def __init__(self, *, loop: asyncio.AbstractEventLoop, limits: Limits, owner: Owner) -> None:
        parser = HttpRequestParser(
            self,
            loop,
            _READ_AHEAD,
            max_line_size=_LINE_BYTES,
            max_field_size=_LINE_BYTES,
            max_headers=limits.header_fields,
            payload_exception=ConnectionError,
            auto_decompress=False,
            max_msg_queue_size=_PIPELINED,
        )
        super().__init__(loop, parser)
        self._owner = owner
        self._limits = limits
        self._queue: deque[tuple[RawRequestMessage, StreamReader]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._payload: StreamReader | None = None
        self._received = 0
        self._since = loop.time()
        self.state: State = "head"
        self.requests = 0
        self.remote = self.peer = ""
        self.is_local = self.is_proxy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is calling."""
        super().connection_made(transport)
        name: Any = transport.get_extra_info("peername")
        self.remote = name[0] if isinstance(name, tuple) else "local"
        self.peer, self.is_local = peer_of(self.remote)
        if not self._owner.welcome(self):
            self.refuse(503)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of everything; an answer under way is finished, and thrown away."""
        super().connection_lost(exc)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(ConnectionResetError())
        self._wake()
        self._owner.farewell(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; wake the serving task when a request is there."""
        parser = self._parser
        if parser is None or self.state == "closing":
            return
        self._received += len(data)
        try:
            messages, is_upgrade, _ = parser.feed_data(data)
        except HttpProcessingError:
            self.refuse(400)
            return
        if is_upgrade:
            self.refuse(400)
        elif messages:
            self.requests += len(messages)
            self._queue.extend(messages)
            self._wake()
            if len(self._queue) >= _PIPELINED:
                self._pause_reading_for_buffer()
        elif self.state == "idle" and data:
            self._enter("head", received=len(data))
        elif self.state == "head" and self._received > self._limits.head_bytes:
            self.refuse(431)

    def eof_received(self) -> None:
        """Close when the other side has said everything."""
        return

    def refuse(self, status: int) -> None:
        """Answer *status* and close, whatever was under way."""
        transport = self.transport
        if transport is not None and self.state not in {"closing", "answering"}:
            transport.write(encode(status, body=refusal(status), close=True))
        self.close()

    def close(self) -> None:
        """Close once what was written has left."""
        self.state = "closing"
        if self.transport is not None:
            self.transport.close()
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(ConnectionResetError())
        self._wake()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self.transport is not None:
            self.transport.abort()
        self.close()

    async def serve(self) -> None:
        """Answer request after request until one side closes."""
        try:
            while self.transport is not None and self.state != "closing":
                if not self._queue and not await self._next():
                    break
                if not await self._exchange(*self._queue.popleft()):
                    break
        except ConnectionError:
            pass
        finally:
            self.state = "closing"
            if self.transport is not None:
                self.transport.close()

    def look(self, now: float) -> None:
        """Cut the connection when it is too slow; called about once a second."""
        elapsed = now - self._since
        limits = self._limits
        if self.state == "idle":
            if elapsed > limits.idle_seconds:
                self.close()
        elif self.state == "head":
            if elapsed > limits.head_seconds:
                self.refuse(408)
        elif self.state == "body" and self._payload is not None:
            granted = limits.body_seconds + max(0, self._received - _MEBIBYTE) / limits.body_rate
            is_slow = self._received < elapsed * limits.slowest_rate
            if elapsed > granted or (is_slow and elapsed > limits.patience_seconds):
                self._payload.set_exception(Unacceptable(408))
        elif self.state == "closing" and elapsed > limits.head_seconds and self.transport:
            self.transport.abort()

    def begin_body(self, payload: StreamReader) -> None:
        """Note that the rest of the request is awaited."""
        self._payload = payload
        self._enter("body", received=0)

    def end_body(self) -> None:
        """Note that the request is complete."""
        self._payload = None
        self._enter("answering", received=0)

    async def _next(self) -> bool:
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None
        return bool(self._queue)

    async def _exchange(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        parser = self._parser
        if parser is not None:
            parser.message_consumed()
        self.state = "answering"
        data, goes_on = await self._owner.respond(self, message, payload)
        transport = self.transport
        if transport is None:
            return False
        transport.write(data)
        if not goes_on or message.should_close:
            return False
        if self._paused:
            await self._drain_helper()
        if self._buffer_paused:
            self._resume_reading_for_buffer()
            self.data_received(b"")
        if not self._is_closing():
            self._enter("idle", received=0)
        return True

    def _is_closing(self) -> bool:
        # Asked through a call: the state may change while an answer is written.
        return self.state == "closing"

    def _enter(self, state: State, *, received: int) -> None:
        self.state = state
        self._received = received
        self._since = self._loop.time()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

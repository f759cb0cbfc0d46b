"""Sockets and connections of the webhook listener: who may connect, and for how long."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_parser import HttpRequestParserPy
from aiohttp.streams import StreamReader

from rouage.errors import SettingsError
from rouage.language import Text
from rouage.web.answers import http_date
from rouage.web.connection import Connection
from rouage.web.limits import Limits, peer_of

logger = logging.getLogger(__name__)

Keep = Callable[[Callable[[], Coroutine[Any, Any, None]], str], "asyncio.Task[None]"]
"""Has work done for as long as it lives, again after every failure; gets the name of the work."""

_SWEEP_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 5.0
"""How often is looked after things: while somebody is connected, and else."""
_BACKLOG: Final = 512

_SLOW_PARSER: Final = Text(
    "aiohttp was installed without its compiled parser, so hooks may only listen on this machine, "
    "not on {host}",
    "aiohttp a été installé sans son analyseur compilé : les points d’entrée ne peuvent écouter "
    "que sur cette machine, pas sur {host}",
)


class Listener:
    """Base of a listener: it owns the connections; a subclass answers (`respond`).

    *keep* starts what goes on beside: without its sweeper, those who hold half-sent requests
    open would never be sent away.
    """

    def __init__(self, limits: Limits | None = None, *, keep: Keep | None = None) -> None:
        self.limits = limits or Limits()
        self._keep = keep or _start
        self.date = b""
        self.port = 0
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._per_peer: dict[str, int] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._has_come = asyncio.Event()

    async def start(
        self, hosts: Sequence[str], port: int, *, sockets: Sequence[socket.socket] = ()
    ) -> int:
        """Listen on each of *hosts*; return the port, which 0 lets the system choose.

        Where the service manager handed over *sockets*, those are listened on instead.

        A host that this machine lacks (IPv6 switched off) is passed over, unless no other is left.

        Raises:
            OSError: no host can be bound; the port is taken, for instance.
            SettingsError: a host is beyond this machine, and the parser is not fit for that.
        """
        _check_parser(hosts)
        loop = asyncio.get_running_loop()
        self.date = http_date()
        failure: OSError | None = None
        for given in sockets:
            server = await loop.create_server(self._connect, sock=given, backlog=_BACKLOG)
            self._servers.append(server)
            port = int(given.getsockname()[1])
        for host in () if sockets else hosts:
            try:
                server = await loop.create_server(self._connect, host, port, backlog=_BACKLOG)
            except OSError as error:
                failure = error
                logger.info("hooks: not listening on %s: %s", host, error.strerror)
                continue
            self._servers.append(server)
            port = int(server.sockets[0].getsockname()[1])
        if not self._servers:
            raise failure or OSError("no host to listen on")
        self._sweeper = self._keep(self._sweep, "hooks sweeper")
        self.port = port
        return port

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Close the sockets, let answers under way leave, close the connections."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
            self._sweeper = None
        for connection in list(self._connections):
            if connection.state != "answering":
                connection.close()
        await _end(list(self._connections.values()), grace_seconds)

    def welcome(self, connection: Connection) -> bool:
        """Take in a new connection and serve it; False when there is no room.

        When all places are taken, one that never finished a request is given away: those who
        hold half-sent requests open cannot lock the others out.
        """
        limits = self.limits
        counted = limits.limit_loopback_peers or not (connection.is_local or connection.is_proxy)
        if counted and self._per_peer.get(connection.peer, 0) >= limits.connections_per_peer:
            return False
        if len(self._connections) >= limits.connections and not self._make_room():
            return False
        if not self._connections:
            self.date = http_date()
            self._has_come.set()
        self._per_peer[connection.peer] = self._per_peer.get(connection.peer, 0) + 1
        loop = asyncio.get_running_loop()
        self._connections[connection] = loop.create_task(connection.serve(), name="hook connection")
        return True

    def farewell(self, connection: Connection) -> None:
        """Forget a connection that was lost."""
        task = self._connections.get(connection)
        if task is None:
            return
        task.add_done_callback(lambda _: self._connections.pop(connection, None))
        left = self._per_peer.get(connection.peer, 1) - 1
        if left:
            self._per_peer[connection.peer] = left
        else:
            self._per_peer.pop(connection.peer, None)

    async def respond(
        self, connection: Connection, message: RawRequestMessage, payload: StreamReader
    ) -> tuple[bytes, bool]:
        """Return the bytes of the answer, and whether the connection may go on."""
        raise NotImplementedError

    def look_after(self) -> None:
        """Do what is to be done about once a second, more rarely while nobody is connected."""

    def _connect(self) -> Connection:
        return Connection(loop=asyncio.get_running_loop(), limits=self.limits, owner=self)

    def _make_room(self) -> bool:
        for wanted in ("head", "idle"):
            for connection in self._connections:
                if connection.state == wanted and (wanted == "idle" or not connection.requests):
                    connection.abort()
                    return True
        return False

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._pause()
            self.date = http_date()
            self.look_after()
            now = loop.time()
            for connection in list(self._connections):
                connection.look(now)

    async def _pause(self) -> None:
        """Wait for a second; while nobody is connected, longer or until somebody comes."""
        if self._connections:
            await asyncio.sleep(_SWEEP_SECONDS)
            return
        self._has_come.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._has_come.wait()


def _start(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(work(), name=name)


def _check_parser(hosts: Sequence[str]) -> None:
    """Refuse to face the network with the parser that had more faults (security S-06)."""
    if HttpRequestParser is not HttpRequestParserPy:
        return
    for host in hosts:
        if host != "localhost" and not peer_of(host)[1]:
            raise SettingsError(_SLOW_PARSER, host=host)


async def _end(tasks: list["asyncio.Task[None]"], grace_seconds: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=grace_seconds)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)

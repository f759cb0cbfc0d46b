"""The line to a mail server: encrypted by what the system, or the owner, trusts."""

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from rouage_connectors.mail.account import Account, Server
from rouage_connectors.mail.wire import MOST_LINE_BYTES

CONNECT_SECONDS: Final = 30.0


def tls_context(account: Account) -> ssl.SSLContext:
    """Return how the servers of *account* must prove who they are.

    Raises:
        OSError: the certificate file cannot be read (`ssl.SSLError` is one of these).
    """
    context = ssl.create_default_context()
    if account.certificate is not None:
        context.load_verify_locations(cafile=str(account.certificate))
    return context


async def connect(
    server: Server, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to *server*, encrypted at once when there is a *context*."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            server.host,
            server.port,
            ssl=context,
            server_hostname=server.host if context is not None else None,
            limit=MOST_LINE_BYTES,
        )
    line = writer.get_extra_info("socket")
    if line is not None:
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return reader, writer

"""Call a hook of ours over the real socket, to see whether it is served (features N-4)."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

_GONE: Final = frozenset({404, 410, 421, 500, 502, 503, 504})
_SECONDS: Final = 10.0


async def is_served(hosts: Sequence[str], port: int, path: str) -> bool:
    """Say whether *path* answers on one of *hosts*.

    It is asked with a method that no hook takes: being refused for that (405) proves that the
    socket accepts, the parser reads and the hook is open; nothing becomes an event.
    """
    for host in hosts:
        with contextlib.suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_SECONDS):
                return await _ask(host, port, path) not in _GONE
    return False


async def _ask(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        name = f"[{host}]" if ":" in host else host
        request = f"TRACE {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        line = await reader.readline()
        return int(line.split(b" ", 2)[1])
    except IndexError:
        raise ValueError("no answer") from None
    finally:
        writer.close()

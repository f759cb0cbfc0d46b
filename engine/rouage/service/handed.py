"""Sockets that the service manager opened for us, so that none refuses while we restart (D-9)."""

import os
import socket
from collections.abc import MutableMapping, Sequence
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text

_FIRST_DESCRIPTOR: Final = 3
_MOST: Final = 16
CONSOLE: Final = "console"
HOOKS: Final = "hooks"

_FOREIGN: Final = Text(
    "the service manager handed over a socket on {address}, which is not this machine's own",
    "le gestionnaire de services a transmis un point d’écoute sur {address}, qui n’est pas propre "
    "à cette machine",
)
_FOREIGN_HINT: Final = Text(
    "let it listen on 127.0.0.1 or [::1], and lead a tunnel or a proxy there",
    "faites-le écouter sur 127.0.0.1 ou [::1], et menez-y un tunnel ou un proxy",
)
_UNNAMED: Final = Text(
    "the service manager handed over a socket on port {port}, which is neither the console's nor "
    "that of the webhooks",
    "le gestionnaire de services a transmis le port {port}, qui n’est ni celui de la console ni "
    "celui des webhooks",
)
_UNNAMED_HINT: Final = Text(
    "write FileDescriptorName=console or FileDescriptorName=hooks in its socket unit",
    "écrivez FileDescriptorName=console ou FileDescriptorName=hooks dans son unité .socket",
)


def take_sockets(
    environment: MutableMapping[str, str],
    *,
    ports: dict[int, str],
    first: int = _FIRST_DESCRIPTOR,
) -> dict[str, list[socket.socket]]:
    """Return the sockets that were handed over, by what they are for: `console`, `hooks`.

    A socket without a name of ours is told by its port: *ports* says which is whose. The
    variables are taken out of *environment*: no process that an action starts inherits them.

    Raises:
        WorkspaceError: one is not for us, or would face the network.
    """
    pid, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isascii() or not count.isdigit():
        return {}
    taken = [_take(first + index) for index in range(min(int(count), _MOST))]
    found: dict[str, list[socket.socket]] = {}
    try:
        for index, given in enumerate(taken):
            name = names[index] if index < len(names) else ""
            found.setdefault(_purpose(given, name, ports), []).append(given)
    except WorkspaceError:
        for given in taken:
            given.close()
        raise
    return found


def _take(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def _purpose(given: socket.socket, name: str, ports: dict[int, str]) -> str:
    host, port = _address(given)
    if host not in {"127.0.0.1", "::1"}:
        raise WorkspaceError(_FOREIGN, hint=_FOREIGN_HINT, address=host)
    if name in {CONSOLE, HOOKS}:
        return name
    if port not in ports:
        raise WorkspaceError(_UNNAMED, hint=_UNNAMED_HINT, port=port)
    return ports[port]


def _address(given: socket.socket) -> tuple[str, int]:
    address = given.getsockname()
    if given.family not in {socket.AF_INET, socket.AF_INET6}:
        return str(address), 0
    return str(address[0]), int(address[1])


def port_of(given: Sequence[socket.socket]) -> int:
    """Return the port on which the first of *given* listens."""
    return _address(given[0])[1]

"""A second lock on the door: what would change the machine is refused by the interpreter itself.

The stage calls nothing that acts. Should an action still try to, the audit events of Python
tell of it before it happens, and the attempt fails. Only a process of its own (the command
line) puts the seal on: the hook cannot be taken off again, it can only look away.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

_REFUSED: Final = frozenset(
    {
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.utime",
        "os.setxattr",
        "os.removexattr",
        "shutil.rmtree",
        "shutil.move",
        "sqlite3.connect",
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Seal:
    """Whether the seal is on, and what it stopped."""

    def __init__(self) -> None:
        self.is_on = False
        self.is_hooked = False
        self.stopped: list[str] = []

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what would change the machine, while the seal is on."""
        if self.is_on and _is_refused(event, arguments):
            self.stopped.append(event)
            raise PermissionError(f"refused in a rehearsal: {event}")


_SEAL: Final = _Seal()  # One for the process, as the hook is: see the module.


@contextmanager
def sealed() -> Iterator[list[str]]:
    """Refuse every change to disk, network and processes; yield the list of what was stopped."""
    if not _SEAL.is_hooked:
        sys.addaudithook(_SEAL.watch)
        _SEAL.is_hooked = True
    _SEAL.stopped = []
    _SEAL.is_on = True
    try:
        yield _SEAL.stopped
    finally:
        _SEAL.is_on = False


def _is_refused(event: str, arguments: Sequence[Any]) -> bool:
    if event != "open":
        return event in _REFUSED
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & _WRITING) and not _is_harmless(arguments[0])


def _is_harmless(path: Any) -> bool:
    """Say whether *path* is open already, or leads nowhere."""
    return isinstance(path, int) or path == os.devnull

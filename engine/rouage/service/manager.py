"""What the daemon tells the service manager that started it (systemd's notify protocol).

Forty lines of our own: the library for it writes Latin-1, which the protocol does not allow
(triggers 4.1). Without a manager every call does nothing.
"""

import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping
from typing import Final

logger = logging.getLogger(__name__)

_LONGEST_STATUS: Final = 400
_OWN_VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ServiceManager:
    """The way to the service manager; *address* is that of its socket, None if there is none.

    `watchdog_seconds` is how long it waits for a sign of life before it restarts the daemon.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        watchdog_seconds: float | None = None,
        monotonic_microseconds: Callable[[], int] = lambda: time.monotonic_ns() // 1_000,
    ) -> None:
        self._address = address
        self._monotonic = monotonic_microseconds
        self._status = ""
        self._is_failure_told = False
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def take_from(cls, environment: MutableMapping[str, str]) -> "ServiceManager":
        """Return the manager that *environment* names, which its variables are taken out of.

        No process that an action starts may speak for the daemon.
        """
        address, seconds, pid = (environment.pop(name, None) for name in _OWN_VARIABLES)
        is_ours = pid is None or pid == str(os.getpid())
        return cls(address or None, watchdog_seconds=_watchdog(seconds) if is_ours else None)

    @property
    def is_there(self) -> bool:
        """Say whether anybody listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """Say that everything is in place: at the start, and after a reload."""
        self._status = status
        self._send("READY=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Say in a few words how things are; said once."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """Say that recipes are being loaded anew; `ready` ends it.

        Both lines must travel together, or `systemctl reload` waits for ever.
        """
        self._send("RELOADING=1", f"MONOTONIC_USEC={self._monotonic()}")

    def stopping(self, seconds: float) -> None:
        """Say that the daemon stops, and may take so many seconds for it."""
        self._send("STOPPING=1", _extension(seconds))

    def extend(self, seconds: float) -> None:
        """Ask for so much more time to start or to stop."""
        self._send(_extension(seconds))

    def beat(self) -> None:
        """Give the watchdog its sign of life."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        # A leading @ stands for the abstract namespace of Linux.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with contextlib.closing(
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            ) as way:
                way.setblocking(False)
                way.connect(address)
                way.send("\n".join(lines).encode())
        except OSError as error:
            if not self._is_failure_told:
                self._is_failure_told = True
                logger.warning("the service manager cannot be told: %s", error)


def _watchdog(microseconds: str | None) -> float | None:
    if microseconds is None or not microseconds.isascii() or not microseconds.isdigit():
        return None
    return int(microseconds) / 1e6 or None


def _extension(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}"


def _line(status: str) -> str:
    """Return *status* on one line: a second one would be a message of its own."""
    return " ".join(status.split())[:_LONGEST_STATUS]

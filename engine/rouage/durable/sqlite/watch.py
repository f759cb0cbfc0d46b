"""What the writer keeps an eye on beside its statements: the file itself, its log, the disk."""

import os
import time
from pathlib import Path
from typing import Final

from rouage.durable.port import Health
from rouage.durable.sqlite.log import Log
from rouage.errors import JournalError
from rouage.language import Text

LOG_LIMIT_BYTES: Final = 256_000_000
"""A log of this size means that a reader somewhere keeps it from starting over."""
_LOOK_SECONDS: Final = 1.0

_LOW: Final = Text(
    "the disk is nearly full: less than {size} MB free; events are accepted again by themselves "
    "once there is room",
    "le disque est presque plein : moins de {size} Mo libres ; les événements seront de nouveau "
    "acceptés dès qu’il y aura de la place",
)
_GROWN: Final = Text(
    "the log of the journal has grown to {size} MB: a program that reads the journal does not let "
    "go of it",
    "le fichier d’attente du journal atteint {size} Mo : un programme qui lit le journal ne le "
    "lâche pas",
)

_GONE: Final = Text(
    "the file {path} was deleted or replaced while in use; put it back, or restart",
    "le fichier {path} a été supprimé ou remplacé en cours d’usage ; remettez-le, ou redémarrez",
)


class Watch:
    """Compare what is there with what should be; cheap enough for every commit."""

    def __init__(self, path: Path, log: Log, *, reserve_bytes: int, log_limit_bytes: int) -> None:
        self._log = log
        self._path = str(path)
        self._log_path = f"{path}-wal"
        self._reserve_bytes = reserve_bytes
        self._log_limit_bytes = log_limit_bytes
        self._inode = path.stat().st_ino
        self._log_inode: int | None = None
        self._next_look = 0.0
        self._is_low = False

    def check_files(self) -> None:
        """Return if the journal and its log are still the files that we write to.

        What is written to a deleted file is lost: nobody may be told that it is safe.

        Raises:
            JournalError: one of them is not.
        """
        self.check_journal()
        inode = _inode_of(self._log_path)
        if self._log_inode is None:
            self._log_inode = inode
        if inode is None or inode != self._log_inode:
            raise JournalError(_GONE, path=self._log_path)

    def check_journal(self) -> None:
        """Return if the journal is still the file that was opened first.

        Raises:
            JournalError: it is not.
        """
        if _inode_of(self._path) != self._inode:
            raise JournalError(_GONE, path=self._path)

    def forget_log(self) -> None:
        """Expect another log from now on: the file was opened anew."""
        self._log_inode = None

    @property
    def is_uneasy(self) -> bool:
        """Say whether something should be looked at again soon."""
        return self._is_low or self._log.used_bytes > self._log_limit_bytes

    def health(self) -> Health | None:
        """Return how it is; None when there is no need to look yet."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + _LOOK_SECONDS
        self._is_low = self._reserve_bytes > 0 and self._free_bytes() < self._reserve_bytes
        if self._is_low:
            reason = _LOW.fill(size=_megabytes(self._reserve_bytes))
            return Health(state="refusing", reason=reason)
        if self._log.used_bytes > self._log_limit_bytes:
            reason = _GROWN.fill(size=_megabytes(self._log.used_bytes))
            return Health(state="degraded", reason=reason)
        return Health(state="ok")

    def _free_bytes(self) -> int:
        try:
            disk = os.statvfs(self._path)
        except OSError:
            return self._reserve_bytes
        return disk.f_bavail * disk.f_frsize


def _inode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - once per commit
    except OSError:
        return None


def _megabytes(size: int) -> str:
    return str(size // 1_000_000)

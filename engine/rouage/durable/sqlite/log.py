"""The write-ahead log of a journal: how long it is, and when it moves into the file."""

import logging
from typing import Final

import apsw

from rouage.durable.sqlite.checks import BUSY_MILLISECONDS

logger = logging.getLogger(__name__)

CHECKPOINT_BYTES: Final = 16_000_000
_PAGE_BYTES: Final = 4096
_PRESSING: Final = 4
"""So many times the usual size makes a log pressing: readers are waited for then."""
_READERS_MILLISECONDS: Final = 100


class Log:
    """Count what is in use of the log after each commit; its file may be larger."""

    def __init__(self, checkpoint_bytes: int) -> None:
        self._checkpoint_bytes = checkpoint_bytes
        self._next_bytes = checkpoint_bytes
        self.used_bytes = 0

    @property
    def is_due(self) -> bool:
        """Say whether the log has grown enough since the last checkpoint."""
        return self.used_bytes >= self._next_bytes

    def attach(self, connection: apsw.Connection) -> None:
        """Have SQLite tell the length of the log after each commit of *connection*."""
        self.used_bytes, self._next_bytes = 0, self._checkpoint_bytes
        connection.set_wal_hook(self._note)

    def _note(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        used = pages * _PAGE_BYTES
        if used < self.used_bytes:
            # It has started over.
            self._next_bytes = self._checkpoint_bytes
        self.used_bytes = used
        return apsw.SQLITE_OK

    def checkpoint(self, connection: apsw.Connection) -> None:
        """Move the log into the file, as far as readers let us."""
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if self.used_bytes >= _PRESSING * self._checkpoint_bytes:
            _start_over(connection)
        self._next_bytes = self.used_bytes + self._checkpoint_bytes


def _start_over(connection: apsw.Connection) -> None:
    """Wait a moment for readers, since with always one of them the log only grows."""
    connection.set_busy_timeout(_READERS_MILLISECONDS)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    except apsw.BusyError:
        logger.info("a reader keeps the log of the journal from starting over")
    finally:
        connection.set_busy_timeout(BUSY_MILLISECONDS)

"""What a trigger makes of files: the seam between the intake and each kind of event."""

from typing import Any, NamedTuple, Protocol

from rouage.sdk import Text
from rouage_connectors.folder.facts import Found
from rouage_connectors.folder.ledger import Row, State


class Taken(NamedTuple):
    """What became of a version: its row, on disk already if `is_stored`; None: held for later."""

    row: Row | None
    is_stored: bool = True
    has_runs: bool = False


class Taker(Protocol):
    """What a trigger makes of files that are complete, and of files that went."""

    async def take(self, found: Found, at: int) -> Taken:
        """Take a new version at the second *at*; returns once its event is on disk.

        Raises:
            Overloaded: a queue is full; nothing was accepted.
            JournalError: the journal cannot write; nothing was accepted.
            Paused: nothing is taken for a while.
        """
        ...

    def holds(self, path: bytes) -> bool:
        """Say whether a version of *path* is held for later."""
        ...

    def depart(self, path: bytes, row: Row | None, state: State, at: int) -> Row | None:
        """Note that *path* is gone; return the row to store, None to leave it as it is."""
        ...

    def status(self) -> dict[str, Any]:
        """Return facts for `rouage status`."""
        ...


class Paused(Exception):  # noqa: N818 - an order, not a fault
    """Nothing is taken for *seconds*, for the reason given."""

    def __init__(self, seconds: float, reason: Text) -> None:
        self.seconds = seconds
        self.reason = reason
        super().__init__(reason.en)

"""Named points at which a test can kill the process (durability section 8)."""

import os
import signal
from typing import Final

from rouage.errors import UsageError
from rouage.language import Text

POINTS: Final = frozenset(
    {
        "not_yet_accepted",
        "before_accept_commit",
        "inside_accept_commit",
        "cursor_moved",
        "after_accept_commit",
        "between_event_and_matches",
        "between_matches_and_first_step",
        "after_start_commit",
        "after_effect",
        "record_queued",
        "between_record_and_claim",
        "final_state_written",
        "waiter_recorded",
        "timer_firing",
        "signal_recorded",
        "cancel_recorded",
        "child_end_recorded",
        "correction_noticed",
        "correction_proposed",
        "replay_recorded",
        "mid_checkpoint",
        "mid_backup",
        "mid_migration",
        "mid_purge",
        "mid_blanking",
        "between_blanks",
        "mid_erasing",
        "between_erasures",
        "mid_restore",
        "during_drain",
        "during_recovery",
    }
)

_UNKNOWN: Final = Text(
    "there is no failpoint “{name}”; known are: {known}",
    "il n’y a pas de point de panne « {name} » ; connus : {known}",
)


class Failpoints:
    """Kill this process when the named point is reached for the given time.

    Code holds `Failpoints | None`, and pays nothing but that test when nothing is set.
    """

    def __init__(self, name: str, count: int = 1) -> None:
        if name not in POINTS:
            raise UsageError(_UNKNOWN, name=name, known=", ".join(sorted(POINTS)))
        self._name = name
        self._left = count

    @classmethod
    def parse(cls, text: str | None) -> "Failpoints | None":
        """Return the failpoint that `name[:count]` names; None when nothing is set."""
        if not text:
            return None
        name, _, count = text.partition(":")
        return cls(name, int(count) if count.isdigit() else 1)

    def reach(self, name: str) -> None:
        """Die here, without any clean-up, when this is the point and its time has come."""
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

"""How often something usually comes, learned from what came; pure (features N-4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

MOMENT: Final = timedelta(minutes=15)
"""What comes within so short a time of the last is one coming."""
WINDOW: Final = timedelta(days=60)
_LEAST_COUNT: Final = 20
_LEAST_SPAN: Final = timedelta(days=14)
_FACTOR: Final = 3
_LEAST_PATIENCE: Final = timedelta(hours=1)


class Habit:
    """When something came, a burst counted once, over the last two months at most."""

    def __init__(self, times: Iterable[datetime] = ()) -> None:
        self._times: list[datetime] = []
        self._patience: timedelta | None = None
        self.last: datetime | None = None
        self.note(*sorted(times))

    def note(self, *times: datetime) -> None:
        """Take in what came now."""
        before = len(self._times)
        for time in times:
            self.last = time if self.last is None else max(self.last, time)
            if not self._times or time - self._times[-1] >= MOMENT:
                self._times.append(time)
        if len(self._times) == before:
            return
        oldest = self._times[-1] - WINDOW
        self._times = [time for time in self._times if time >= oldest]
        self._patience = patience(self._times)

    @property
    def patience(self) -> timedelta | None:
        """Return how long a silence may be; None while too little is known."""
        return self._patience


def patience(times: Sequence[datetime]) -> timedelta | None:
    """Return after what silence something is wrong: three times the longest usual one.

    *times* are in order. None as long as they are fewer than twenty, or of less than two
    weeks: nights, week-ends and a quiet day must have been seen. A single long silence, such
    as an outage or a holiday, is not usual: it counts as twice the second longest at most.
    """
    if len(times) < _LEAST_COUNT or times[-1] - times[0] < _LEAST_SPAN:
        return None
    second, longest = sorted(later - earlier for earlier, later in pairwise(times))[-2:]
    return max(_FACTOR * min(longest, 2 * second), _LEAST_PATIENCE)

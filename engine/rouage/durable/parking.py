"""Runs that wait: off their slot but in their lane, until an instant or an answer comes."""

from collections.abc import Callable, Iterable

from rouage.clock import Clock
from rouage.durable.batch import Batch
from rouage.durable.failpoints import Failpoints
from rouage.durable.lanes import Lane, Lanes
from rouage.durable.live import NOWHERE
from rouage.durable.timers import Timers
from rouage.durable.waits import News
from rouage.model.run import SignalRecord

Place = tuple[Lane, Batch, int | None]
"""The lane of a parked run, the batch of its newest row, and when to look at it again."""


class Parking:
    """Remember waiting runs by number alone; all else is read back when they go on."""

    def __init__(
        self,
        lanes: Lanes,
        clock: Clock,
        *,
        dispatch: Callable[[], None],
        ring: Callable[[int], None],
        failpoints: Failpoints | None,
    ) -> None:
        self._lanes = lanes
        self._dispatch = dispatch
        self._ring = ring
        self._failpoints = failpoints
        self._places: dict[int, Place] = {}
        self._waking: set[int] = set()
        self._unsettled: list[int] = []
        self._posted: list[tuple[int, Batch]] = []
        self.news: News = {}
        self.timers = Timers(clock, self._due)
        self.is_closed = False
        self.let_go: Callable[[int], None] | None = None

    def add(self, seq: int, lane: Lane, batch: Batch, deadline: int | None) -> None:
        """Park a run, which keeps its lane; without a deadline only an answer wakes it."""
        self._places[seq] = (lane, batch, deadline)
        if not batch.is_committed:
            self._unsettled.append(seq)
        if deadline is not None:
            self.timers.add(deadline, seq)

    def turn(self, seq: int, lane: Lane, batch: Batch) -> None:
        """Note a run that is read back at once: nobody need wake it."""
        self._places[seq] = (lane, batch, None)
        self._waking.add(seq)

    def wake(self, seqs: Iterable[int]) -> None:
        """Have these runs looked at now, if they are parked; each only once."""
        if self.is_closed:
            return
        for seq in seqs:
            place = self._places.get(seq)
            if place is not None and seq not in self._waking:
                self._waking.add(seq)
                self._lanes.resume(seq, place[0])
        self._dispatch()

    def holds(self, seq: int) -> bool:
        """Say whether the run is parked here."""
        return seq in self._places

    def take(self, seq: int) -> Lane | None:
        """Take a run off its wait, without giving up its lane; None when it is not here."""
        if self.let_go is not None:
            self.let_go(seq)
        place = self._places.pop(seq, None)
        if seq in self._waking:
            self._waking.discard(seq)
            self._lanes.drop_resumed(seq)
        return None if place is None else place[0]

    def arrive(self, seq: int) -> Batch:
        """Note that a run goes on; return the batch that must be on disk before it is read."""
        self._waking.discard(seq)
        place = self._places.pop(seq, None)
        return NOWHERE if place is None else place[1]

    def in_lane(self, lane: Lane) -> list[int]:
        """Return the runs of one lane that are parked here."""
        return [seq for seq, place in self._places.items() if place[0] is lane]

    def deliver(self, seq: int, signal: SignalRecord, batch: Batch) -> None:
        """Tell a run of an answer whose row was just added to *batch*, and wake it."""
        self.news.setdefault(seq, []).append((signal, batch))
        self._posted.append((seq, batch))
        self._ring(seq)
        self.wake([seq])

    @property
    def is_untidy(self) -> bool:
        """Say whether a commit may let something be forgotten here."""
        return bool(self._unsettled or self._posted)

    def tidy(self, is_active: Callable[[int], bool]) -> None:
        """Let go of committed batches, and of answers that will be read from disk.

        A run that executes or is being read back may have missed the row of an answer.
        """
        unsettled, self._unsettled = self._unsettled, []
        for seq in unsettled:
            place = self._places.get(seq)
            if place is None:
                continue
            if place[1].is_committed:
                self._places[seq] = (place[0], NOWHERE, place[2])
            else:
                self._unsettled.append(seq)
        posted, self._posted = self._posted, []
        for seq, batch in posted:
            if not batch.is_committed:
                self._posted.append((seq, batch))
            elif seq not in self._waking and not is_active(seq):
                self.news.pop(seq, None)

    def _due(self, seq: int, deadline: int) -> None:
        place = self._places.get(seq)
        # A wait that was ended by an answer leaves its old deadline in the heap.
        if place is None or place[2] != deadline or self.is_closed:
            return
        if self._failpoints is not None:
            self._failpoints.reach("timer_firing")
        self.wake([seq])

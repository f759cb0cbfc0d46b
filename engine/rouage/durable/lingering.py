"""Runs that wait with their execution kept in memory for a while: to go on costs one turn.

A run that parks is executed again from its record, which costs the more the longer the record
is: a loop of a thousand items that each wait would be walked a thousand times. So a run with a
long record keeps its execution for a minute. On disk it waits like any other, and it may be
let go at any time: then it is read back as always.
"""

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final

from rouage.clock import Clock
from rouage.durable.live import LiveRun
from rouage.durable.waits import Waits
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.durable.runner import Runner

_SECONDS: Final = 60.0
"""What somebody changed meanwhile, a secret for instance, holds for a run after this time."""

_LEAST_STEPS: Final = 64
_MOST_RUNS: Final = 16
_MOST_BYTES: Final = 16_000_000
_ROW_BYTES: Final = 700
_SAMPLE: Final = 50


@dataclass(kw_only=True, slots=True)
class _Place:
    """A run that lingers, until when, and about how much memory it keeps."""

    run: LiveRun
    waits: Waits
    bell: "asyncio.Future[None]"
    until: float
    size: int


class Lingering:
    """Keep the executions of few runs while they wait. All happens on the loop's thread."""

    def __init__(self, runner: "Runner", clock: Clock) -> None:
        self._runner = runner
        self._clock = clock
        self._places: dict[int, _Place] = {}
        runner.parking.let_go = self.let_go

    def takes(self, run: LiveRun, waits: Waits, seconds: float | None) -> bool:
        """Say whether the run, which has *seconds* to wait, shall linger at this point.

        Only while no branch is open: the task of the run itself has come to the wait.
        """
        return (
            _length(run) >= _LEAST_STEPS
            and (seconds is None or seconds < _SECONDS)
            and run.halt is None
            and run.rest is None
            and run.cancel is None
            and not waits.has_news
            and not self._runner.is_closing
            and asyncio.current_task() is run.task
        )

    async def wait(self, run: LiveRun, waits: Waits) -> bool:
        """Rest as a run that parks does; True when it may go on where it is.

        Otherwise there is no room for it, and nothing was done.
        """
        until = self._clock.monotonic_seconds() + _SECONDS
        bell = asyncio.get_running_loop().create_future()
        place = _Place(run=run, waits=waits, bell=bell, until=until, size=_size(run))
        if not self._make_room(place.size):
            return False
        self._places[run.seq] = place
        self._runner.states.wait(run, waits)
        self._runner.set_aside(run)
        await bell
        return True

    def _make_room(self, size: int) -> bool:
        """Let the oldest go until there is room for *size* bytes more."""
        self.expire()
        if size > _MOST_BYTES:
            return False
        while self._places and (
            len(self._places) >= _MOST_RUNS
            or size + sum(place.size for place in self._places.values()) > _MOST_BYTES
        ):
            self.let_go(next(iter(self._places)))
        return True

    def go_on(self, seq: int) -> bool:
        """Have a run go on that lingers, and has its slot again; False when it is to be read."""
        place = self._places.get(seq)
        if place is None:
            return False
        limit, now = place.waits.limit, self._runner.now()
        is_late = limit is not None and limit[0] <= now
        # What a time limit ends is found out by walking from the start.
        if is_late or place.until <= self._clock.monotonic_seconds():
            self.let_go(seq)
            return False
        del self._places[seq]
        place.waits.held.clear()
        self._runner.take_back(place.run)
        place.bell.set_result(None)
        return True

    def find(self, run_id: str) -> LiveRun | None:
        """Return the run if it lingers."""
        for place in self._places.values():
            if place.run.id == run_id:
                return place.run
        return None

    @property
    def is_empty(self) -> bool:
        """Say whether no run lingers."""
        return not self._places

    def expire(self) -> None:
        """Let those go whose time is over."""
        now = self._clock.monotonic_seconds()
        for seq in [seq for seq, place in self._places.items() if place.until <= now]:
            self.let_go(seq)

    def let_go(self, seq: int) -> None:
        """End the execution of a run that lingers; on disk it waits as before."""
        place = self._places.pop(seq, None)
        if place is not None and place.run.task is not None:
            place.run.is_left, place.run.halt = True, "close"
            self._runner.watch_end(place.run.task)
            place.run.task.cancel()

    def let_all_go(self) -> None:
        """End the executions of all runs that linger."""
        for seq in list(self._places):
            self.let_go(seq)


def _length(run: LiveRun) -> int:
    return len(run.steps or ()) + len(run.written or ())


def _size(run: LiveRun) -> int:
    """Return about how many bytes the record of a run takes in memory, judged by its end."""
    rows = list(islice(reversed((run.written or {}).values()), _SAMPLE))
    texts = sum(len(value) for row in rows for value in row[5:9] if isinstance(value, str))
    return _length(run) * (_ROW_BYTES + 2 * texts // max(1, len(rows)))

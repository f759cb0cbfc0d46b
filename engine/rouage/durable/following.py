"""Those who follow a run: they notice that it moved, or wait until it rests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from rouage.durable.batch import Batch
from rouage.durable.live import LiveRun
from rouage.model.run import RunState


class Watch:
    """Whether a run started, stopped or ended since somebody looked."""

    has_moved = False


class Followers:
    """Tell whoever asked. A run that nobody follows costs a look at an empty dictionary."""

    def __init__(self) -> None:
        self._watches: dict[str, list[Watch]] = {}
        self._resting: dict[int, list[asyncio.Future[tuple[RunState, Batch]]]] = {}

    @contextmanager
    def watch(self, run_id: str) -> Iterator[Watch]:
        """Notice whether the run moves while something else is awaited."""
        watch = Watch()
        watches = self._watches.setdefault(run_id, [])
        watches.append(watch)
        try:
            yield watch
        finally:
            watches.remove(watch)
            if not watches:
                self._watches.pop(run_id, None)

    def note_move(self, run: LiveRun) -> None:
        """Tell that the run starts, stops or ends."""
        if self._watches:
            for watch in self._watches.get(run.id, ()):
                watch.has_moved = True

    async def come_to_rest(self, seq: int, seconds: float) -> RunState | None:
        """Return the state of a run once it stops executing; None when that takes longer."""
        future: asyncio.Future[tuple[RunState, Batch]] = asyncio.get_running_loop().create_future()
        self._resting.setdefault(seq, []).append(future)
        done, _ = await asyncio.wait([future], timeout=seconds)
        if not done:
            self._resting[seq].remove(future)
            return None
        state, batch = future.result()
        await batch.reach_disk()
        return state

    def tell_resting(self, run: LiveRun) -> None:
        """Tell that the run has stopped executing, for now or for ever."""
        if not self._resting:
            return
        for future in self._resting.pop(run.seq, ()):
            if not future.done():
                future.set_result((run.state, run.batch))

"""Who may start, and who gives way: the modes of R13, decided at one point, on one thread.

`Entrance` decides before an event is committed (`single`, `when_full: skip`): what it says
stands in the verdict. `Succession` decides once the new run is on disk (`restart`, `latest`,
`when_full: replace_oldest`): an event that turns out to be a duplicate replaces nothing, and
a crash before the older run was told so is made good at the next start.

For `single` a run is open until it is over: also while it waits, is blocked, needs attention,
or belongs to another engine. The other modes only mind runs that hold a place.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from rouage.clock import Clock
from rouage.durable.journal import Journal, LoadedRun, OpenRun
from rouage.durable.lanes import Lane, Waiting
from rouage.durable.live import LiveRun, Reason
from rouage.durable.runner import Runner
from rouage.errors import JournalError, RouageError
from rouage.language import Text
from rouage.model.event import Admission, Verdict
from rouage.model.run import RunState
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0

_REPLACING: Final = frozenset({"restart", "latest"})

_OPEN: Final = Text(
    "the run {run} is not over, and only one may be open",
    "l’exécution {run} n’est pas terminée, et une seule peut être ouverte",
)
_FULL: Final = Text(
    "the queue of {recipe} is full ({limit} waiting): this event was left out",
    "la file d’attente de {recipe} est pleine ({limit} en attente) : cet événement a été laissé",
)
_NEWER: Final = Text(
    "a newer event took its place before it started: see the run {run}",
    "un événement plus récent a pris sa place avant son départ : voir l’exécution {run}",
)
_RESTARTED: Final = Text(
    "a newer event starts the recipe again: see the run {run}",
    "un événement plus récent relance la recette : voir l’exécution {run}",
)
_NO_ROOM: Final = Text(
    "the queue was full, and newer events came: the run {run} waits in its place",
    "la file d’attente était pleine et des événements plus récents sont arrivés : "
    "l’exécution {run} attend à sa place",
)


class SkippedError(RouageError):
    """A run of the same key is open, and the recipe wants one at a time."""


class FullError(RouageError):
    """The queue of the recipe is full, and the recipe leaves such events out."""


class ReplacedError(RouageError):
    """A newer event took the place of this run."""


def must_decide(verdicts: Iterable[Verdict]) -> bool:
    """Say whether `Entrance` has a say in any of the verdicts."""
    for verdict in verdicts:
        admission = verdict.admission
        if admission.mode == "single" or admission.when_full == "skip":
            return True
    return False


def gives_way(admission: Admission) -> bool:
    """Say whether older runs may have to give way to one under *admission*."""
    return admission.mode in _REPLACING or admission.when_full == "replace_oldest"


class Entrance:
    """Decide what a verdict comes to, as things stand when its event is handed over.

    A place that is only reserved may yet turn out to be that of a duplicate, or come to
    nothing with its commit. Nobody is turned away for its sake: who comes next waits for
    that commit, and then looks again.
    """

    def __init__(self, journal: Journal, runner: Runner) -> None:
        self._journal = journal
        self._lanes = runner.lanes
        self._learning: dict[Lane, asyncio.Future[None]] = {}

    async def decide(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Return the verdicts as they stand now: act on them in the same turn of the loop."""
        while True:
            decided: list[Verdict] = []
            for verdict in verdicts:
                now, unknown = self._judge(verdict)
                if unknown is not None:
                    await self._learn(unknown)
                    break
                decided.append(now)
            else:
                return decided

    def _judge(self, verdict: Verdict) -> tuple[Verdict, Lane | None]:
        """Return what a verdict comes to, or the lane of which more must be known first."""
        admission = verdict.admission
        lane = self._lanes.find(verdict.recipe, admission.key)
        if lane is None or verdict.outcome != "matched":
            return verdict, None
        if admission.mode == "single":
            if not lane.is_open:
                return verdict, None
            if lane.known is None or lane.known[0] != lane.departures:
                return verdict, lane
            run = lane.known[1]
            error: JSON = {**SkippedError(_OPEN, run=run).record(), "run": run}
            return replace(verdict, outcome="skipped", error=error), None
        limit = admission.queue_limit
        if admission.when_full != "skip" or lane.pending + len(lane.waiting) < limit:
            return verdict, None
        if len(lane.waiting) < limit:
            return verdict, lane
        full = FullError(_FULL, recipe=verdict.recipe, limit=limit)
        return replace(verdict, outcome="full", error={**full.record(), "limit": limit}), None

    async def _learn(self, lane: Lane) -> None:
        """Learn which run of the lane is open, or wait for what is on its way to disk.

        Raises:
            JournalError: it does not get there.
        """
        learning = self._learning.get(lane)
        if learning is not None:
            await asyncio.wait([learning])
            return
        future = self._learning[lane] = asyncio.get_running_loop().create_future()
        try:
            seen = lane.departures
            run = await self._journal.reader.open_run(lane.recipe, lane.key)
            if run is not None and lane.departures == seen:
                lane.known = seen, run
            if run is None or lane.pending:
                written = asyncio.get_running_loop().create_future()
                self._journal.filling().outside.append(written)
                await written
        finally:
            del self._learning[lane]
            future.set_result(None)


class Succession:
    """Have older runs give way to a newer one of their lane, which is on disk."""

    def __init__(self, journal: Journal, runner: Runner, clock: Clock) -> None:
        self._journal = journal
        self._runner = runner
        self._clock = clock
        runner.settle_order = self.restore

    def follow(self, run: LiveRun, admission: Admission) -> None:
        """Make room for *run*, which was just queued."""
        self._succeed(run.lane, run.seq, run.id, admission.mode, admission.queue_limit)

    def restore(self, open_runs: Sequence[OpenRun]) -> None:
        """Repeat at a start what a crash may have cut off: the newest run of a lane succeeds.

        That run may have begun already, and a run it replaced stand in the queue still: its
        end was on the way to disk.
        """
        newest: dict[tuple[str, str | None], OpenRun] = {}
        for run in open_runs:
            known = newest.get((run.recipe, run.key))
            if run.mode in _REPLACING and (known is None or run.seq > known.seq):
                newest[run.recipe, run.key] = run
        for (recipe, key), run in newest.items():
            lane = self._runner.lanes.find(recipe, key)
            if lane is None:
                continue
            if run.has_begun:
                gone = self._runner.lanes.take_older(lane, run.seq)
                self._end(lane, gone, *_fate(run.mode, run.id))
            elif run.state == "queued":
                self._succeed(lane, run.seq, run.id, run.mode, 0)

    def _succeed(self, lane: Lane, seq: int, run_id: str, mode: str, limit: int) -> None:
        if mode in _REPLACING:
            state, reason = _fate(mode, run_id)
            self._end(lane, self._runner.lanes.overtake(lane, seq), state, reason)
            if mode == "restart":
                self.end_active(lane, reason)
        elif len(lane.waiting) > limit:
            gone = self._runner.lanes.overtake(lane, seq, spare=max(0, limit - 1))
            self._end(lane, gone, "skipped", _reason(_NO_ROOM, run_id))

    def end_active(self, lane: Lane, reason: Reason) -> None:
        """Ask for the end of every active run of *lane*, parked ones included.

        Returns at once; each request is durable before it acts, and the runs give up the
        lane when their end is recorded. A run that is being cancelled already is left to its
        `finally`. Safe to repeat.
        """
        runner = self._runner
        assert runner.cancel_number is not None  # noqa: S101 - the engine wires it first
        live = [run for run in runner.live.values() if run.lane is lane]
        loading = [seq for seq, (_, its) in runner.loading.items() if its is lane]
        # Those are few; of parked runs there may be very many.
        is_all = len(live) + len(loading) >= lane.active
        parked = [] if is_all else runner.parking.in_lane(lane)
        wanted = [run.seq for run in live if run.cancel is None]
        for seq in dict.fromkeys([*wanted, *loading, *parked, *runner.lanes.begun(lane)]):
            runner.own(runner.cancel_number(seq, reason))

    def _end(
        self, lane: Lane, gone: list[Waiting], state: RunState, reason: dict[str, JSON]
    ) -> None:
        cold = []
        for entry in gone:
            if isinstance(entry, int):
                cold.append(entry)
            else:
                self._record(entry, state, reason)
        if cold:
            self._runner.lanes.ending += 1
            self._runner.own(self._end_cold(lane, cold, state, reason))

    def _record(self, run: LiveRun, state: RunState, reason: dict[str, JSON]) -> None:
        self._runner.write(run, state, reason=reason, ended=True)
        self._runner.tell_end(run)

    async def _end_cold(
        self, lane: Lane, seqs: list[int], state: RunState, reason: dict[str, JSON]
    ) -> None:
        """End runs that are known by number alone; a start does so again if this is cut off."""
        try:
            found = await self._load(seqs)
        finally:
            self._runner.lanes.ending -= 1
        for loaded in found:
            if loaded.run.state == "queued":
                self._record(self._runner.revive(loaded, lane), state, reason)

    async def _load(self, seqs: list[int]) -> list[LoadedRun]:
        while True:
            try:
                return await self._journal.reader.load(seqs)
            except JournalError as error:
                logger.warning("runs could not be read back; trying again: %s", error)
                await self._clock.sleep(_PAUSE_SECONDS)


def _fate(mode: str, run_id: str) -> tuple[RunState, dict[str, JSON]]:
    """Return how a queued run ends to which the run *run_id* of a replacing mode is preferred."""
    if mode == "restart":
        return "cancelled", _reason(_RESTARTED, run_id)
    return "skipped", _reason(_NEWER, run_id)


def _reason(text: Text, run_id: str) -> dict[str, JSON]:
    return {**ReplacedError(text, run=run_id).record(), "run": run_id}

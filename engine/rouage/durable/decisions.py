"""What people decide about a run: to end it, or to settle a step in doubt (R4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Final, Literal

from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal, LoadedRun
from rouage.durable.live import LiveRun, Reason
from rouage.durable.port import PROTOCOL
from rouage.durable.runner import Runner
from rouage.durable.values import from_microseconds, store, to_microseconds
from rouage.model.run import FINAL_STATES, RunState, StepRecord
from rouage.sdk.json import JSON

_PATIENCE_SECONDS: Final = 10.0
"""So long `cancel` waits for a running step and for `finally`, before it reports the state."""


class Decisions:
    """Carry out decisions about runs, one at a time for each run, durably."""

    def __init__(self, journal: Journal, runner: Runner, *, failpoints: Failpoints | None) -> None:
        self._journal = journal
        self._runner = runner
        self._failpoints = failpoints
        self._locks: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        runner.end_calls = self._end_calls
        runner.cancel_number = self._cancel_number

    @asynccontextmanager
    async def _alone(self, run_id: str) -> AsyncIterator[None]:
        """Let decisions about one run follow one another."""
        lock, users = self._locks.setdefault(run_id, (asyncio.Lock(), []))
        users.append(None)
        try:
            async with lock:
                yield
        finally:
            users.pop()
            if not users:
                self._locks.pop(run_id, None)

    async def cancel(
        self, run_id: str, reason: Reason, *, is_insisting: bool = True
    ) -> RunState | None:
        """Ask durably for the end of a run; acts now on the running step (None: no run).

        Its `finally` is done before it ends. Asked again, that is cut too, unless
        *is_insisting* is false.
        """
        live = self._runner.find_live(run_id)
        if is_insisting and live is not None and live.cancel is not None and live.halt is None:
            # The first request still waits for `finally`: not behind it, but instead of it.
            return await self._cut(live)
        async with self._alone(run_id):
            run = await self._find(run_id)
            state = None if run is None else _state(run)
            if run is None or state in FINAL_STATES:
                return state
            if run.cancel is not None and not is_insisting:
                return state
            words = {"reason": reason} if isinstance(reason, str) else reason
            request: JSON = {**words, "at": self._runner.now()}
            if isinstance(run, LiveRun):
                return await self._cancel_live(run, request)
            return await self._cancel_resting(run, request)

    async def _find(self, run_id: str) -> LiveRun | LoadedRun | None:
        """Return the run as it executes, or else as it is on disk, at this very moment."""
        while True:
            live = self._runner.find_live(run_id)
            if live is not None:
                return live
            with self._runner.followers.watch(run_id) as watch:
                found = await self._journal.reader.find(run_id)
            if found is None or found.run.state in FINAL_STATES:
                return found
            if not watch.has_moved and found.run.seq not in self._runner.loading:
                return found
            await self._runner.pass_by(found.run.seq)

    async def _cancel_live(self, run: LiveRun, request: JSON) -> RunState:
        run.cancel = request
        await self._runner.write(run, "running").reach_disk()
        self._reach()
        if run.is_ending and run.task is not None and not run.task.done():
            # It had not begun yet, and does its `finally` already: that is not to be cut.
            state = await self._runner.followers.come_to_rest(run.seq, _PATIENCE_SECONDS)
            return run.state if state is None else state
        return await self._cut(run)

    def _reach(self) -> None:
        if self._failpoints is not None:
            self._failpoints.reach("cancel_recorded")

    async def _cut(self, run: LiveRun) -> RunState:
        if run.task is None or run.task.done():
            # It stopped by itself in the meantime; if it could not end, its last pass follows.
            if run.seq not in self._runner.loading and run.seq not in self._runner.live:
                return run.state
        else:
            run.halt = "cancel"
            run.task.cancel()
        state = await self._runner.followers.come_to_rest(run.seq, _PATIENCE_SECONDS)
        return run.state if state is None else state

    async def _cancel_resting(self, found: LoadedRun, request: JSON) -> RunState:
        """End a run that does not execute: queued, waiting, blocked, or in need of attention."""
        is_asked_again = found.cancel is not None
        is_parked = found.run.state == "waiting" and self._runner.parking.holds(found.run.seq)
        if found.started is None or is_asked_again or found.run.protocol != PROTOCOL:
            self._runner.forget(found.run)
            run = self._revive(found)
            run.cancel = request
            batch = self._runner.write(run, "cancelled", reason=request, ended=True)
            self._runner.lanes.rise(run.seq)
            await batch.reach_disk()
            return run.state
        lane = self._runner.parking.take(found.run.seq) if is_parked else None
        if lane is None:
            self._runner.forget(found.run)
        run = self._revive(found)
        run.cancel = request
        if lane is None:
            # It is open all the while, for those who ask.
            self._runner.lanes.rest(run.lane, run.seq)
        await self._runner.write(run, "queued" if lane is None else "waiting").reach_disk()
        self._reach()
        if not self._runner.is_open:
            self._runner.lanes.rise(run.seq)
            return run.state
        if lane is not None:
            self._runner.lanes.resume(run.seq, lane)
        return await self._finish(run, is_queued=lane is None)

    async def _finish(self, run: LiveRun, *, is_queued: bool = True) -> RunState:
        """Have a run that is to be cancelled executed for the last time; return its state."""
        if is_queued:
            self._runner.lanes.join(run.lane, run.seq, first=True)
            self._runner.lanes.rise(run.seq)
        resting = asyncio.ensure_future(
            self._runner.followers.come_to_rest(run.seq, _PATIENCE_SECONDS)
        )
        await asyncio.sleep(0)
        self._runner.dispatch()
        state = await resting
        return run.state if state is None else state

    async def _cancel_number(self, seq: int, reason: Reason) -> None:
        for found in await self._journal.reader.load([seq]):
            await self.cancel(found.id, reason, is_insisting=False)

    async def _end_calls(self, run: LiveRun) -> None:
        """Cancel the runs for whose end a cancelled run waits."""
        children = await self._journal.reader.called_by(run.seq)
        reason = f"called by {run.id}, which was cancelled"
        await asyncio.gather(*[self.cancel(child, reason) for child in children])

    async def resolve(
        self, run_id: str, choice: Literal["retry", "done"], *, author: str, result: JSON
    ) -> RunState | None:
        """Settle a run that needs attention: call the step again, or take it as done."""
        async with self._alone(run_id):
            found = await self._journal.reader.find(run_id)
            if found is None or found.run.state != "needs_attention":
                return None if found is None else found.run.state
            run = self._revive(found)
            doubt = _doubt(found)
            if doubt is not None:
                self._settle(run, doubt, choice, author, result)
            await self._runner.write(run, "queued").reach_disk()
            if found.cancel is not None and self._runner.is_open:
                return await self._finish(run)
            self._runner.lanes.join(run.lane, run.seq, first=True)
            self._runner.lanes.rise(run.seq)
            self._runner.dispatch()
            return "queued"

    def _settle(
        self, run: LiveRun, doubt: StepRecord, choice: str, author: str, result: JSON
    ) -> None:
        now = self._runner.now()
        batch = self._journal.filling()
        blobs = batch.blobs
        is_done = choice == "done"
        note: dict[str, JSON] = {
            "choice": choice,
            "author": author,
            "at": from_microseconds(now).astimezone(UTC).isoformat(),
        }
        batch.steps.append(
            (
                run.seq,
                doubt.path,
                "done" if is_done else "waiting",
                doubt.action,
                doubt.attempts,
                None,
                None,
                store(result, blobs) if is_done else None,
                None if is_done else store(doubt.error, blobs),
                None if doubt.started is None else to_microseconds(doubt.started),
                now if is_done else None,
                None,
                store(note, blobs),
            )
        )

    def _revive(self, found: LoadedRun) -> LiveRun:
        known = found.run
        lane = self._runner.lanes.lane(known.recipe, known.key, known.mode, known.maximum)
        return self._runner.revive(found, lane)


def _doubt(found: LoadedRun) -> StepRecord | None:
    for step in found.steps.values():
        if step.state in {"in_doubt", "started"}:
            return step
    return None


def _state(run: LiveRun | LoadedRun) -> RunState:
    return run.state if isinstance(run, LiveRun) else run.run.state

"""What people decide about a run: to end it, or to settle a step in doubt (R4)."""

import asyncio
from datetime import UTC
from typing import Final, Literal

from rouage.durable.context import wait_for
from rouage.durable.journal import Journal, LoadedRun
from rouage.durable.live import LiveRun
from rouage.durable.runner import Runner
from rouage.durable.values import from_microseconds, store, to_microseconds
from rouage.model.run import FINAL_STATES, RunState, StepRecord
from rouage.sdk.json import JSON

_PATIENCE_SECONDS: Final = 10.0
"""So long `cancel` waits for a running step to give way, before it reports the state."""


class Decisions:
    """Carry out decisions about runs, one at a time, durably."""

    def __init__(self, journal: Journal, runner: Runner) -> None:
        self._journal = journal
        self._runner = runner
        self._lock = asyncio.Lock()

    async def cancel(self, run_id: str, reason: str) -> RunState | None:
        """Ask durably for the end of a run; acts now on the running step (None: no run)."""
        async with self._lock:
            while True:
                live = self._runner.live.get(run_id)
                if live is not None:
                    return await self._cancel_live(live, self._request(reason))
                found = await self._journal.reader.find(run_id)
                if found is None or found.run.state in FINAL_STATES:
                    return None if found is None else found.run.state
                loading = self._runner.loading.get(found.run.seq)
                if loading is not None:
                    await asyncio.wait([loading])
                elif run_id not in self._runner.live:
                    return await self._cancel_resting(found, self._request(reason))

    def _request(self, reason: str) -> JSON:
        return {"reason": reason, "at": self._runner.now()}

    async def _cancel_live(self, run: LiveRun, request: JSON) -> RunState:
        run.cancel = request
        await wait_for(self._runner.write(run, "running"))
        run.halt = "cancel"
        if run.task is not None and not run.task.done():
            run.task.cancel()
            await asyncio.wait([run.task], timeout=_PATIENCE_SECONDS)
        await wait_for(run.batch)
        return run.state

    async def _cancel_resting(self, found: LoadedRun, request: JSON) -> RunState:
        """End a run that does not execute: queued, waiting, blocked, or in need of attention."""
        self._runner.forget(found.run)
        run = self._revive(found)
        run.cancel = request
        await wait_for(self._runner.write(run, "cancelled", reason=request, ended=True))
        return run.state

    async def resolve(
        self, run_id: str, choice: Literal["retry", "done"], *, author: str, result: JSON
    ) -> RunState | None:
        """Settle a run that needs attention: call the step again, or take it as done."""
        async with self._lock:
            found = await self._journal.reader.find(run_id)
            if found is None or found.run.state != "needs_attention":
                return None if found is None else found.run.state
            run = self._revive(found)
            doubt = _doubt(found)
            if doubt is not None:
                self._settle(run, doubt, choice, author, result)
            if found.cancel is not None:
                batch = self._runner.write(run, "cancelled", reason=found.cancel, ended=True)
                await wait_for(batch)
                return "cancelled"
            await wait_for(self._runner.write(run, "queued"))
            self._runner.lanes.join(run.lane, run.seq, first=True)
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

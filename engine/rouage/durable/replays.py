"""A finished run done again by a user, with what shall stay as it was (features: rerun)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Final

from rouage.durable.batch import Batch, StepRow
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal, LoadedRun
from rouage.durable.port import PROTOCOL
from rouage.durable.runner import Runner
from rouage.durable.steps import SETTLED
from rouage.durable.values import from_microseconds, store, to_column, to_microseconds
from rouage.errors import StepError
from rouage.language import Text
from rouage.model.ids import run_id as make_run_id
from rouage.model.run import FINAL_STATES, StepRecord
from rouage.sdk.json import JSON

REPLAY_PATH: Final = "replay"
"""The step under which a replay records who asked for it."""

_NOT_OVER: Final = Text(
    "the run {id} is not over yet ({state})", "l’exécution {id} n’est pas terminée ({state})"
)
_NO_DEFINITION: Final = Text(
    "the version {hash} of the recipe is not in the journal",
    "la version {hash} de la recette n’est pas dans le journal",
)


class Replays:
    """Start replays. Each has an id, and so idempotency keys, of its own."""

    def __init__(
        self,
        journal: Journal,
        runner: Runner,
        *,
        take_number: Callable[[], int],
        failpoints: Failpoints | None,
    ) -> None:
        self._journal = journal
        self._runner = runner
        self._take_number = take_number
        self._failpoints = failpoints
        self._lock = asyncio.Lock()

    async def replay(
        self, run_id: str, *, keep: Sequence[str], definition: str | None, author: str
    ) -> str | None:
        """Do a finished run again as a new run, and return its id (None: no such run).

        Raises:
            StepError: the run is not over, or there is no such version.
        """
        async with self._lock:
            reader = self._journal.reader
            found = await reader.find(run_id)
            if found is None:
                return None
            if found.run.state not in FINAL_STATES:
                raise StepError(_NOT_OVER, id=run_id, state=found.run.state)
            digest = definition or found.definition
            if await reader.get_definition(digest) is None:
                raise StepError(_NO_DEFINITION, hash=digest)
            number = await reader.siblings(found.event.id, found.run.recipe)
            new_id = make_run_id(f"{found.event.id}#{number}", found.run.recipe)
            await self._write(found, new_id, digest, keep, author)
            return new_id

    async def _write(
        self, found: LoadedRun, new_id: str, digest: str, keep: Sequence[str], author: str
    ) -> None:
        seq, now, known = self._take_number(), self._runner.now(), found.run
        batch = self._journal.filling()
        batch.runs.append(
            (
                seq,
                new_id,
                found.event_seq,
                to_column(known.recipe),
                digest,
                PROTOCOL,
                "queued",
                known.mode,
                None if known.key is None else to_column(known.key),
                known.maximum,
                now,
                None,
                None,
                None,
                known.seq,
            )
        )
        kept = [found.steps[path] for path in keep if path in found.steps]
        kept = [step for step in kept if step.state in SETTLED and step.path != REPLAY_PATH]
        batch.steps += [_copy(seq, step, batch) for step in kept]
        batch.steps.append(self._note(seq, found.id, kept, author, now, batch))
        future = asyncio.get_running_loop().create_future()
        batch.outside.append(future)
        await future
        if self._failpoints is not None:
            self._failpoints.reach("replay_recorded")
        if self._runner.is_open:
            lanes = self._runner.lanes
            lanes.join(lanes.lane(known.recipe, known.key, known.mode, known.maximum), seq)
            self._runner.dispatch()

    def _note(
        self,
        seq: int,
        origin: str,
        kept: Sequence[StepRecord],
        author: str,
        now: int,
        batch: Batch,
    ) -> StepRow:
        """Return the step that says who had the run done again, when, and what was kept."""
        note: dict[str, JSON] = {
            "of": origin,
            "author": author,
            "at": from_microseconds(now).astimezone(UTC).isoformat(),
            "kept": [step.path for step in kept],
        }
        stored = store(note, batch.blobs)
        return (
            *(seq, REPLAY_PATH, "done", "replay", 1),
            *(None, None, stored, None, now, now, None, None),
        )


def _copy(seq: int, step: StepRecord, batch: Batch) -> StepRow:
    blobs = batch.blobs
    return (
        seq,
        step.path,
        step.state,
        step.action,
        step.attempts,
        store(step.parameters, blobs),
        store(list(step.conditions), blobs) if step.conditions else None,
        store(step.result, blobs),
        store(step.error, blobs),
        None if step.started is None else to_microseconds(step.started),
        None if step.ended is None else to_microseconds(step.ended),
        None,
        store(step.resolution, blobs),
    )

"""Events on their way to disk: places reserved, rows written, runs started by the commit."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from rouage.durable.batch import Batch, Column, RunRow
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun
from rouage.durable.port import PROTOCOL, Accepted, Duplicate
from rouage.durable.runner import Runner
from rouage.durable.values import NOT_JSON, Stored, store, to_column, to_microseconds
from rouage.errors import JournalError, Overloaded
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.ids import run_id as make_run_id
from rouage.sdk.json import JSON

_BACKLOG_ROWS: Final = 20_000
_BACKLOG_CHARACTERS: Final = 32_000_000
_LIGHT_CHARACTERS: Final = 16_384
"""Events up to this size stay in memory while their run is queued."""

_BUSY: Final = Text(
    "the journal cannot keep up; try again in a moment",
    "le journal n’arrive pas à suivre ; réessayez dans un instant",
)
_NOT_JSON: Final = Text(
    "an event of {source} holds something that cannot be recorded",
    "un événement de {source} contient quelque chose qui ne peut pas être enregistré",
)
_NO_EVENT: Final = Text("there is no event {id}", "il n’y a pas d’événement {id}")


class Intake:
    """What one event reserved; settled by the commit, once.

    The runs start when the commit says so, whether or not the sender still waits.
    """

    __slots__ = ("event_id", "event_seq", "first_id", "future", "runs", "weight")

    def __init__(self, event_id: str, event_seq: int) -> None:
        self.event_id = event_id
        self.event_seq = event_seq
        self.first_id: str | None = None
        self.runs: list[LiveRun] = []
        self.weight = 0
        self.future: asyncio.Future[Accepted | Duplicate] = (
            asyncio.get_running_loop().create_future()
        )

    def resolve(self) -> None:
        """Tell the sender that the event is on disk, now or since earlier."""
        if self.future.done():
            return
        if self.first_id is not None:
            self.future.set_result(Duplicate(first_id=self.first_id))
        else:
            runs = tuple([run.id for run in self.runs])
            self.future.set_result(Accepted(event_id=self.event_id, runs=runs))

    def fail(self, error: BaseException) -> None:
        """Tell the sender that nothing was accepted."""
        if not self.future.done():
            self.future.set_exception(error)


class Intakes:
    """Take events in: bounded, all or nothing, durable before the sender is told."""

    def __init__(self, journal: Journal, runner: Runner, *, failpoints: Failpoints | None) -> None:
        self._journal = journal
        self._runner = runner
        self._failpoints = failpoints
        self._matching = asyncio.Lock()
        self._weight = 0
        self.next_event = 1
        self.next_run = 1

    async def accept(
        self,
        event: Event,
        verdicts: Sequence[Verdict] | None,
        items: Mapping[bytes, JSON] | None,
    ) -> Accepted | Duplicate:
        """Commit the event, its verdicts, its runs and the trigger's items in one go."""
        if self._weight > _BACKLOG_CHARACTERS or self._journal.backlog > _BACKLOG_ROWS:
            raise Overloaded(_BUSY)
        now = self._runner.now()
        intake = Intake(event.id, self.next_event)
        batch = self._journal.filling()
        # All values first: what is not JSON must not leave half an event in the batch.
        try:
            data = store(event.data, batch.blobs)
            notes = [_notes(verdict, batch.blobs) for verdict in verdicts or ()]
            values = store_items(event.source, items, batch.blobs) if items else None
        except NOT_JSON as error:
            raise JournalError(_NOT_JSON, source=event.source) from error
        if verdicts:
            self._reserve(intake, event, verdicts, now)
        self.next_event += 1
        self._add_event(batch, intake, event, now, data=data, is_matched=verdicts is not None)
        if verdicts:
            _add_verdicts(batch, intake, verdicts, notes)
        if values is not None:
            batch.items.update(values)
        batch.intakes.append(intake)
        if self._failpoints is None:
            return await intake.future
        self._failpoints.reach("before_accept_commit")
        answer = await intake.future
        self._failpoints.reach("after_accept_commit")
        if verdicts is None:
            self._failpoints.reach("between_event_and_matches")
        return answer

    async def record_matches(self, event_id: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
        """Record verdicts that come later, and start their runs; safe to repeat."""
        async with self._matching:
            found = await self._journal.reader.find_event(event_id)
            if found is None:
                raise JournalError(_NO_EVENT, id=event_id)
            seq, event, known = found
            new = [verdict for verdict in verdicts if verdict.recipe not in known]
            intake = Intake(event_id, seq)
            batch = self._journal.filling()
            notes = [_notes(verdict, batch.blobs) for verdict in new]
            self._reserve(intake, event, new, self._runner.now())
            batch.matched.append(seq)
            _add_verdicts(batch, intake, new, notes)
            batch.intakes.append(intake)
            await intake.future
        return tuple(
            [make_run_id(event_id, verdict.recipe) for verdict in verdicts if verdict.is_match]
        )

    def settle(self, intake: Intake) -> None:
        """Start what the event starts, or give the places back when it was a duplicate."""
        self._weight -= intake.weight
        lanes = self._runner.lanes
        if intake.first_id is not None:
            self._give_back(intake)
            self._runner.dispatch()
        elif intake.runs:
            if self._failpoints is not None:
                self._failpoints.reach("between_matches_and_first_step")
            for run in intake.runs:
                if run.state == "running":
                    self._runner.launch(run)
                else:
                    lanes.enter(run.lane, run, keep=intake.weight <= _LIGHT_CHARACTERS)
                    self._runner.dispatch()
        intake.resolve()

    def refuse(self, intake: Intake, error: BaseException) -> None:
        """Give up what could not be written."""
        self._weight -= intake.weight
        self._give_back(intake)
        intake.fail(error)

    def _reserve(self, intake: Intake, event: Event, verdicts: Sequence[Verdict], now: int) -> None:
        """Take places for the runs of all verdicts, or for none.

        Raises:
            Overloaded: a queue is full; nothing was reserved.
        """
        for verdict in verdicts:
            if verdict.outcome != "matched":
                continue
            try:
                lane, is_running = self._runner.lanes.reserve(verdict.recipe, verdict.admission)
            except Overloaded:
                self._give_back(intake)
                raise
            run = LiveRun(
                seq=self.next_run,
                run_id=make_run_id(event.id, verdict.recipe),
                recipe=verdict.recipe,
                event=event,
                definition=verdict.definition or "",
                created=now,
                lane=lane,
            )
            self.next_run += 1
            if is_running:
                run.state = "running"
                run.started = now
            intake.runs.append(run)

    def _give_back(self, intake: Intake) -> None:
        for run in intake.runs:
            self._runner.lanes.withdraw(run.lane, is_running=run.state == "running")
        intake.runs.clear()

    def _add_event(
        self,
        batch: Batch,
        intake: Intake,
        event: Event,
        now: int,
        *,
        data: Stored,
        is_matched: bool,
    ) -> None:
        if data is not None:
            intake.weight = len(data) if isinstance(data, str) else len(batch.blobs[data])
            self._weight += intake.weight
        batch.events.append(
            (
                intake.event_seq,
                event.id,
                to_column(event.source),
                to_column(event.key),
                to_microseconds(event.time),
                now,
                data,
                _subject(event.data),
                1 if is_matched else 0,
            )
        )


Notes = tuple[Stored, Stored]
"""The conditions and the error of a verdict, as they stand in its row."""


def _notes(verdict: Verdict, blobs: dict[bytes, bytes]) -> Notes:
    return (
        store(list(verdict.conditions), blobs) if verdict.conditions else None,
        None if verdict.error is None else store(verdict.error, blobs),
    )


def _add_verdicts(
    batch: Batch, intake: Intake, verdicts: Sequence[Verdict], notes: Sequence[Notes]
) -> None:
    """Add the rows of the verdicts; `intake.runs` are those of the matches, in their order."""
    runs = iter(intake.runs)
    for verdict, (conditions, error) in zip(verdicts, notes, strict=True):
        number = None
        if verdict.outcome == "matched":
            run = next(runs)
            number = run.seq
            run.batch = batch
            batch.runs.append(_run_row(run, verdict, intake.event_seq))
        recipe, definition = to_column(verdict.recipe), verdict.definition
        batch.matches.append(
            (intake.event_seq, recipe, verdict.outcome, definition, conditions, error, number)
        )


def _run_row(run: LiveRun, verdict: Verdict, event_seq: int) -> RunRow:
    admission = verdict.admission
    return (
        run.seq,
        run.id,
        event_seq,
        to_column(run.recipe),
        run.definition,
        PROTOCOL,
        run.state,
        admission.mode,
        None if admission.key is None else to_column(admission.key),
        admission.maximum,
        run.created,
        run.started,
    )


def _subject(data: JSON) -> str | bytes | None:
    """Return what `why` asks for: the path of the file that an event is about."""
    if isinstance(data, dict):
        file = data.get("file")
        if isinstance(file, dict):
            path = file.get("path")
            if isinstance(path, str):
                return to_column(path)
    return None


def store_items(
    trigger: str, items: Mapping[bytes, JSON], blobs: dict[bytes, bytes]
) -> dict[tuple[Column, bytes], Stored]:
    """Return what a trigger wants to remember, as it stands in its rows."""
    owner = to_column(trigger)
    return {(owner, key): store(value, blobs) for key, value in items.items()}

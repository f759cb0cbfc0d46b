"""Events on their way to disk: places reserved, rows written, runs started by the commit."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Final

from rouage.durable.admission import Entrance, Succession, gives_way, must_decide
from rouage.durable.batch import Batch, Column
from rouage.durable.claims import TAKING, EventClaims, First, claim_row, seen_before
from rouage.durable.failpoints import Failpoints
from rouage.durable.intake_rows import add_verdicts, event_row, notes_of, store_items
from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun, Parent
from rouage.durable.port import Accepted, Claim, Duplicate, Wake, held_by
from rouage.durable.runner import Runner
from rouage.durable.signals import Signals, Standing
from rouage.durable.values import NOT_JSON, Stored, store, to_microseconds
from rouage.errors import JournalError, Overloaded
from rouage.language import Text
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import run_id as make_run_id
from rouage.records import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """What seldom comes with an event: see `Engine.accept`."""

    held: Mapping[bytes, JSON] | None = None
    claim: Claim | None = None
    wakes: Sequence[Wake] = ()
    answers: Sequence[tuple[Standing, str]] = ()
    """The waits that the event answers, as they stand, with the answer as JSON text."""


class Intake:
    """What one event reserved; settled by the commit, once.

    The runs start when the commit says so, whether or not the sender still waits.
    `followers` are those for which older runs may have to give way.
    """

    __slots__ = (
        "claim",
        "event_id",
        "event_seq",
        "first_id",
        "followers",
        "future",
        "runs",
        "weight",
    )

    def __init__(self, event_id: str, event_seq: int) -> None:
        self.event_id = event_id
        self.event_seq = event_seq
        self.first_id: str | None = None
        self.runs: list[LiveRun] = []
        self.followers: dict[int, Admission] | None = None
        self.claim: Claim | None = None
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

    def __init__(
        self,
        journal: Journal,
        runner: Runner,
        signals: Signals,
        *,
        succession: Succession,
        failpoints: Failpoints | None,
    ) -> None:
        self._journal = journal
        self._runner = runner
        self._signals = signals
        self._entrance = Entrance(journal, runner)
        self._succession = succession
        self._claims = EventClaims(journal)
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
        *,
        parent: Parent | None = None,
        extras: Extras | None = None,
    ) -> Accepted | Duplicate:
        """Commit the event, its verdicts, its runs and the trigger's items in one go.

        *parent* is the run that calls the ones that are started, and the path where it waits.
        """
        if self._weight > _BACKLOG_CHARACTERS or self._journal.backlog > _BACKLOG_ROWS:
            raise Overloaded(_BUSY)
        if self._failpoints is not None:
            self._failpoints.reach("not_yet_accepted")
        try:
            if extras is None and (not verdicts or not must_decide(verdicts)):
                intake = self._add(event, verdicts, items, parent)
            else:
                intake = await self._decide(event, verdicts, items, parent, extras or Extras())
        except Overloaded:
            if not await self._journal.reader.is_known(event.source, event.key):
                raise
            # It was accepted before: that is what the sender is told, full or not.
            intake = self._add(event, (), items, None)
        if self._failpoints is None:
            return await intake.future
        self._failpoints.reach("before_accept_commit")
        answer = await intake.future
        self._failpoints.reach("after_accept_commit")
        if verdicts is None:
            self._failpoints.reach("between_event_and_matches")
        return answer

    async def _decide(
        self,
        event: Event,
        verdicts: Sequence[Verdict] | None,
        items: Mapping[bytes, JSON] | None,
        parent: Parent | None,
        extras: Extras,
    ) -> Intake:
        """Add an event about which something must be known first."""
        claim = extras.claim if verdicts else None
        if extras.wakes:
            answers = await self._signals.prepare(
                extras.wakes, signal_id=_signal_id(event), author=event.source
            )
            extras = replace(extras, answers=answers)
        if claim is not None:
            first = await self._claims.take(claim, self._runner.now())
            if first is not None:
                verdicts = [seen_before(verdict, claim, first) for verdict in verdicts or ()]
                claim, extras = None, Extras()
        try:
            if verdicts:
                # Nothing is awaited from here on, so that it still holds when it is added.
                verdicts = await self._entrance.decide(verdicts)
            takes_key = any(verdict.outcome in TAKING for verdict in verdicts or ())
            extras = replace(extras, claim=claim if takes_key else None)
            intake = self._add(event, verdicts, items, parent, extras)
        except BaseException:
            if claim is not None:
                self._claims.settle(claim, None)
            raise
        if claim is not None and intake.claim is None:
            self._claims.settle(claim, None)
        return intake

    def _add(
        self,
        event: Event,
        verdicts: Sequence[Verdict] | None,
        items: Mapping[bytes, JSON] | None,
        parent: Parent | None,
        extras: Extras | None = None,
    ) -> Intake:
        """Add all rows of an event to the batch, or none."""
        now = self._runner.now()
        intake = Intake(event.id, self.next_event)
        batch = self._journal.filling()
        # All values first: what is not JSON must not leave half an event in the batch.
        try:
            data = store(event.data, batch.blobs)
            notes = [notes_of(verdict, batch.blobs) for verdict in verdicts or ()]
            values = store_items(event.source, items, batch.blobs) if items else None
            held = _store_held(event, extras.held, batch) if extras and extras.held else None
        except NOT_JSON as error:
            raise JournalError(_NOT_JSON, source=event.source) from error
        if verdicts:
            self._reserve(intake, event, verdicts, now, parent)
        self.next_event += 1
        self._add_event(batch, intake, event, now, data=data, is_matched=verdicts is not None)
        if verdicts:
            add_verdicts(batch, intake.event_seq, intake.runs, verdicts, notes)
        if values is not None:
            batch.items.update(values)
        batch.intakes.append(intake)
        if extras is not None:
            self._add_extras(batch, intake, event, extras, held)
        return intake

    def _add_extras(
        self,
        batch: Batch,
        intake: Intake,
        event: Event,
        extras: Extras,
        held: dict[tuple[Column, bytes], Stored] | None,
    ) -> None:
        """Add what the event gathers, the key it takes, and the answers it gives."""
        if held:
            batch.held[intake.event_seq] = held
        if extras.claim is not None:
            intake.claim = extras.claim
            batch.claims.append(claim_row(extras.claim, intake.event_seq))
        for standing, text in extras.answers:
            self._signals.post(standing, text, _signal_id(event), event.source)

    def take_run_number(self) -> int:
        """Return the number of a run that is started without an event of its own."""
        number = self.next_run
        self.next_run += 1
        return number

    async def record_matches(self, event_id: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
        """Record verdicts that come later, and start their runs; safe to repeat."""
        async with self._matching:
            found = await self._journal.reader.find_event(event_id)
            if found is None:
                raise JournalError(_NO_EVENT, id=event_id)
            seq, event, known = found
            new = [verdict for verdict in verdicts if verdict.recipe not in known]
            if must_decide(new):
                new = await self._entrance.decide(new)
            intake = Intake(event_id, seq)
            batch = self._journal.filling()
            notes = [notes_of(verdict, batch.blobs) for verdict in new]
            self._reserve(intake, event, new, self._runner.now())
            batch.matched.append(seq)
            add_verdicts(batch, intake.event_seq, intake.runs, new, notes)
            batch.intakes.append(intake)
            await intake.future
            started = {verdict.recipe for verdict in new if verdict.is_match}
            return await self._runs_of(event_id, verdicts, started, known)

    async def _runs_of(
        self, event_id: str, verdicts: Sequence[Verdict], started: Set[str], known: Set[str]
    ) -> tuple[str, ...]:
        """Return the runs of the verdicts, those included that were recorded earlier."""
        runs = []
        for verdict in verdicts:
            run = make_run_id(event_id, verdict.recipe)
            if verdict.recipe in started:
                runs.append(run)
            elif verdict.is_match and verdict.recipe in known:
                runs += [] if await self._journal.reader.find(run) is None else [run]
        return tuple(runs)

    def settle(self, intake: Intake) -> None:
        """Start what the event starts, or give the places back when it was a duplicate."""
        self._weight -= intake.weight
        lanes = self._runner.lanes
        if intake.claim is not None:
            self._settle_claim(intake, intake.claim)
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
                    if intake.followers is not None and run.seq in intake.followers:
                        self._succession.follow(run, intake.followers[run.seq])
                    self._runner.dispatch()
        intake.resolve()

    def _settle_claim(self, intake: Intake, claim: Claim) -> None:
        """Tell those who ask for the same key what became of it."""
        first = None
        if intake.first_id is None:
            expires = None if claim.expires is None else to_microseconds(claim.expires)
            first = First(event=intake.event_id, expires=expires)
        self._claims.settle(claim, first)

    def refuse(self, intake: Intake, error: BaseException) -> None:
        """Give up what could not be written."""
        self._weight -= intake.weight
        if intake.claim is not None:
            self._claims.settle(intake.claim, None)
        self._give_back(intake)
        intake.fail(error)

    def _reserve(
        self,
        intake: Intake,
        event: Event,
        verdicts: Sequence[Verdict],
        now: int,
        parent: Parent | None = None,
    ) -> None:
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
            run.parent = parent
            if is_running:
                run.state = "running"
                run.started = now
            elif gives_way(verdict.admission):
                intake.followers = {**(intake.followers or {}), run.seq: verdict.admission}
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
        row = event_row(event, intake.event_seq, data, now, is_matched=is_matched)
        batch.events.append(row)


def _signal_id(event: Event) -> str:
    """Return the id under which waiting runs get the event; once, however often it is delivered."""
    return f"{event.source} {event.key}"


def _store_held(
    event: Event, held: Mapping[bytes, JSON], batch: Batch
) -> dict[tuple[Column, bytes], Stored]:
    return store_items(held_by(event.source), held, batch.blobs)

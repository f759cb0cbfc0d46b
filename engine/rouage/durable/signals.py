"""Answers for runs: durable before they count, the first one wins (R9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rouage.durable.batch import Batch, WaiterRow
from rouage.durable.journal import Journal, LoadedRun
from rouage.durable.live import LiveRun
from rouage.durable.port import AlreadyAnswered, NoSuchRun, Recorded, Wake
from rouage.durable.runner import Runner
from rouage.durable.steps import SETTLED
from rouage.durable.values import (
    NOT_JSON,
    Stored,
    decode,
    encode,
    from_microseconds,
    store_text,
    to_column,
    to_microseconds,
)
from rouage.durable.waits import Waits, closes_at
from rouage.errors import JournalError, StepError
from rouage.language import Text
from rouage.model.run import FINAL_STATES, SignalRecord, StepRecord
from rouage.sdk.json import JSON
from rouage.sdk.limits import MOST_RESULT_BYTES

Answer = Recorded | AlreadyAnswered | NoSuchRun

_ENGINE: Final = "rouage"
_DEADLINE: Final = "deadline"

_NOT_JSON: Final = Text(
    "the answer to {name} holds something that cannot be recorded",
    "la réponse à {name} contient quelque chose qui ne peut pas être enregistré",
)

_TOO_LARGE: Final = Text(
    "the answer to {name} is larger than {limit} MiB",
    "la réponse à {name} dépasse {limit} Mio",
)


class Signals:
    """Take answers in. Nothing here waits between looking at a run and adding the row."""

    def __init__(self, journal: Journal, runner: Runner) -> None:
        self._journal = journal
        self._runner = runner

    async def signal(
        self, run_id: str, name: str, payload: JSON, *, signal_id: str, author: str
    ) -> Answer:
        """Give a run an answer, durable before return; safe to repeat with the same id.

        Raises:
            StepError: the payload is not JSON; nothing was recorded.
        """
        try:
            text = encode(payload)
        except NOT_JSON as error:
            raise StepError(_NOT_JSON, name=name) from error
        if len(text) > MOST_RESULT_BYTES:
            raise StepError(_TOO_LARGE, name=name, limit=MOST_RESULT_BYTES >> 20)
        found = await self._look(run_id, name)
        if found is None:
            return NoSuchRun()
        standing, question = found
        answer = self._judge(standing, question, signal_id, author)
        if answer is not None:
            if isinstance(standing.at, LiveRun) or standing.seq in self._runner.parking.news:
                # What is told here may still be on its way to disk.
                await self._journal.filling().reach_disk()
            return answer
        await self.post(standing, text, signal_id, author).reach_disk()
        return Recorded()

    async def prepare(
        self, wakes: Sequence[Wake], *, signal_id: str, author: str
    ) -> list[tuple["Standing", str]]:
        """Return the waits that an event answers, with the text of the answer, ready to `post`.

        Those that are over, or have had the event, are left out.

        Raises:
            JournalError: a payload is not JSON.
        """
        texts: dict[int, str] = {}
        ready = []
        for wake in wakes:
            if id(wake.payload) not in texts:
                try:
                    texts[id(wake.payload)] = encode(wake.payload)
                except NOT_JSON as error:
                    raise JournalError(_NOT_JSON, name=wake.name) from error
            found = await self._look(wake.run, wake.name)
            if found is not None and self._judge(*found, signal_id, author) is None:
                ready.append((found[0], texts[id(wake.payload)]))
        return ready

    async def _look(self, run_id: str, name: str) -> "tuple[Standing, JSON] | None":
        """Return how a wait stands at this very moment, and its question."""
        questions: dict[bytes, JSON] = {}
        while True:
            standing = await self.standing(run_id, name)
            if standing is None:
                return None
            asked = standing.question
            if not isinstance(asked, bytes):
                return standing, _inline(asked)
            if asked in questions:
                return standing, questions[asked]
            questions[asked] = await self._journal.reader.fetch(asked)

    async def standing(self, run_id: str, name: str) -> "Standing | None":
        """Return how the wait stands at this very moment; None when there is no such run."""
        while True:
            live = self._runner.find_live(run_id) or self._runner.lingering.find(run_id)
            if live is not None:
                given = self._given(live.seq, name, live.waits)
                return Standing(live.seq, name, live.waits, given, _settled_live(live, name), live)
            with self._runner.followers.watch(run_id) as watch:
                found = await self._journal.reader.find(run_id)
            if found is None:
                return None
            seq = found.run.seq
            if watch.has_moved or seq in self._runner.loading:
                await self._runner.pass_by(seq)
                continue
            waits = Waits(found.waits, found.signals)
            step = found.steps.get(name)
            settled = None if step is None else _outcome(name, step)
            return Standing(seq, name, waits, self._given(seq, name, waits), settled, found)

    def _given(self, seq: int, name: str, waits: Waits | None) -> list[SignalRecord]:
        """Return the answers under *name*, those still on their way to disk included."""
        heard = Waits((), () if waits is None else waits.signals)
        heard.hear([signal for signal, _ in self._runner.parking.news.get(seq, ())])
        return list(heard.named(name))

    def _judge(
        self, standing: "Standing", question: JSON, signal_id: str, author: str
    ) -> Answer | None:
        """Return what is to be said without recording anything, or None to record it."""
        given = standing.given
        if any(signal.id == signal_id for signal in given):
            return Recorded()
        at = standing.at
        if isinstance(at, LoadedRun) and at.run.state in FINAL_STATES:
            return NoSuchRun(state=at.run.state)
        if standing.settled is not None:
            return AlreadyAnswered(answer=given[0] if given else standing.settled)
        if standing.row is None:
            return None
        return _judge_wait(standing.row, given, author, self._runner.now(), question)

    def post(self, standing: "Standing", text: str, signal_id: str, author: str) -> Batch:
        """Add the row of an answer, given as JSON text, and have its run look; return the batch.

        An event that wakes runs (`accept` with wakes) is posted in the turn of the loop in
        which it is added, so that all is one commit: `prepare` looks before.
        """
        seq, name, batch = standing.seq, standing.name, self._journal.filling()
        # Answers are read back in the order of their instants, whatever the clock does.
        earlier = [to_microseconds(signal.received) for signal in standing.given]
        received = max(self._runner.now(), max(earlier, default=0) + 1)
        stored = None if text == "null" else store_text(text, batch.blobs)
        columns = to_column(name), to_column(signal_id), to_column(author)
        batch.signals.append((seq, columns[0], columns[1], stored, columns[2], received))
        signal = SignalRecord(
            name=name,
            id=signal_id,
            payload=decode(text),
            author=author,
            received=from_microseconds(received),
        )
        self._runner.parking.deliver(seq, signal, batch)
        if isinstance(standing.at, LiveRun):
            standing.at.batch = batch
        elif standing.at.run.state == "queued":
            self._tell_queued(standing.at)
        return batch

    def _tell_queued(self, found: LoadedRun) -> None:
        """Have a run that is queued in memory know the answer when its turn comes."""
        known = found.run
        lane = self._runner.lanes.lane(known.recipe, known.key, known.mode, known.maximum)
        for entry in lane.waiting:
            if isinstance(entry, LiveRun) and entry.seq == known.seq:
                entry.waits = entry.waits or Waits()
                news = self._runner.parking.news.pop(known.seq, ())
                entry.waits.hear([signal for signal, _ in news])


class Standing:
    """How one wait of one run stands: what was answered, and what ended it."""

    __slots__ = ("at", "given", "name", "row", "seq", "settled")

    def __init__(
        self,
        seq: int,
        name: str,
        waits: Waits | None,
        given: list[SignalRecord],
        settled: SignalRecord | None,
        at: LiveRun | LoadedRun,
    ) -> None:
        self.seq = seq
        self.name = name
        self.given = given
        self.settled = settled
        self.at = at
        rows = () if waits is None else waits.rows.values()
        column = to_column(name)
        self.row = next((row for row in rows if row[4] == column), None)

    @property
    def question(self) -> Stored:
        """Return what was asked, as it stands in the row."""
        return None if self.row is None else self.row[5]


def _judge_wait(
    row: WaiterRow, given: list[SignalRecord], author: str, now: int, question: JSON
) -> Answer | None:
    closing = closes_at(question, row[3])
    if row[2] in {"approval", "event", "hold"} and closing is not None and closing <= now:
        return AlreadyAnswered(answer=given[0] if given else _late(row, closing))
    if row[2] != "approval":
        return None
    mine = next((signal for signal in given if signal.author == author), None)
    if mine is not None:
        return AlreadyAnswered(answer=mine)
    asked: Mapping[str, JSON] = question if isinstance(question, dict) else {}
    need, counted = asked.get("need", 1), _counted(given, asked.get("from"))
    if isinstance(need, int) and len({signal.author for signal in counted}) >= max(1, need):
        return AlreadyAnswered(answer=counted[0])
    return None


def _counted(given: list[SignalRecord], people: JSON) -> list[SignalRecord]:
    """Return the answers of those who may answer: those of others decide nothing."""
    if not isinstance(people, list) or not people:
        return given
    return [signal for signal in given if signal.author in people]


def _late(row: WaiterRow, closing: int) -> SignalRecord:
    """Return what stands for the answer of a wait whose time is over."""
    name = "" if row[4] is None else str(row[4])
    received = from_microseconds(closing)
    return SignalRecord(name=name, id=_DEADLINE, payload=None, author=_ENGINE, received=received)


def _outcome(name: str, step: StepRecord) -> SignalRecord | None:
    if step.state not in SETTLED:
        return None
    ended = from_microseconds(0) if step.ended is None else step.ended
    return _settled_at(name, step.state, step.result, step.error, ended)


def _settled_live(run: LiveRun, name: str) -> SignalRecord | None:
    row = None if run.written is None else run.written.get(name)
    if row is not None and row[2] in SETTLED:
        ended = from_microseconds(row[10] or 0)
        return _settled_at(name, row[2], _inline(row[7]), _inline(row[8]), ended)
    step = None if run.steps is None else run.steps.get(name)
    return None if step is None else _outcome(name, step)


def _inline(stored: Stored) -> JSON:
    value: JSON = decode(stored) if isinstance(stored, str) else None
    return value


def _settled_at(name: str, state: str, result: JSON, error: JSON, ended: datetime) -> SignalRecord:
    """Return what stands for the answer of a wait that ended without one."""
    payload: JSON = {"state": state, "result": result, "error": error}
    return SignalRecord(name=name, id=_DEADLINE, payload=payload, author=_ENGINE, received=ended)

"""The ledger of keys (`once`): who has one, who is about to, and who comes too late (N-8, R5).

The table on disk is what counts. In front of it stands what is being decided, and what is on
its way to disk, so that of all who ask at once only one gets the key.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Final, Literal, NamedTuple

from rouage.durable.batch import FREE, Batch, ClaimRow
from rouage.durable.journal import Journal, LoadedRun
from rouage.durable.live import LiveRun
from rouage.durable.port import Attempt, Claim
from rouage.durable.values import encode, store_text, to_column, to_microseconds
from rouage.errors import RouageError, StepError
from rouage.language import Text
from rouage.model.event import Verdict
from rouage.model.ids import idempotency_key
from rouage.model.run import FINAL_STATES
from rouage.records import dataclass
from rouage.sdk.json import JSON

STEP_SCOPE: Final = "step"
"""The scope that the steps of all recipes share (R5); the others belong to triggers."""

Place = tuple[str, str]
"""The scope and the key."""

_SEEN: Final = Text(
    "the key “{key}” was seen before, in the event {first}",
    "la clé « {key} » a déjà été vue, dans l’événement {first}",
)


_DONE_ELSEWHERE: Final = Text(
    "the run {run} may or may not have done this already, under the key “{key}”",
    "l’exécution {run} a peut-être déjà fait cela, sous la clé « {key} »",
)
_SETTLE_FIRST: Final = Text(
    "settle that run first, then try this step again",
    "réglez d’abord cette exécution, puis relancez cette étape",
)
_DONE_LONG_AGO: Final = Text(
    "a run that is no longer kept may or may not have done this already, under the key “{key}”",
    "une exécution qui n’est plus conservée a peut-être déjà fait cela, sous la clé « {key} »",
)
_LOOK_FIRST: Final = Text(
    "look whether it was done, then mark this step as done, or try it again",
    "vérifiez si c’est fait, puis marquez cette étape comme faite, ou relancez-la",
)

_DOUBTFUL: Final = "doubtful"
"""The state of a key whose run is over, and nobody knows whether its step acted."""

TAKING: Final = frozenset({"matched", "held"})
"""The outcomes with which an event takes the key it asks for."""


class SeenBeforeError(RouageError):
    """Another event has the key of `once`."""


def claim_row(claim: Claim, event_seq: int) -> ClaimRow:
    """Return the row that gives the key to an event."""
    expires = None if claim.expires is None else to_microseconds(claim.expires)
    scope, key = to_column(claim.scope), to_column(claim.key)
    return (scope, key, event_seq, None, None, "claimed", None, expires)


@dataclass(frozen=True, kw_only=True, slots=True)
class First:
    """The event that has a key; its id is no longer known when it was forgotten."""

    event: str | None
    expires: int | None

    def holds_at(self, now: int) -> bool:
        """Say whether the key is still its own."""
        return self.expires is None or self.expires > now


def seen_before(verdict: Verdict, claim: Claim, first: First) -> Verdict:
    """Return the verdict for an event whose key another event has: it starts nothing."""
    if verdict.outcome not in TAKING:
        return verdict
    error = SeenBeforeError(_SEEN, key=claim.key, first=first.event or "?").record()
    return replace(verdict, outcome="duplicate", error={**error, "first": first.event})


class EventClaims:
    """Give each key to one event. Who comes while that is on its way to disk waits to see."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._asked: dict[Place, asyncio.Future[First | None]] = {}

    async def take(self, claim: Claim, now: int) -> First | None:
        """Return who has the key; None when it is the caller's, who must settle it."""
        place = claim.scope, claim.key
        while (asked := self._asked.get(place)) is not None:
            await asyncio.wait([asked])
            first = asked.result()
            if first is not None and first.holds_at(now):
                return first
        self._asked[place] = asyncio.get_running_loop().create_future()
        try:
            first = await self._find(claim)
        except BaseException:
            self.settle(claim, None)
            raise
        if first is None or not first.holds_at(now):
            return None
        self.settle(claim, first)
        return first

    async def _find(self, claim: Claim) -> First | None:
        record = await self._journal.reader.find_claim(claim.scope, claim.key)
        if record is None:
            return None
        expires = None if record.expires is None else to_microseconds(record.expires)
        return First(event=record.event, expires=expires)

    def settle(self, claim: Claim, first: First | None) -> None:
        """Tell those who wait whose the key is; None when it is nobody's yet."""
        self._asked.pop((claim.scope, claim.key)).set_result(first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A key that the asking step does not get, and the run and step that have it.

    `done`: *text* is the result to take over. `busy`: they are at it. `doubtful`: nobody
    knows whether they did it.
    """

    state: Literal["done", "busy", "doubtful"]
    run: str | None
    path: str | None
    text: str = "null"

    def as_error(self, key: str) -> StepError:
        """Return the doubt as an error for a human, with what to do about it."""
        if self.run is None:
            return StepError(_DONE_LONG_AGO, hint=_LOOK_FIRST, key=key)
        return StepError(_DONE_ELSEWHERE, hint=_SETTLE_FIRST, run=self.run, key=key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """The step that asks for a key. `is_settled`: a human said that it shall be taken now."""

    run: LiveRun
    path: str
    may_repeat: bool
    is_settled: bool = False


@dataclass(kw_only=True, slots=True)
class OnceAttempt(Attempt):
    """An attempt at a step with `once`: whichever run makes it, the target sees one key (R5)."""

    once: str

    @property
    def idempotency_key(self) -> str:
        """Return the key, the same for all runs that would have this effect."""
        return idempotency_key(STEP_SCOPE, self.once)


class _Flying(NamedTuple):
    """What was last said of a key, until it is on disk."""

    state: str
    run: str
    path: str
    text: str
    batch: Batch


class StepClaims:
    """Give each key to one step, which does what it names; all others take over its result.

    A key without a result belongs to its run. The commit of the run's end settles it: it is
    given back when the step did nothing, and is in doubt for good when nobody knows.
    """

    def __init__(self, journal: Journal, wake: Callable[[Collection[int]], None]) -> None:
        self._journal = journal
        self._wake = wake
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._flying: dict[str, _Flying] = {}
        self._order: deque[tuple[str, Batch]] = deque()
        self._waiting: dict[str, set[int]] = {}
        self._sought: dict[str, set[str]] = {}

    async def look(self, key: str, step: Asking) -> Held | None:
        """Return why the step does not get *key*; None when it may `claim` it, in this turn."""
        while True:
            while (asked := self._asked.get(key)) is not None:
                await asyncio.wait([asked])
            flying = self._flying.get(key)
            if flying is not None and not flying.batch.is_committed:
                held = _judge_flying(flying, step)
            else:
                self._flying.pop(key, None)
                held = await self._read(key, step)
                if key in self._flying:
                    # It changed hands while the disk was asked.
                    continue
            if held is not None and held.state == "busy":
                self._waiting.setdefault(key, set()).add(step.run.seq)
                if held.run is not None:
                    self._sought.setdefault(held.run, set()).add(key)
            return held

    async def _read(self, key: str, step: Asking) -> Held | None:
        """Judge by what is on disk; others who ask for the key wait meanwhile."""
        reader = self._journal.reader
        future = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            record = await reader.find_claim(STEP_SCOPE, key)
            if record is None or (record.run, record.path) == (step.run.id, step.path):
                return None
            if record.state == "done":
                text = encode(record.result)
                return Held(state="done", run=record.run, path=record.path, text=text)
            if record.state == _DOUBTFUL:
                return _judge_doubt(record.run, record.path, step)
            holder = None if record.run is None else await reader.find(record.run)
            return self._judge(key, holder, record.path or "", step)
        finally:
            del self._asked[key]
            future.set_result(None)

    def _judge(self, key: str, holder: LoadedRun | None, path: str, step: Asking) -> Held | None:
        """Say what became of a step that has the key, but no result in the ledger."""
        known = None if holder is None else holder.steps.get(path)
        run = None if holder is None else holder.id
        if holder is not None and known is not None and known.state == "done":
            # Somebody settled a doubt by hand.
            text = encode(known.result)
            self._note(key, holder.run.seq, holder.id, path, "done", text)
            return Held(state="done", run=run, path=path, text=text)
        if known is not None and known.state in {"failed", "skipped"}:
            return None
        if holder is not None and holder.run.state not in FINAL_STATES:
            is_doubtful = holder.run.state == "needs_attention" or (
                known is not None and known.state == "in_doubt"
            )
            return Held(state="doubtful" if is_doubtful else "busy", run=run, path=path)
        if known is not None and known.state == "waiting":
            return None
        return _judge_doubt(run, path, step)

    def claim(self, key: str, step: Asking) -> Batch:
        """Give the key to a step that is about to act; return the batch that says so."""
        step.run.has_keys = True
        return self._note(key, step.run.seq, step.run.id, step.path, "started", "null")

    def done(self, key: str, step: Asking, result: JSON) -> None:
        """Record the result for all who come later, in the commit of the step itself."""
        self._note(key, step.run.seq, step.run.id, step.path, "done", encode(result))
        self.tell(key)

    def release(self, key: str, step: Asking) -> None:
        """Give the key back: the step failed, and another may try."""
        self._note(key, step.run.seq, step.run.id, step.path, FREE, "null")
        self.tell(key)

    def doubt(self, key: str, step: Asking) -> None:
        """Let those who wait know at once that the step is in doubt; its own row says so too."""
        batch = step.run.batch
        self._remember(key, _Flying("doubtful", step.run.id, step.path, "null", batch))
        self.tell(key)

    def settle(self, run: LiveRun, batch: Batch) -> None:
        """Let go, in the commit of its end, of the keys that *run* has without a result."""
        batch.settled.append(run.seq)
        keys = self._sought.pop(run.id, None)
        if keys is not None:
            # Those who wait judge by what is on disk: not before this is.
            ended = asyncio.get_running_loop().create_future()
            ended.add_done_callback(partial(self._tell_all, keys))
            batch.waiting.append(ended)

    def _tell_all(self, keys: Collection[str], _: asyncio.Future[None]) -> None:
        for key in keys:
            self.tell(key)

    def tell(self, key: str) -> None:
        """Have the runs that wait for the key look again."""
        waiting = self._waiting.pop(key, None)
        if waiting:
            self._wake(waiting)

    def _note(self, key: str, seq: int, run_id: str, path: str, state: str, text: str) -> Batch:
        batch = self._journal.filling()
        result = None if text == "null" else store_text(text, batch.blobs)
        batch.claims.append((STEP_SCOPE, to_column(key), None, seq, path, state, result, None))
        self._remember(key, _Flying(state, run_id, path, text, batch))
        return batch

    def _remember(self, key: str, flying: _Flying) -> None:
        """Keep what is on its way to disk; forget what is there, unless somebody looks now."""
        self._flying[key] = flying
        self._order.append((key, flying.batch))
        for _ in range(len(self._order)):
            if not self._order[0][1].is_committed:
                return
            other, batch = self._order.popleft()
            known = self._flying.get(other)
            if other in self._asked:
                self._order.append((other, batch))
            elif known is not None and known.batch is batch:
                del self._flying[other]


def _judge_doubt(run: str | None, path: str | None, step: Asking) -> Held | None:
    """Say whether a step may act although another one may have done the same."""
    if step.may_repeat or step.is_settled:
        return None
    return Held(state="doubtful", run=run, path=path)


def _judge_flying(flying: _Flying, step: Asking) -> Held | None:
    if flying.state == FREE or (flying.run, flying.path) == (step.run.id, step.path):
        return None
    if flying.state == "done":
        return Held(state="done", run=flying.run, path=flying.path, text=flying.text)
    state: Literal["busy", "doubtful"] = "doubtful" if flying.state == "doubtful" else "busy"
    return Held(state=state, run=flying.run, path=flying.path)

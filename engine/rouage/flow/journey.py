"""One run on its way: what its steps share, and what ends it from inside."""

import asyncio
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from rouage.durable.port import RunContext
from rouage.errors import StepError
from rouage.flow.place import Place
from rouage.flow.plan import Plan, Scope
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.run import StepRecord
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.sdk.quantities import write_duration

LONGEST_SECONDS: Final = 3_200_000_000.0
"""A hundred years: nothing waits longer, and the calendar has room for it."""

SETTLED: Final = frozenset({"done", "failed", "skipped"})
"""The states of a step that is over."""

OUT_OF_TIME: Final = Text(
    "it took longer than {limit}, the time limit of the run or of a block",
    "la durée a dépassé {limit}, la limite de l’exécution ou d’un bloc",
)


class StopRun(Exception):  # noqa: N818 - the recipe said so
    """The recipe asked to stop here, with a result."""

    def __init__(self, result: str, text: str | None, outputs: JSON) -> None:
        self.result = result
        self.text = text
        self.outputs = outputs
        super().__init__(text or result)


class Refused(Exception):  # noqa: N818 - a human's decision
    """A person, or the end of the time given to people, said no: the run ends cancelled."""

    def __init__(self, reason: dict[str, JSON]) -> None:
        self.reason = reason
        super().__init__("refused")


class BranchCut(Exception):  # noqa: N818 - what another branch decided
    """Another branch made this one needless; it stops at its next step."""


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """A time limit that runs: the instant, the same on the monotonic clock, and its length."""

    instant: datetime
    monotonic: float
    seconds: float


class OutOfTime(StepError):  # noqa: N818 - a state, told by its name
    """The run or a block took longer than its `timeout`; `limit` says which."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        super().__init__(OUT_OF_TIME, limit=write_duration(limit.seconds))

    def record(self) -> dict[str, Any]:
        """Return the error as JSON data: to recipes, every `timeout` is of one kind."""
        return {**super().record(), "kind": "StepTimeout"}


@dataclass(slots=True)
class Journey:
    """One run on its way, or one branch of it. `vars` and `steps` grow in `scope`.

    `approved` holds the hashes of files that people were shown when they said yes, `parked`
    the waits at which branches gave up for now: path and word of each. `kept` holds, inside a
    block that may be tried again, the results of this execution by path; `heard` the events
    that were waited for: none is taken for another turn of a loop. `is_past` says that all this
    is over: only what is on record is taken over. `questions` keeps branches that come to one
    question of the run from wording it twice.
    """

    plan: Plan
    context: RunContext
    scope: Scope
    services: Services
    limit: Limit | None = None
    place: Place | None = None
    cuts: tuple[asyncio.Event, ...] = ()
    approved: dict[str, str] = field(default_factory=dict)
    parked: list[tuple[str, str]] = field(default_factory=list)
    kept: dict[str, JSON] | None = None
    heard: set[str] = field(default_factory=set)
    is_past: bool = False
    questions: dict[str, asyncio.Lock] = field(default_factory=dict)

    def path_of(self, step: str) -> str:
        """Return where the step with the static path *step* stands in this run."""
        return step if self.place is None else self.place.of(step)

    def done(self, path: str) -> StepRecord | None:
        """Return the record of a step that is done, with its result."""
        known = self.context.recorded(path)
        if known is None or known.state != "done":
            return None
        if self.kept is not None and path in self.kept:
            # The engine need not have a large result of this execution at hand.
            return replace(known, result=self.kept[path])
        return known

    def seconds_left(self) -> float | None:
        """Return what the nearest time limit leaves, or None without one."""
        if self.limit is None:
            return None
        return max(0.0, self.limit.monotonic - self.services.clock.monotonic_seconds())

    def check(self, path: str, *earlier: str) -> None:
        """Return when the step at *path* may be taken; one that is over always may.

        *earlier* is where it stood in earlier attempts, whose results it keeps.

        Raises:
            OutOfTime: a time limit is over.
            BranchCut: another branch ended this one.
        """
        is_cut = self.is_past or any(cut.is_set() for cut in self.cuts)
        is_late = self.limit is not None and self.services.clock.now() >= self.limit.instant
        if not is_cut and not is_late:
            return
        known = self.context.recorded(path)
        if known is not None and known.state in SETTLED:
            return
        if any(self.done(before) is not None for before in earlier):
            return
        if is_cut:
            raise BranchCut
        assert self.limit is not None  # noqa: S101 - it is late
        raise OutOfTime(self.limit)

    def inside(
        self,
        place: Place,
        *,
        scope: Scope | None = None,
        limit: Limit | None = None,
    ) -> "Journey":
        """Return the same run, inside a block."""
        return Journey(
            self.plan,
            self.context,
            self.scope if scope is None else scope,
            self.services,
            limit or self.limit,
            place,
            self.cuts,
            self.approved,
            self.parked,
            self.kept,
            self.heard,
            self.is_past,
            self.questions,
        )

    def branch(self, place: Place, scope: Scope, cut: asyncio.Event) -> "Journey":
        """Return one branch of the run, which ends when *cut* is set."""
        branch = self.inside(place, scope=scope)
        branch.cuts = (*self.cuts, cut)
        return branch

    def limit_from(self, started: datetime, seconds: float) -> Limit:
        """Return the limit of *seconds* since *started*, or the present one if that is nearer."""
        spent = (self.services.clock.now() - started).total_seconds()
        left = seconds - max(0.0, spent)
        own = Limit(
            started + timedelta(seconds=min(seconds, LONGEST_SECONDS)),
            self.services.clock.monotonic_seconds() + left,
            seconds,
        )
        return own if self.limit is None or own.instant < self.limit.instant else self.limit

    def wake_by(self, path: str, limit: Limit) -> None:
        """Have the run looked at when *limit* is over, unless that was: then nothing is left."""
        if limit.instant > self.services.clock.now():
            self.context.wake_by(path, limit.instant)

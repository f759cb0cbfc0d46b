"""`parallel`: several branches of one run at once."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from rouage.durable.port import RunParked, StepFailed
from rouage.errors import StepError
from rouage.flow.blocks import (
    Conditions,
    Walk,
    give_up,
    outcome_of,
    own_scope,
    own_steps,
    record,
    remember,
    restore,
)
from rouage.flow.journey import BranchCut, Journey, OutOfTime, Refused, StopRun
from rouage.flow.loops import all_of
from rouage.flow.place import Place
from rouage.flow.plan import StepPlan
from rouage.records import dataclass
from rouage.sdk.json import JSON

_PREFIX: Final = "parallel.branches."

_State = Literal["running", "done", "parked", "cut", "failed", "ended"]


@dataclass(slots=True)
class _Branch:
    """One branch: its journey, and how it stands. `ended`: it ends all that is around it."""

    name: str
    steps: tuple[StepPlan, ...]
    journey: Journey
    before: Mapping[str, Any]
    state: _State = "running"
    end: Exception | None = None
    order: int = 0


async def parallel(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Take all branches at once; one that must wait does not hold up the others."""
    known = outcome_of(journey, place)
    if known is not None:
        restore(journey, known)
        result: Any = known.result
        for results in result["branches"].values():
            journey.scope["steps"].update(results)
        return known.result
    run = _Parallel(journey, step, place, walk, step.parameters.render(journey.scope))
    await run.work()
    return await run.join(conditions)


class _Parallel:
    """The branches of one `parallel`, until each is over, waits, or was cut."""

    def __init__(
        self,
        journey: Journey,
        step: StepPlan,
        place: Place,
        walk: Walk,
        given: Mapping[str, Any],
    ) -> None:
        self._journey = journey
        self._place = place
        self._walk = walk
        self._is_any = given.get("join", "all") == "any"
        self._over = 0
        self._cut = asyncio.Event()
        self._before = dict(journey.scope["vars"])
        self._branches = list(self._make(step, given.get("order", [])))

    def _make(self, step: StepPlan, order: list[str]) -> Iterator[_Branch]:
        names = [key.removeprefix(_PREFIX) for key in step.body]
        for name in sorted(names, key=lambda one: order.index(one) if one in order else -1):
            scope = own_scope(self._journey)
            inside = self._journey.branch(self._place, scope, self._cut)
            yield _Branch(name, step.body[_PREFIX + name], inside, dict(scope["steps"]))

    async def work(self) -> None:
        """Take the branches until each is over, waits, or was cut."""
        await all_of([asyncio.ensure_future(self._take(branch)) for branch in self._branches])

    async def _take(self, branch: _Branch) -> None:
        try:
            await self._walk(branch.journey, branch.steps)
            branch.state = "done"
        except RunParked:
            branch.state = "parked"
        except BranchCut:
            branch.state = "cut"
        except (StopRun, Refused, OutOfTime) as end:
            branch.state, branch.end = "ended", end
        except (StepFailed, StepError) as end:
            branch.state, branch.end = "failed", end
        self._over += 1
        branch.order = self._over
        if branch.state == ("done" if self._is_any else "failed") or branch.state == "ended":
            self._cut.set()

    async def join(self, conditions: Conditions) -> JSON:
        """Return what came of the branches, recorded.

        Raises:
            RunParked: one of them waits, and is needed.
        """
        ended = self._first("ended")
        if ended is not None and ended.end is not None:
            raise ended.end
        first = self._first("done")
        if not self._is_any or first is None:
            self._raise()
        counted = [first] if self._is_any and first is not None else self._branches
        branches: dict[str, JSON] = {}
        for branch in counted:
            own: dict[str, JSON] = own_steps(branch.journey.scope, branch.before)
            branches[branch.name] = own
            self._journey.scope["steps"].update(own)
            self._take_over(branch)
        await remember(self._journey, self._place, self._before)
        result: JSON = {"first": None if first is None else first.name, "branches": branches}
        shown: JSON = {"join": "any" if self._is_any else "all"}
        path = self._place.path
        result = await record(
            self._journey, path, "parallel", result, parameters=shown, conditions=conditions
        )
        give_up(self._journey, path)
        return result

    def _first(self, state: _State) -> _Branch | None:
        found = [branch for branch in self._branches if branch.state == state]
        return min(found, key=lambda branch: branch.order, default=None)

    def _raise(self) -> None:
        """Raise what keeps the join from being done: with `any`, all that did not fail."""
        failed, states = self._first("failed"), {branch.state for branch in self._branches}
        is_lost = states == {"failed"} if self._is_any else True
        if failed is not None and failed.end is not None and is_lost:
            raise failed.end
        if "parked" in states:
            raise RunParked
        if "cut" in states:
            raise BranchCut

    def _take_over(self, branch: _Branch) -> None:
        own, before = branch.journey.scope["vars"], self._before
        self._journey.scope["vars"].update(
            {name: value for name, value in own.items() if before.get(name) is not value}
        )

"""`for_each` and `repeat`: the same steps, again for every item or turn."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import timedelta
from typing import Any, Final

from rouage.durable.port import RunParked, StepFailed
from rouage.durable.values import encode
from rouage.errors import StepError
from rouage.expressions import Condition, mask, reveal
from rouage.flow.blocks import (
    Conditions,
    InnerFailure,
    Walk,
    outcome_of,
    own_scope,
    own_steps,
    record,
    remember,
    restore,
)
from rouage.flow.journey import BranchCut, Journey, OutOfTime, Refused, StopRun
from rouage.flow.place import Place
from rouage.flow.plan import Scope, StepPlan
from rouage.flow.waits import read_duration
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.sdk.limits import MOST_RESULT_BYTES

MOST_ITEMS: Final = 10_000
_MOST_TURNS: Final = 1_000
_TURN: Final = 100
_MOST_CHARACTERS: Final = MOST_RESULT_BYTES // 2
"""Longer results of the items are left out of the result of the loop."""

_CLOCK: Final = re.compile(r"\b(?:now|today)\b")

_NO_LIST: Final = Text(
    "for_each goes through a list; `in` gave {found}",
    "for_each parcourt une liste ; `in` a donné {found}",
)
_TOO_MANY: Final = Text(
    "for_each takes at most {limit} items; this list has {count}",
    "for_each prend au plus {limit} éléments ; cette liste en a {count}",
)
_FAILED: Final = Text(
    "{failed} of {count} items failed; the first: {first}",
    "{failed} éléments sur {count} ont échoué ; le premier : {first}",
)
_ENDLESS: Final = Text(
    "repeat stopped after {max} turns, which is its max",
    "repeat s’est arrêté après {max} tours, qui est son max",
)
_NO_COUNT: Final = Text(
    "repeat: `{name}` must be a whole number, not {found}",
    "repeat : `{name}` doit être un nombre entier, pas {found}",
)
_KINDS: Final = (
    (type(None), Text("nothing", "rien")),
    (bool, Text("true or false", "vrai ou faux")),
    ((int, float), Text("a number", "un nombre")),
    (str, Text("a text", "un texte")),
    (dict, Text("names with values", "des noms avec des valeurs")),
    (list, Text("a list", "une liste")),
)


def _kind_of(value: Any) -> Text:
    """Return what a sentence calls *value*."""
    return next((text for kind, text in _KINDS if isinstance(value, kind)), Text("?", "?"))


@dataclass(slots=True)
class _Outcome:
    """What came of the items; `results` and `variables` by number."""

    results: dict[int, JSON] = field(default_factory=dict)
    variables: dict[int, dict[str, Any]] = field(default_factory=dict)
    failed: list[tuple[int, JSON]] = field(default_factory=list)
    end: Exception | None = None
    is_parked: bool = False


async def for_each(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Do the steps inside for every item; each item has its own record."""
    known = outcome_of(journey, place)
    if known is not None:
        restore(journey, known)
        return known.result
    given = step.parameters.render(journey.scope)
    items = await _items(journey, step, place, given["in"])
    loop = _Loop(journey, step, place, walk, items, given)
    outcome = await loop.run()
    if outcome.end is not None:
        raise outcome.end
    how = given.get("on_item_error", "stop")
    if outcome.failed and how == "stop":
        raise _failure(outcome, len(items), how)
    if outcome.is_parked:
        raise RunParked
    _keep_variables(journey, loop.before, outcome)
    if outcome.failed and how == "collect":
        raise _failure(outcome, len(items), how)
    await remember(journey, place, loop.before)
    return await record(
        journey,
        place.path,
        "for_each",
        _result(items, outcome),
        parameters={"as": loop.name, "count": len(items)},
        conditions=conditions,
    )


async def _items(journey: Journey, step: StepPlan, place: Place, value: Any) -> list[Any]:
    """Return the list, which a restart must find as it was.

    All that expressions see is recorded, save the clock: a list that depends on it is
    recorded too.
    """
    known = journey.done(f"{place.path}:in")
    if known is not None:
        value = known.result
    if not isinstance(value, list):
        raise StepError(_NO_LIST, found=_kind_of(value))
    if len(value) > MOST_ITEMS:
        raise StepError(_TOO_MANY, limit=MOST_ITEMS, count=len(value))
    if known is None and _CLOCK.search(step.templates.get("/in", "")):
        await record(journey, f"{place.path}:in", "in", mask(value))
    return value


def _result(items: list[Any], outcome: _Outcome) -> JSON:
    failed: list[JSON] = [
        {"index": number + 1, "item": mask(items[number]), "error": error}
        for number, error in sorted(outcome.failed, key=lambda one: one[0])
    ]
    results: list[JSON] = [outcome.results.get(number) for number in range(len(items))]
    if len(encode(results)) > _MOST_CHARACTERS:
        results = [None] * len(items)
    if len(encode(failed)) > _MOST_CHARACTERS:
        failed = [{"index": one["index"], "item": None, "error": one["error"]} for one in failed]  # type: ignore[index, call-overload] # made above
    return {
        "count": len(items),
        "succeeded": len(items) - len(failed),
        "failed": failed,
        "results": results,
    }


def _failure(outcome: _Outcome, count: int, how: str) -> StepError:
    _, error = min(outcome.failed, key=lambda one: one[0])
    if how == "stop":
        return InnerFailure(error)
    message: Any = error.get("message") if isinstance(error, dict) else None
    first = Text(**message) if isinstance(message, dict) else Text("?", "?")
    return StepError(_FAILED, failed=len(outcome.failed), count=count, first=first)


class _Loop:
    """The items of one loop, so many of them at once as it says."""

    def __init__(
        self,
        journey: Journey,
        step: StepPlan,
        place: Place,
        walk: Walk,
        items: list[Any],
        given: Mapping[str, Any],
    ) -> None:
        self._journey = journey
        self._steps = step.body["for_each.do"]
        self._place = place
        self._walk = walk
        self._items = items
        self._width = int(given.get("max_parallel", 1))
        self._is_strict = given.get("on_item_error", "stop") == "stop"
        self._outcome = _Outcome()
        self.name = str(given.get("as", "item"))
        self.before = dict(journey.scope["vars"])

    async def run(self) -> _Outcome:
        numbers = iter(range(len(self._items)))
        if self._width <= 1:
            await self._work(numbers)
            return self._outcome
        width = min(self._width, len(self._items))
        await all_of([asyncio.ensure_future(self._work(numbers)) for _ in range(width)])
        return self._outcome

    async def _work(self, numbers: Iterator[int]) -> None:
        """Take items until none is left, one parks (it keeps its place), or one must stop all."""
        for number in numbers:
            if self._outcome.end is not None or (self._is_strict and self._outcome.failed):
                return
            if number % _TURN == 0:
                # What is on record is walked without a pause: other runs want their turn.
                await asyncio.sleep(0)
            try:
                await self._take(number)
            except RunParked:
                self._outcome.is_parked = True
                return
            except (StopRun, Refused, BranchCut, OutOfTime) as end:
                # The others come to the end of their step first: nothing is cut in the middle.
                self._outcome.end = end
                return
            except StepFailed as failure:
                error = InnerFailure(failure.error, failure.step)
                self._outcome.failed.append((number, error.record()))
            except StepError as error:
                self._outcome.failed.append((number, error.record()))

    async def _take(self, number: int) -> None:
        """Do the steps for one item; alone, it shares the variables of the run."""
        loop = {
            "index": number + 1,
            "first": number == 0,
            "last": number + 1 == len(self._items),
            "count": len(self._items),
        }
        scope = own_scope(self._journey, **{self.name: self._items[number], "loop": loop})
        if self._width <= 1:
            scope["vars"] = self._journey.scope["vars"]
        before = dict(scope["steps"])
        inside = self._journey.inside(self._place.item(number), scope=scope)
        try:
            await self._walk(inside, self._steps)
        finally:
            if self._width > 1:
                self._outcome.variables[number] = scope["vars"]
        self._outcome.results[number] = own_steps(scope, before)


def _keep_variables(journey: Journey, before: Mapping[str, Any], outcome: _Outcome) -> None:
    """Take over, in the order of the items, what they set."""
    for number in sorted(outcome.variables):
        own = outcome.variables[number]
        journey.scope["vars"].update(
            {name: value for name, value in own.items() if before.get(name) is not value}
        )


async def all_of(tasks: "Sequence[asyncio.Future[None]]") -> None:
    """Wait for all *tasks*; a cancel reaches each of them, and so does an error of ours."""
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def repeat(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Do the steps inside again and again; whether to go on is decided and recorded each turn."""
    known = outcome_of(journey, place)
    if known is not None:
        restore(journey, known)
        return known.result
    given = step.parameters.render(journey.scope)
    before = dict(journey.scope["vars"])
    turns = _Turns(journey, step, place, given)
    while await turns.go_on():
        await walk(turns.inside(), step.body["repeat.do"])
        await turns.end()
    await remember(journey, place, before)
    result: JSON = {"count": turns.number}
    shown: JSON = mask(given)
    return await record(
        journey, place.path, "repeat", result, parameters=shown, conditions=conditions
    )


class _Turns:
    """The turns of one `repeat`."""

    def __init__(
        self, journey: Journey, step: StepPlan, place: Place, given: Mapping[str, Any]
    ) -> None:
        self._journey = journey
        self._place = place
        self._while: Condition | None
        self._until: Condition | None
        self._while, self._until = step.parts
        self._times = _count("times", given["times"]) if "times" in given else None
        least = max(_MOST_TURNS, min(self._times or 0, MOST_ITEMS))
        self._most = _count("max", given.get("max", least))
        pause = given.get("wait")
        self._pause = None if pause is None else read_duration("repeat", pause)
        self._scope: Scope = {}
        self.number = 0
        self._is_over = False

    async def go_on(self) -> bool:
        """Say whether there is another turn.

        Raises:
            StepError: there were too many.
        """
        if self._is_over or (self._times is not None and self.number >= self._times):
            return False
        if self._while is not None and not await self._decide(self._while, "while"):
            return False
        if self.number >= self._most:
            raise StepError(_ENDLESS, max=self._most)
        if self.number and self._pause and not self._had_turn():
            pause = f"{self._at().path}:pause"
            self._journey.check(pause)
            wake = self._journey.services.clock.now() + timedelta(seconds=self._pause)
            await self._journey.context.sleep_until(pause, wake)
        return True

    def _had_turn(self) -> bool:
        """Say whether the present turn was come to in an earlier attempt."""
        return any(self._journey.done(f"{path}:pause") for path in self._at().earlier)

    def inside(self) -> Journey:
        """Return the journey of the present turn."""
        self._scope = {**self._journey.scope, "loop": self._loop()}
        self._scope["steps"] = dict(self._journey.scope["steps"])
        return self._journey.inside(self._at(), scope=self._scope)

    async def end(self) -> None:
        """End the present turn, and see whether it was the last."""
        if self._until is not None:
            self._is_over = await self._decide(self._until, "until", self._scope)
        self.number += 1

    async def _decide(self, condition: Condition, word: str, scope: Scope | None = None) -> bool:
        """Return what was decided about the present turn, in this attempt or an earlier one."""
        at = self._at()
        for path in (at.path, *at.earlier):
            known = self._journey.done(f"{path}:{word}")
            if known is not None:
                return bool(known.result)
        shown = scope or {**self._journey.scope, "loop": self._loop()}
        holds, seen = condition.explain(shown)
        await record(self._journey, f"{at.path}:{word}", word, holds, conditions=(seen,))
        return bool(holds)

    def _loop(self) -> dict[str, Any]:
        return {"index": self.number + 1, "first": self.number == 0, "last": None}

    def _at(self) -> Place:
        return self._place.item(self.number)


def _count(name: str, value: Any) -> int:
    plain = reveal(value)
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise StepError(_NO_COUNT, name=name, found=_kind_of(plain))
    return max(0, plain)

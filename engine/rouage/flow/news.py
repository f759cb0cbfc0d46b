"""How runs go, for triggers that follow them: hints while it happens, the journal for the rest."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, cast

from rouage.durable.port import Reader, RunFilter
from rouage.model.run import FINAL_STATES, RunRecord, RunState, WaitRecord
from rouage.sdk.chain import RunNews

APPROVAL: Final = "approval_waiting"
"""The state of a run that waits for a person, as followers ask for it."""

_PAGE: Final = 200

Hint = tuple[str, str]
"""A run, and the state it came to."""


def approval_key(run_id: str, path: str) -> str:
    """Return the identity of a question that a run asks people."""
    return f"{run_id} approval {path}"


class News:
    """What one follower has not read yet; too many hints become one order to read the journal."""

    def __init__(
        self, recipes: frozenset[str] | None, states: frozenset[str], *, most: int
    ) -> None:
        self.must_read_all = True
        self._recipes = recipes
        self._states = states
        self._most = most
        self._hints: deque[Hint] = deque()
        self._bell = asyncio.Event()

    def hint(self, run_id: str, recipe: str, state: RunState) -> None:
        """Note a run that came to *state*, if it is of those that are followed."""
        wanted = APPROVAL if state == "waiting" else state
        if wanted not in self._states or (
            self._recipes is not None and recipe not in self._recipes
        ):
            return
        if len(self._hints) >= self._most:
            self._hints.clear()
            self.must_read_all = True
        else:
            self._hints.append((run_id, wanted))
        self._bell.set()

    async def take(self, most: int) -> list[Hint]:
        """Return the next hints, as soon as there are any; none when all must be read."""
        while not self._hints and not self.must_read_all:
            self._bell.clear()
            await self._bell.wait()
        count = min(most, len(self._hints))
        return [self._hints.popleft() for _ in range(count)]


def is_about(news: RunNews, recipes: frozenset[str] | None, states: frozenset[str]) -> bool:
    """Say whether *news* is what a follower asked for: a run may have gone on since the hint."""
    return news.state in states and (recipes is None or news.recipe in recipes)


async def read_run(reader: Reader, run_id: str, state: str) -> list[RunNews]:
    """Return what the journal says of one run that came to *state*."""
    page = await reader.list_runs(RunFilter(run_id=run_id), limit=1)
    if not page.runs:
        return []
    run = page.runs[0]
    if state == APPROVAL:
        waits = await reader.list_waits(kinds=frozenset({"approval"}), run_id=run_id)
        return [_of_wait(wait, run) for wait in waits]
    if state == "needs_attention":
        return await _doubts(reader, run)
    return [_of_run(run)]


async def read_past(
    reader: Reader,
    recipes: frozenset[str] | None,
    states: frozenset[str],
    since: datetime,
    at_once: int,
) -> AsyncIterator[tuple[RunNews, ...]]:
    """Yield what happened since *since*, in portions; some of it may be known already."""
    found = await _ended(reader, recipes, states & FINAL_STATES, since)
    if "needs_attention" in states:
        for run in await _runs(reader, None, frozenset({"needs_attention"}), None):
            found += await _doubts(reader, run)
    if APPROVAL in states:
        found += await _approvals(reader, since)
    chosen = [one for one in found if recipes is None or one.recipe in recipes]
    chosen.sort(key=lambda one: one.time)  # stable: of one instant, the first first
    for start in range(0, len(chosen), at_once):
        yield tuple(chosen[start : start + at_once])


async def _ended(
    reader: Reader, recipes: frozenset[str] | None, states: frozenset[str], since: datetime
) -> list[RunNews]:
    wanted = cast("frozenset[RunState]", states)
    if not wanted:
        return []
    names: tuple[str | None, ...] = (None,) if recipes is None else tuple(sorted(recipes))
    return [_of_run(run) for name in names for run in await _runs(reader, name, wanted, since)]


async def _runs(
    reader: Reader, recipe: str | None, states: frozenset[RunState], since: datetime | None
) -> list[RunRecord]:
    chosen, cursor = RunFilter(recipe=recipe, states=states, ended_since=since), None
    found: list[RunRecord] = []
    while True:
        page = await reader.list_runs(chosen, cursor=cursor, limit=_PAGE)
        found += page.runs
        cursor = page.cursor
        if cursor is None:
            return found[::-1]


async def _doubts(reader: Reader, run: RunRecord) -> list[RunNews]:
    """Return one news for each doubt of a run; a second doubt at one step is another."""
    whole = await reader.get_run(run.id)
    steps = [] if whole is None else [one for one in whole.steps if one.state == "in_doubt"]
    return [
        RunNews(
            key=f"{run.id} doubt {step.path} {step.attempts}",
            run=run.id,
            recipe=run.recipe,
            state="needs_attention",
            time=step.started or run.created,
            trail=(*run.trail, run.recipe),
            reason=run.reason,
            path=step.path,
        )
        for step in steps
    ]


async def _approvals(reader: Reader, since: datetime) -> list[RunNews]:
    waits = await reader.list_waits(kinds=frozenset({"approval"}), limit=10_000)
    found: list[RunNews] = []
    for wait in waits:
        if wait.created is not None and wait.created >= since:
            found += await read_run(reader, wait.run, APPROVAL)
    return found


def _of_wait(wait: WaitRecord, run: RunRecord) -> RunNews:
    return RunNews(
        key=approval_key(run.id, wait.path),
        run=run.id,
        recipe=run.recipe,
        state=APPROVAL,
        time=wait.created or run.created,
        trail=(*run.trail, run.recipe),
        path=wait.path,
        question=wait.question,
    )


def _of_run(run: RunRecord) -> RunNews:
    return RunNews(
        key=run.id,
        run=run.id,
        recipe=run.recipe,
        state=run.state,
        time=run.ended or run.created,
        trail=(*run.trail, run.recipe),
        outputs=run.outputs,
        error=run.error,
        reason=run.reason,
    )

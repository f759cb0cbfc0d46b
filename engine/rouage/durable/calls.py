"""Recipes that call recipes: the called run is on disk before its caller waits for it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun, Parent
from rouage.durable.port import Accepted, Duplicate, RunFilter
from rouage.durable.values import NOT_JSON, encode
from rouage.errors import StepError
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.ids import run_id as make_run_id
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.sdk.json import JSON

_OWN_LANE: Final = Text(
    "the recipe {recipe} is called by a run of its own, which it would have to wait for",
    "la recette {recipe} est appelée par une exécution d’elle-même, qu’elle devrait attendre",
)

Accept = Callable[[Event, Verdict, Parent], Awaitable[Accepted | Duplicate]]

_NOT_JSON: Final = Text(
    "the inputs of {recipe} hold something that cannot be recorded",
    "les entrées de {recipe} contiennent quelque chose qui ne peut pas être enregistré",
)


class CalledRuns:
    """Start called runs, and say how they ended."""

    def __init__(self, journal: Journal, accept: Accept) -> None:
        self._journal = journal
        self._accept = accept

    async def start(
        self, run: LiveRun, path: str, event: Event, verdict: Verdict, *, is_awaited: bool
    ) -> str | None:
        """Accept *event*, and return the id of the run that it started, now or earlier.

        Returns None when the concurrency of the recipe left no place.

        Raises:
            StepError: the event is not JSON.
            JournalError: nothing was accepted, try again later.
        """
        try:
            encode(event.data)
        except NOT_JSON as error:
            raise StepError(_NOT_JSON, recipe=verdict.recipe) from error
        if is_awaited:
            await self._check_lanes(run, verdict)
        # A cancel looks for called runs once this batch, which has the new one, is on disk.
        run.batch = self._journal.filling()
        answer = await self._accept(event, verdict, (run.seq, path if is_awaited else None))
        if isinstance(answer, Accepted):
            return answer.runs[0] if answer.runs else None
        child = make_run_id(answer.first_id, verdict.recipe)
        return None if await self._find(child) is None else child

    async def _check_lanes(self, run: LiveRun, verdict: Verdict) -> None:
        """Refuse a call that would wait for a lane which its own callers hold (R13)."""
        place, name = (verdict.recipe, verdict.admission.key), verdict.recipe
        if verdict.admission.mode == "parallel" and verdict.admission.maximum != 1:
            return
        if (run.recipe, run.lane.key) == place:
            raise StepError(_OWN_LANE, recipe=name)
        above = run.parent
        while above is not None and name in run.event.trail:
            (found,) = await self._journal.reader.load([above[0]])
            if above[1] is not None and (found.run.recipe, found.run.key) == place:
                raise StepError(_OWN_LANE, recipe=name)
            above = found.parent

    async def outcome(self, run: LiveRun, child: str) -> tuple[Mapping[str, JSON] | None, bool]:
        """Return how *child* ended, None while it is open; and whether it will tell *run*."""
        record = await self._find(child)
        if record is None:
            return {"run": child, "state": "skipped", "outputs": None, "error": None}, False
        if record.state not in FINAL_STATES:
            return None, record.parent == run.id
        outcome: Mapping[str, JSON] = {
            "run": child,
            "state": record.state,
            "outputs": record.outputs,
            "error": record.error,
        }
        return outcome, False

    async def _find(self, child: str) -> RunRecord | None:
        page = await self._journal.reader.list_runs(RunFilter(run_id=child), limit=1)
        return page.runs[0] if page.runs else None

"""What the owner is told of runs: one that failed, those that wait for a decision about a doubt.

A doubt is looked for in the journal, not told by the run: however it was settled, by whom, and
whatever was stopped in between, the notice says what is so now.
"""

from collections.abc import Sequence
from typing import Final

from rouage.clock import Clock
from rouage.durable.port import Reader, RunFilter
from rouage.flow.notices import Notices
from rouage.language import Text

PERIOD_SECONDS: Final = 5.0
_MOST_RUNS: Final = 500
_KIND: Final = "needs_attention"
_DOUBT: Final = "doubt:"

_FAILED: Final = Text(
    "a run of the recipe {recipe} failed: `rouage show {run}`",
    "une exécution de la recette {recipe} a échoué : « rouage show {run} »",
)
_ONE: Final = Text(
    "nobody knows whether a step of a run of the recipe {recipe} acted: look with "
    "`rouage show {run}`, then decide with `rouage resolve {run} --done` or `--retry`",
    "on ignore si une étape d’une exécution de la recette {recipe} a agi : regardez avec "
    "« rouage show {run} », puis décidez avec « rouage resolve {run} --done » ou « --retry »",
)
_SEVERAL: Final = Text(
    "nobody knows whether a step acted in {count} runs of the recipe {recipe}: "
    "`rouage runs --state needs_attention` lists them, `rouage resolve` settles one",
    "on ignore si une étape a agi dans {count} exécutions de la recette {recipe} : "
    "« rouage runs --state needs_attention » les liste, « rouage resolve » en règle une",
)


def tell_failure(notices: Notices, recipe: str, run_id: str) -> None:
    """Tell that a run failed; the next one that succeeds solves it."""
    text = _FAILED.fill(recipe=recipe, run=run_id)
    notices.raise_(f"run:{recipe}", "run_failed", text, recipe=recipe)


def note_success(notices: Notices, recipe: str) -> None:
    """Note that a run of *recipe* succeeded."""
    notices.solve(f"run:{recipe}")


class Doubts:
    """Look for runs that need a decision, again and again: one notice for each recipe."""

    def __init__(self, reader: Reader, notices: Notices, clock: Clock) -> None:
        self._reader = reader
        self._notices = notices
        self._clock = clock
        self._told: dict[str, frozenset[str]] = {}

    async def work(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(PERIOD_SECONDS)

    async def look(self) -> None:
        """Tell what is new, and note what was settled."""
        chosen = RunFilter(states=frozenset({"needs_attention"}))
        page = await self._reader.list_runs(chosen, limit=_MOST_RUNS)
        doubtful: dict[str, list[str]] = {}
        for run in page.runs:
            doubtful.setdefault(run.recipe, []).append(run.id)
        for recipe, runs in doubtful.items():
            self._tell(recipe, runs)
        self._told = {recipe: frozenset(runs) for recipe, runs in doubtful.items()}
        for notice in self._notices.open:
            if notice.kind == _KIND and notice.recipe not in doubtful:
                self._notices.solve(notice.key)

    def _tell(self, recipe: str, runs: Sequence[str]) -> None:
        """Tell once of the same runs: neither every few seconds, nor at every start."""
        told = self._told.get(recipe)
        if told is not None and told == frozenset(runs):
            return
        text = _ONE if len(runs) == 1 else _SEVERAL
        filled = text.fill(recipe=recipe, run=runs[0], count=len(runs))
        key = f"{_DOUBT}{recipe}"
        if any(one.key == key and one.text == filled for one in self._notices.open):
            return
        self._notices.raise_(key, _KIND, filled, recipe=recipe)

"""Ask what undoing a run would do, and start the run that does it."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.durable.port import Accepted, Engine, RunFilter
from rouage.errors import StepError
from rouage.flow.plan import Plan
from rouage.flow.undo.outlook import UNDO_STEP, Outlook, look_ahead
from rouage.language import Text
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.recipe import StepUse
from rouage.model.run import FINAL_STATES, UNDO, RunRecord
from rouage.recipes.definition import canonical
from rouage.records import dataclass
from rouage.safety.world import World
from rouage.sdk.json import JSON

_MOST_UNDOS: Final = 200
_ITEM: Final = re.compile(r"\[\d+\]|#\d+")
_NOT_OVER: Final = Text(
    "the run {run} is not over yet ({state})", "l’exécution {run} n’est pas terminée ({state})"
)
_CANCEL: Final = Text(
    "end it first: rouage cancel {run}", "mettez-y fin d’abord : rouage cancel {run}"
)
_IS_UNDO: Final = Text(
    "the run {run} is itself an undo; there is nothing in it to undo",
    "l’exécution {run} est elle-même une annulation ; il n’y a rien à y annuler",
)
_REDO: Final = Text(
    "to do it again, use `rouage rerun {run}`", "pour la refaire, utilisez « rouage rerun {run} »"
)
_NO_VERSION: Final = Text(
    "the version of the recipe that the run used is not in the journal",
    "la version de la recette que l’exécution a utilisée n’est pas dans le journal",
)
_UNDER_WAY: Final = Text(
    "the run {run} is being undone already, by the run {by}",
    "l’exécution {run} est déjà en cours d’annulation, par l’exécution {by}",
)
_NO_STEP: Final = Text(
    "the run did nothing at a step “{step}”", "l’exécution n’a rien fait à une étape « {step} »"
)
_SHOW: Final = Text("`rouage show {run}` lists its steps", "« rouage show {run} » liste ses étapes")
_NAME: Final = Text("Undo {recipe}", "Annulation de {recipe}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoView:
    """What undoing a run would do, in the order of doing it, and the undos that there were."""

    run: RunRecord
    effects: Sequence[Outlook]
    undos: Sequence[RunRecord]

    def count(self, *states: str) -> int:
        """Return how many effects are in one of *states*."""
        return sum(1 for one in self.effects if one.state in states)


class Undos:
    """The way from the wish to undo a run to the run that undoes it."""

    def __init__(
        self,
        engine: Engine,
        *,
        catalog: Catalog,
        clock: Clock,
        plan_of: Callable[[bytes], Plan],
    ) -> None:
        self.catalog = catalog
        self._engine = engine
        self._clock = clock
        self._plan_of = plan_of
        self._lock = asyncio.Lock()

    async def look(self, run_id: str, step: str | None = None) -> UndoView | None:
        """Return what undoing the run, or one step of it, would do (None: no such run).

        Raises:
            StepError: it is not over, is an undo itself, or has no such step.
        """
        run = await self._engine.get_run(run_id)
        if run is None:
            return None
        if run.source.startswith(UNDO):
            raise StepError(_IS_UNDO, hint=_REDO, run=run.source.removeprefix(UNDO))
        if run.state not in FINAL_STATES:
            raise StepError(_NOT_OVER, hint=_CANCEL, run=run_id, state=run.state)
        definition = await self._engine.get_definition(run.definition)
        if definition is None:
            raise StepError(_NO_VERSION)
        plan = self._plan_of(definition)
        undos = await self.undos_of(run)
        effects = await asyncio.to_thread(
            look_ahead,
            run,
            await self._engine.list_inverses(run_id),
            catalog=self.catalog,
            world=World(plan.folders),
            undone=await self._undone(undos),
            is_wanted=_wanted(step, plan),
        )
        if step is not None and not effects:
            raise StepError(_NO_STEP, hint=_SHOW, step=step[:80], run=run_id)
        return UndoView(run=run, effects=effects, undos=undos)

    async def start(
        self, run_id: str, *, step: str | None, skips: bool, author: str
    ) -> tuple[UndoView, str | None] | None:
        """Undo the run; return what is going to be done and the id of the run that does it.

        No id: nothing can be taken back, or there are conflicts and nobody said to skip them.

        Raises:
            StepError: as `look`; or an undo of it is under way.
        """
        async with self._lock:
            view = await self.look(run_id, step)
            if view is None:
                return None
            for undo in view.undos:
                if undo.state not in FINAL_STATES:
                    raise StepError(_UNDER_WAY, run=run_id, by=undo.id)
            if not view.count("ready") or (view.count("conflict") and not skips):
                return view, None
            return view, await self._accept(view, author)

    async def undos_of(self, run: RunRecord) -> list[RunRecord]:
        """Return the runs that undid *run*, the newest first."""
        page = await self._engine.list_runs(
            RunFilter(recipe=UNDO + run.recipe, since=run.created), limit=_MOST_UNDOS
        )
        return [one for one in page.runs if one.source == UNDO + run.id]

    async def _undone(self, undos: Sequence[RunRecord]) -> frozenset[str]:
        """Return the paths of the steps that were taken back."""
        found: set[str] = set()
        for undo in undos:
            whole = await self._engine.get_run(undo.id)
            steps = () if whole is None else whole.steps
            found |= {one.path.removeprefix(UNDO_STEP) for one in steps if one.state == "done"}
        return frozenset(found)

    async def _accept(self, view: UndoView, author: str) -> str:
        recipe, run = UNDO + view.run.recipe, view.run
        # A definition like any other, so that whatever reads one can read this one too.
        definition = canonical({"id": recipe, "name": _NAME.fill(recipe=run.recipe).en, "do": []})
        digest = await self._engine.put_definition(recipe, definition)
        now = self._clock.now()
        event_id = new_event_id(now)
        left: dict[str, JSON] = {
            one.path: _reason(one) for one in view.effects if one.state == "conflict"
        }
        steps: list[JSON] = [one.path for one in view.effects if one.state == "ready"]
        data: dict[str, JSON] = {"run": run.id, "steps": steps, "left": left, "by": author}
        event = Event(id=event_id, source=UNDO + run.id, time=now, data=data, key=event_id)
        verdict = Verdict(
            recipe=recipe,
            outcome="matched",
            definition=digest,
            admission=Admission(mode="parallel"),
        )
        accepted = await self._engine.accept(event, [verdict])
        assert isinstance(accepted, Accepted)  # noqa: S101 - the key is new
        return accepted.runs[0]


def _wanted(step: str | None, plan: Plan) -> Callable[[str], bool]:
    """Return whether a path is that of the wanted *step*, by its id or path, or inside it."""
    if step is None:
        return lambda _: True
    recipe = plan.recipe
    steps = _walk((*recipe.steps, *recipe.on_error, *recipe.finally_))
    named = {step, *(one.path for one in steps if one.id == step)}

    def is_wanted(path: str) -> bool:
        # A step of a loop is meant with all its items, or by the path of one of them.
        forms = {path, _ITEM.sub("", path)}
        return any(f"{form}.".startswith(f"{one}.") for form in forms for one in named)

    return is_wanted


def _walk(steps: Iterable[StepUse]) -> Iterator[StepUse]:
    for step in steps:
        yield step
        for inner in step.body.values():
            yield from _walk(inner)
        if isinstance(step.on_error, tuple):
            yield from _walk(step.on_error)


def _reason(outlook: Outlook) -> Any:
    said = outlook.lines[0] if outlook.lines else _NO_VERSION
    return json.loads(json.dumps({"conflict": {"en": said.en, "fr": said.fr}}))

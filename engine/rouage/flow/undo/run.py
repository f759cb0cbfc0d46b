"""A run that takes back what another run did: durable and traced like any other.

Its event says which steps, in which order; each becomes a step of this run, with the same path.
What is taken back is looked at again: a change since the preview is a conflict, which leaves
that effect as it is and is told at the end.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from rouage.durable.port import (
    Attempt,
    Reader,
    RunContext,
    RunOutcome,
    RunParked,
    StepFailed,
    StepSpec,
)
from rouage.errors import StepError
from rouage.flow.lending import Lent
from rouage.flow.plan import Plan
from rouage.flow.services import Services
from rouage.flow.undo.outlook import UNDO_STEP
from rouage.language import Text
from rouage.model.run import UNDO, RunRecord
from rouage.records import dataclass
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

_MOST_TOGETHER: Final = 64
"""Effects that do not touch each other's files are taken back together, so many at a time."""
_NO_RUN: Final = Text(
    "the run {run} is not in the journal any more", "l’exécution {run} n’est plus dans le journal"
)
_NO_UNDO: Final = Text(
    "{action} cannot take anything back here", "{action} ne peut rien reprendre ici"
)
_LEFT: Final = Text(
    "{count} effect(s) could not be taken back; `rouage show {run}` says which and why",
    "{count} effet(s) n’ont pas pu être repris ; « rouage show {run} » dit lesquels et pourquoi",
)


@dataclass(frozen=True, slots=True)
class _Undone:
    """The run that is taken back, and how."""

    run: RunRecord
    plan: Plan
    inverses: Mapping[str, JSON]
    actions: Mapping[str, str]


class UndoRuns:
    """Executes the runs that undo others."""

    def __init__(
        self, reader: Reader, services: Services, plan_of: Callable[[bytes], Plan]
    ) -> None:
        self._reader = reader
        self._services = services
        self._plan_of = plan_of

    @staticmethod
    def is_meant(context: RunContext) -> bool:
        """Say whether the run is one that undoes another."""
        return context.event.source.startswith(UNDO)

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        """Take the effects back, the last one first; what was recorded is not done again."""
        del definition
        if context.cancelled is not None:
            return RunOutcome(state="cancelled", reason=context.cancelled)
        data: Any = context.event.data
        try:
            undone = await self._find(str(data["run"]))
        except StepError as error:
            return RunOutcome(state="failed", error=error.record())
        for path, reason in data["left"].items():
            place = f"{UNDO_STEP}{path}"
            if context.recorded(place) is None:
                context.skip(place, undone.actions.get(path, "?"), (reason,))
        failed = 0
        for wave in _waves(data["steps"], undone.inverses):
            failed += await self._take_together(context, undone, wave)
        outputs: JSON = {"run": undone.run.id, "taken_back": len(data["steps"]) - failed}
        if not failed:
            return RunOutcome(state="succeeded", outputs=outputs)
        left = StepError(_LEFT, count=failed, run=context.run_id)
        return RunOutcome(state="failed", error=left.record(), outputs=outputs)

    async def _find(self, run_id: str) -> _Undone:
        run = await self._reader.get_run(run_id)
        definition = None if run is None else await self._reader.get_definition(run.definition)
        if run is None or definition is None:
            raise StepError(_NO_RUN, run=run_id)
        return _Undone(
            run=run,
            plan=self._plan_of(definition),
            inverses=await self._reader.list_inverses(run_id),
            actions={step.path: step.action for step in run.steps},
        )

    async def _take_together(
        self, context: RunContext, undone: _Undone, wave: Sequence[str]
    ) -> int:
        """Take back effects that are apart from each other; return how many could not be."""
        outcomes = await asyncio.gather(
            *(self._take(context, undone, path) for path in wave), return_exceptions=True
        )
        others = [one for one in outcomes if isinstance(one, BaseException)]
        for worst in (RunParked, asyncio.CancelledError, BaseException):
            for one in others:
                if isinstance(one, worst) and not isinstance(one, StepFailed):
                    raise one
        return len(others)

    async def _take(self, context: RunContext, undone: _Undone, path: str) -> None:
        spec = StepSpec(
            action=undone.actions.get(path, "?"),
            effect="local",
            idempotent="by key",
            parameters={"step": path, "run": undone.run.id},
        )

        async def call(attempt: Attempt) -> JSON:
            return await self._apply(context, undone, spec, attempt)

        await context.step(f"{UNDO_STEP}{path}", spec, call)

    async def _apply(
        self, context: RunContext, undone: _Undone, spec: StepSpec, attempt: Attempt
    ) -> JSON:
        services, recipe = self._services, undone.run.recipe
        path = attempt.path.removeprefix(UNDO_STEP)
        action = services.catalog.actions.get(undone.actions.get(path, ""))
        inverse = undone.inverses.get(path)
        if action is None or action.undo is None or not inverse:
            raise StepError(_NO_UNDO, action=undone.actions.get(path, path))

        def note_written(written: str) -> None:
            # The recipe must not take for new what it gets back.
            services.wrote(written, (*undone.run.trail, recipe))

        told = Context(
            run_id=context.run_id,
            recipe_id=recipe,
            step=f"{UNDO_STEP}{path}",
            attempt=attempt.number,
            idempotency_key=attempt.idempotency_key,
            workspace=services.workspace,
            files=undone.plan.folders,
            timezone=undone.plan.timezone,
            clock=services.clock,
            log=services.log,
            open_http=services.open_http,
            scratch=lambda: services.scratch_of(context.run_id),
            wrote=note_written,
            accounts=Lent(services, spec),
        )
        result = await action.undo.apply(inverse, told)
        if isinstance(result, dict):
            files: Any = result.get("files", ())
            for one in files:
                note_written(str(one))
        return result


def _waves(steps: Iterable[str], inverses: Mapping[str, JSON]) -> list[list[str]]:
    """Return the steps in groups, in their order; those of a group touch different files."""
    waves: list[list[str]] = []
    files: set[str] = set()
    above: set[str] = set()
    made: set[str] = set()
    for step in steps:
        mine, folders = _touched(inverses.get(step))
        own_above = {folder for path in mine for folder in _above(path)}
        is_apart = mine.isdisjoint(files) and folders.isdisjoint(above | made)
        is_apart = is_apart and made.isdisjoint(own_above)
        if not waves or len(waves[-1]) >= _MOST_TOGETHER or not is_apart or not mine:
            waves.append([])
            files, above, made = set(), set(), set()
        waves[-1].append(step)
        files |= mine
        above |= own_above
        made |= folders
    return waves


def _touched(inverse: JSON) -> tuple[set[str], set[str]]:
    """Return the files that taking *inverse* back touches, and the folders that it removes."""
    facts: Any = inverse if isinstance(inverse, dict) else {}
    files = {str(facts["path"])} if "path" in facts else set()
    for entry in facts.get("files", ()):
        files |= {entry["path"], *([entry["to"]] if "to" in entry else [])}
    return files, set(facts.get("folders", ()))


def _above(path: str) -> Iterable[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path

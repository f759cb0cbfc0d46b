"""Actions that are played: simulated where they say how, answered, or stood in for."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from itertools import islice
from typing import Any, Final, Literal

from rouage.catalog.catalog import Catalog, Installed
from rouage.catalog.standins import stand_in
from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.rehearsal.answers import Answer, Answers, as_error
from rouage.rehearsal.clock import PassingClock, StageClock
from rouage.rehearsal.lending import Lent
from rouage.rehearsal.recalling import Recall
from rouage.rehearsal.still import NotRead, StillFolders
from rouage.rerun import static_path
from rouage.safety.paths import Access
from rouage.sdk.connector import ActionSpec
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

How = Literal["ran", "simulated", "assumed", "answered", "failed"]

_MOST_PATHS: Final = 1_000
_PATHS: Final = frozenset({"path", "folder"})
_SOURCES: Final = frozenset({"source", "sources", "attach"})

_NEEDS_ANSWER: Final = Text(
    "{action} reads from the disk, which a test does not: give the result of this step",
    "{action} lit sur le disque, ce qu’un test ne fait pas : donnez le résultat de cette étape",
)
_ANSWER_HINT: Final = Text(
    "write it under `answers`, below the name {step}",
    "écrivez-le sous « answers », au nom {step}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """One action as it was played; `values` are its parameters for what has no step record."""

    recipe: str
    run: str
    path: str
    action: str
    effect: str
    how: How
    values: JSON = None


@dataclass(kw_only=True, slots=True)
class Acting:
    """Plays the actions of all runs of one rehearsal, and notes what they would have done.

    In a test (`reads` False) nothing comes from the disk: no action is simulated, and one
    that only reads must be answered.
    """

    main: str
    clock: StageClock
    answers: Answers
    reads: bool
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    acted: list[Acted] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    recall: Recall | None = None
    given: dict[tuple[str, str], JSON] = field(default_factory=dict)
    """What each step was given, by run and path, as the journal would record it."""
    imagined: set[str] = field(default_factory=set)
    """Files that are not there, but would be: those of a sample, and what actions would make."""
    makers: dict[str, str] = field(default_factory=dict)
    """Which step would make a file, by its path."""
    missing: dict[str, None] = field(default_factory=dict)
    """Types of account that were asked for in vain."""

    def restart(self, answers: Answers, recall: Recall | None, imagined: Iterable[str]) -> None:
        """Forget what was played, for the next rehearsal of the same recipe."""
        self.answers, self.recall, self.imagined = answers, recall, set(imagined)
        self.acted, self.unanswered = [], []
        self.given.clear()
        self.makers.clear()
        self.missing.clear()

    def over(self, catalog: Catalog) -> Catalog:
        """Return *catalog* with every action played."""
        return catalog.with_actions(self._played)

    def id_of(self, recipe: str, path: str) -> str | None:
        """Return the id of the step at *path*, or None."""
        return self.ids.get(recipe, {}).get(static_path(path))

    def note_call(self, recipe: str, run: str, path: str, called: str, data: JSON) -> None:
        """Note that another recipe was called, whose answer of then is taken over."""
        self.acted.append(
            Acted(
                recipe=recipe,
                run=run,
                path=path,
                action="call",
                effect="local",
                how="answered",
                values={"recipe": called, "inputs": data},
            )
        )

    def _played(self, spec: ActionSpec, installed: Installed) -> ActionSpec:
        is_ours = installed.found == "bundled"

        async def play(params: Any, context: Context) -> JSON:
            context = dataclasses.replace(context, clock=PassingClock(self.clock))
            how: How = "failed"
            try:
                how, result = await self._play(spec, params, context, is_ours=is_ours)
            finally:
                self._note(spec, context, how)
            return result

        return dataclasses.replace(spec, run=play, simulate=None, undo=None, isolated=False)

    def _note(self, spec: ActionSpec, context: Context, how: How) -> None:
        self.acted.append(
            Acted(
                recipe=context.recipe_id,
                run=context.run_id,
                path=context.step,
                action=spec.id,
                effect=spec.effect,
                how=how,
            )
        )

    async def _play(
        self, spec: ActionSpec, params: Any, context: Context, *, is_ours: bool
    ) -> tuple[How, JSON]:
        """Return how the result came about, and the result.

        Raises:
            StepError: the action would fail, or the test says that it does.
        """
        step_id = self.id_of(context.recipe_id, context.step)
        answer = self._answer(spec, context, step_id)
        if answer is not None and answer.kind == "error":
            raise as_error(answer)
        if answer is not None:
            return "answered", answer.value
        values = _values_of(params)
        places = _places(spec, values, context)
        lent = Lent(context.accounts)
        context = dataclasses.replace(context, accounts=lent)
        try:
            how, result = await self._call(spec, params, context, step_id, is_ours=is_ours)
        except StepError:
            is_unknown = not self.imagined.isdisjoint(places) or self._lacks(lent)
            if not is_unknown:
                raise
            how, result = "assumed", None
        if how == "assumed":
            result = _absolute(spec, stand_in(spec, values), context)
            if self.recall is not None:
                result = self.recall.filled(spec.id, context.step, step_id, result)
        if spec.effect != "none":
            self._foresee(result, step_id or static_path(context.step))
        return how, result

    def _foresee(self, result: JSON, step: str) -> None:
        """Note the files that *step* would make."""
        for path in islice(_paths_in(result), _MOST_PATHS):
            self.imagined.add(path)
            self.makers[path] = step

    def _lacks(self, lent: Lent) -> bool:
        """Say whether an account was missing, which does not end a try: it comes before it."""
        if lent.missing is None or not self.reads:
            return False
        self.missing[lent.missing] = None
        return True

    def _answer(self, spec: ActionSpec, context: Context, step_id: str | None) -> Answer | None:
        """Return what was told of the step, else what it came to then when given the same."""
        told = self.answers.take(context.recipe_id, context.step, step_id, main=self.main)
        if told is not None or self.recall is None:
            return told
        return self.recall.take(spec.id, self.given.get((context.run_id, context.step)))

    async def _call(
        self, spec: ActionSpec, params: Any, context: Context, step_id: str | None, *, is_ours: bool
    ) -> tuple[How, JSON]:
        # A foreign action may do anything, whatever it declares: it is never called.
        if spec.effect == "none" and is_ours:
            return "ran", await self._run(spec, params, context, step_id)
        if spec.simulate is not None and is_ours and self.reads:
            foreseen = await spec.simulate(params, context)
            # It could be done; what would come back, nobody knows.
            return ("assumed", None) if foreseen is None else ("simulated", foreseen)
        return "assumed", None

    async def _run(
        self, spec: ActionSpec, params: Any, context: Context, step_id: str | None
    ) -> JSON:
        name = step_id or static_path(context.step)
        try:
            return await spec.run(params, context)
        except NotRead as error:
            self._leave_open(name)
            raise StepError(_NEEDS_ANSWER, hint=_ANSWER_HINT, action=spec.id, step=name) from error
        except StepError:
            if self.recall is not None:
                # It may ask somebody outside, who was asked something else then.
                self._leave_open(name)
            raise

    def _leave_open(self, name: str) -> None:
        if name not in self.unanswered:
            self.unanswered.append(name)


def _values_of(params: Any) -> dict[str, Any]:
    return {field.name: getattr(params, field.name) for field in dataclasses.fields(params)}


def _places(spec: ActionSpec, values: Mapping[str, Any], context: Context) -> set[str]:
    """Return every path that *values* name, absolute.

    Raises:
        StepError: the recipe may not touch one.
    """
    found: set[str] = set()
    for name, declared in spec.parameters.specs.items():
        if declared.format not in _PATHS or not isinstance(context.files, StillFolders):
            continue
        given = values.get(name)
        is_written = spec.effect == "local" and name not in _SOURCES
        access: Access = "write" if is_written else "read"
        for path in given if isinstance(given, list) else [given]:
            if isinstance(path, str):
                context.files.admit(path, access)
                found.add(str(context.files.resolve(path)))
    return found


def _paths_in(result: JSON) -> Iterator[str]:
    """Yield the absolute paths in what an action returned."""
    if isinstance(result, str):
        if result.startswith("/") and "\n" not in result:
            yield result
    elif isinstance(result, dict | list):
        for item in result.values() if isinstance(result, dict) else result:
            yield from _paths_in(item)


def _absolute(spec: ActionSpec, result: JSON, context: Context) -> JSON:
    """Return *result* with the path that it tells as actions tell it: absolute."""
    properties = spec.result.get("properties")
    shape = properties.get("path") if isinstance(properties, dict) else None
    if not isinstance(result, dict) or not isinstance(shape, dict):
        return result
    path = result.get("path")
    if isinstance(path, str) and path and not path.startswith("‹"):
        return {**result, "path": str(context.files.resolve(path))}
    return result

"""Bring the folder of recipes into force: at the start, on every change, and when asked to (D-3).

All is parsed and checked first; a broken file keeps its last good version, and stops no other.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from rouage.clock import Clock
from rouage.durable.port import Engine
from rouage.errors import RouageError
from rouage.flow.listen import Listener
from rouage.flow.notices import Notices
from rouage.flow.plan import make_plan
from rouage.language import Language, Text
from rouage.problem import Problem
from rouage.recipes.folder import Change, RecipeFile, RecipeFolder
from rouage.surroundings import Surroundings

logger = logging.getLogger(__name__)

RELOAD_SECONDS: Final = 1.5
SETTLING_SECONDS: Final = 0.3
"""How often the recipes are looked at: at rest, and while a change is under way (L1: 2 s)."""
_RELOAD_TRIES: Final = 20

_INVALID: Final = Text(
    "the recipe {recipe} ({file}) cannot be used as saved: `rouage check` tells what is wrong",
    "la recette {recipe} ({file}) est inutilisable telle qu’enregistrée : « rouage check » dit ce "
    "qui ne va pas",
)


_FAULT: Final = Text(
    "the recipe {recipe} cannot be brought into force: something went wrong inside ({kind}); the "
    "log tells more",
    "la recette {recipe} ne peut pas entrer en vigueur : un incident interne s’est produit "
    "({kind}) ; le journal technique en dit plus",
)


class Reloading:
    """The recipes of the workspace, and the engine and triggers that they are given to.

    `began` and `ended` are called around a reload that somebody asked for.
    """

    def __init__(
        self,
        recipes: RecipeFolder,
        *,
        engine: Engine,
        listener: Listener,
        surroundings: Surroundings,
        notices: Notices,
        clock: Clock,
        language: Language,
    ) -> None:
        self.recipes = recipes
        self.began: Callable[[], None] = lambda: None
        self.ended: Callable[[], None] = lambda: None
        self.looked_at = clock.monotonic_seconds()
        self._engine = engine
        self._listener = listener
        self._surroundings = surroundings
        self._notices = notices
        self._clock = clock
        self._language: Language = language
        self._reported: dict[str, tuple[Problem, ...]] = {}
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have the recipes looked at now. Being asked ten times at once is being asked once."""
        self._asked.set()

    async def work(self) -> None:
        """Look at the recipes again and again, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                await self._reload_now()
            else:
                await self.look()

    def _pause(self) -> float:
        return RELOAD_SECONDS if self.recipes.is_at_rest else SETTLING_SECONDS

    async def _reload_now(self) -> None:
        """Bring everything that was saved into force before saying that it is."""
        self.began()
        try:
            for _ in range(_RELOAD_TRIES):
                await self.look()
                if self.recipes.is_at_rest:
                    break
                # A file that was just written is read once it has settled.
                await asyncio.sleep(SETTLING_SECONDS)
        finally:
            self.ended()

    async def look(self) -> None:
        """Bring the folder's changes into force; one bad file never stops the rest."""
        changes = await asyncio.to_thread(self.recipes.scan, self._clock.monotonic_seconds())
        if changes:
            await asyncio.gather(*(self._apply(change) for change in changes))
            logger.info("%s recipe(s) brought into force", len(changes))
        self._report_problems()
        self.looked_at = self._clock.monotonic_seconds()

    def _report_problems(self) -> None:
        """Say once what is wrong with a recipe that was saved."""
        faulty = {file.file: file for file in self.recipes.files if file.problems}
        for name, file in faulty.items():
            if self._reported.get(name) != file.problems:
                self._report(file)
        for name in self._reported.keys() - faulty.keys():
            self._notices.solve(f"recipe:{name}")
        self._reported = {name: file.problems for name, file in faulty.items()}

    def _report(self, file: RecipeFile) -> None:
        # The words of every mistake there is, loaded with the first one.
        from rouage.analysis.render import to_json

        for problem in file.problems:
            said, start = to_json(problem, self._language), problem.range.start
            place = (file.file, start.line, start.column)
            logger.warning("%s:%s:%s %s %s", *place, problem.code, said["message"])
        key = f"recipe:{file.file}"
        if file.state in {"invalid", "last_good"}:
            text = _INVALID.fill(recipe=file.recipe_id, file=file.file)
            self._notices.raise_(key, "recipe_invalid", text, recipe=file.recipe_id)
        else:
            self._notices.solve(key)

    async def _apply(self, change: Change) -> None:
        try:
            await self._bring_into_force(change)
        except RouageError as error:
            logger.warning("recipe %s: %s", change.recipe_id, error.render("en"))
        except Exception as error:
            # A fault of ours in one recipe must not keep the others from working.
            logger.exception("recipe %s cannot be brought into force", change.recipe_id)
            text = _FAULT.fill(recipe=change.recipe_id, kind=type(error).__name__)
            key = f"force:{change.recipe_id}"
            self._notices.raise_(key, "recipe_invalid", text, recipe=change.recipe_id)
        else:
            self._notices.solve(f"force:{change.recipe_id}")

    async def _bring_into_force(self, change: Change) -> None:
        version = change.recipe or change.accepted
        if version is not None:
            await self._engine.put_definition(
                version.id, version.definition, file=change.file, source=change.source
            )
        if change.recipe is None:
            await self._listener.deactivate(change.recipe_id)
            return
        plan = make_plan(change.recipe, self._surroundings.services)
        self._surroundings.keep(plan)
        await self._listener.activate(plan)

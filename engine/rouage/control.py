"""What the API may ask of the daemon: questions about it, starts, answers, repairs."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.durable.erasure import Sought
from rouage.durable.port import Accepted, AlreadyAnswered, Engine, NoSuchRun, Reader, Recorded
from rouage.errors import StepError
from rouage.flow.answers import check_answer
from rouage.flow.corrections.listening import Corrections
from rouage.flow.gate.hold import check_change
from rouage.flow.listen import Listener
from rouage.flow.notices import Notices
from rouage.flow.pauses import Pauses
from rouage.flow.undo.start import Undos
from rouage.language import Language, Text
from rouage.model.ids import new_event_id
from rouage.model.recipe import Recipe
from rouage.model.run import RunRecord, RunState, WaitRecord
from rouage.recipes.definition import parse
from rouage.recipes.folder import RecipeFolder
from rouage.recipes.previews import Question, rows_of, schedules_of
from rouage.records import dataclass
from rouage.rerun import Version, check_whole, kept_steps
from rouage.safety.paths import Folders
from rouage.sdk.business import Business
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.settings import Settings
from rouage.web.controls import Choice, Replayed
from rouage.web.forgetting import forget_now
from rouage.web.links import Links
from rouage.web.questions import shown_files
from rouage.workers.safeguards import Safeguards

LARGEST_SHOWN: Final = 64 << 20
"""Bytes of a shown file that are handed out over the page of an approval."""

_PIECE_BYTES: Final = 1 << 20
_NO_VERSION: Final = Text(
    "the version of the recipe {recipe} that the run used is not in the journal",
    "la version de la recette {recipe} que l’exécution a utilisée n’est pas dans le journal",
)
_CANCELLED: Final = Text("cancelled by {by}", "annulée par {by}")
_CHANGED_FILE: Final = Text(
    "{path} has changed since it was shown for approval",
    "{path} a changé depuis qu’il a été montré pour approbation",
)
_CHANGED_HINT: Final = Text(
    "refuse, or put the file back as it was, then answer",
    "refusez, ou remettez le fichier comme il était, puis répondez",
)
_NOT_ACTIVE: Final = Text(
    "the recipe {recipe} has no version in force now",
    "la recette {recipe} n’a pas de version en vigueur en ce moment",
)


_NOT_INSTALLED: Final = Text(
    "the action {action} is not installed here", "l’action {action} n’est pas installée ici"
)
_NOT_OPEN: Final = Text("the daemon starts, or stops", "le service démarre, ou s’arrête")
_SICK: Final = Text(
    "{count} trigger(s) do not work as they should",
    "{count} déclencheur(s) ne marchent pas comme il faut",
)
RecipeHealth = Literal["healthy", "degraded", "broken"]


@dataclass(kw_only=True, slots=True)
class Life:
    """Where the daemon stands in its life; the daemon writes it, `Control` tells it."""

    started: datetime | None = None
    is_open: bool = False
    ports: dict[str, int] = field(default_factory=dict)


class Control:
    """The daemon as the API sees it (`rouage.web.api.Control`).

    `owner` is the person whom the workspace's own token stands for.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        recipes: RecipeFolder,
        settings: Settings,
        catalog: Catalog,
        clock: Clock,
        files: Folders,
        links: Links,
        safeguards: Safeguards,
        life: Life,
        owner: str,
        stop: Callable[[], None],
        reload: Callable[[], None],
        pauses: Pauses,
        notices: Notices,
        undos: Undos,
        corrections: Corrections,
    ) -> None:
        self.owner = owner
        self.links = links
        self._engine = engine
        self._listener = listener
        self._recipes = recipes
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._files = files
        self._safeguards = safeguards
        self._life = life
        self._stop = stop
        self._reload = reload
        self.pauses = pauses
        self.notices = notices
        self.undos = undos
        self.corrections = corrections

    @property
    def reader(self) -> Reader:
        """Return the questions that the journal answers."""
        return self._engine

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the workspace."""
        return self._settings.zone

    def now(self) -> datetime:
        """Return the present instant of the daemon's clock."""
        return self._clock.now()

    def is_ready(self) -> tuple[bool, Text | None]:
        """Say whether events are accepted, and why not."""
        health = self._engine.health()
        if health.state == "refusing":
            return False, health.reason
        if not self._life.is_open:
            return False, _NOT_OPEN
        sick = sum(ear.state == "error" for ear in self._listener.ears)
        return (False, _SICK.fill(count=sick)) if sick else (True, None)

    def status(self) -> JSON:
        """Return how the daemon, its recipes and its triggers are.

        Sentences are in both languages, for whoever answers in the reader's.
        """
        health, life, language = self._engine.health(), self._life, self._settings.language
        triggers: list[dict[str, JSON]] = list(self._listener.status())
        state, reason = health.state, health.reason
        sick = sum(one["state"] in {"error", "degraded"} for one in triggers)
        if state == "ok" and sick:
            state, reason = "degraded", _SICK.fill(count=sick)
        recipes = list(self._recipes.status(language))
        for recipe in recipes:
            recipe["health"] = self._health_of(recipe, triggers)
        status: dict[str, JSON] = {
            "state": state,
            "reason": None if reason is None else {"en": reason.en, "fr": reason.fr},
            "pid": os.getpid(),
            "started": life.started.isoformat() if life.started else None,
            "workspace": str(self._settings.workspace),
            "console_port": life.ports.get("console"),
            "hooks_port": life.ports.get("hooks"),
            "recipes": [dict(recipe) for recipe in recipes],
            "triggers": list(triggers),
            "paused": [pause.as_json() for pause in self.pauses.all],
            "notices": [notice.as_json() for notice in self.notices.open],
            "connectors_broken": [broken.name for broken in self._catalog.broken],
        }
        return self._safeguards.add_to(status)

    def _health_of(
        self, recipe: Mapping[str, Any], triggers: Sequence[Mapping[str, JSON]]
    ) -> RecipeHealth:
        """Return how a recipe is, of its file, its triggers and what the owner was told (U-1.5)."""
        states = {str(one["state"]) for one in triggers if one["recipe"] == recipe["id"]}
        if recipe["state"] == "invalid" or (states and states == {"error"}):
            return "broken"
        is_told = any(notice.recipe == recipe["id"] for notice in self.notices.open)
        is_old = recipe["state"] == "last_good"
        return "degraded" if is_told or is_old or states & {"error", "degraded"} else "healthy"

    def reload(self) -> None:
        """Have the recipes looked at now."""
        self._reload()

    async def start_run(
        self,
        recipe_id: str,
        *,
        data: JSON = None,
        inputs: Mapping[str, JSON] | None = None,
        trigger: str | None = None,
    ) -> Receipt:
        """Start a run by hand; `inputs` are its typed inputs."""
        event: dict[str, JSON] = dict(data) if isinstance(data, dict) else {}
        if inputs:
            event["inputs"] = dict(inputs)
        key = new_event_id(self._clock.now())
        return await self._listener.start_run(recipe_id, data=event, trigger=trigger, key=key)

    async def take_existing(self, recipe_id: str) -> int:
        """Process what was there before the recipe was first active; return how many files."""
        return await self._listener.take_existing(recipe_id)

    async def preview(
        self, recipe_id: str, most: int, language: Language
    ) -> Sequence[Mapping[str, JSON]] | None:
        """Return the next instants of the schedules of a recipe; None if it is not in force.

        Raises:
            StepError: the inputs that the recipe was given make a schedule impossible.
        """
        plan, settings = self._listener.plan_of(recipe_id), self._settings
        if plan is None:
            return None
        business = Business(hours=settings.business, zone=settings.zone)
        asked = Question(after=self.now(), most=most, business=business)
        recipe, inputs = plan.recipe, plan.inputs

        def look_ahead() -> Sequence[Mapping[str, JSON]]:
            zone = settings.zone
            found = schedules_of(self._catalog, recipe, asked, zone=zone, inputs=inputs)
            return rows_of(found, most, language)

        # A schedule that seldom fires takes its time to compute.
        return await asyncio.to_thread(look_ahead)

    async def cancel(self, run_id: str, author: str) -> RunState | None:
        """Ask for the end of a run."""
        reason = _CANCELLED.render(self._settings.language, {"by": author})
        return await self._engine.cancel(run_id, reason)

    async def resolve(
        self, run_id: str, choice: Choice, author: str, result: JSON = None
    ) -> RunState | None:
        """Settle a run that needs attention."""
        return await self._engine.resolve(run_id, choice, author=author, result=result)

    async def answer(
        self, wait: WaitRecord, payload: JSON, *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Give a waiting approval its answer, which is on disk when this returns.

        Raises:
            StepError: the answer does not fit the question; nothing was recorded.
        """
        question = wait.question if isinstance(wait.question, dict) else {}
        checked = check_answer(question, payload, author)
        if checked["choice"] == "approve":
            await asyncio.to_thread(self._check_files, question)
        name = wait.name or wait.path
        return await self._engine.signal(
            wait.run, name, checked, signal_id=signal_id, author=author
        )

    async def change_held(
        self, wait: WaitRecord, payload: Mapping[str, JSON], *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Cancel, edit or send what waits in the outbox; on disk when this returns.

        Raises:
            StepError: it does not fit the held call; nothing was recorded.
        """
        question = wait.question if isinstance(wait.question, dict) else {}
        action = self._catalog.actions.get(str(question.get("action")))
        if action is None:
            raise StepError(_NOT_INSTALLED, action=question.get("action"))
        checked = check_change(question, payload, action)
        return await self._engine.signal(
            wait.run, wait.name or wait.path, checked, signal_id=signal_id, author=author
        )

    async def replay(self, run_id: str, *, start: str, version: Version, author: str) -> str | None:
        """Do a finished run again from *start*; return the id of the new run (None: no run).

        Raises:
            StepError: the run is not over, there is no such step, or the recipe changed.
        """
        run = await self._engine.get_run(run_id)
        if run is None:
            return None
        check_whole(run.blanked, run.recipe)
        old = await self._version(run)
        new = old if version == "then" else await self._present(run.recipe)
        keep = kept_steps(run, old, new, start)
        return await self._engine.replay(run_id, keep=keep, definition=new.hash, author=author)

    async def replay_event(self, event_id: str, author: str) -> Replayed | None:
        """Have a stored event happen again; None when there is no such event.

        Raises:
            StepError: its recipe or its trigger is not there any more.
        """
        found = await self._engine.get_event(event_id)
        if found is None:
            return None
        check_whole(found.blanked, found.event.source.rpartition("/")[0])
        outcome, answer = await self._listener.replay(found.event, author)
        runs = answer.runs if isinstance(answer, Accepted) else ()
        identity = answer.event_id if isinstance(answer, Accepted) else answer.first_id
        return Replayed(event=identity, outcome=outcome, runs=runs)

    async def forget(self, names: Sequence[str]) -> Mapping[str, JSON]:
        """Blank all that is known of a person; return what it was."""
        return await forget_now(self._engine, self._settings.places, Sought(names))

    def _check_files(self, question: Mapping[str, Any]) -> None:
        """Refuse a yes to files that are no longer what was shown; a no is always good."""
        for file in shown_files(question):
            digest = hashlib.sha256()
            with self._files.also((file.path,)).open_read(file.path) as content:
                while piece := content.read(_PIECE_BYTES):
                    digest.update(piece)
            if digest.hexdigest() != file.sha256:
                raise StepError(_CHANGED_FILE, hint=_CHANGED_HINT, path=file.name)

    async def read_shown(self, path: str) -> bytes:
        """Return the content of a file that an approval shows.

        Raises:
            StepError: it cannot be read, or is too large to hand out.
        """
        files = self._files.also((path,))
        return await asyncio.to_thread(files.read_bytes, path, limit=LARGEST_SHOWN)

    async def shutdown(self) -> None:
        """Begin the drain."""
        self._stop()

    async def _version(self, run: RunRecord) -> Recipe:
        definition = await self._engine.get_definition(run.definition)
        if definition is None:
            raise StepError(_NO_VERSION, recipe=run.recipe)
        return parse(definition)

    async def _present(self, recipe: str) -> Recipe:
        definition = await self._engine.last_definition(recipe)
        if definition is None:
            raise StepError(_NOT_ACTIVE, recipe=recipe)
        return parse(definition)

"""The recipes of the gallery on a real journal, their actions recorded and answered as told."""

import asyncio
import dataclasses
import logging
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rouage.analysis.drafting.gallery import Template, gallery
from rouage.catalog.discovery import discover
from rouage.durable.port import RunFilter
from rouage.durable.sqlite import open_engine
from rouage.flow.match import match
from rouage.flow.plan import make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.run import FINAL_STATES
from rouage.recipes.checker import check
from rouage.rehearsal.answers import Answers
from rouage.rehearsal.cases import Case, read_cases
from rouage.rehearsal.people import replies
from rouage.rehearsal.playing import cases_beside, known_of, made_up_secrets, play
from rouage.rehearsal.samples import sample_event
from rouage.rehearsal.scene import MANUAL, Surround
from rouage.rehearsal.still import StillFolders
from rouage.rerun import static_path, steps_of
from rouage.resources import shipped
from tests.clock import ManualClock

FOLDER = shipped("recipes") / "gallery"
DEADLINE_SECONDS = 30
CATALOG = discover(entry_points=())
LANGUAGES = ("fr", "en")


def templates(language: str) -> tuple[Template, ...]:
    """Return the gallery in one language."""
    return gallery(FOLDER, language)  # type: ignore[arg-type] # one of the two


EVERY = [(language, one) for language in LANGUAGES for one in templates(language)]
NAMES = [f"{language}/{one.id}" for language, one in EVERY]


def path_of(language: str, template: Template) -> Path:
    """Return the file of a recipe."""
    return FOLDER / language / f"{template.id}.yaml"


def recipe_of(template: Template, inputs: Any = None) -> Any:
    """Return the recipe, checked, with values for its inputs."""
    given = {template.id: dict(inputs or {})}
    checked = check(
        template.source, file=f"{template.id}.yaml", catalog=CATALOG, input_values=given
    )
    assert checked.recipe is not None, [(p.code, p.range, p.facts) for p in checked.problems]
    return checked.recipe


def cases_of(language: str, template: Template) -> tuple[Case, ...]:
    """Return the tests that are shipped beside a recipe."""
    source = cases_beside(path_of(language, template)).read_bytes()
    known = known_of(recipe_of(template), CATALOG.actions)
    cases, problems = read_cases(source, file=template.id, known=known)
    assert not problems, [(p.code, p.range, p.facts) for p in problems]
    return tuple(cases)


async def played(template: Template, case: Case, workspace: Path) -> Any:
    """Return how *case* went, as `rouage test` plays it."""
    surround = Surround(
        catalog=CATALOG, workspace=workspace, timezone=ZoneInfo("UTC"), language="en"
    )
    recipe = recipe_of(template, case.inputs)
    return await play(case, recipe, surround, load=lambda _: None)


@dataclass
class Called:
    """One call of an action that acts."""

    action: str
    step: str
    key: str


@dataclass
class Desk:
    """A journal on disk, one recipe on it, and everything its actions were asked for."""

    template: Template
    case: Case
    workspace: Path
    cut_at: int | None = None
    """The number of the call that never returns: the power fails there."""
    calls: list[Called] = field(default_factory=list)
    was_cut: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.recipe = recipe_of(self.template, self.case.inputs)
        self.answers = Answers(given=self.case.answers)
        self.ids = {step.path: step.id for step in steps_of(self.recipe)}
        now = datetime.fromisoformat(self.case.now or "2026-01-15T09:00:00+01:00")
        self.clock = ManualClock(now.astimezone(UTC))

    def services(self) -> Services:
        """Return what runs meet here."""
        folders = StillFolders(workspace=self.workspace, allowed=())
        log = logging.getLogger("rouage.tests.gallery")
        return Services(
            catalog=CATALOG.with_actions(self._recorded),
            clock=self.clock,
            workspace=self.workspace,
            timezone=ZoneInfo(self.case.timezone or "Europe/Paris"),
            language="en",
            secrets=lambda: made_up_secrets(self.recipe),
            mask=lambda value: value,
            folders_of=folders.also,
            open_http=_refuse,
            scratch_of=_refuse,
            log=log,
            recipe_of=lambda _: None,
            publish=_nobody,
            notify=lambda *_, **__: None,
        )

    def _recorded(self, spec: Any, installed: Any) -> Any:
        del installed

        async def run(params: Any, context: Any) -> Any:
            if spec.effect != "none":
                self.calls.append(Called(spec.id, context.step, context.idempotency_key))
                if self.cut_at == len(self.calls):
                    self.was_cut.set()
                    await asyncio.Event().wait()
            step_id = self.ids.get(static_path(context.step))
            answer = self.answers.take(self.recipe.id, context.step, step_id, main=self.recipe.id)
            return await spec.run(params, context) if answer is None else answer.value

        return dataclasses.replace(spec, run=run, simulate=None, undo=None, isolated=False)

    def event(self, key: str) -> Event:
        """Return what happens in the case, under a key of its sender."""
        use = self.use()
        now = self.clock.now()
        data = self.case.data if self.case.has_data else None
        if data is None and use is not None:
            zone = ZoneInfo("Europe/Paris")
            data = sample_event(use, CATALOG, workspace=self.workspace, now=now, zone=zone)
        return Event(
            id=new_event_id(now),
            source=f"{self.recipe.id}/{MANUAL if use is None else use.id}",
            time=now,
            data=data if data is not None else {},
            key=key,
        )

    def use(self) -> Any:
        """Return the trigger of the case."""
        wish = self.case.trigger
        uses = self.recipe.triggers
        return next((one for one in uses if one.id == wish), uses[0] if wish is None else None)

    @asynccontextmanager
    async def at_work(self) -> Any:
        """Serve the journal until the block is left; then as if the power failed."""
        services = self.services()
        plan = make_plan(self.recipe, services)
        engine = open_engine(self.workspace / "journal.db", clock=self.clock)
        await engine.put_definition(self.recipe.id, self.recipe.definition)
        await engine.open(Interpreter(lambda _: plan, services).execute)
        try:
            yield Shift(self, engine, plan, services)
        finally:
            await engine.close(0.0)


@dataclass
class Shift:
    """The journal while it is served."""

    desk: Desk
    engine: Any
    plan: Any
    services: Services

    async def deliver(self, event: Event) -> Any:
        """Have the event matched and accepted, as a trigger does."""
        use = self.desk.use()
        trigger = None if use is None else self.plan.triggers.get(use.id)
        verdict = match(self.plan, trigger, event, self.services)
        return await self.engine.accept(event, (verdict,))

    async def finish(self) -> Any:
        """Answer what is asked, until every run is over; return the runs."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                runs = (await self.engine.list_runs(RunFilter(), limit=50)).runs
                if runs and all(run.state in {*FINAL_STATES, "needs_attention"} for run in runs):
                    return runs
                await self._answer()
                await asyncio.sleep(0.01)

    async def _answer(self) -> None:
        for wait in await self.engine.list_waits():
            if wait.kind != "approval":
                continue
            step_id = self.desk.ids.get(static_path(wait.path))
            recipe = self.desk.recipe.id
            answer = self.desk.answers.take(recipe, wait.path, step_id, main=recipe)
            for who, payload in replies(wait, answer):
                name = wait.name or wait.path
                await self.engine.signal(
                    wait.run, name, payload, signal_id=f"{who} {wait.path}", author=who
                )


@contextmanager
def _refuse(*_: Any, **__: Any) -> Iterator[None]:
    raise AssertionError("nothing is asked of the outside here")
    yield


async def _nobody(*_: Any, **__: Any) -> int:
    return 0

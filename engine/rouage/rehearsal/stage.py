"""The stage of a rehearsal: the normal interpreter, a journal in memory, and nothing outside."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn, cast

from rouage.durable.memory import memory_engine
from rouage.durable.port import Accepted, RunContext, RunFilter, RunOutcome
from rouage.errors import StepError
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.recipe import Recipe, StepUse
from rouage.model.run import FINAL_STATES, RunRecord, RunState, WaitRecord
from rouage.recipes.definition import parse
from rouage.rehearsal import notes
from rouage.rehearsal.acting import Acted, Acting
from rouage.rehearsal.answers import Answer, Answers
from rouage.rehearsal.clock import StageClock
from rouage.rehearsal.people import refuse_error, replies
from rouage.rehearsal.scene import MANUAL, Cue, Performance, Surround
from rouage.rehearsal.still import StillFolders
from rouage.rehearsal.told import Told
from rouage.rerun import steps_of
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from aiohttp import ClientSession

_MOST_MOVES: Final = 20_000
_TURNS: Final = 10
_ASKED: Final = frozenset({"approval", "event"})
_ASKED_OTHERS: Final = frozenset({"approve", "call", "wait"})
_RUNS_TOGETHER: Final = 50
_TIMED: Final = frozenset({"timer", "retry", "hold", *_ASKED})

_NO_HTTP: Final = Text("nothing is sent in a rehearsal", "rien n’est envoyé pendant une répétition")
_NO_SCRATCH: Final = Text(
    "nothing is written in a rehearsal, not even drafts",
    "rien n’est écrit pendant une répétition, pas même un brouillon",
)


async def rehearse(recipe: Recipe, cue: Cue, surround: Surround) -> Performance:
    """Return what *recipe* would do about *cue*; nothing is done.

    Raises:
        UnfitAnswer: an answer cannot be one.
        StepError: the recipe uses an action that is not installed here.
    """
    stage = Stage(recipe, cue, surround)
    try:
        return await stage.play()
    finally:
        await stage.close()


class Stage:
    """One rehearsal of one recipe."""

    def __init__(self, recipe: Recipe, cue: Cue, surround: Surround) -> None:
        self._recipe = recipe
        self._cue = cue
        self._surround = surround
        self._clock = StageClock(cue.now)
        self._acting = Acting(
            main=recipe.id,
            clock=self._clock,
            answers=Answers(given=cue.answers),
            reads=surround.reads,
            recall=cue.recall,
            imagined=set(cue.imagined),
        )
        self._engine = memory_engine(clock=self._clock)
        self._services = self._make_services()
        self._plans: dict[str, Plan] = {}
        self._in_one_line: set[str] = set()
        self._settled: dict[tuple[str, str], Answer | None] = {}
        self._open: dict[str, None] = {}
        self._states: dict[str, RunState] = {}
        self._runs = 0
        self._is_alone = _stands_alone(recipe)
        self._assumed = notes.Notes()

    async def play(self) -> Performance:
        """Match the event, do the run to its end, and return what came of it."""
        plan = self._plan_of(self._recipe)
        event = self._event(plan)
        trigger = plan.triggers.get(self._cue.trigger)
        verdict = match(plan, trigger, event, self._services)
        if not verdict.is_match:
            return Performance(event=event, verdict=verdict)
        run = await self._start(event, verdict)
        await self._drive()
        record = await self._engine.get_run(run)
        return Performance(
            event=event,
            verdict=verdict,
            run=record,
            called=await self._called(run),
            acted=tuple(self._acting.acted),
            assumed=(*map(notes.no_account, self._acting.missing), *self._assumed.all()),
            unanswered=(*self._acting.unanswered, *self._open),
            unused=self._acting.answers.unused(),
        )

    async def again(self, cue: Cue) -> Performance:
        """Rehearse another *cue* on the same stage: plans are made once for many events."""
        if not self._may_stay():
            await self._engine.close(0.0)
            self._engine, self._runs = memory_engine(clock=self._clock), 0
        self._cue = cue
        self._clock.restart(cue.now)
        self._acting.restart(Answers(given=cue.answers), cue.recall, cue.imagined)
        self._settled, self._open, self._assumed = {}, {}, notes.Notes()
        self._states.clear()
        return await self.play()

    def _may_stay(self) -> bool:
        """Say whether the next run may join the journal of those before it: it knows none of them.

        To make a journal for each takes as long as the run itself.
        """
        is_over = self._is_over() and not self._clock.is_awaited
        return is_over and self._runs < _RUNS_TOGETHER

    async def close(self) -> None:
        """End what is left of the runs."""
        await self._engine.close(0.0)

    # -- before ------------------------------------------------------------------------------

    def _event(self, plan: Plan) -> Event:
        trigger = plan.triggers.get(self._cue.trigger)
        now = self._clock.now()
        return Event(
            id=self._cue.event or new_event_id(now),
            source=f"{plan.recipe.id}/{MANUAL}" if trigger is None else trigger.source,
            time=now,
            data=self._cue.data,
            key=f"rehearsal {self._runs}",
        )

    async def _start(self, event: Event, verdict: Verdict) -> str:
        interpreter = Interpreter(self._plan_for, self._services)

        async def execute(context: RunContext, definition: bytes) -> RunOutcome:
            told = Told(context, self._acting, self._pass)
            return await interpreter.execute(cast("RunContext", told), definition)

        if not self._runs:
            for recipe in (self._recipe, *self._callable()):
                await self._engine.put_definition(recipe.id, recipe.definition)
            self._engine.on_change = self._note_state
            await self._engine.open(execute)
        self._runs += 1
        answer = await self._engine.accept(event, (verdict,))
        assert isinstance(answer, Accepted)  # noqa: S101 - the journal knows no such event
        return answer.runs[0]

    def _callable(self) -> list[Recipe]:
        if not any(step.uses == "call" for step in steps_of(self._recipe)):
            return []
        others = self._surround.recipes()
        return [one for one in others.values() if one.id != self._recipe.id]

    def _plan_for(self, definition: bytes) -> Plan:
        if definition == self._recipe.definition:
            return self._plan_of(self._recipe)
        return self._plan_of(parse(definition))

    def _plan_of(self, recipe: Recipe) -> Plan:
        plan = self._plans.get(recipe.hash)
        if plan is None:
            plan = self._plans[recipe.hash] = make_plan(recipe, self._services)
            if not any(_does_several_at_once(step) for step in steps_of(recipe)):
                self._in_one_line.add(recipe.id)
            self._acting.ids[recipe.id] = {
                step.path: step.id for step in steps_of(recipe) if step.id is not None
            }
        return plan

    def _recipe_of(self, name: str) -> Plan | None:
        if name == self._recipe.id:
            return self._plan_of(self._recipe)
        found = self._surround.recipes().get(name)
        return None if found is None else self._plan_of(found)

    def _make_services(self) -> Services:
        surround = self._surround
        folders = StillFolders(workspace=surround.workspace, allowed=surround.folders)
        folders.reads = surround.reads
        log = logging.Logger("rouage.rehearsal")  # noqa: LOG001 - one that leads nowhere
        log.addHandler(logging.NullHandler())
        return Services(
            catalog=self._acting.over(surround.catalog),
            clock=self._clock,
            workspace=surround.workspace,
            timezone=surround.timezone,
            language=surround.language,
            secrets=lambda: surround.secrets,
            mask=surround.mask,
            folders_of=folders.also,
            open_http=_no_http,
            scratch_of=_no_scratch,
            log=log,
            recipe_of=self._recipe_of,
            publish=self._publish,
            notify=_to_nobody,
            business=surround.business,
            accounts=surround.accounts,
            accounts_told=surround.accounts_told,
            foreseen=self._acting.makers.get,
        )

    async def _publish(self, name: str, data: JSON, key: str, trail: tuple[str, ...]) -> int:
        del key
        told: JSON = {"name": name} if data is None else {"name": name, "data": data}
        acted = Acted(
            recipe=trail[-1], run="", path="", action="emit", effect="local", how="ran", values=told
        )
        self._acting.acted.append(acted)
        return 0

    # -- meanwhile ---------------------------------------------------------------------------

    async def _drive(self) -> None:
        """Answer, and let time pass, until nothing is left that could go on."""
        for _ in range(_MOST_MOVES):
            for _ in range(_TURNS):
                await asyncio.sleep(0)
                if self._is_over():
                    return
                await self._engine.wait_idle()
            waits = await self._engine.list_waits()
            if not await self._answer_one(waits) and not self._let_time_pass(waits):
                return

    def _is_over(self) -> bool:
        """Say whether the run has ended, of a recipe after which nothing more can come."""
        if not self._is_alone or not self._states:
            return False
        return all(one in FINAL_STATES for one in self._states.values())

    def _note_state(self, run: str, recipe: str, state: RunState) -> None:
        del recipe
        self._states[run] = state

    async def _answer_one(self, waits: tuple[WaitRecord, ...]) -> bool:
        for wait in waits:
            place = wait.run, wait.path
            if wait.kind in _ASKED and place not in self._settled:
                answer = self._answer_of(wait)
                self._settled[place] = answer
                if answer is None and not self._cue.agrees:
                    self._open[self._name_of(wait)] = None
                elif answer is None or answer.kind != "timeout":
                    await self._reply(wait, answer)
                    return True
        return False

    def _answer_of(self, wait: WaitRecord) -> Answer | None:
        step_id = self._acting.id_of(wait.recipe, wait.path)
        return self._acting.answers.take(wait.recipe, wait.path, step_id, main=self._recipe.id)

    def _name_of(self, wait: WaitRecord) -> str:
        name = self._acting.id_of(wait.recipe, wait.path) or wait.path
        return name if wait.recipe == self._recipe.id else f"{wait.recipe}/{name}"

    async def _reply(self, wait: WaitRecord, answer: Answer | None) -> None:
        if wait.kind == "approval":
            for who, payload in replies(wait, answer):
                await self._signal(wait, payload, f"{who} {wait.path}", who)
            if answer is None:
                self._assume(wait, notes.said_yes(self._name_of(wait), wait.question))
            return
        if answer is not None and answer.kind == "error":
            raise refuse_error(wait)
        data = self._sample_of(wait) if answer is None else answer.value
        await self._signal(wait, data, f"rehearsal {wait.path}", "event")
        if answer is None:
            self._assume(wait, notes.event_came(self._name_of(wait)))

    async def _signal(self, wait: WaitRecord, payload: JSON, signal: str, author: str) -> None:
        name = wait.name or wait.path
        await self._engine.signal(wait.run, name, payload, signal_id=signal, author=author)

    def _sample_of(self, wait: WaitRecord) -> JSON:
        """Return the sample of the trigger that the step at *wait* listens to."""
        plan = next((one for one in self._plans.values() if one.recipe.id == wait.recipe), None)
        for path, trigger in {} if plan is None else plan.events.items():
            if str(wait.name).partition("@")[0].endswith(f"wait:{path}"):
                declared = self._surround.catalog.triggers.get(trigger.use.uses)
                return None if declared is None else declared.sample
        return {}

    def _let_time_pass(self, waits: tuple[WaitRecord, ...]) -> bool:
        """Move the clock to the next thing that is due; False when there is none."""
        due = [
            wait.deadline for wait in waits if wait.deadline is not None and self._may_pass(wait)
        ]
        if not due and any(self._is_silent(wait) for wait in waits):
            due = [
                one.deadline for one in waits if one.kind == "limit" and one.deadline is not None
            ]
        wanted = min(due, default=None)
        if wanted is None:
            return False
        if wanted > self._clock.now():
            self._assume_passing(wanted, waits)
        self._clock.move_to(max(wanted, self._clock.now()))
        return True

    def _may_pass(self, wait: WaitRecord) -> bool:
        """Say whether time may pass until *wait* is due: nobody is waited for, or in vain."""
        return wait.kind in _TIMED and (wait.kind not in _ASKED or self._is_silent(wait))

    def _is_silent(self, wait: WaitRecord) -> bool:
        answer = self._settled.get((wait.run, wait.path))
        return answer is not None and answer.kind == "timeout"

    def _pass(self, recipe: str, path: str, instant: datetime) -> None:
        """Move the clock to *instant* at once, where nothing else could happen before that.

        Without this each wait parks the run, which then goes through all its steps again.
        """
        if recipe in self._in_one_line and instant > self._clock.now():
            name = self._acting.id_of(recipe, path) or path
            note = notes.time_passed(name, self._clock.now(), instant)
            self._assumed.add(recipe, path, note)
            self._clock.move_to(instant)

    def _assume_passing(self, instant: datetime, waits: tuple[WaitRecord, ...]) -> None:
        for wait in waits:
            if wait.deadline == instant and wait.kind in {"timer", "retry", "hold"}:
                note = notes.time_passed(self._name_of(wait), self._clock.now(), instant)
                self._assume(wait, note)

    def _assume(self, wait: WaitRecord, note: Text) -> None:
        self._assumed.add(wait.recipe, wait.path, note)

    # -- afterwards --------------------------------------------------------------------------

    async def _called(self, run: str) -> tuple[RunRecord, ...]:
        """Return the runs that *run* called, and those that they called, with their steps."""
        found: list[RunRecord] = []
        if self._is_alone:
            return ()
        page = await self._engine.list_runs(RunFilter(parent=run), limit=500)
        for child in reversed(page.runs):
            whole = await self._engine.get_run(child.id)
            found += [whole or child, *await self._called(child.id)]
        return tuple(found)


def _stands_alone(recipe: Recipe) -> bool:
    """Say whether no run of *recipe* could notice that there was another before it."""
    return not recipe.limits and all(
        step.once is None and step.uses not in _ASKED_OTHERS for step in steps_of(recipe)
    )


def _does_several_at_once(step: StepUse) -> bool:
    given = step.parameters if isinstance(step.parameters, dict) else {}
    is_background = step.uses == "call" and given.get("background", False) is not False
    return step.uses == "parallel" or given.get("max_parallel", 1) != 1 or is_background


def _no_http() -> "ClientSession":
    raise StepError(_NO_HTTP)


def _no_scratch(run_id: str) -> NoReturn:
    del run_id
    raise StepError(_NO_SCRATCH)


def _to_nobody(kind: str, facts: Mapping[str, JSON]) -> None:
    del kind, facts

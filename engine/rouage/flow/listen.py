"""Supervise the triggers of the active recipes; journal each event, then pass it on."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from rouage.durable.port import Accepted, Duplicate, Engine
from rouage.errors import RouageError, StepError
from rouage.expressions import compile_template, reveal
from rouage.flow.match import match
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.services import Services
from rouage.language import Language, Text, as_text
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.secret import Secret
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Health, Hooks, Receipt, Trigger, TriggerContext

logger = logging.getLogger(__name__)

MANUAL: Final = "manual"
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 300.0
_CALM_SECONDS: Final = 60.0
_START_SECONDS: Final = 5.0
_SECRET: Final = re.compile(r"\bsecrets\.(\w+)")

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]

_NO_RECIPE: Final = Text(
    "no active recipe is called “{recipe}”", "aucune recette active ne s’appelle « {recipe} »"
)
_CRASHED: Final = Text(
    "the trigger stopped unexpectedly ({kind}); it is started again",
    "le déclencheur s’est arrêté de façon inattendue ({kind}) ; il est relancé",
)


@dataclass(slots=True)
class _Ear:
    """One trigger that listens: its plan (swapped at reload), its task, how it is."""

    plan: Plan
    trigger: TriggerPlan
    task: "asyncio.Task[None] | None" = None
    instance: Trigger[Any] | None = None
    state: Health = "starting"
    reason: Text | None = None
    events: int = 0
    restarts: int = 0
    last_event: datetime | None = None


@dataclass(slots=True)
class _Active:
    plan: Plan
    ears: dict[str, _Ear] = field(default_factory=dict)


class Listener:
    """The active recipes and their triggers.

    `spawn` starts a task that the daemon owns and awaits; triggers never end the daemon.
    """

    def __init__(self, *, engine: Engine, services: Services, hooks: Hooks, spawn: Spawn) -> None:
        self._engine = engine
        self._services = services
        self._hooks = hooks
        self._spawn = spawn
        self._active: dict[str, _Active] = {}

    @property
    def recipes(self) -> Mapping[str, Plan]:
        """Return the plans of the active recipes by id."""
        return {recipe: active.plan for recipe, active in self._active.items()}

    async def activate(self, plan: Plan) -> None:
        """Make *plan* the version that new events meet; unchanged triggers go on undisturbed."""
        recipe = plan.recipe
        active = self._active.get(recipe.id)
        if active is None:
            active = self._active[recipe.id] = _Active(plan)
        wanted = {use.id: use for use in recipe.triggers if use.enabled and recipe.enabled}
        for name, ear in list(active.ears.items()):
            if name not in wanted or not _is_same(ear, plan, name):
                await self._silence(active.ears.pop(name))
        active.plan = plan
        for name in wanted:
            if name in active.ears:
                active.ears[name].plan = plan
                active.ears[name].trigger = plan.triggers[name]
            else:
                active.ears[name] = self._start(plan, plan.triggers[name])

    async def deactivate(self, recipe: str) -> None:
        """Stop the triggers of *recipe*; its runs go on with the version they started with."""
        active = self._active.pop(recipe, None)
        for ear in active.ears.values() if active else ():
            await self._silence(ear)

    async def wait_started(self) -> None:
        """Return when every trigger listens, or has said why it does not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while any(  # noqa: ASYNC110 - a moment at the start; no event is worth it
                    ear.state == "starting"
                    for active in self._active.values()
                    for ear in active.ears.values()
                ):
                    await asyncio.sleep(0)

    async def stop(self) -> None:
        """Stop all triggers."""
        ears = [ear for active in self._active.values() for ear in active.ears.values()]
        for ear in ears:
            if ear.task is not None:
                ear.task.cancel()
        for ear in ears:
            await self._silence(ear)
        self._active.clear()

    async def start_run(self, recipe: str, *, data: JSON, trigger: str | None, key: str) -> Receipt:
        """Start a run of *recipe* by hand, with *data* as its event.

        Raises:
            StepError: no active recipe has this id.
        """
        active = self._active.get(recipe)
        if active is None:
            raise StepError(_NO_RECIPE, recipe=recipe)
        own = self._by_hand(active.plan)
        if own is not None and trigger in {None, own}:
            data = _as_inputs(data, active.plan)
        source = f"{recipe}/{trigger or own or MANUAL}"
        return await self._accept(active.plan, None, source, data, key=key)

    def _by_hand(self, plan: Plan) -> str | None:
        """Return the trigger of *plan* that stands for a start by hand: its event has `inputs`."""
        for name, trigger in plan.triggers.items():
            spec = self._services.catalog.triggers.get(trigger.use.uses)
            fields = spec.event.get("properties") if spec is not None else None
            if isinstance(fields, dict) and "inputs" in fields:
                return name
        return None

    async def match_late(self, event: Event) -> None:
        """Match an event that was stored without verdicts (a crash came between)."""
        recipe, _, name = event.source.rpartition("/")
        active = self._active.get(recipe)
        if active is None:
            return
        verdict = match(active.plan, active.plan.triggers.get(name), event, self._services)
        await self._engine.record_matches(event.id, (verdict,))

    def status(self, language: Language) -> list[dict[str, JSON]]:
        """Return each trigger's state, newest facts first-hand, for `rouage status`."""
        return [
            _describe(recipe, name, ear, language)
            for recipe, active in sorted(self._active.items())
            for name, ear in active.ears.items()
        ]

    def _start(self, plan: Plan, trigger: TriggerPlan) -> _Ear:
        ear = _Ear(plan, trigger)
        ear.task = self._spawn(self._supervise(ear), f"trigger {trigger.source}")
        return ear

    async def _silence(self, ear: _Ear) -> None:
        if ear.task is None:
            return
        ear.task.cancel()
        await asyncio.wait([ear.task])
        ear.task = None

    async def _supervise(self, ear: _Ear) -> None:
        pause = _FIRST_PAUSE_SECONDS
        clock = self._services.clock
        while True:
            began = clock.monotonic_seconds()
            try:
                await self._listen(ear)
            except Exception as error:  # noqa: BLE001 - the border around a trigger
                self._complain(ear, _innermost(error))
            else:
                ear.state, ear.reason = "waiting", None
                return
            if clock.monotonic_seconds() - began > _CALM_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            await clock.sleep(pause)
            ear.restarts += 1
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _complain(self, ear: _Ear, error: Exception) -> None:
        """Note and log why the trigger stopped; a trace only for what we did not foresee."""
        ear.state = "error"
        if isinstance(error, RouageError):
            ear.reason = Text(error.render("en"), error.render("fr"))
        else:
            ear.reason = _CRASHED.fill(kind=type(error).__name__)
        known = isinstance(error, RouageError)
        logger.error(
            "trigger %s: %s", ear.trigger.source, ear.reason.en, exc_info=None if known else error
        )

    async def _listen(self, ear: _Ear) -> None:
        spec = self._services.catalog.triggers.get(ear.trigger.use.uses)
        if spec is None:
            raise StepError(
                Text(
                    "the trigger “{name}” is not installed here",
                    "le déclencheur « {name} » n’est pas installé ici",
                ),
                name=ear.trigger.use.uses,
            )
        template = compile_template(dict(ear.trigger.use.parameters))
        rendered = template.render(self._scope(ear))
        clear = reveal(rendered)
        parameters = spec.parameters.build(clear if isinstance(clear, dict) else {})
        ear.state = "listening"
        ear.instance = spec.listen(parameters, self._context(ear))
        await ear.instance.listen(self._emitter(ear))

    def _scope(self, ear: _Ear) -> dict[str, Any]:
        """Return the names that a trigger's own parameters may use.

        A secret that does not exist is empty here: the trigger then refuses what arrives and
        says so (a hook answers 503), instead of not being there at all (security S-31).
        """
        plan = ear.plan
        named = _SECRET.findall(repr(ear.trigger.use.parameters))
        return {
            **plan.base,
            "inputs": plan.inputs,
            "vars": dict(plan.constants or {}),
            "secrets": {
                **{name: Secret("", name=name) for name in named},
                **self._services.secrets(),
            },
        }

    def _context(self, ear: _Ear) -> TriggerContext:
        source = ear.trigger.source

        def report(state: Health, reason: Text | str | None) -> None:
            ear.state = state
            ear.reason = None if reason is None else as_text(reason)

        return TriggerContext(
            recipe_id=ear.plan.recipe.id,
            trigger_id=source,
            workspace=self._services.workspace,
            timezone=ear.plan.timezone,
            clock=self._services.clock,
            log=logging.LoggerAdapter(logger, {"trigger": source}),
            items=_TriggerItems(self._engine, source),
            hooks=self._hooks,
            missed=ear.trigger.use.missed,
            report=report,
        )

    def _emitter(self, ear: _Ear) -> Any:
        async def emit(
            data: JSON,
            *,
            key: str,
            time: datetime | None = None,
            items: Mapping[bytes, JSON] | None = None,
        ) -> Receipt:
            receipt = await self._accept(
                ear.plan, ear.trigger, ear.trigger.source, data, key=key, time=time, items=items
            )
            ear.events += 1
            ear.last_event = time or self._services.clock.now()
            return receipt

        return emit

    async def _accept(
        self,
        plan: Plan,
        trigger: TriggerPlan | None,
        source: str,
        data: JSON,
        *,
        key: str,
        time: datetime | None = None,
        items: Mapping[bytes, JSON] | None = None,
    ) -> Receipt:
        now = self._services.clock.now()
        event = Event(id=new_event_id(now), source=source, time=time or now, data=data, key=key)
        verdict = match(plan, trigger, event, self._services)
        answer = await self._engine.accept(event, (verdict,), items=items)
        if isinstance(answer, Duplicate):
            return Receipt(event_id=answer.first_id, is_duplicate=True)
        assert isinstance(answer, Accepted)  # noqa: S101 - the other half of the union
        return Receipt(event_id=answer.event_id, runs=answer.runs)


class _TriggerItems:
    """The durable store of one trigger, kept by the engine."""

    def __init__(self, engine: Engine, source: str) -> None:
        self._engine = engine
        self._source = source

    async def load(self) -> dict[bytes, JSON]:
        return await self._engine.load_items(self._source)

    async def put(self, items: Mapping[bytes, JSON]) -> None:
        await self._engine.put_items(self._source, items)


def _innermost(error: Exception) -> Exception:
    """Return the cause that a task group wrapped."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _as_inputs(data: JSON, plan: Plan) -> JSON:
    """Return the event of a start by hand: whatever was given are its inputs."""
    event = data if isinstance(data, dict) else {}
    given = event.get("inputs", event)
    return {"inputs": {**plan.inputs, **(given if isinstance(given, dict) else {})}}


def _is_same(ear: _Ear, plan: Plan, name: str) -> bool:
    """Say whether the trigger listens to the same thing under the new version."""
    old, new = ear.trigger.use, plan.triggers[name].use
    return (
        (old.uses, old.parameters, old.missed) == (new.uses, new.parameters, new.missed)
        and ear.plan.inputs == plan.inputs
        and ear.plan.recipe.variables == plan.recipe.variables
        and ear.plan.timezone == plan.timezone
    )


def _describe(recipe: str, name: str, ear: _Ear, language: Language) -> dict[str, JSON]:
    facts: dict[str, JSON] = {
        "recipe": recipe,
        "trigger": name,
        "uses": ear.trigger.use.uses,
        "state": ear.state,
        "reason": None if ear.reason is None else ear.reason.render(language),
        "events": ear.events,
        "last_event": None if ear.last_event is None else ear.last_event.isoformat(),
        "restarts": ear.restarts,
    }
    if ear.instance is not None:
        facts["facts"] = ear.instance.status()
    return facts

"""The active recipes and their triggers; each event is journaled, then passed on."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rouage.durable.port import Accepted, Duplicate, Engine, held_by
from rouage.errors import JournalError, StepError
from rouage.flow.chain import Hub
from rouage.flow.deliver import deliver
from rouage.flow.ear import Ear, Keeper, Spawn
from rouage.flow.match import match
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.services import Services
from rouage.flow.shape import Shaping, is_shaped
from rouage.flow.throttle import PREFIX
from rouage.flow.trail import WrittenFiles
from rouage.language import Language, Text
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Emit, Hooks, Receipt

logger = logging.getLogger(__name__)

MANUAL: Final = "manual"
_START_SECONDS: Final = 5.0

_NO_RECIPE: Final = Text(
    "no active recipe is called “{recipe}”", "aucune recette active ne s’appelle « {recipe} »"
)


@dataclass(slots=True)
class _Active:
    plan: Plan
    ears: dict[str, Ear] = field(default_factory=dict)


class Listener:
    """The active recipes and their triggers.

    `spawn` starts a task that the daemon owns and awaits; triggers never end the daemon.
    `written` knows the files that actions wrote, `hub` what recipes tell each other.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        services: Services,
        hooks: Hooks,
        spawn: Spawn,
        hub: Hub | None = None,
        written: WrittenFiles | None = None,
    ) -> None:
        self._engine = engine
        self._services = services
        self._spawn = spawn
        if written is None:
            written = WrittenFiles(services.clock.monotonic_seconds)
        self._written = written
        hub = Hub(services.clock) if hub is None else hub
        self._hub = hub
        hub.reader = engine
        self._keeper = Keeper(
            engine=engine, services=services, hooks=hooks, hub=hub, emitter=self._emitter
        )
        self._active: dict[str, _Active] = {}
        self._sweep: asyncio.Task[None] | None = None

    @property
    def recipes(self) -> Mapping[str, Plan]:
        """Return the plans of the active recipes by id."""
        return {recipe: active.plan for recipe, active in self._active.items()}

    def plan_of(self, recipe: str) -> Plan | None:
        """Return the active version of *recipe*."""
        active = self._active.get(recipe)
        return None if active is None else active.plan

    async def activate(self, plan: Plan) -> None:
        """Make *plan* the version that new events meet; unchanged triggers go on undisturbed."""
        recipe = plan.recipe
        active = self._active.get(recipe.id)
        if active is None:
            active = self._active[recipe.id] = _Active(plan)
        with self._hub.hold():
            await self._exchange(active, plan)

    async def _exchange(self, active: _Active, plan: Plan) -> None:
        wanted = _wanted(plan)
        is_first = not active.ears
        for name, ear in list(active.ears.items()):
            if name not in wanted or not ear.is_same(plan, wanted[name]):
                await active.ears.pop(name).silence()
        active.plan = plan
        for name, trigger in wanted.items():
            if name in active.ears:
                await self._change(active.ears[name], plan, trigger)
            else:
                active.ears[name] = await self._start(plan, trigger)
        if not is_first:
            await self._until_started(active.ears.values())

    async def deactivate(self, recipe: str) -> None:
        """Stop the triggers of *recipe*; its runs go on with the version they started with."""
        active = self._active.pop(recipe, None)
        for ear in active.ears.values() if active else ():
            await ear.silence()

    async def wait_started(self) -> None:
        """Return when every trigger listens, or has said why it does not."""
        await self._until_started(self._ears())
        name = "held events of triggers that gather no longer"
        self._sweep = self._spawn(self._release_left_over(), name)

    async def stop(self) -> None:
        """Stop all triggers."""
        ears = self._ears()
        if self._sweep is not None:
            self._sweep.cancel()
            await asyncio.wait([self._sweep])
        for ear in ears:
            for task in ear.tasks:
                task.cancel()
        for ear in ears:
            await ear.silence()
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
        now = self._services.clock.now()
        source = f"{recipe}/{trigger or own or MANUAL}"
        event = Event(id=new_event_id(now), source=source, time=now, data=data, key=key)
        verdict = match(active.plan, None, event, self._services)
        return _receipt(await self._engine.accept(event, (verdict,)))

    def _by_hand(self, plan: Plan) -> str | None:
        """Return the trigger of *plan* that stands for a start by hand: its event has `inputs`."""
        for name, trigger in plan.triggers.items():
            if "inputs" in self._fields(trigger):
                return name
        return None

    def _fields(self, trigger: TriggerPlan) -> Mapping[str, JSON]:
        """Return the fields that the events of a trigger have, as far as it declares them."""
        spec = self._services.catalog.triggers.get(trigger.use.uses)
        fields = spec.event.get("properties") if spec is not None else None
        return fields if isinstance(fields, dict) else {}

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
            ear.describe(language)
            for _, active in sorted(self._active.items())
            for ear in active.ears.values()
        ]

    async def _until_started(self, ears: Iterable[Ear]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while any(ear.state == "starting" for ear in ears):  # noqa: ASYNC110 - a moment; no event is worth it
                    await asyncio.sleep(0)

    def _ears(self) -> list[Ear]:
        return [ear for active in self._active.values() for ear in active.ears.values()]

    async def _start(self, plan: Plan, trigger: TriggerPlan) -> Ear:
        ear = Ear(plan, trigger, is_wait=trigger.use.id not in plan.triggers)
        if is_shaped(trigger.use) and not ear.is_wait:
            await self._shape(ear)
        self._written.is_needed |= "file" in self._fields(trigger)
        ear.task = self._spawn(self._keeper.listen(ear), f"trigger {trigger.source}")
        return ear

    async def _change(self, ear: Ear, plan: Plan, trigger: TriggerPlan) -> None:
        """Let a trigger that goes on listening meet another version of its recipe."""
        ear.plan, ear.trigger = plan, trigger
        if ear.shaping is not None:
            ear.shaping.change(plan, trigger)
        elif is_shaped(trigger.use) and not ear.is_wait:
            await self._shape(ear)

    async def _shape(self, ear: Ear) -> None:
        """Have what the trigger holds looked after, from before its next event on."""
        shaping = Shaping(ear.plan, ear.trigger, engine=self._engine, services=self._services)
        await shaping.load()
        if ear.is_silenced or ear.shaping is not None:
            return
        shaping.change(ear.plan, ear.trigger)
        ear.shaping = shaping
        name = f"what {ear.trigger.source} gathers"
        ear.gathering = self._spawn(self._keeper.gather(ear), name)

    async def _release_left_over(self) -> None:
        """Release what triggers held that gather no longer: nothing accepted is forgotten."""
        try:
            for ear in self._ears():
                await self._release_held(ear)
        except JournalError as error:
            logger.warning("held events could not be read: %s", error)

    async def _release_held(self, ear: Ear) -> None:
        if ear.shaping is not None or ear.is_wait:
            return
        items = await self._engine.load_items(held_by(ear.trigger.source))
        if any(not key.startswith(PREFIX) for key in items):
            await self._shape(ear)

    def _emitter(self, ear: Ear) -> Emit:
        async def emit(
            data: JSON,
            *,
            key: str,
            time: datetime | None = None,
            items: Mapping[bytes, JSON] | None = None,
            trail: tuple[str, ...] = (),
        ) -> Receipt:
            now = self._services.clock.now()
            is_own_file = False
            if self._written and not trail:
                trail = self._written.trail_of(data)
                is_own_file = trail[-1:] == (ear.plan.recipe.id,)
            event = Event(
                id=new_event_id(now),
                source=ear.trigger.source,
                time=time or now,
                data=data,
                key=key,
                trail=trail,
            )
            receipt = _receipt(await self._accept(ear, event, items, is_own_file=is_own_file))
            ear.events += 1
            ear.last_event = event.time
            return receipt

        return emit

    async def _accept(
        self, ear: Ear, event: Event, items: Mapping[bytes, JSON] | None, *, is_own_file: bool
    ) -> Accepted | Duplicate:
        """Commit *event* with what the recipe makes of it."""
        if ear.shaping is not None:
            return await ear.shaping.accept(event, items, is_own_file=is_own_file)
        if ear.is_wait:
            return await deliver(
                event, ear.plan, engine=self._engine, services=self._services, items=items
            )
        verdict = match(ear.plan, ear.trigger, event, self._services, is_own_file=is_own_file)
        return await self._engine.accept(event, (verdict,), items=items)


def _wanted(plan: Plan) -> dict[str, TriggerPlan]:
    """Return the triggers that must listen while *plan* is in force, those of waits included."""
    recipe = plan.recipe
    if not recipe.enabled:
        return {}
    found = {use.id: plan.triggers[use.id] for use in recipe.triggers if use.enabled}
    return found | {trigger.use.id: trigger for trigger in plan.events.values()}


def _receipt(answer: Accepted | Duplicate) -> Receipt:
    if isinstance(answer, Duplicate):
        return Receipt(event_id=answer.first_id, is_duplicate=True)
    return Receipt(event_id=answer.event_id, runs=answer.runs)


def _as_inputs(data: JSON, plan: Plan) -> JSON:
    """Return the event of a start by hand: whatever was given are its inputs."""
    event = data if isinstance(data, dict) else {}
    given = event.get("inputs", event)
    return {"inputs": {**plan.inputs, **(given if isinstance(given, dict) else {})}}

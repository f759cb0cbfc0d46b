"""The active recipes and their triggers; each event is journaled, then passed on."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Final

from rouage.durable.port import Accepted, Duplicate, Engine, held_by
from rouage.errors import JournalError, StepError
from rouage.flow.chain import Hub
from rouage.flow.deliver import deliver
from rouage.flow.ear import Ear, Keeper, Spawn
from rouage.flow.match import match
from rouage.flow.pauses import RESUMED
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.services import Services
from rouage.flow.shape import Shaping, is_shaped
from rouage.flow.throttle import PREFIX
from rouage.flow.trail import WrittenFiles
from rouage.language import Text
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Emit, Hooks, Receipt

logger = logging.getLogger(__name__)

MANUAL: Final = "manual"
_START_SECONDS: Final = 5.0

_NO_RECIPE: Final = Text(
    "no active recipe is called “{recipe}”", "aucune recette active ne s’appelle « {recipe} »"
)
_NO_TRIGGER: Final = Text(
    "the recipe {recipe} has no trigger “{trigger}” any more",
    "la recette {recipe} n’a plus de déclencheur « {trigger} »",
)
_NOTHING_BEFORE: Final = Text(
    "the recipe {recipe} watches no folder: nothing was there before it",
    "la recette {recipe} ne surveille aucun dossier : rien n’était là avant elle",
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
            engine=engine,
            services=services,
            hooks=hooks,
            hub=hub,
            emitter=self._emitter,
            traces=written,
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

    async def take_existing(self, recipe: str) -> int:
        """Make events of what was there before *recipe* was first active; return how many.

        Raises:
            StepError: no active recipe has this id, or nothing could be there before it.
        """
        active = self._active.get(recipe)
        if active is None:
            raise StepError(_NO_RECIPE, recipe=recipe)
        instances = [ear.instance for ear in active.ears.values() if ear.instance is not None]
        counts = [await instance.take_existing() for instance in instances]
        known = [count for count in counts if count is not None]
        if not known:
            raise StepError(_NOTHING_BEFORE, recipe=recipe)
        return sum(known)

    async def match_late(self, event: Event) -> None:
        """Match an event that was stored without verdicts (a crash came between)."""
        recipe, _, name = event.source.rpartition("/")
        active = self._active.get(recipe)
        if active is None:
            return
        verdict = match(active.plan, active.plan.triggers.get(name), event, self._services)
        await self._engine.record_matches(event.id, (verdict,))

    async def replay(self, event: Event, author: str) -> tuple[str, Accepted | Duplicate]:
        """Have *event* happen again because *author* says so; return how it was judged.

        The present version of its recipe judges it, conditions included. It is a new event:
        neither its key nor a `once` of the trigger stops it.

        Raises:
            StepError: the recipe or its trigger is not there any more.
        """
        recipe, _, name = event.source.rpartition("/")
        plan = self.plan_of(recipe)
        if plan is None:
            raise StepError(_NO_RECIPE, recipe=recipe)
        trigger = plan.triggers.get(name)
        if trigger is None and name != MANUAL:
            raise StepError(_NO_TRIGGER, recipe=recipe, trigger=name)
        identity = new_event_id(self._services.clock.now())
        again = replace(event, id=identity, key=f"replay of {event.id} by {author} {identity}")
        verdict = match(plan, trigger, again, self._services)
        return verdict.outcome, await self._engine.accept(again, (verdict,))

    async def release(self, event: Event) -> bool:
        """Have an event that a pause held back matched again; False when its trigger is gone.

        It is a new event with a key of its own, so that a repetition starts nothing twice.
        """
        ear = self._ear_of(event.source)
        if ear is None:
            return False
        now = self._services.clock.now()
        again = replace(event, id=new_event_id(now), key=RESUMED + event.id)
        answer = await self._accept(ear, again, None, is_own_file=False)
        return isinstance(answer, Accepted)

    def missed_of(self, source: str) -> JSON:
        """Return the `missed` of the trigger *source* if it is a schedule, else False."""
        ear = self._ear_of(source)
        spec = None if ear is None else self._services.catalog.triggers.get(ear.trigger.use.uses)
        if ear is None or spec is None or not spec.listen.is_schedule():
            return False
        return ear.trigger.use.missed

    def _ear_of(self, source: str) -> Ear | None:
        recipe, _, name = source.rpartition("/")
        active = self._active.get(recipe)
        return None if active is None else active.ears.get(name)

    @property
    def ears(self) -> list[Ear]:
        """Return every trigger that listens now."""
        return self._ears()

    async def restart(self, ear: Ear) -> None:
        """Have a trigger begin again, unless its recipe changes right now."""
        if ear.task is None or ear.is_silenced:
            return
        ear.task.cancel()
        await asyncio.wait([ear.task])
        if not ear.is_silenced:
            ear.restarts += 1
            name = f"trigger {ear.trigger.source}"
            ear.task = self._spawn(self._keeper.listen(ear), name)

    def status(self) -> list[dict[str, JSON]]:
        """Return each trigger's state, newest facts first-hand, for `rouage status`."""
        return [
            ear.describe()
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
        is_wait = trigger.use.id not in plan.triggers
        ear = Ear(plan, trigger, is_wait=is_wait, since=self._services.clock.now())
        if is_shaped(trigger.use) and not ear.is_wait:
            await self._shape(ear)
        self._written.is_needed |= not {"file", "files"}.isdisjoint(self._fields(trigger))
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
            if ear.news is not None:
                ear.news.append(event.time)
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

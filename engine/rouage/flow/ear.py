"""One trigger that listens: its task, started again with growing pauses, and how it is."""

import asyncio
import functools
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final

from rouage.durable.port import Engine
from rouage.errors import RouageError, StepError
from rouage.expressions import compile_template, reveal
from rouage.flow.chain import Hub
from rouage.flow.consult import consult_for
from rouage.flow.outcomes import outcome_for
from rouage.flow.plan import Plan, TriggerPlan
from rouage.flow.services import Services
from rouage.flow.shape import Shaping
from rouage.language import Text, as_text
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.sdk.traces import Traces
from rouage.sdk.trigger import Emit, Health, Hooks, Trigger, TriggerContext

logger = logging.getLogger(__name__)

TROUBLE: Final = "trigger_failed"
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 300.0
_CALM_SECONDS: Final = 60.0
_UNDER_WAY: Final = frozenset({"queued", "running"})
_SECRET: Final = re.compile(r"\bsecrets\.(\w+)")

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]

_CRASHED: Final = Text(
    "the trigger stopped unexpectedly ({kind}); it is started again",
    "le déclencheur s’est arrêté de façon inattendue ({kind}) ; il est relancé",
)
_MISSING: Final = Text(
    "the trigger “{name}” is not installed here",
    "le déclencheur « {name} » n’est pas installé ici",
)


@dataclass(slots=True)
class Ear:
    """One trigger that listens: its plan (swapped at reload), its tasks, how it is.

    `shaping` is there for a trigger with `once`, `throttle`, `batch` or `debounce`; `is_wait`
    says that it belongs to a `wait` step, and gives its events to runs that wait.
    """

    plan: Plan
    trigger: TriggerPlan
    is_wait: bool = False
    since: datetime | None = None
    shaping: Shaping | None = None
    task: "asyncio.Task[None] | None" = None
    gathering: "asyncio.Task[None] | None" = None
    instance: Trigger[Any] | None = None
    state: Health = "starting"
    reason: Text | None = None
    events: int = 0
    restarts: int = 0
    last_event: datetime | None = None
    is_trouble_told: bool = False
    is_silenced: bool = False
    is_cautious: bool = False
    """Its quick way proved deaf: it takes the slow one."""
    news: "deque[datetime] | None" = None
    """When its last events came, while somebody minds its silence."""
    proof: Mapping[str, JSON] | None = None
    """How its last probe went."""

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """Return the tasks that work for it now."""
        return [task for task in (self.task, self.gathering) if task is not None]

    async def silence(self) -> None:
        """Stop its tasks, and wait until they have ended."""
        self.is_silenced = True
        tasks = self.tasks
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self.task = self.gathering = None

    def is_same(self, plan: Plan, trigger: TriggerPlan) -> bool:
        """Say whether it listens to the same thing under another version of its recipe."""
        old, new = self.trigger.use, trigger.use
        return (
            (old.uses, old.parameters, old.missed) == (new.uses, new.parameters, new.missed)
            and self.plan.inputs == plan.inputs
            and self.plan.recipe.variables == plan.recipe.variables
            and self.plan.timezone == plan.timezone
        )

    def describe(self) -> dict[str, JSON]:
        """Return how it is, for `rouage status`; its reason in both languages."""
        facts: dict[str, JSON] = {
            "recipe": self.plan.recipe.id,
            "trigger": self.trigger.use.id,
            "uses": self.trigger.use.uses,
            "state": self.state,
            "reason": None if self.reason is None else bilingual(self.reason),
            "events": self.events,
            "last_event": None if self.last_event is None else self.last_event.isoformat(),
            "restarts": self.restarts,
        }
        if self.proof is not None:
            facts["probe"] = dict(self.proof)
        if self.shaping is not None:
            facts["held"] = self.shaping.gatherer.count
        if self.instance is not None:
            facts["facts"] = self.instance.status()
        return facts


class Keeper:
    """Keep triggers listening, whatever happens to them."""

    def __init__(
        self,
        *,
        engine: Engine,
        services: Services,
        hooks: Hooks,
        hub: Hub,
        emitter: Callable[[Ear], Emit],
        traces: Traces,
    ) -> None:
        self._traces = traces
        self._engine = engine
        self._services = services
        self._hooks = hooks
        self._hub = hub
        self._emitter = emitter

    async def listen(self, ear: Ear) -> None:
        """Have the trigger of *ear* listen; start it again when it fails."""
        await self._supervise(ear, lambda: self._listen(ear), is_main=True)

    async def gather(self, ear: Ear) -> None:
        """Release what the trigger of *ear* gathers, when it is due."""
        shaping = ear.shaping
        if shaping is not None:
            await self._supervise(ear, shaping.gatherer.keep, is_main=False)

    async def _supervise(
        self, ear: Ear, work: Callable[[], Awaitable[None]], *, is_main: bool
    ) -> None:
        pause = _FIRST_PAUSE_SECONDS
        clock = self._services.clock
        while True:
            began = clock.monotonic_seconds()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the border around a trigger
                if clock.monotonic_seconds() - began > _CALM_SECONDS:
                    pause, ear.is_trouble_told = _FIRST_PAUSE_SECONDS, False
                await self._complain(ear, _innermost(error))
            else:
                if is_main:
                    ear.state, ear.reason = "waiting", None
                return
            await clock.sleep(pause)
            ear.restarts += 1
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _complain(self, ear: Ear, error: Exception) -> None:
        """Note, log and tell why the trigger stopped; a trace only for what was not foreseen."""
        ear.state = "error"
        if isinstance(error, RouageError):
            ear.reason = Text(error.render("en"), error.render("fr"))
        else:
            ear.reason = _CRASHED.fill(kind=type(error).__name__)
        known = isinstance(error, RouageError)
        logger.error(
            "trigger %s: %s", ear.trigger.source, ear.reason.en, exc_info=None if known else error
        )
        if not ear.is_trouble_told:
            recipe, reason = ear.plan.recipe.id, ear.reason.render(self._services.language)
            facts = {"recipe": recipe, "trigger": ear.trigger.source, "reason": reason}
            heard = await self._hub.announce(TROUBLE, facts, trail=(recipe,))
            ear.is_trouble_told = heard > 0

    async def _listen(self, ear: Ear) -> None:
        spec = self._services.catalog.triggers.get(ear.trigger.use.uses)
        if spec is None:
            raise StepError(_MISSING, name=ear.trigger.use.uses)
        template = compile_template(dict(ear.trigger.use.parameters))
        rendered = template.render(self._scope(ear))
        clear = reveal(rendered)
        parameters = spec.parameters.build(clear if isinstance(clear, dict) else {})
        ear.state = "listening"
        ear.instance = spec.listen(parameters, self._context(ear))
        await ear.instance.listen(self._emitter(ear))

    async def _has_ended(self, recipe: str, run: str) -> bool:
        if self._engine.is_quiet(recipe):
            return True  # as nearly always, and then the journal need not be read
        record = await self._engine.get_run(run)
        return record is None or record.state not in _UNDER_WAY

    def _scope(self, ear: Ear) -> dict[str, Any]:
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

    def _context(self, ear: Ear) -> TriggerContext:
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
            since=ear.since,
            log=logging.LoggerAdapter(logger, {"trigger": source}),
            items=_TriggerItems(self._engine, source),
            hooks=self._hooks,
            missed=ear.trigger.use.missed,
            chain=self._hub,
            report=report,
            is_paused=lambda: self._services.pause_of(ear.plan.recipe.id) is not None,
            is_cautious=ear.is_cautious,
            accounts=self._services.accounts,
            traces=self._traces,
            business=self._services.business,
            consult=consult_for(ear.plan, source, self._services),
            outcome=outcome_for(lambda: ear.plan, self._engine, self._services.clock),
            has_ended=functools.partial(self._has_ended, ear.plan.recipe.id),
            is_asked=self._services.is_asked,
        )


class _TriggerItems:
    """The durable store of one trigger, kept by the engine."""

    def __init__(self, engine: Engine, source: str) -> None:
        self._engine = engine
        self._source = source

    async def load(self) -> dict[bytes, JSON]:
        return await self._engine.load_items(self._source)

    async def put(self, items: Mapping[bytes, JSON]) -> None:
        await self._engine.put_items(self._source, items)


def bilingual(text: Text) -> JSON:
    """Return *text* as data in both languages, for whoever answers in the reader's one."""
    return {"en": text.en, "fr": text.fr}


def _innermost(error: Exception) -> Exception:
    """Return the cause that a task group wrapped."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error

"""The ears for answers: a mailbox is watched as long as something may be answered there (N-15)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

from rouage.durable.port import Engine
from rouage.errors import StepError
from rouage.flow.consult import consult_with
from rouage.flow.named import all_steps
from rouage.flow.notices import Notices
from rouage.flow.plan import Plan
from rouage.flow.services import Services
from rouage.language import Text, as_text
from rouage.sdk.channel import Channel, Said
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Health, Hooks, TriggerContext
from rouage.web.errands import OWNER, Way

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0

_DEAF: Final = Text(
    "answers via {way} are not heard: {reason}",
    "les réponses par {way} ne sont pas entendues : {reason}",
)


class Active(Protocol):
    """The recipes that are in force."""

    @property
    def recipes(self) -> Mapping[str, Plan]:
        """Return their plans by id."""
        ...


class Ears:
    """Listen where active recipes ask, or letters are open; hand answers to *take*.

    *wake* is called when a way is heard for the first time: letters may leave by it.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        services: Services,
        active: Active,
        hooks: Hooks,
        notices: Notices,
        is_asked: Callable[[Iterable[str]], bool],
        take: Callable[[Way, Said], Awaitable[None]],
        wake: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._services = services
        self._active = active
        self._hooks = hooks
        self._notices = notices
        self._is_asked = is_asked
        self._take = take
        self._wake = wake
        self._channels: Mapping[str, Channel] = services.catalog.channels
        self._hearing: set[Way] = set()
        self._tasks: dict[Way, asyncio.Task[None]] = {}
        self._known: tuple[Mapping[str, Plan], frozenset[Way]] = ({}, frozenset())

    def begin(self) -> None:
        """Forget the tasks of an earlier group."""
        self._tasks.clear()

    def hears(self, way: Way) -> bool:
        """Say whether an answer by *way* would be heard, now or once its line is back."""
        return way in self._hearing

    def attend(self, tasks: asyncio.TaskGroup, letters: set[Way]) -> None:
        """Listen where answers may come, and nowhere else; *letters* went these ways."""
        wanted = self._wanted(letters)
        for way, ear in list(self._tasks.items()):
            if way not in wanted:
                ear.cancel()
                del self._tasks[way]
                self._hearing.discard(way)
        for way in wanted - self._tasks.keys():
            self._tasks[way] = tasks.create_task(self._hear(way), name=f"answers via {way}")

    def _wanted(self, letters: set[Way]) -> frozenset[Way]:
        """Return the ways that active recipes and open letters ask by."""
        plans = self._active.recipes
        if plans != self._known[0]:
            named = {way for plan in plans.values() for way in _ways_of(plan)}
            self._known = plans, frozenset(named)
        ways = self._known[1] | letters
        return frozenset(way for way in ways if way.kind in self._channels)

    async def _hear(self, way: Way) -> None:
        async def take(said: Said) -> None:
            await self._take(way, said)

        pause = _FIRST_PAUSE
        while True:
            try:
                context = self._context(way)
                await self._channels[way.kind].listen(way.account, context, take)
            except StepError as error:
                self._report(way, "error", Text(error.render("en"), error.render("fr")))
            await self._services.clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _report(self, way: Way, state: Health, reason: Text | str | None) -> None:
        key = f"answers:{way}"
        if state in {"listening", "polling"}:
            self._notices.solve(key)
            if way not in self._hearing:
                self._hearing.add(way)
                self._wake()
        elif reason is not None:
            said = _DEAF.fill(way=way, reason=as_text(reason))
            self._notices.raise_(key, "answers_not_heard", said)

    def _context(self, way: Way) -> TriggerContext:
        services, name = self._services, f"#answers/{way}"

        def context() -> Context:
            return context_for(services, run=name, recipe=OWNER, key=name)

        return TriggerContext(
            recipe_id=OWNER,
            trigger_id=name,
            workspace=services.workspace,
            timezone=services.timezone,
            clock=services.clock,
            log=logging.LoggerAdapter(logger, {"trigger": name}),
            items=_Items(self._engine, name),
            hooks=self._hooks,
            report=lambda state, reason: self._report(way, state, reason),
            accounts=services.accounts,
            business=services.business,
            consult=consult_with(context, services),
            is_asked=self._is_asked,
        )


def context_for(services: Services, *, run: str, recipe: str, key: str) -> Context:
    """Return what a channel acts with, for a letter or while it listens."""
    return Context(
        run_id=run,
        recipe_id=recipe,
        step=key,
        attempt=1,
        idempotency_key=key,
        workspace=services.workspace,
        files=services.folders_of(()),
        timezone=services.timezone,
        clock=services.clock,
        log=services.log,
        open_http=services.open_http,
        scratch=lambda: services.scratch_of("letters"),
        accounts=services.accounts,
        business=services.business,
    )


class _Items:
    """How far a mailbox was read for answers."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner

    async def load(self) -> dict[bytes, JSON]:
        return await self._engine.load_items(self._owner)

    async def put(self, items: Mapping[bytes, JSON]) -> None:
        await self._engine.put_items(self._owner, items)


def _ways_of(plan: Plan) -> set[Way]:
    """Return the ways that a recipe names; one that is worked out is known with its letter."""
    ways: set[Way] = set()
    for step in all_steps(plan.recipe):
        given = step.parameters
        if step.uses == "approve" and isinstance(given, Mapping):
            via = given.get("via") or []
            named = via if isinstance(via, list) else [via]
            ways |= {Way.read(one) for one in named if isinstance(one, str) and "${{" not in one}
    return ways

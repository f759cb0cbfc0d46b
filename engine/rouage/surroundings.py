"""What runs are given to work with: the services of the flow, made of the daemon's parts."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import Engine
from rouage.flow.chain import Hub
from rouage.flow.ear import Spawn
from rouage.flow.listen import Listener
from rouage.flow.plan import Plan, make_plan
from rouage.flow.services import Rate, Services
from rouage.flow.trail import WrittenFiles
from rouage.recipes.definition import parse
from rouage.safety.network import open_session
from rouage.safety.paths import Folders
from rouage.sdk.json import JSON
from rouage.secrets import SecretStore
from rouage.settings import Settings, rate_of
from rouage.vault import LiveSecrets

logger = logging.getLogger(__name__)

_PLANS_KEPT: Final = 4_096
_PAST_EVENTS: Final = 500
_NOTICES: Final[Mapping[str, str]] = {
    "approval_waiting": "the run %s of %s waits for a decision at %s: %s",
    "approval_reminder": "the run %s of %s still waits for a decision at %s: %s",
    "approval_escalated": "nobody decided in time about the run %s of %s at %s, others may: %s",
}


class Surroundings:
    """The services, and the plans of recipes compiled with them.

    Services are made before the engine is open, since recipes are compiled with them;
    `connect` hands in the parts that come later.
    """

    def __init__(self, settings: Settings, *, catalog: Catalog, clock: Clock) -> None:
        self.secrets = LiveSecrets(SecretStore(settings.places.secrets))
        self.files = Folders(workspace=settings.workspace, allowed=settings.folders)
        self._settings = settings
        self._plans: dict[bytes, Plan] = {}
        self._http: ClientSession | None = None
        self._engine: Engine
        self._listener: Listener
        self._spawn: Spawn
        self.hub = Hub(clock)
        self.written = WrittenFiles(clock.monotonic_seconds)
        self.services = self._make_services(catalog, clock)

    def connect(self, engine: EmbeddedEngine, listener: Listener, spawn: Spawn) -> None:
        """Take the parts that runs reach through the services."""
        self._engine = engine
        self._listener = listener
        self._spawn = spawn

        def follow(is_wanted: bool) -> None:
            # The engine gathers the states of runs only while a trigger wants them.
            engine.on_change = self.hub.note_run if is_wanted else None

        self.hub.on_followers = follow

    def plan_of(self, definition: bytes) -> Plan:
        """Return the plan of a definition: made once, then kept."""
        plan = self._plans.get(definition)
        if plan is None:
            plan = make_plan(parse(definition), self.services)
            self.keep(plan)
        return plan

    def keep(self, plan: Plan) -> None:
        """Remember *plan* for the runs that pin its definition."""
        if len(self._plans) >= _PLANS_KEPT:
            self._plans.pop(next(iter(self._plans)))
        self._plans[plan.recipe.definition] = plan

    def forget_plans(self) -> None:
        """Compile every recipe anew when it is needed."""
        self._plans.clear()

    async def close(self) -> None:
        """Close what was opened for actions."""
        if self._http is not None:
            await self._http.close()

    def _make_services(self, catalog: Catalog, clock: Clock) -> Services:
        settings = self._settings
        return Services(
            catalog=catalog,
            clock=clock,
            workspace=settings.workspace,
            timezone=settings.zone,
            language=settings.language,
            secrets=self.secrets.current,
            mask=self.secrets.mask,
            folders_of=self.files.also,
            open_http=self._open_http,
            scratch_of=self._scratch_of,
            log=logging.getLogger("rouage.action"),
            recipe_of=self._recipe_of,
            publish=self.hub.publish,
            notify=self._notify,
            past_events=self._past_events,
            take_tokens=self._take_tokens,
            wrote=self.written.note,
            rate_of=lambda action: rate_of(settings.rates, action),
        )

    def _open_http(self) -> ClientSession:
        if self._http is None:
            self._http = open_session()
        return self._http

    def _scratch_of(self, run_id: str) -> Path:
        folder = self._settings.places.scratch / run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _recipe_of(self, recipe: str) -> Plan | None:
        return self._listener.plan_of(recipe)

    def _notify(self, kind: str, facts: Mapping[str, JSON]) -> None:
        """Tell the log, and recipes that listen to the engine; links are never told here."""
        self._spawn(self._announce(kind, facts), kind)
        sentence = _NOTICES.get(kind)
        if sentence is None:
            logger.info("%s: %s", kind, facts)
            return
        names = ("run", "recipe", "path", "ask")
        logger.info(sentence, *(facts.get(name) for name in names), extra={"kind": kind})

    async def _announce(self, kind: str, facts: Mapping[str, JSON]) -> None:
        await self.hub.announce(kind, facts)

    async def _past_events(self, source: str, since: datetime) -> Sequence[tuple[str, JSON]]:
        found = await self._engine.find_events(source=source, limit=_PAST_EVENTS)
        events = [one.event for one in reversed(found)]
        return [(event.key, event.data) for event in events if event.time >= since]

    def _take_tokens(self, rate: Rate) -> float:
        bucket, limit, per_seconds = rate
        return self._engine.take_tokens(bucket, 1, limit=limit, per_seconds=per_seconds)

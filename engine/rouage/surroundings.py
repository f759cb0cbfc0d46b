"""What runs are given to work with: the services of the flow, made of the daemon's parts."""

import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Engine
from rouage.errors import RouageError
from rouage.flow.chain import Hub
from rouage.flow.corrections.changes import watched_folders
from rouage.flow.corrections.listening import Corrections
from rouage.flow.corrections.noticing import Around
from rouage.flow.ear import Spawn
from rouage.flow.gate.tallies import Tallies
from rouage.flow.ledger import done_under
from rouage.flow.listen import Listener
from rouage.flow.notices import Notice, Notices
from rouage.flow.pauses import Pauses
from rouage.flow.plan import Plan, make_plan
from rouage.flow.services import Rate, Services
from rouage.flow.trail import WrittenFiles
from rouage.language import Text
from rouage.recipes.definition import parse
from rouage.safety.network import open_session
from rouage.safety.paths import Folders
from rouage.sdk.business import Business
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Hooks
from rouage.secrets import SecretStore
from rouage.settings import Settings, rate_of
from rouage.vault import LiveAccounts, LiveSecrets
from rouage.web.api import Api
from rouage.web.controls import Control
from rouage.web.post import Post
from rouage.web.reply_tokens import ReplyTokens

logger = logging.getLogger(__name__)

_PLANS_KEPT: Final = 4_096
_PAST_EVENTS: Final = 500
_NOTICES: Final[Mapping[str, str]] = {
    "approval_waiting": "the run %s of %s waits for a decision at %s: %s",
    "approval_reminder": "the run %s of %s still waits for a decision at %s: %s",
    "approval_escalated": "nobody decided in time about the run %s of %s at %s, others may: %s",
    "outbox_held": "the run %s of %s holds what it sends at %s in the outbox: %s",
    "outbox_repeated": "the run %s of %s is about to send at %s what went out today already: %s",
}


_UPKEEP: Final = "upkeep"
_NOT_KEPT: Final = Text(
    "the daily upkeep did not go well: {reason}", "l’entretien quotidien s’est mal passé : {reason}"
)


class Surroundings:
    """The services, and the plans of recipes compiled with them.

    Services are made before the engine is open, since recipes are compiled with them;
    `connect` hands in the parts that come later.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog,
        clock: Clock,
        secrets: SecretStore | None = None,
    ) -> None:
        self.secrets = LiveSecrets(secrets or SecretStore(settings.places.secrets))
        self.accounts = LiveAccounts(settings.accounts, self.secrets)
        self.files = Folders(workspace=settings.workspace, allowed=settings.folders)
        self._settings = settings
        self._plans: dict[bytes, Plan] = {}
        self._http: ClientSession | None = None
        self._engine: Engine
        self._listener: Listener
        self._spawn: Spawn
        self.post: Post
        self.corrections: Corrections
        self._clock = clock
        self.hub = Hub(clock)
        self.written = WrittenFiles(clock.monotonic_seconds)
        self.pauses = Pauses(clock)
        self.tallies = Tallies(clock)
        self.notices = Notices(clock, start=self._begin, tell=self._tell)
        self.services = self._make_services(catalog, clock)

    def connect(
        self,
        engine: EmbeddedEngine,
        listener: Listener,
        spawn: Spawn,
        failpoints: Failpoints | None = None,
    ) -> None:
        """Take the parts that runs reach through the services."""
        self._engine = engine
        self._listener = listener
        self._spawn = spawn
        self.corrections = self._make_corrections(failpoints)

        def follow(is_wanted: bool) -> None:
            # The engine gathers the states of runs only while a trigger wants them.
            engine.on_change = self.hub.note_run if is_wanted else None

        self.hub.on_followers = follow

    def open_post(self, control: Control, hooks: Hooks, key: bytes) -> None:
        """Make ready for letters about questions; *key* signs what names them."""
        self.post = Post(
            engine=self._engine,
            services=self.services,
            active=self._listener,
            api=Api(control, language=self._settings.language),
            tokens=ReplyTokens(key),
            hooks=hooks,
            notices=self.notices,
        )

    async def load(self) -> None:
        """Go on from what the journal holds: what is paused, what the owner was told."""
        await self.pauses.load(self._engine, self._listener)
        await self.notices.load(self._engine)
        await self.tallies.load(self._engine)
        await self.post.load()

    def tell_upkeep(self, problem: RouageError | None) -> None:
        """Tell the owner that backups or the bounds of the past are in trouble, or no more."""
        if problem is None:
            self.notices.solve(_UPKEEP)
            return
        reason = Text(problem.render("en"), problem.render("fr"))
        self.notices.raise_(_UPKEEP, "upkeep_failed", _NOT_KEPT.fill(reason=reason))

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
            write=self._write,
            past_events=self._past_events,
            take_tokens=self._take_tokens,
            wrote=self.written.note,
            pause_of=self.pauses.error_of,
            accounts=self.accounts,
            accounts_told=lambda: self.accounts.told,
            secrets_of=self.accounts.secrets_of,
            business=Business(hours=settings.business, zone=settings.zone),
            tallies=self.tallies,
            ledger=self._look_up,
            is_asked=self._is_asked,
            ask_via=settings.ask_via,
            rate_of=lambda action: rate_of(settings.rates, action),
        )

    def _make_corrections(self, failpoints: Failpoints | None) -> Corrections:
        settings, places = self._settings, self._settings.places
        return Corrections(
            self._engine,
            settings=settings.corrections,
            workspace=settings.workspace,
            clock=self._clock,
            notices=self.notices,
            around=Around(
                hidden=(places.state, places.recipes),
                folders=self._watched_folders,
                takers=self.written.takers_of,
                mask=self.secrets.mask,
            ),
            failpoints=failpoints,
        )

    def _watched_folders(self) -> list[str]:
        """Return the folders that triggers watch: what a run made may have been moved there."""
        recipes = [plan.recipe for plan in self._listener.recipes.values()]
        return watched_folders(recipes, self._settings.workspace)

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

    async def _write(self, facts: Mapping[str, JSON]) -> None:
        await self.post.write(facts)

    def _is_asked(self, ids: Iterable[str]) -> bool:
        return self.post.is_asked(ids)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> object:
        return self._spawn(work, name)

    async def _tell(self, notice: Notice) -> None:
        """Tell recipes that listen to the engine; never the one that the trouble is about."""
        language = self._settings.language
        facts: dict[str, JSON] = {
            "recipe": notice.recipe,
            "trigger": notice.key.partition(":")[2] if "/" in notice.key else None,
            "reason": notice.text.render(language),
        }
        key = f"notice {notice.key} {notice.since.isoformat()}"
        trail = () if notice.recipe is None else (notice.recipe,)
        await self.hub.announce("notice", facts, key=key, trail=trail)

    async def _announce(self, kind: str, facts: Mapping[str, JSON]) -> None:
        await self.hub.announce(kind, facts)

    async def _past_events(self, source: str, since: datetime) -> Sequence[tuple[str, JSON]]:
        found = await self._engine.find_events(source=source, limit=_PAST_EVENTS)
        events = [one.event for one in reversed(found)]
        return [(event.key, event.data) for event in events if event.time >= since]

    async def _look_up(self, key: str) -> JSON:
        return await done_under(self._engine, key)

    def _take_tokens(self, rate: Rate) -> float:
        bucket, limit, per_seconds = rate
        return self._engine.take_tokens(bucket, 1, limit=limit, per_seconds=per_seconds)

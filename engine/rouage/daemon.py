"""Wire the parts together; own their start and their stop. Parts are built here only."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.catalog.schema_file import keep_schema
from rouage.clock import Clock, SystemClock
from rouage.control import Control, Life
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Reader, RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.flow.listen import Listener
from rouage.flow.liveness import Liveness
from rouage.flow.run import Interpreter
from rouage.flow.run_notices import Doubts, note_success, tell_failure
from rouage.flow.undo.run import UndoRuns
from rouage.flow.undo.start import Undos
from rouage.language import Text
from rouage.lock import WorkspaceLock
from rouage.recipes.folder import RecipeFolder
from rouage.reloading import Reloading
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.secrets import SecretStore
from rouage.service.handed import CONSOLE, HOOKS, take_sockets
from rouage.service.limits import resource_checks
from rouage.service.manager import ServiceManager
from rouage.service.pulse import Pulse
from rouage.service.supervision import Supervisor, Trouble
from rouage.settings import Places, Settings
from rouage.surroundings import Surroundings
from rouage.upkeep import Upkeep
from rouage.web.hooks import HookServer, Outlook
from rouage.web.links import Links
from rouage.web.server import ConsoleServer
from rouage.workers.safeguards import Safeguards
from rouage.workplace import link_key, local_token, local_user, prepare, tell_where

logger = logging.getLogger(__name__)

_LOOK_UP_SECONDS: Final = 10.0
_START_SECONDS: Final = 120.0
_STOP_MARGIN_SECONDS: Final = 15.0
_STALE_SECONDS: Final = 120.0
"""Recipes not looked at for so long: whatever looks at them is stuck."""
OnReady = Callable[["Daemon"], Awaitable[None]]

_AT_WORK: Final = Text(
    "{recipes} recipes, {triggers} triggers", "{recipes} recettes, {triggers} déclencheurs"
)
_SOME_SICK: Final = Text(
    "{recipes} recipes, {triggers} triggers, {sick} not well",
    "{recipes} recettes, {triggers} déclencheurs, dont {sick} en difficulté",
)
_STOPPING: Final = Text("stopping", "arrêt en cours")


class Daemon:
    """One workspace at work: engine, recipes, triggers, and the two listeners.

    *manager* is the service manager that started it, *environment* where sockets that it
    handed over are named, *secrets* the store if it is open already.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog,
        clock: Clock | None = None,
        failpoints: Failpoints | None = None,
        manager: ServiceManager | None = None,
        environment: MutableMapping[str, str] | None = None,
        secrets: SecretStore | None = None,
    ) -> None:
        self.settings = settings
        self._safeguards = Safeguards(catalog)
        self.catalog = self._safeguards.catalog
        self.clock = clock or SystemClock()
        self.life = Life()
        self.ports = self.life.ports
        self.has_failed = False
        self._failpoints = failpoints
        self._manager = manager or ServiceManager()
        self._places: Places = settings.places
        self._surroundings = Surroundings(
            settings, catalog=self.catalog, clock=self.clock, secrets=secrets
        )
        self._stop = asyncio.Event()
        self._are_recipes_loaded = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        ports = {settings.port: CONSOLE, settings.hooks_port: HOOKS}
        self._handed = take_sockets({} if environment is None else environment, ports=ports)

    async def serve(self, on_ready: OnReady | None = None) -> None:
        """Work until `request_stop`; then drain.

        Raises:
            WorkspaceError: another daemon works here.
            JournalError: the journal cannot be opened.
        """
        prepare(self._places)
        with WorkspaceLock(self._places.lock):
            async with asyncio.TaskGroup() as tasks:
                try:
                    self._supervisor = Supervisor(
                        self.clock,
                        spawn=lambda work, name: tasks.create_task(work, name=name),
                        give_up=self._give_up,
                        tell=self._tell_trouble,
                    )
                    self._manager.extend(_START_SECONDS)
                    await self._start()
                    if on_ready is not None:
                        await on_ready(self)
                    self._manager.ready(self._in_short())
                    await self._stop.wait()
                finally:
                    await self._drain()

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run *work* beside the daemon until it stops (the story of the demo)."""
        self._background.append(self._supervisor.start(work, name))

    def request_reload(self) -> None:
        """Have the recipes looked at now."""
        if self.life.is_open:
            self._reloading.ask()

    @property
    def is_stopping(self) -> bool:
        """Say whether it was asked to stop."""
        return self._stop.is_set()

    def request_stop(self) -> None:
        """Begin the drain; `serve` returns when it is done."""
        self.life.is_open = False
        self._stop.set()

    def _give_up(self) -> None:
        """End the process: only a fresh start can judge (R14, D-8)."""
        self.has_failed = True
        self._loop.call_soon_threadsafe(self.request_stop)

    @property
    def reader(self) -> Reader:
        """Return the questions that the journal answers."""
        return self._engine

    def status(self) -> JSON:
        """Return how the daemon, its recipes and its triggers are."""
        return self.control.status()

    async def start_run(
        self, recipe_id: str, *, inputs: Mapping[str, JSON] | None = None
    ) -> Receipt:
        """Start a run by hand."""
        return await self.control.start_run(recipe_id, inputs=inputs)

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._safeguards.start()
        self.life.started = self.clock.now()
        self._engine: EmbeddedEngine = await asyncio.to_thread(
            open_engine,
            self._places.journal,
            clock=self.clock,
            failpoints=self._failpoints,
            on_fatal=self._give_up,
            reserve_bytes=self.settings.reserve_bytes,
        )
        self._make_parts()
        self._interpreter = Interpreter(self._surroundings.plan_of, self._surroundings.services)
        await self._surroundings.load()
        self._undo_runs = UndoRuns(
            self._engine, self._surroundings.services, self._surroundings.plan_of
        )
        await self._engine.open(self._execute)
        await self._reloading.look()
        await self._open_doors()
        for event in await self._engine.unmatched():
            await self._listener.match_late(event)
        await self._listener.wait_started()
        self._are_recipes_loaded.set()
        if HOOKS in self._handed:
            await self._open_hooks()
        self._hooks.admit()
        self._begin_keeping()
        self.life.is_open = True
        # What was loaded stays for life: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        tell_where(self._places.daemon, self.ports, self.life.started)
        await self._surroundings.hub.announce("started", {})

    async def _open_doors(self) -> None:
        """Listen for the console, and for webhooks unless their senders wait at an open socket."""
        hosts, handed = self.settings.hosts, self._handed
        # A sender that comes too early is asked to come back, not told that there is no hook.
        self._hooks.refuse(1)
        if HOOKS not in handed:
            await self._open_hooks()
        self.ports["console"] = await self._console.start(
            hosts, self.settings.port, sockets=handed.get(CONSOLE, ())
        )
        self.control.links.base = self.settings.address_of(self.ports["console"])

    async def _open_hooks(self) -> None:
        self.ports["hooks"] = await self._hooks.start(
            self.settings.hosts, self.settings.hooks_port, sockets=self._handed.get(HOOKS, ())
        )

    def _begin_keeping(self) -> None:
        """Start what goes on for as long as the daemon lives."""
        upkeep = Upkeep(
            self._engine, self.settings, self.catalog, clock=self.clock, failpoints=self._failpoints
        )
        upkeep.on_problem = self._surroundings.tell_upkeep
        liveness = Liveness(
            self._listener,
            reader=self._engine,
            notices=self._surroundings.notices,
            clock=self.clock,
        )
        pulse = Pulse(
            self._manager, is_sound=self._is_sound, status=self._in_short, clock=self.clock
        )
        doubts = Doubts(self._engine, self._surroundings.notices, self.clock)
        works: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "recipes": self._reloading.work,
            "upkeep": upkeep.work,
            "liveness": liveness.work,
            "doubts": doubts.work,
            "pulse": pulse.work,
            "pauses": self._surroundings.pauses.finish,
            "letters": self._surroundings.post.work,
            "corrections": self._surroundings.corrections.work,
        }
        for name, work in works.items():
            self._background.append(self._supervisor.keep(work, name))
        schema = keep_schema(self.catalog, self.settings.language, self._places.recipe_schema)
        self.background(schema, "schema")
        for check in resource_checks(self.settings):
            if check.state != "ok":
                logger.warning("%s", check.sentence.en)

    def _outlook(self, recipe_id: str) -> Outlook:
        """Say whether this recipe will serve its hooks: not if it is switched off, or deleted."""
        triggers = [one for one in self._listener.status() if one["recipe"] == recipe_id]
        if any(one["state"] in {"starting", "error"} for one in triggers):
            return "coming"
        files = self._reloading.recipes.files
        return "closed" if any(file.recipe_id == recipe_id for file in files) else "gone"

    async def _execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        """Run one run to its end; those that go on may call recipes, or tell those that listen."""
        if not self._are_recipes_loaded.is_set():
            await self._are_recipes_loaded.wait()
        executor = self._undo_runs if UndoRuns.is_meant(context) else self._interpreter
        outcome = await executor.execute(context, definition)
        notices = self._surroundings.notices
        if outcome.state == "failed":
            recipe = self._surroundings.plan_of(definition).recipe.id
            tell_failure(notices, recipe, context.run_id)
        elif notices.is_any_open and outcome.state == "succeeded":
            note_success(notices, self._surroundings.plan_of(definition).recipe.id)
        return outcome

    async def _is_sound(self) -> bool:
        """Ask what must work for a sign of life; a journal that hangs makes this hang."""
        await self._engine.beat()
        return self.clock.monotonic_seconds() - self._reloading.looked_at < _STALE_SECONDS

    def _in_short(self) -> str:
        """Return how things are in a few words, for the service manager."""
        ears = self._listener.ears
        sick = sum(ear.state in {"error", "degraded"} for ear in ears)
        facts = {"recipes": len(self._listener.recipes), "triggers": len(ears), "sick": sick}
        return (_SOME_SICK if sick else _AT_WORK).render(self.settings.language, facts)

    def _tell_trouble(self, trouble: Trouble) -> None:
        notices = self._surroundings.notices
        notices.raise_(f"task:{trouble.name}", "task_failed", trouble.reason)

    def _last_definition(self) -> Callable[[str], bytes | None]:
        """Return the look-up of last good versions, for the thread that scans the folder."""
        loop = asyncio.get_running_loop()

        def look_up(recipe: str) -> bytes | None:
            answer = asyncio.run_coroutine_threadsafe(self._engine.last_definition(recipe), loop)
            return answer.result(_LOOK_UP_SECONDS)

        return look_up

    async def _drain(self) -> None:
        """Stop accepting, let running steps end, close (durability R17)."""
        self.life.is_open = False
        self._manager.status(_STOPPING.render(self.settings.language))
        self._manager.stopping(self.settings.grace_seconds + _STOP_MARGIN_SECONDS)
        self._are_recipes_loaded.set()
        for task in self._background:
            task.cancel()
        if hasattr(self, "_hooks"):
            self._hooks.refuse(5)
        if hasattr(self, "_listener"):
            await self._listener.stop()
        if hasattr(self, "_engine"):
            await self._engine.close(self.settings.grace_seconds)
        await self._safeguards.close()
        if hasattr(self, "_hooks"):
            await self._hooks.stop()
        if hasattr(self, "_console"):
            await self._console.stop()
        await self._surroundings.close()
        with contextlib.suppress(FileNotFoundError):
            self._places.daemon.unlink()

    def _make_parts(self) -> None:
        spawn = self._supervisor.start
        self._hooks = HookServer(
            allowed_hosts=self.settings.console_hosts,
            proxies=self.settings.trusted_proxies,
            folder=self._places.received,
            known_paths=self._places.known_hooks,
            outlook=self._outlook,
            keep=self._supervisor.keep,
        )
        self._listener = Listener(
            engine=self._engine,
            services=self._surroundings.services,
            hooks=self._hooks,
            spawn=spawn,
            hub=self._surroundings.hub,
            written=self._surroundings.written,
        )
        self._surroundings.connect(self._engine, self._listener, spawn, self._failpoints)
        self._reloading = Reloading(
            self._make_recipes(),
            engine=self._engine,
            listener=self._listener,
            surroundings=self._surroundings,
            notices=self._surroundings.notices,
            clock=self.clock,
            language=self.settings.language,
        )
        self._reloading.began = self._manager.reloading
        self._reloading.ended = lambda: self._manager.ready(self._in_short())
        self.control = self._make_control()
        self._surroundings.open_post(self.control, self._hooks, link_key(self._places.link_key))
        self._console = ConsoleServer(
            self.control,
            token=local_token(self._places.token),
            allowed_hosts=self.settings.console_hosts,
            language=self.settings.language,
        )

    def _make_recipes(self) -> RecipeFolder:
        return RecipeFolder(
            self._places.recipes,
            self.catalog,
            known_secrets=self._surroundings.secrets.names,
            input_values=self.settings.inputs,
            last_definition=self._last_definition(),
        )

    def _make_control(self) -> Control:
        return Control(
            engine=self._engine,
            listener=self._listener,
            recipes=self._reloading.recipes,
            settings=self.settings,
            catalog=self.catalog,
            clock=self.clock,
            files=self._surroundings.files,
            links=Links(
                link_key(self._places.link_key), self.settings.address_of(self.settings.port)
            ),
            safeguards=self._safeguards,
            life=self.life,
            owner=local_user(),
            undos=Undos(
                self._engine,
                catalog=self.catalog,
                clock=self.clock,
                plan_of=self._surroundings.plan_of,
            ),
            stop=self.request_stop,
            reload=self.request_reload,
            pauses=self._surroundings.pauses,
            notices=self._surroundings.notices,
            corrections=self._surroundings.corrections,
        )

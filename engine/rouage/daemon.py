"""Wire the parts together; own their start and their stop. Parts are built here only."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from rouage.analysis.render import to_json
from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import compose
from rouage.clock import Clock, SystemClock
from rouage.control import Control, Life
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Reader, RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.errors import RouageError
from rouage.flow.listen import Listener
from rouage.flow.plan import make_plan
from rouage.flow.run import Interpreter
from rouage.lock import WorkspaceLock
from rouage.problem import Problem
from rouage.recipes.folder import Change, RecipeFolder
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.settings import Places, Settings
from rouage.surroundings import Surroundings
from rouage.upkeep import Upkeep
from rouage.web.hooks import HookServer
from rouage.web.links import Links
from rouage.web.server import ConsoleServer
from rouage.workers.safeguards import Safeguards
from rouage.workplace import link_key, local_token, local_user, prepare, tell_where

logger = logging.getLogger(__name__)

RELOAD_SECONDS: Final = 1.5
SETTLING_SECONDS: Final = 0.3
"""How often the recipes are looked at: at rest, and while a change is under way (L1: 2 s)."""
_FAILED: Final = 70
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 50)
_LOOK_UP_SECONDS: Final = 10.0
OnReady = Callable[["Daemon"], Awaitable[None]]


class Daemon:
    """One workspace at work: engine, recipes, triggers, and the two listeners."""

    def __init__(
        self,
        settings: Settings,
        *,
        catalog: Catalog,
        clock: Clock | None = None,
        failpoints: Failpoints | None = None,
    ) -> None:
        self.settings = settings
        self._safeguards = Safeguards(catalog)
        self.catalog = self._safeguards.catalog
        self.clock = clock or SystemClock()
        self.life = Life()
        self.ports = self.life.ports
        self.has_failed = False
        self._failpoints = failpoints
        self._places: Places = settings.places
        self._surroundings = Surroundings(settings, catalog=self.catalog, clock=self.clock)
        self._stop = asyncio.Event()
        self._are_recipes_loaded = asyncio.Event()
        self._reported: dict[str, tuple[Problem, ...]] = {}
        self._background: list[asyncio.Task[None]] = []

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
                    self._spawn = _spawner(tasks)
                    await self._start()
                    if on_ready is not None:
                        await on_ready(self)
                    await self._work()
                finally:
                    await self._drain()

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run *work* beside the daemon until it stops (the story of the demo)."""
        self._background.append(self._spawn(work, name))

    def _give_up(self) -> None:
        """End the process: the disk failed in a way that only a fresh start can judge (R14)."""
        self.has_failed = True
        self._loop.call_soon_threadsafe(self.request_stop)

    def request_stop(self) -> None:
        """Begin the drain; `serve` returns when it is done."""
        self.life.is_open = False
        self._stop.set()

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

    # -- life --------------------------------------------------------------------------------

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
        self._hooks = HookServer(allowed_hosts=self.settings.allowed_hosts)
        self._listener = Listener(
            engine=self._engine,
            services=self._surroundings.services,
            hooks=self._hooks,
            spawn=self._spawn,
            hub=self._surroundings.hub,
            written=self._surroundings.written,
        )
        self._surroundings.connect(self._engine, self._listener, self._spawn)
        self._recipes = self._make_recipes()
        self.control = self._make_control()
        self._console = ConsoleServer(
            self.control,
            token=local_token(self._places.token),
            allowed_hosts=self.settings.console_hosts,
            language=self.settings.language,
        )
        self._interpreter = Interpreter(self._surroundings.plan_of, self._surroundings.services)
        await self._engine.open(self._execute)
        await self._reload()
        self._write_schema()
        # A sender that comes too early is asked to come back, not told that there is no hook.
        self._hooks.refuse(1)
        self.ports["hooks"] = await self._hooks.start(self.settings.hosts, self.settings.hooks_port)
        self.ports["console"] = await self._console.start(self.settings.hosts, self.settings.port)
        self.control.links.base = self.settings.address_of(self.ports["console"])
        for event in await self._engine.unmatched():
            await self._listener.match_late(event)
        await self._listener.wait_started()
        self._are_recipes_loaded.set()
        self._hooks.admit()
        self._upkeep = Upkeep(
            self._engine, self.settings, clock=self.clock, failpoints=self._failpoints
        )
        self.background(self._upkeep.work(), "upkeep")
        self.life.is_open = True
        # What was loaded stays for life: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        tell_where(self._places.daemon, self.ports, self.life.started)
        await self._surroundings.hub.announce("started", {})

    async def _execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        """Run one run to its end; those that go on may call recipes, or tell those that listen."""
        if not self._are_recipes_loaded.is_set():
            await self._are_recipes_loaded.wait()
        return await self._interpreter.execute(context, definition)

    def _last_definition(self) -> Callable[[str], bytes | None]:
        """Return the look-up of last good versions, for the thread that scans the folder."""
        loop = asyncio.get_running_loop()

        def look_up(recipe: str) -> bytes | None:
            answer = asyncio.run_coroutine_threadsafe(self._engine.last_definition(recipe), loop)
            return answer.result(_LOOK_UP_SECONDS)

        return look_up

    async def _work(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._reload_pause()):
                    await self._stop.wait()
                    return
            await self._reload()

    def _reload_pause(self) -> float:
        return RELOAD_SECONDS if self._recipes.is_at_rest else SETTLING_SECONDS

    async def _reload(self) -> None:
        """Bring the folder's changes into force; one bad file never stops the rest."""
        changes = await asyncio.to_thread(self._recipes.scan, self.clock.monotonic_seconds())
        if changes:
            await asyncio.gather(*(self._apply(change) for change in changes))
        self._report_problems()

    def _report_problems(self) -> None:
        """Say once what is wrong with a recipe that was saved."""
        language = self.settings.language
        faulty = {file.file: file.problems for file in self._recipes.files if file.problems}
        for name, problems in faulty.items():
            if self._reported.get(name) == problems:
                continue
            for problem in problems:
                said = to_json(problem, language)
                start = problem.range.start
                logger.warning(
                    "%s:%s:%s %s %s", name, start.line, start.column, problem.code, said["message"]
                )
        self._reported = faulty

    async def _apply(self, change: Change) -> None:
        try:
            await self._bring_into_force(change)
        except RouageError as error:
            logger.warning("recipe %s: %s", change.recipe_id, error.render("en"))

    async def _bring_into_force(self, change: Change) -> None:
        version = change.recipe or change.accepted
        if version is not None:
            await self._engine.put_definition(
                version.id, version.definition, file=change.file, source=change.source
            )
        if change.recipe is None:
            await self._listener.deactivate(change.recipe_id)
            return
        plan = make_plan(change.recipe, self._surroundings.services)
        self._surroundings.keep(plan)
        await self._listener.activate(plan)

    async def _drain(self) -> None:
        """Stop accepting, let running steps end, close (durability R17)."""
        self.life.is_open = False
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

    # -- parts -------------------------------------------------------------------------------

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
            recipes=self._recipes,
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
            stop=self.request_stop,
        )

    def _write_schema(self) -> None:
        """Keep the schema that editors read in step with what is installed."""
        text = json.dumps(
            compose(self.catalog, language=self.settings.language), ensure_ascii=False, indent=1
        )
        target = self._places.recipe_schema
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def _spawner(
    tasks: asyncio.TaskGroup,
) -> Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]:
    def spawn(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        return tasks.create_task(work, name=name)

    return spawn


def run(settings: Settings, *, catalog: Catalog, on_ready: OnReady | None = None) -> int:
    """Serve until a signal says stop; the first one drains, the second ends at once.

    Returns the exit code: 0 after a clean stop, 70 when the disk failed (EX_SOFTWARE).
    """
    with contextlib.suppress(AttributeError):
        # The no-writer probe of folder triggers may make the kernel send SIGIO, which would
        # kill the process (triggers D-13).
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    # Runs make many short-lived objects and hardly a cycle: looking for cycles less often saves
    # a tenth of the time and most of the long pauses under load.
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    return asyncio.run(_serve(settings, catalog, on_ready))


async def _serve(settings: Settings, catalog: Catalog, on_ready: OnReady | None) -> int:
    failpoints = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    daemon = Daemon(settings, catalog=catalog, failpoints=failpoints)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if daemon._stop.is_set():
            os._exit(1)
        daemon.request_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await daemon.serve(on_ready)
    return _FAILED if daemon.has_failed else 0

"""Wire the parts together; own their start and their stop. Parts are built here only."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession

from rouage.analysis.render import to_json
from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import compose
from rouage.clock import Clock, SystemClock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Engine, Reader
from rouage.durable.sqlite import open_engine
from rouage.errors import RouageError
from rouage.flow.listen import Listener
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.lock import WorkspaceLock
from rouage.model.ids import new_event_id
from rouage.model.run import RunState
from rouage.problem import Problem
from rouage.recipes.definition import parse
from rouage.recipes.folder import Change, RecipeFolder
from rouage.safety.network import open_session
from rouage.safety.paths import Folders
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.secrets import SecretStore
from rouage.settings import Places, Settings
from rouage.vault import LiveSecrets
from rouage.web.api import Choice
from rouage.web.hooks import HookServer
from rouage.web.server import ConsoleServer
from rouage.workplace import local_token, prepare, tell_where

logger = logging.getLogger(__name__)

RELOAD_SECONDS: Final = 1.5
SETTLING_SECONDS: Final = 0.3
"""How often the recipes are looked at: at rest, and while a change is under way (L1: 2 s)."""
_FAILED: Final = 70
_PLANS_KEPT: Final = 4_096
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
        self.catalog = catalog
        self.clock = clock or SystemClock()
        self.ports: dict[str, int] = {}
        self.has_failed = False
        self._failpoints = failpoints
        self.started: datetime | None = None
        self._places: Places = settings.places
        self._plans: dict[bytes, Plan] = {}
        self._secrets = LiveSecrets(SecretStore(self._places.secrets))
        self._http: ClientSession | None = None
        self._files = Folders(workspace=settings.workspace, allowed=settings.folders)
        self._services = self._make_services()
        self._stop = asyncio.Event()
        self._is_ready = False
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
        self._stop.set()

    # -- what the API may ask (rouage.web.api.Control) --------------------------------------

    @property
    def reader(self) -> Reader:
        """Return the questions that the journal answers."""
        return self._engine

    def is_ready(self) -> tuple[bool, str | None]:
        """Say whether events are accepted, and why not."""
        health = self._engine.health()
        if health.state == "refusing":
            return False, health.reason
        return self._is_ready and not self._stop.is_set(), None

    def status(self) -> JSON:
        """Return how the daemon, its recipes and its triggers are."""
        health = self._engine.health()
        return {
            "state": health.state,
            "reason": health.reason,
            "pid": os.getpid(),
            "started": self.started.isoformat() if self.started else None,
            "workspace": str(self.settings.workspace),
            "console_port": self.ports.get("console"),
            "hooks_port": self.ports.get("hooks"),
            "recipes": list(self._recipes.status(self.settings.language)),
            "triggers": list(self._listener.status(self.settings.language)),
            "connectors_broken": [broken.name for broken in self.catalog.broken],
        }

    async def start_run(
        self,
        recipe_id: str,
        *,
        data: JSON = None,
        inputs: Mapping[str, JSON] | None = None,
        trigger: str | None = None,
    ) -> Receipt:
        """Start a run by hand; `inputs` are its typed inputs."""
        event: dict[str, JSON] = dict(data) if isinstance(data, dict) else {}
        if inputs:
            event["inputs"] = dict(inputs)
        key = new_event_id(self.clock.now())
        return await self._listener.start_run(recipe_id, data=event, trigger=trigger, key=key)

    async def cancel(self, run_id: str) -> RunState | None:
        """Ask for the end of a run."""
        return await self._engine.cancel(run_id, "cancelled by the owner")

    async def resolve(self, run_id: str, choice: Choice, author: str) -> RunState | None:
        """Settle a run that needs attention."""
        return await self._engine.resolve(run_id, choice, author=author)

    async def shutdown(self) -> None:
        """Begin the drain."""
        self.request_stop()

    # -- life --------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.started = self.clock.now()
        self._engine: Engine = await asyncio.to_thread(
            open_engine,
            self._places.journal,
            clock=self.clock,
            failpoints=self._failpoints,
            on_fatal=self._give_up,
        )
        self._hooks = HookServer(allowed_hosts=self.settings.allowed_hosts)
        self._listener = Listener(
            engine=self._engine, services=self._services, hooks=self._hooks, spawn=self._spawn
        )
        self._console = ConsoleServer(
            self,
            token=local_token(self._places.token),
            allowed_hosts=self.settings.allowed_hosts,
            language=self.settings.language,
        )
        interpreter = Interpreter(self._plan_of, self._services)
        await self._engine.open(interpreter.execute)
        await self._open_recipes()
        # A sender that comes too early is asked to come back, not told that there is no hook.
        self._hooks.refuse(1)
        self.ports["hooks"] = await self._hooks.start(self.settings.hosts, self.settings.hooks_port)
        self.ports["console"] = await self._console.start(self.settings.hosts, self.settings.port)
        for event in await self._engine.unmatched():
            await self._listener.match_late(event)
        await self._listener.wait_started()
        self._hooks.admit()
        self._is_ready = True
        # What was loaded stays for life: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        tell_where(self._places.daemon, self.ports, self.started)

    async def _open_recipes(self) -> None:
        self._recipes = RecipeFolder(
            self._places.recipes,
            self.catalog,
            known_secrets=self._secrets.names,
            input_values=self.settings.inputs,
            last_definition=self._last_definition(),
        )
        await self._reload()
        self._write_schema()

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
            await self._engine.put_definition(version.id, version.definition)
        if change.recipe is None:
            await self._listener.deactivate(change.recipe_id)
            return
        plan = make_plan(change.recipe, self._services)
        self._keep(change.recipe.definition, plan)
        await self._listener.activate(plan)

    async def _drain(self) -> None:
        """Stop accepting, let running steps end, close (durability R17)."""
        self._is_ready = False
        for task in self._background:
            task.cancel()
        if hasattr(self, "_hooks"):
            self._hooks.refuse(5)
        if hasattr(self, "_listener"):
            await self._listener.stop()
        if hasattr(self, "_engine"):
            await self._engine.close(self.settings.grace_seconds)
        if hasattr(self, "_hooks"):
            await self._hooks.stop()
        if hasattr(self, "_console"):
            await self._console.stop()
        if self._http is not None:
            await self._http.close()
        with contextlib.suppress(FileNotFoundError):
            self._places.daemon.unlink()

    # -- parts -------------------------------------------------------------------------------

    def _make_services(self) -> Services:
        return Services(
            catalog=self.catalog,
            clock=self.clock,
            workspace=self.settings.workspace,
            timezone=self.settings.zone,
            language=self.settings.language,
            secrets=self._secrets.current,
            mask=self._secrets.mask,
            folders_of=self._files.also,
            open_http=self._open_http,
            scratch_of=self._scratch_of,
            log=logging.getLogger("rouage.action"),
        )

    def _plan_of(self, definition: bytes) -> Plan:
        plan = self._plans.get(definition)
        if plan is None:
            plan = make_plan(parse(definition), self._services)
            self._keep(definition, plan)
        return plan

    def _keep(self, definition: bytes, plan: Plan) -> None:
        if len(self._plans) >= _PLANS_KEPT:
            self._plans.pop(next(iter(self._plans)))
        self._plans[definition] = plan

    def _open_http(self) -> ClientSession:
        if self._http is None:
            self._http = open_session()
        return self._http

    def _scratch_of(self, run_id: str) -> Path:
        folder = self._places.scratch / run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

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

"""For tests of connectors: call one action, or collect what one trigger emits.

    async def test_a_push_gives_its_id(tmp_path):
        context = make_context(tmp_path)
        result = await run_action(connector, "ntfy.push", {"topic": "a", "message": "b"}, context)

Files are real and lie below the folder that you give; nothing else is touched.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rouage.clock import Clock, SystemClock
from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.paths import Folders
from rouage.sdk.accounts import Accounts, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.chain import Chain
from rouage.sdk.connector import Connector
from rouage.sdk.context import Context, Render
from rouage.sdk.forms import FormPage, Submit
from rouage.sdk.json import JSON
from rouage.sdk.trigger import HookAnswer, HookReply, HookRequest, Receipt, TriggerContext

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LOGGER: Final = logging.getLogger("rouage.testing")


class ManualClock:
    """A clock that stands still until it is advanced; sleepers wake in the order of their time."""

    def __init__(self, now: datetime = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the present instant of this clock."""
        return self._now

    def monotonic_seconds(self) -> float:
        """Return the seconds this clock was advanced by."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced by *seconds*."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time forward by *seconds*, waking each sleeper at its instant."""
        target = self._monotonic + seconds
        while True:
            due = [entry for entry in self._sleepers if entry[0] <= target]
            if not due:
                break
            when, future = min(due, key=lambda entry: entry[0])
            self._sleepers.remove((when, future))
            self._step_to(when)
            if not future.done():
                future.set_result(None)
            for _ in range(3):  # let what woke up run until it sleeps again
                await asyncio.sleep(0)
        self._step_to(target)

    def _step_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic


def _no_http() -> "ClientSession":
    raise StepError(Text("this test gave no HTTP session", "ce test n’a pas donné de session HTTP"))


def make_context(
    folder: Path,
    *,
    key: str = "test-key",
    step: str = "do.0",
    attempt: int = 1,
    files: Folders | None = None,
    clock: Clock | None = None,
    timezone: tzinfo = UTC,
    open_http: "Callable[[], ClientSession]" = _no_http,
    render: Render | None = None,
    templates: Mapping[str, str] | None = None,
    log: logging.Logger = _LOGGER,
    accounts: Accounts | None = None,
) -> Context:
    """Return a context whose workspace, home and scratch folder lie in *folder*.

    Give another *key* for another step; the same one stands for a repetition. *render* is how
    template files are filled in (by default `{name}` of the data).
    """
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    scratch = folder / "scratch"

    def make_scratch() -> Path:
        scratch.mkdir(exist_ok=True)
        return scratch

    return Context(
        run_id="run-of-a-test",
        recipe_id="test",
        step=step,
        attempt=attempt,
        idempotency_key=key,
        workspace=workspace,
        files=files or Folders(workspace=workspace, home=folder),
        timezone=timezone,
        clock=clock or SystemClock(),
        log=log,
        open_http=open_http,
        scratch=make_scratch,
        render=render or render_names,
        templates=templates or {},
        accounts=accounts or NoAccounts(),
    )


def render_names(template: str, data: Mapping[str, JSON]) -> str:
    """Fill in `${{ name }}` only: enough for tests that do not need the whole language."""
    for name, value in data.items():
        template = template.replace("${{ " + name + " }}", str(value))
    return template


async def run_action(
    connector: Connector, action: str, parameters: Mapping[str, JSON], context: Context
) -> JSON:
    """Call *action* (`name.word`) as the engine does, and return its result as JSON.

    Raises:
        StepError: the parameters do not fit, or the action failed.
    """
    spec = connector.actions[action]
    result = await spec.run(spec.parameters.build(parameters), context)
    returned: JSON = json.loads(json.dumps(result))
    return returned


async def simulate_action(
    connector: Connector, action: str, parameters: Mapping[str, JSON], context: Context
) -> JSON:
    """Call the `simulate` of *action*: what it would return, without the effect."""
    spec = connector.actions[action]
    if spec.simulate is None:
        raise StepError(
            Text("{action} cannot be simulated", "{action} ne peut pas être simulée"), action=action
        )
    return await spec.simulate(spec.parameters.build(parameters), context)


@dataclass(frozen=True, kw_only=True, slots=True)
class Emitted:
    """One event that a trigger emitted."""

    data: JSON
    key: str
    time: datetime | None = None
    trail: tuple[str, ...] = ()


class MemoryItems:
    """The durable store of a trigger, kept in memory; `values` shows what it holds."""

    def __init__(self, values: Mapping[bytes, JSON] | None = None) -> None:
        self.values: dict[bytes, JSON] = dict(values or {})

    async def load(self) -> dict[bytes, JSON]:
        """Return everything that is stored."""
        return dict(self.values)

    async def put(self, items: Mapping[bytes, JSON]) -> None:
        """Store *items*; None removes one."""
        for key, value in items.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value


class MemoryHooks:
    """Hooks without a listener: `request` hands a request to whoever opened its path."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[frozenset[str], HookAnswer]] = {}
        self.forms: dict[str, tuple[FormPage, Submit]] = {}

    def open(
        self,
        path: str,
        *,
        methods: frozenset[str],
        max_body_bytes: int,
        answer: HookAnswer,
        rate_per_second: float = 50.0,
        burst: int = 200,
        owner: str = "",
    ) -> AbstractContextManager[None]:
        """Answer requests for *path* until the context ends."""
        del max_body_bytes, rate_per_second, burst, owner
        return self._opened(path, methods, answer)

    async def probe(self, path: str) -> bool:
        """Say whether *path* is open."""
        return path in self._open

    @contextmanager
    def open_form(
        self,
        path: str,
        *,
        form: FormPage,
        submit: Submit,
        rate_per_second: float,
        burst: int,
        owner: str = "",
    ) -> Iterator[None]:
        """Take what is submitted for *path* until the context ends."""
        del rate_per_second, burst, owner
        self.forms[path] = (form, submit)
        try:
            yield
        finally:
            del self.forms[path]

    @contextmanager
    def _opened(self, path: str, methods: frozenset[str], answer: HookAnswer) -> Iterator[None]:
        if path in self._open:
            raise StepError(
                Text("the path {path} is taken", "le chemin {path} est pris"), path=path
            )
        self._open[path] = (methods, answer)
        try:
            yield
        finally:
            del self._open[path]

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths that are open."""
        return tuple(self._open)

    async def request(self, request: HookRequest) -> HookReply:
        """Return what the trigger that opened the path answers; 404 or 405 if none would."""
        methods, answer = self._open.get(request.path, (frozenset(), None))
        if answer is None:
            return HookReply(status=404)
        return await answer(request) if request.method in methods else HookReply(status=405)


class RecordingEmit:
    """Takes events as the engine does: a key seen before is a duplicate."""

    def __init__(self, items: MemoryItems | None = None) -> None:
        self.events: list[Emitted] = []
        self._items = items or MemoryItems()
        self._ids: dict[str, str] = {}
        self._arrived = asyncio.Event()

    async def __call__(
        self,
        data: JSON,
        *,
        key: str,
        time: datetime | None = None,
        items: Mapping[bytes, JSON] | None = None,
        trail: tuple[str, ...] = (),
    ) -> Receipt:
        """Keep the event, and the items with it."""
        await self._items.put(items or {})
        if key in self._ids:
            return Receipt(event_id=self._ids[key], is_duplicate=True)
        self._ids[key] = f"event-{len(self._ids) + 1}"
        self.events.append(Emitted(data=data, key=key, time=time, trail=trail))
        self._arrived.set()
        return Receipt(event_id=self._ids[key])

    async def wait_for(self, count: int) -> None:
        """Return once *count* events have arrived."""
        while len(self.events) < count:
            self._arrived.clear()
            await self._arrived.wait()


@dataclass(kw_only=True, slots=True)
class Surroundings:
    """What a trigger under test meets; keep the parts to look at them afterwards."""

    workspace: Path
    items: MemoryItems = field(default_factory=MemoryItems)
    hooks: MemoryHooks = field(default_factory=MemoryHooks)
    clock: Clock = field(default_factory=SystemClock)
    timezone: tzinfo = UTC
    missed: JSON = None
    chain: Chain | None = None
    accounts: Accounts = field(default_factory=NoAccounts)
    business: Business = field(default_factory=Business)
    since: datetime | None = None
    connector: Connector | None = None
    """Whose actions the trigger may consult."""

    def context(self) -> TriggerContext:
        """Return the context to make the trigger with."""
        return TriggerContext(
            recipe_id="test",
            trigger_id="trigger_1",
            workspace=self.workspace,
            timezone=self.timezone,
            clock=self.clock,
            since=self.since,
            log=_LOGGER,
            items=self.items,
            hooks=self.hooks,
            missed=self.missed,
            chain=self.chain,
            accounts=self.accounts,
            business=self.business,
            consult=self.consult,
        )

    async def consult(self, action: str, parameters: Mapping[str, JSON]) -> JSON:
        """Call an action of `connector` that changes nothing, as a trigger does."""
        if self.connector is None or self.connector.actions[action].effect != "none":
            raise StepError(Text("nothing to call", "rien à appeler"))
        context = make_context(self.workspace, timezone=self.timezone, clock=self.clock)
        return await run_action(self.connector, action, parameters, context)


async def collect(
    connector: Connector,
    trigger: str,
    parameters: Mapping[str, JSON],
    surroundings: Surroundings,
    *,
    count: int = 1,
    seconds: float = 10.0,
) -> list[Emitted]:
    """Listen with *trigger* until it emitted *count* events, and return them.

    Raises:
        TimeoutError: they did not come within *seconds*.
    """
    spec = connector.triggers[trigger]
    listener = spec.listen(spec.parameters.build(parameters), surroundings.context())
    emit = RecordingEmit(surroundings.items)
    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
        listening = group.create_task(listener.listen(emit))
        await emit.wait_for(count)
        listening.cancel()
    return emit.events

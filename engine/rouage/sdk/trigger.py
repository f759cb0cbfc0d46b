"""A trigger: what the engine listens to for one recipe.

The engine makes one instance for each entry of `when`, calls `listen`, and cancels it when
the recipe changes or the daemon stops. A trigger that raises is restarted with growing
pauses, in sight of the user.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar

from rouage.clock import Clock
from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.accounts import Accounts, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.chain import Chain
from rouage.sdk.forms import FormPage, Submit
from rouage.sdk.json import JSON
from rouage.sdk.multipart import Body
from rouage.sdk.outcomes import AwaitOutcome, no_outcome
from rouage.sdk.received import Received
from rouage.sdk.traces import NoTraces, Traces

P = TypeVar("P")
_ORDINARY: Final = Business()

Health = Literal["starting", "listening", "polling", "waiting", "degraded", "error"]
Notation = Literal["cron", "text"]
"""How a schedule is written: a cron expression, or words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The answer to `emit`: the event is on disk under `event_id`.

    `is_duplicate` says that this key was delivered before; `event_id` is then that of the
    first delivery, and nothing was started. `runs` holds the ids of the runs it started.
    """

    event_id: str
    is_duplicate: bool = False
    runs: tuple[str, ...] = ()


class Emit(Protocol):
    """Hand one event to the engine; safe to call from several tasks at once."""

    async def __call__(
        self,
        data: JSON,
        *,
        key: str,
        time: datetime | None = None,
        items: Mapping[bytes, JSON] | None = None,
        trail: tuple[str, ...] = (),
    ) -> Receipt:
        """Return once the event is committed with full sync.

        *key* is the identity of this happening within the trigger: the same key twice is
        one event. *items* are written to the trigger's own durable store in the same
        commit (None removes one), even when the event is a duplicate. *time* is when it
        happened; now, if not given. *trail* names the recipes that caused it, where known.

        Raises:
            Overloaded: a queue is full; nothing was accepted.
            JournalError: the journal cannot write; nothing was accepted.
        """
        ...


class Items(Protocol):
    """The durable store of one trigger: small JSON values by bytes key (ledgers, cursors)."""

    async def load(self) -> dict[bytes, JSON]:
        """Return everything that is stored."""
        ...

    async def put(self, items: Mapping[bytes, JSON]) -> None:
        """Store *items* durably in one commit; None removes one."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRequest:
    """One request that reached a hook: bounded, complete, nothing verified yet.

    `headers` has lower-case names; `body` is what the signature covers (inflated when the
    sender used gzip); a large one is not in memory but mapped from a file. `query` holds the
    last value of each name.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Body
    remote: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HookReply:
    """What a hook answers: always JSON or plain text, never chosen by the request."""

    status: int
    body: JSON = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


HookAnswer = Callable[[HookRequest], Awaitable[HookReply]]


class Hooks(Protocol):
    """The listener for webhooks, apart from the console's."""

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
        """Serve `/hooks/<path>` until the context ends; *owner* is the recipe it is for.

        Raises:
            StepError: another trigger holds the path.
        """
        ...

    async def probe(self, path: str) -> bool:
        """Call `/hooks/<path>` as a sender would, and say whether it is served."""
        ...

    def open_form(
        self,
        path: str,
        *,
        form: FormPage,
        submit: Submit,
        rate_per_second: float,
        burst: int,
        owner: str = "",
    ) -> AbstractContextManager[None]:
        """Serve the page of a form at `/forms/<path>` until the context ends.

        Raises:
            StepError: another trigger holds the path.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a schedule was understood: in words, in its one written form, and what may surprise."""

    sentence: Text
    canonical: str | None = None
    warning: Text | None = None


async def _always(_: str) -> bool:
    return True


async def _nobody_to_ask(action: str, parameters: Mapping[str, JSON]) -> JSON:
    del parameters
    raise StepError(
        Text("“{action}” cannot be called here", "« {action} » ne peut pas être appelée ici"),
        action=action,
    )


@dataclass(kw_only=True, slots=True)
class TriggerContext:
    """What a trigger knows and may use. `workspace` is where relative paths start."""

    recipe_id: str
    trigger_id: str
    workspace: Path
    timezone: tzinfo
    clock: Clock
    log: logging.Logger | logging.LoggerAdapter[logging.Logger]
    items: Items
    hooks: Hooks
    missed: JSON = None
    chain: Chain | None = None
    report: Callable[[Health, Text | str | None], None] = lambda _state, _reason: None
    """Tell the owner how the trigger is: a state, and a reason when it is not well."""
    is_paused: Callable[[], bool] = lambda: False
    """Say whether the recipe is paused: what is emitted now is kept, and starts nothing."""
    is_cautious: bool = False
    """The quick way proved deaf: take the slow one (scan, poll) that cannot be."""
    accounts: Accounts = field(default_factory=NoAccounts)
    """The accounts of the workspace, such as its mailboxes."""
    business: Business = field(default_factory=Business)
    """When the business works: working days, opening hours."""
    since: datetime | None = None
    """When the recipe was put to work: what happens from then on concerns it, even what happens
    before `listen` has its first turn. None: from that turn on."""
    has_ended: Callable[[str], Awaitable[bool]] = _always
    """Say whether the run of this id has ended, or waits for something that is not its turn."""
    consult: Callable[[str, Mapping[str, JSON]], Awaitable[JSON]] = _nobody_to_ask
    """Call an action that changes nothing, by its id: in a worker process if it is isolated."""

    is_asked: Callable[[Iterable[str]], bool] = lambda _ids: False
    """Say whether one of these ids is that of a letter of ours: then the message is about a
    question to a person, and no event."""
    outcome: AwaitOutcome = no_outcome
    """Wait for what a step of this recipe gives for an event (synchronous answers)."""
    traces: Traces = field(default_factory=NoTraces)
    """What actions did to files a moment ago."""

    @property
    def received(self) -> Received:
        """Return where files that come with events are kept: `received.folder(key)`."""
        return Received(self.workspace / ".rouage" / "received", self.trigger_id)


class Trigger(Generic[P]):
    """Base of all triggers: `params` as declared, `context` from the engine."""

    notations: ClassVar[Mapping[Notation, str]] = {}
    """For triggers that are schedules: the parameter that takes each way to write one."""

    def __init__(self, params: P, context: TriggerContext) -> None:
        self.params = params
        self.context = context

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled; clean up in `finally`."""
        raise NotImplementedError

    async def probe(self) -> bool | None:
        """Send something of our own down the real path, and say whether it arrived.

        Called at times for a trigger with `alive: {probe: …}`, beside `listen`, and given up
        after a minute. What is sent must never become an event, nor stay behind. None: this
        kind of trigger has no such path, or is not ready to say.
        """
        return None

    @classmethod
    def is_schedule(cls) -> bool:
        """Say whether its events come from the clock: then `missed` rules what was held back."""
        return any("preview" in vars(base) for base in cls.__mro__ if base is not Trigger)

    @classmethod
    def keys(cls, params: P, subject: str) -> tuple[str, ...]:
        """Return how the keys of its events about *subject* begin, for `rouage why`.

        *subject* is what somebody knows of an event: the id of a delivery, of a message.
        """
        del params, subject
        return ()

    async def take_existing(self) -> int | None:
        """Make events of what was there before the trigger was first active (triggers F-16).

        Returns: how many that are; None for a trigger to which nothing can be there before.
        """
        return None

    @classmethod
    async def overtaken(cls, data: JSON, key: str) -> Text | None:
        """Say why an event came to nothing before its run began (its file is gone), or None.

        Asked once, when the run is about to begin; the run is then skipped for that reason.
        """
        del data, key
        return None

    @classmethod
    def address(cls, params: P, items: Mapping[bytes, JSON]) -> str | Text | None:
        """Return where it can be reached on the listener of the hooks, None when it is not there.

        A text says why the address is not known yet; *items* is the trigger's store.
        """
        del params, items
        return None

    @classmethod
    def is_open_to_all(cls, params: P) -> bool:
        """Say whether whoever knows its address may send without a proof."""
        del params
        return False

    def status(self) -> dict[str, Any]:
        """Return facts for `rouage status` (next tick, files watched); small JSON."""
        return {}

    @classmethod
    def check(cls, params: P) -> Text | None:
        """Say what is wrong with *params* beyond their schema, or None; called at load.

        Only constant parameters are checked: no input or output, and quick.
        """
        del params
        return None

    @classmethod
    def would_take(cls, params: P, path: str) -> bool:
        """Say whether a file written at *path*, as a recipe writes it, would make an event.

        A path that ends in `/` stands for some file in this folder. No input or output.
        """
        del params, path
        return False

    @classmethod
    def explain(
        cls, params: P, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say what this trigger knows of *subject* (a path), or None if it is not its own.

        Called by `rouage why`, also while no daemon runs: *items* is the trigger's store.
        """
        del params, subject, workspace, items
        return None

    @classmethod
    def read_back(cls, params: P, *, recipe_id: str) -> Reading | None:
        """Say how *params* were understood, if this is a schedule; no input or output, and quick.

        The warning is shown at load, the rest in previews. *params* were checked.
        """
        del params, recipe_id
        return None

    @classmethod
    def preview(
        cls,
        params: P,
        *,
        recipe_id: str,
        timezone: tzinfo,
        after: datetime,
        most: int,
        business: Business = _ORDINARY,
    ) -> list[datetime] | None:
        """Return the first *most* instants after *after* at which it will fire.

        None when nobody can know: only schedules do. *params* were checked; the instants come
        from the code that fires, *timezone* is that of the recipe, *business* the calendar of
        the workspace.

        Raises:
            StepError: the parameters cannot be used.
        """
        del params, recipe_id, timezone, after, most, business
        return None

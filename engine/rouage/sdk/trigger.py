"""A trigger: what the engine listens to for one recipe.

The engine makes one instance for each entry of `when`, calls `listen`, and cancels it when
the recipe changes or the daemon stops. A trigger that raises is restarted with growing
pauses, in sight of the user.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from rouage.clock import Clock
from rouage.language import Text
from rouage.sdk.chain import Chain
from rouage.sdk.json import JSON

P = TypeVar("P")

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
    sender used gzip). `query` holds the last value of each name.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
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
    ) -> AbstractContextManager[None]:
        """Serve `/hooks/<path>` until the context ends.

        Raises:
            StepError: another trigger holds the path.
        """
        ...


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
    def explain(
        cls, params: P, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say what this trigger knows of *subject* (a path), or None if it is not its own.

        Called by `rouage why`, also while no daemon runs: *items* is the trigger's store.
        """
        del params, subject, workspace, items
        return None

    @classmethod
    def preview(
        cls, params: P, *, recipe_id: str, timezone: tzinfo, after: datetime, most: int
    ) -> list[datetime] | None:
        """Return the first *most* instants after *after* at which it will fire.

        None when nobody can know: only schedules do. *params* were checked; the instants come
        from the code that fires, *timezone* is that of the recipe.

        Raises:
            StepError: the parameters cannot be used.
        """
        del params, recipe_id, timezone, after, most
        return None

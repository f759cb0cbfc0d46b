"""What triggers hear of the engine itself: events that recipes emit, runs that end, troubles."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from rouage.records import dataclass
from rouage.sdk.json import JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainEvent:
    """Something a recipe or the engine tells; *trail* names the recipes that led to it.

    The same *key* is the same happening: emit it as the key of the event.
    """

    name: str
    data: JSON
    key: str
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunNews:
    """A run that came to `state`; `path` and `question` tell of an approval that waits.

    `key` is the identity of this news. `trail` ends with the recipe of the run.
    """

    key: str
    run: str
    recipe: str
    state: str
    time: datetime
    trail: tuple[str, ...]
    outputs: JSON = None
    error: JSON = None
    reason: JSON = None
    path: str | None = None
    question: JSON = None


Deliver = Callable[[ChainEvent], Awaitable[None]]
"""Return once the event is on disk; raise when it could not be accepted."""


class Chain(Protocol):
    """The way from what recipes do to what other recipes listen to."""

    def listen(self, name: str, deliver: Deliver) -> AbstractContextManager[None]:
        """Have *deliver* called with every event that is emitted as *name*."""
        ...

    def watch(self, kinds: frozenset[str], deliver: Deliver) -> AbstractContextManager[None]:
        """Have *deliver* called with what the engine tells of itself (`started`...)."""
        ...

    def follow(
        self, recipes: frozenset[str] | None, states: frozenset[str], *, since: datetime
    ) -> AsyncIterator[tuple[RunNews, ...]]:
        """Yield the runs of *recipes* (None: all) that came to *states*, from *since* on.

        What happened before this call is read from the journal; the same news may come
        again, under the same key. Ask for the next ones when these are on disk.
        """
        ...

    async def last_sign(self, of: str) -> datetime | None:
        """Return when a trigger (`recipe/trigger`) or a recipe was last heard of."""
        ...

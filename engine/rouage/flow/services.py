"""What the flow needs from outside, handed in by the daemon: nothing here is global."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.flow.gate.tallies import Tallies
from rouage.language import Language
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.safety.paths import Folders
from rouage.sdk.accounts import Accounts, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from rouage.flow.plan import Plan

logger = logging.getLogger(__name__)

Rate = tuple[str, int, float]
"""A token bucket, and how many tokens it gives in so many seconds."""


class Mask(Protocol):
    """Hide every known secret value in a JSON value (security S-56)."""

    def __call__(self, value: JSON) -> JSON:
        """Return *value* with every secret in it hidden."""
        ...


async def _to_nobody(name: str, data: JSON, key: str, trail: tuple[str, ...]) -> int:
    del name, data, key, trail
    return 0


async def _not_written(facts: Mapping[str, JSON]) -> None:
    del facts


def _to_the_log(kind: str, facts: Mapping[str, JSON]) -> None:
    logger.info("%s: %s", kind, facts)


def _not_paused(recipe: str) -> JSON:
    del recipe
    return None


def _not_noted(path: str, trail: tuple[str, ...]) -> None:
    del path, trail


async def _nothing_known(key: str) -> JSON:
    del key
    return None


async def _none_before(source: str, since: datetime) -> Sequence[tuple[str, JSON]]:
    del source, since
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The surroundings of every run.

    `secrets` gives the present values by name; they are read at execution and never stored.
    `folders_of` makes the file guard of a recipe from the folders it names.
    """

    catalog: Catalog
    clock: Clock
    workspace: Path
    timezone: tzinfo
    language: Language
    secrets: Callable[[], Mapping[str, Secret]]
    mask: Mask
    folders_of: Callable[[tuple[Path, ...]], Folders]
    open_http: Callable[[], "ClientSession"]
    scratch_of: Callable[[str], Path]
    log: logging.Logger
    recipe_of: "Callable[[str], Plan | None]" = lambda _: None
    """The active version of a recipe, for `call`."""
    publish: Callable[[str, JSON, str, tuple[str, ...]], Awaitable[int]] = _to_nobody
    """Tell whoever listens for an event of this name: name, data, key, trail."""
    notify: Callable[[str, Mapping[str, JSON]], None] = _to_the_log
    """Tell the owner: what it is about, and the facts."""
    write: Callable[[Mapping[str, JSON]], Awaitable[None]] = _not_written
    """Note that people are to be written to about a question; on disk when it returns."""
    ask_via: tuple[str, ...] = ()
    """By which ways the owner is asked what no recipe words: trust, limits, outbox."""
    is_asked: Callable[[Iterable[str]], bool] = lambda _ids: False
    """Say whether one of these ids is that of a letter that asked a question."""
    past_events: Callable[[str, datetime], Awaitable[Sequence[tuple[str, JSON]]]] = _none_before
    """The events of a source since an instant, oldest first: key and data of each."""
    rate_of: Callable[[str], Rate | None] = lambda _: None
    """The rate limit of an action's account."""
    wrote: Callable[[str, tuple[str, ...]], None] = _not_noted
    """Note that an action left a file as it is now, and the recipes that led to it."""
    pause_of: Callable[[str], JSON] = _not_paused
    """Why the events of a recipe start nothing now, or None."""
    take_tokens: Callable[[Rate], float] = lambda _: 0.0
    """Take one token; return the seconds to wait first."""
    in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread
    accounts: Accounts = field(default_factory=NoAccounts)
    """The mailboxes and services that the owner described."""
    accounts_told: Callable[[], int] = int
    """How many accounts were given out so far: a result after one may hold a password."""
    secrets_of: Callable[[str], frozenset[str]] = lambda _: frozenset()
    """The names of the secrets that an account holds."""
    business: Business = field(default_factory=Business)
    """When the business works."""
    tallies: Tallies | None = None
    """What was counted and approved before; without it (a rehearsal) nothing is asked."""
    foreseen: Callable[[str], str | None] = lambda _: None
    """Which step would make a file that is not there, in a rehearsal."""
    ledger: Callable[[str], Awaitable[JSON]] = _nothing_known
    """Which step was done once under a key, in whichever recipe."""

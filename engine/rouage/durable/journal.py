"""The narrow contract between the embedded engine and what keeps its rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from rouage.durable.batch import Batch, WaiterRow
from rouage.durable.erasure import Found, Sought
from rouage.durable.keeping import Keeping
from rouage.durable.port import Health, Purged, Reader
from rouage.durable.values import Stored
from rouage.model.event import Event
from rouage.model.run import RunState, SignalRecord, StepRecord
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.settings.retention import Retention


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """An unfinished run as a start finds it: enough to put it in its lane."""

    seq: int
    recipe: str
    state: RunState
    protocol: int
    mode: str
    key: str | None
    maximum: int | None
    deadline: int | None = None
    has_waits: bool = False
    is_answered: bool = False
    """Something came that it may not have looked at: an answer, or the request to end it."""
    id: str = ""
    has_begun: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedRun:
    """A run read back, with all that going on with it needs."""

    run: OpenRun
    id: str
    event: Event
    event_seq: int
    definition: str
    created: int
    started: int | None
    reason: JSON
    cancel: JSON
    steps: Mapping[str, StepRecord]
    waits: Sequence[WaiterRow] = ()
    signals: Sequence[SignalRecord] = ()
    parent: tuple[int, str | None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What a journal says of itself at the start: numbers to go on from, unfinished runs."""

    last_event: int
    last_run: int
    open_runs: Sequence[OpenRun]


class JournalReader(Reader, Protocol):
    """What the engine itself asks, beside the questions of users."""

    async def load(self, seqs: Sequence[int]) -> list[LoadedRun]:
        """Return these runs, in this order; runs that do not exist are left out."""
        ...

    async def find(self, run_id: str) -> LoadedRun | None:
        """Return the run with exactly this id."""
        ...

    async def inverse_of(self, seq: int, path: str) -> JSON:
        """Return what was recorded before the call of one step."""
        ...

    async def is_known(self, source: str, key: str) -> bool:
        """Say whether an event of this identity was accepted before (R2)."""
        ...

    async def open_run(self, recipe: str, key: str | None) -> str | None:
        """Return the id of the oldest unfinished run of the recipe under this key."""
        ...

    async def find_event(self, event_id: str) -> tuple[int, Event, frozenset[str]] | None:
        """Return an event's number, the event, and the recipes that have a verdict on it."""
        ...

    async def fetch(self, stored: Stored) -> JSON:
        """Return the value of a column that was read as it stands."""
        ...

    async def called_by(self, seq: int) -> list[str]:
        """Return the ids of the unfinished runs for whose end this run waits."""
        ...

    async def siblings(self, event_id: str, recipe: str) -> int:
        """Return how many runs of the recipe there are for the event, replays included."""
        ...

    async def unmatched(self) -> tuple[Event, ...]:
        """Return the events that have no verdicts yet, oldest first."""
        ...

    def close(self) -> None:
        """Let go of everything held open for reading."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """Whom a journal tells; always on the thread of the loop.

    `committed` is called once for every commit, `refused` when what came from outside is
    given up, `landed` with runs of it that turn out to have been written after all.
    """

    committed: Callable[[Sequence[Batch]], None]
    refused: Callable[[Sequence[Batch], BaseException], None]
    landed: Callable[[Sequence[OpenRun]], None]


class Journal(Protocol):
    """Rows that survive: batches go in, in order; each is on disk when `committed` is called."""

    @property
    def reader(self) -> JournalReader:
        """Return what answers questions about the rows on disk."""
        ...

    async def open(self) -> Opened:
        """Return what is there; safe to call again."""
        ...

    def start(self, listeners: Listeners) -> None:
        """Begin to write, for the running loop. Does nothing when already started."""
        ...

    def filling(self) -> Batch:
        """Return the batch to add rows to, until the caller awaits something."""
        ...

    @property
    def backlog(self) -> int:
        """Return about how many rows wait to be written."""
        ...

    def health(self) -> Health:
        """Return whether writing works."""
        ...

    async def beat(self) -> None:
        """Return when what writes shows a sign of life; it hangs when that hangs."""
        ...

    async def purge(self, retention: Retention, keeping: Keeping, *, now: int) -> Purged:
        """Forget and blank what is due at *now*, microseconds since 1970."""
        ...

    async def erase(
        self, sought: Sought, before: Callable[[Found], Awaitable[None]], *, now: int
    ) -> Found:
        """Blank what names a person, in pieces; *before* deals with what lies elsewhere."""
        ...

    async def close(self, *, clean: bool) -> bool:
        """Write what waits, and let go of everything; False when something was not written."""
        ...

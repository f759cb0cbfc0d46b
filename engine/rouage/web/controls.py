"""What the daemon lets the local API do, and nothing more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from rouage.durable.port import AlreadyAnswered, NoSuchRun, Reader, Recorded
from rouage.flow.corrections.listening import Corrections
from rouage.flow.notices import Notices
from rouage.flow.pauses import Pauses
from rouage.flow.undo.start import Undos
from rouage.language import Language, Text
from rouage.model.run import RunState, WaitRecord
from rouage.records import dataclass
from rouage.rerun import Version
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.web.links import Links

Choice = Literal["retry", "done"]


class Control(Protocol):
    """What the daemon lets the API do."""

    owner: str
    links: Links

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the workspace."""
        ...

    @property
    def reader(self) -> Reader:
        """Return the questions to the journal."""
        ...

    def now(self) -> datetime:
        """Return the present instant."""
        ...

    @property
    def pauses(self) -> Pauses:
        """Return what is paused, and the way to change that."""
        ...

    @property
    def undos(self) -> Undos:
        """Return the way to undo runs."""
        ...

    @property
    def notices(self) -> Notices:
        """Return what the owner has to know."""
        ...

    @property
    def corrections(self) -> Corrections:
        """Return what the owner corrected, and what is proposed because of it."""
        ...

    def reload(self) -> None:
        """Have the recipes looked at now."""
        ...

    def status(self) -> JSON:
        """Return the state of the daemon and its triggers; `state` is `ok` or `degraded`.

        Sentences are in both languages.
        """
        ...

    def is_ready(self) -> tuple[bool, Text | str | None]:
        """Return whether events are accepted, and the reason when they are not."""
        ...

    async def start_run(
        self, recipe_id: str, *, data: JSON, inputs: dict[str, JSON] | None, trigger: str | None
    ) -> Receipt:
        """Start a run by hand; return once its event is on disk."""
        ...

    async def take_existing(self, recipe_id: str) -> int:
        """Process what was there before a recipe was first active; return how many files."""
        ...

    async def preview(
        self, recipe_id: str, most: int, language: Language
    ) -> Sequence[Mapping[str, JSON]] | None:
        """Return the next instants of the schedules of a recipe; None if it is not in force."""
        ...

    async def cancel(self, run_id: str, author: str) -> RunState | None:
        """Ask for the end of a run; None when there is no such run."""
        ...

    async def resolve(
        self, run_id: str, choice: Choice, author: str, result: JSON
    ) -> RunState | None:
        """Settle a run that needs attention; None when there is no such run."""
        ...

    async def answer(
        self, wait: WaitRecord, payload: JSON, *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Give a question its answer; a `StepError` when it does not fit."""
        ...

    async def change_held(
        self, wait: WaitRecord, payload: Mapping[str, JSON], *, signal_id: str, author: str
    ) -> Recorded | AlreadyAnswered | NoSuchRun:
        """Cancel, edit or send what waits in the outbox; a `StepError` when it does not fit."""
        ...

    async def replay(self, run_id: str, *, start: str, version: Version, author: str) -> str | None:
        """Do a finished run again; return the id of the new one, None without such a run."""
        ...

    async def replay_event(self, event_id: str, author: str) -> "Replayed | None":
        """Have a stored event happen again; None when there is no such event."""
        ...

    async def forget(self, names: Sequence[str]) -> Mapping[str, JSON]:
        """Blank all that is known of a person; return what it was."""
        ...

    async def read_shown(self, path: str) -> bytes:
        """Return the content of a file that a question shows."""
        ...

    async def shutdown(self) -> None:
        """Begin to stop, and return at once."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What became of an event that was made to happen again."""

    event: str
    outcome: str
    runs: tuple[str, ...] = ()

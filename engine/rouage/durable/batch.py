"""What the loop hands to a journal: rows gathered until the next commit, and who waits for it."""

from asyncio import Future
from typing import TYPE_CHECKING

from rouage.durable.values import Stored

if TYPE_CHECKING:
    from rouage.durable.intake import Intake

Column = str | bytes
"""A text that may carry bytes which are not UTF-8 (see `values.to_column`)."""

EventRow = tuple[int, str, Column, Column, int, int, Stored, Column | None, int]
"""seq, id, source, key, time, received, data, subject, matched"""

MatchRow = tuple[int, Column, str, str | None, Stored, Stored, int | None]
"""event, recipe, outcome, definition, conditions, error, run"""

RunRow = tuple[
    int, str, int, Column, str, int, str, str, Column | None, int | None, int, int | None
]
"""seq, id, event, recipe, definition, protocol, state, mode, key, maximum, created, started"""

RunUpdate = tuple[int, str, Stored, int | None, int | None, Stored, Stored, Stored]
"""seq, state, reason, started, ended, error, outputs, cancel"""

StepRow = tuple[
    int,
    str,
    str,
    str,
    int,
    Stored,
    Stored,
    Stored,
    Stored,
    int | None,
    int | None,
    int | None,
    Stored,
]
"""run, path, state, action, attempts, parameters, conditions, result, error, started, ended,
next_attempt, resolution"""

WaiterRow = tuple[int, str, str, int]
"""run, path, kind, deadline"""

EffectRow = tuple[int, str, int, Stored]
"""run, path, number, inverse"""

DefinitionRow = tuple[str, Column, int, bytes]
"""hash, recipe, accepted, body"""


class Batch:
    """Rows that are committed together, in the order in which they were added.

    Only the loop's thread adds to it, and only before it is handed over. `intakes`, items
    and definitions come from outside: when their commit fails they are given up and their
    senders told (R14). The other rows are what runs did: they are kept until they are on disk.
    `handed_over` is how many rows it had when it left the loop.
    """

    __slots__ = (
        "blobs",
        "definitions",
        "effects",
        "errors",
        "events",
        "fired",
        "handed_over",
        "intakes",
        "is_committed",
        "items",
        "matched",
        "matches",
        "outside",
        "runs",
        "steps",
        "updates",
        "waiters",
        "waiting",
    )

    def __init__(self) -> None:
        self.events: list[EventRow] = []
        self.matches: list[MatchRow] = []
        self.runs: list[RunRow] = []
        self.steps: list[StepRow] = []
        self.updates: dict[int, RunUpdate] = {}
        self.waiters: list[WaiterRow] = []
        self.fired: list[int] = []
        self.effects: list[EffectRow] = []
        self.matched: list[int] = []
        self.items: dict[tuple[Column, bytes], Stored] = {}
        self.definitions: list[DefinitionRow] = []
        self.blobs: dict[bytes, bytes] = {}
        self.intakes: list[Intake] = []
        self.waiting: list[Future[None]] = []
        self.outside: list[Future[None]] = []
        self.errors: dict[int, BaseException] = {}
        self.handed_over: int | None = None
        self.is_committed = False

    def take_outside(self) -> "Batch":
        """Return what came from outside as a batch of its own, and drop it here."""
        outside = Batch()
        for name in ("events", "matches", "runs", "matched", "intakes", "items", "definitions"):
            setattr(outside, name, getattr(self, name))
        outside.outside = self.outside
        empty = Batch()
        self.events, self.matches, self.runs = empty.events, empty.matches, empty.runs
        self.matched, self.intakes, self.items = empty.matched, empty.intakes, empty.items
        self.definitions, self.outside = empty.definitions, empty.outside
        return outside

    @property
    def size(self) -> int:
        """Return about how many rows wait here."""
        return (
            len(self.events)
            + len(self.matches)
            + len(self.runs)
            + len(self.steps)
            + len(self.updates)
            + len(self.items)
        )

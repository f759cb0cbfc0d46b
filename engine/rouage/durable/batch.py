"""What the loop hands to a journal: rows gathered until the next commit, and who waits for it."""

import asyncio
from asyncio import Future
from typing import TYPE_CHECKING, Final

from rouage.durable.values import Stored
from rouage.model.run import RunState

if TYPE_CHECKING:
    from rouage.durable.intake import Intake

Column = str | bytes
"""A text that may carry bytes which are not UTF-8 (see `values.to_column`)."""

EventRow = tuple[int, str, Column, Column, int, int, Stored, Column | None, int, str | None]
"""seq, id, source, key, time, received, data, subject, matched, trail"""

MatchRow = tuple[int, Column, str, str | None, Stored, Stored, int | None]
"""event, recipe, outcome, definition, conditions, error, run"""

RunRow = tuple[
    int,
    str,
    int,
    Column,
    str,
    int,
    str,
    str,
    Column | None,
    int | None,
    int,
    int | None,
    int | None,
    str | None,
    int | None,
]
"""seq, id, event, recipe, definition, protocol, state, mode, key, maximum, created, started,
parent, parent_path, replay_of"""

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

WaiterRow = tuple[int, str, str, int | None, Column | None, Stored, int]
"""run, path, kind, deadline, name, question, created"""

SignalRow = tuple[int, Column, Column, Stored, Column, int]
"""run, name, id, payload, author, received"""

ClaimRow = tuple[Column, Column, int | None, int | None, str | None, str, Stored, int | None]
"""scope, key, event, run, path, state, result, expires"""

FREE: Final = "free"
"""The state of a claim row that gives the key back; it is never in the table."""

EffectRow = tuple[int, str, int, Stored]
"""run, path, number, inverse"""

LineageRow = tuple[int, str, int, int, Column, bytes | None]
"""run, path, number, role (0: read, 1: written, 2: a secret, whose name is in file), file, hash"""

SECRET_ROLE: Final = 2

DefinitionRow = tuple[str, Column, int, bytes, Column | None, bytes | None]
"""hash, recipe, accepted, body, file, source"""


_OUTSIDE: Final = (
    "events",
    "matches",
    "runs",
    "matched",
    "intakes",
    "items",
    "held",
    "definitions",
)


class Batch:
    """Rows that are committed together, in the order in which they were added.

    Only the loop's thread adds to it, and only before it is handed over. `intakes`, items
    and definitions come from outside: when their commit fails they are given up and their
    senders told (R14). The other rows are what runs did: they are kept until they are on disk.
    `handed_over` is how many rows it had when it left the loop. A waiter that is None is over;
    `fired` are runs that ended, whose waiters all go, whatever else the batch says of them;
    `settled` those whose steps may have keys of the ledger without a result.
    `held` are items of one event each, by its number: unlike others, they are not written for
    a duplicate. So it is with a claim of an event; those of steps belong to their run.
    """

    __slots__ = (
        "blobs",
        "claims",
        "definitions",
        "effects",
        "errors",
        "events",
        "fired",
        "handed_over",
        "held",
        "intakes",
        "is_committed",
        "items",
        "lineage",
        "matched",
        "matches",
        "outside",
        "runs",
        "settled",
        "signals",
        "steps",
        "told",
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
        self.waiters: dict[tuple[int, str], WaiterRow | None] = {}
        self.signals: list[SignalRow] = []
        self.claims: list[ClaimRow] = []
        self.fired: list[int] = []
        self.settled: list[int] = []
        self.effects: list[EffectRow] = []
        self.lineage: list[LineageRow] = []
        self.matched: list[int] = []
        self.items: dict[tuple[Column, bytes], Stored] = {}
        self.held: dict[int, dict[tuple[Column, bytes], Stored]] = {}
        self.definitions: list[DefinitionRow] = []
        self.blobs: dict[bytes, bytes] = {}
        self.intakes: list[Intake] = []
        self.waiting: list[Future[None]] = []
        self.outside: list[Future[None]] = []
        self.errors: dict[int, BaseException] = {}
        self.told: list[tuple[str, str, RunState]] = []
        self.handed_over: int | None = None
        self.is_committed = False

    def take_outside(self) -> "Batch":
        """Return what came from outside as a batch of its own, and drop it here.

        With a run go the steps that it takes over from an earlier one.
        """
        outside = Batch()
        if self.runs and self.steps:
            new = {row[0] for row in self.runs}
            outside.steps = [row for row in self.steps if row[0] in new]
            self.steps = [row for row in self.steps if row[0] not in new]
        for name in _OUTSIDE:
            setattr(outside, name, getattr(self, name))
        outside.outside = self.outside
        if self.claims:
            outside.claims = [row for row in self.claims if row[2] is not None]
            self.claims = [row for row in self.claims if row[2] is None]
        empty = Batch()
        self.events, self.matches, self.runs = empty.events, empty.matches, empty.runs
        self.matched, self.intakes, self.items = empty.matched, empty.intakes, empty.items
        self.definitions, self.outside = empty.definitions, empty.outside
        self.held = empty.held
        return outside

    async def reach_disk(self) -> None:
        """Return when everything here is on disk."""
        if not self.is_committed:
            future = asyncio.get_running_loop().create_future()
            self.waiting.append(future)
            await future

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
            + len(self.signals)
        )

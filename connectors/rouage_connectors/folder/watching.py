"""What the triggers for folders share: hints and scans on one side, files on the other.

A hint only says where to look; the scan and the ledger decide what is new (triggers F-1).
"""

import asyncio
import math
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from rouage.sdk import JSON, Emit, StepError, Text, Trigger, TriggerContext
from rouage_connectors.folder.absence import Absence
from rouage_connectors.folder.attend import Attendance, Habits, find_identity
from rouage_connectors.folder.baseline import hash_baseline, is_first_activation
from rouage_connectors.folder.examine import Policy, can_probe
from rouage_connectors.folder.intake import Intake
from rouage_connectors.folder.ledger import ROOT, Row, read_rows
from rouage_connectors.folder.links import Links
from rouage_connectors.folder.mounts import file_system_of, is_silent
from rouage_connectors.folder.names import Names, display, resolve
from rouage_connectors.folder.parameters import Placed
from rouage_connectors.folder.place import is_below
from rouage_connectors.folder.scan import Scope
from rouage_connectors.folder.taker import Taker
from rouage_connectors.folder.watch import events_are_possible

W = TypeVar("W", bound=Placed)
Keep = Callable[[Intake], Coroutine[Any, Any, None]]

_LOOK_AGAIN_SECONDS: Final = 6.0
_FIRST_LOOK_SECONDS: Final = 15.0

_MISSING: Final = Text(
    "the folder {folder} does not exist yet; it is used as soon as it is there",
    "le dossier {folder} n’existe pas encore ; il sera utilisé dès qu’il sera là",
)


class FolderTrigger(Trigger[W]):
    """Attend to one folder. What is made of its files is what the kinds differ in."""

    reads_content: ClassVar[bool] = True
    """Whether files are read, so that their content can be compared."""

    def __init__(self, params: W, context: TriggerContext) -> None:
        super().__init__(params, context)
        self._root = resolve(params.path, context.workspace)
        match = [params.match] if isinstance(params.match, str) else params.match
        allowed = [resolve(folder, context.workspace) for folder in params.links_to]
        self._scope = Scope(
            root=self._root,
            names=Names(match, params.ignore, params.case),
            is_recursive=params.recursive,
            links=Links(self._root, allowed) if params.follow_symlinks else None,
        )
        self._intake: Intake | None = None
        self._baseline = 0
        self._attended = 0
        self._has_looked = asyncio.Event()
        self._attendance: Attendance | None = None

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled. A folder that is missing, or goes away, is waited for."""
        activated = self.context.clock.now().timestamp()
        _ignore_lease_signal()
        items: Mapping[bytes, JSON] = await self.context.items.load()
        is_first = is_first_activation(items, self._root)
        self._baseline = 0 if is_first else _baseline_of(items)
        wake = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            rows: dict[bytes, Row] = {}
            if not is_first:
                rows = await asyncio.get_running_loop().run_in_executor(None, read_rows, items)
            taker, keep = self._make_taker(emit, items)
            intake = self._intake = self._make_intake(rows, taker, group, wake)
            absence = Absence(self.context, self._root, intake)
            if not is_first:
                absence.recall(items)
            if keep is not None:
                group.create_task(keep(intake), name="what the trigger keeps")
            first_items = items if is_first else None
            await self._attend(
                intake,
                absence,
                first_items=first_items,
                activated=activated,
                group=group,
                wake=wake,
            )

    async def _attend(
        self,
        intake: Intake,
        absence: Absence,
        *,
        first_items: Mapping[bytes, JSON] | None,
        activated: float,
        group: asyncio.TaskGroup,
        wake: asyncio.Event,
    ) -> None:
        while True:
            habits = await self._find_habits(intake, activated)
            identity = await self._await_root(is_local=intake.policy.trusts_clock)
            attendance = self._attendance = Attendance(
                self.context, self._scope, habits, intake, absence=absence, wake=wake
            )
            self._baseline += await attendance.begin(first_items)
            self._has_looked.set()
            first_items = None
            if not self._attended and self.reads_content:
                group.create_task(hash_baseline(intake), name="hash the first files")
            self._attended += 1
            await attendance.run(identity)

    async def probe(self) -> bool | None:
        """Leave a file of ours in the folder, and say whether it was noticed."""
        return None if self._attendance is None else await self._attendance.probe()

    @classmethod
    def check(cls, params: W) -> Text | None:
        """Say which of the folders cannot be meant."""
        for path in (params.path, *params.links_to):
            try:
                resolve(path, Path("/"))
            except StepError as error:
                return Text(error.render("en"), error.render("fr"))
        return None

    @classmethod
    def would_take(cls, params: W, path: str) -> bool:
        """Say whether a file written at *path* would be taken, for the warning of loops."""
        nowhere = Path("/workspace")
        folder, _, name = path.rpartition("/")
        if not folder and not path.startswith("/"):
            folder = "."
        root, place = resolve(params.path, nowhere), resolve(folder or "/", nowhere)
        if place != root and not (params.recursive and is_below(place, (root,))):
            return False
        match = [params.match] if isinstance(params.match, str) else params.match
        names = Names(match, params.ignore, params.case)
        below = place[len(root) :].lstrip(b"/")
        relative = b"/".join(part for part in (below, os.fsencode(name)) if part)
        return not name or names.admits(relative)

    async def take_existing(self) -> int | None:
        """Have the files that were there first looked at as if they were new (triggers F-16)."""
        try:
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await self._has_looked.wait()
        except TimeoutError:
            return 0
        return 0 if self._intake is None else self._intake.take_baseline()

    def status(self) -> dict[str, Any]:
        """Return the folder, how many files are known and pending, and those that wait."""
        facts: dict[str, Any] = {"folder": display(self._root), "baseline": self._baseline}
        if self._attended > 1:
            facts["rebuilt"] = self._attended - 1
        return facts if self._intake is None else facts | self._intake.status()

    def _make_taker(self, emit: Emit, items: Mapping[bytes, JSON]) -> tuple[Taker, Keep | None]:
        """Return what takes the files, and what must go on beside it."""
        raise NotImplementedError

    def _policy(self) -> Policy:
        """Return how carefully files are looked at."""
        raise NotImplementedError

    def _make_intake(
        self, rows: dict[bytes, Row], taker: Taker, group: asyncio.TaskGroup, wake: asyncio.Event
    ) -> Intake:
        return Intake(
            self.context,
            rows,
            self._policy()._replace(probes=self.reads_content and can_probe()),
            taker=taker,
            group=group,
            wake=wake,
            links=self._scope.links,
            needs_marker=self._habits().needs_marker,
            warn_seconds=self._warn_seconds(),
        )

    def _warn_seconds(self) -> float:
        """Return after how long a file that waits is pointed out."""
        return math.inf

    def _habits(self) -> Habits:
        """Return the habits as the parameters say, on a local disk."""
        return Habits(
            uses_events=self.params.watch != "poll",
            rescan_seconds=self.params.rescan,
            skips_existing=True,
            needs_marker=False,
            activated=0.0,
        )

    async def _await_root(self, *, is_local: bool) -> tuple[int, int]:
        is_reported = False
        while True:
            identity = await find_identity(self._root, is_local=is_local)
            if identity is not None:
                return identity
            if not is_reported:
                is_reported = True
                self.context.report("waiting", _MISSING.fill(folder=display(self._root)))
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _find_habits(self, intake: Intake, activated: float) -> Habits:
        """Choose between events and polling by where the folder lives (triggers F-12)."""
        loop = asyncio.get_running_loop()
        kind = await loop.run_in_executor(None, file_system_of, self._root)
        is_network = is_silent(kind)
        intake.policy = intake.policy._replace(trusts_clock=not is_network)
        habits = self._habits()
        uses_events = habits.uses_events and (self.params.watch == "events" or not is_network)
        uses_events &= not self.context.is_cautious
        return replace(
            habits, uses_events=uses_events and events_are_possible(), activated=activated
        )


def _baseline_of(items: Mapping[bytes, JSON]) -> int:
    stored = items.get(ROOT)
    count = stored.get("baseline") if isinstance(stored, dict) else None
    return count if isinstance(count, int) else 0


def _ignore_lease_signal() -> None:
    """Ignore SIGIO, which ends a broken lease and would end the process (triggers D-13)."""
    is_default = signal.getsignal(signal.SIGIO) is signal.SIG_DFL
    if is_default and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGIO, signal.SIG_IGN)

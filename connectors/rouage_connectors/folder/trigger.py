"""The trigger `folder.file`: hints and scans on one side, an event per file version on the other.

A hint only says where to look; the scan and the ledger decide what is new (triggers F-1).
"""

import asyncio
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rouage.sdk import (
    JSON,
    Connector,
    Emit,
    Text,
    Trigger,
    TriggerContext,
    parse_size,
)
from rouage_connectors.folder.attend import Attendance, Habits, find_identity
from rouage_connectors.folder.baseline import hash_baseline, is_first_activation
from rouage_connectors.folder.examine import Policy, can_probe
from rouage_connectors.folder.explain import explain
from rouage_connectors.folder.intake import Intake
from rouage_connectors.folder.ledger import Row, read_rows
from rouage_connectors.folder.mounts import file_system_of, is_silent
from rouage_connectors.folder.names import Names, display, resolve
from rouage_connectors.folder.parameters import EVENT, SAMPLE, Watched
from rouage_connectors.folder.scan import Scope
from rouage_connectors.folder.watch import events_are_possible

connector = Connector(
    "folder",
    title=Text("Folders", "Dossiers"),
    about=Text(
        "Files that arrive in a folder, each taken once, when it is complete.",
        "Fichiers qui arrivent dans un dossier, chacun pris une fois, quand il est complet.",
    ),
)

_LOOK_AGAIN_SECONDS: Final = 6.0

_MISSING: Final = Text(
    "the folder {folder} does not exist yet; it is used as soon as it is there",
    "le dossier {folder} n’existe pas encore ; il sera utilisé dès qu’il sera là",
)


@connector.trigger(
    "file",
    title=Text("File arrives", "Un fichier arrive"),
    about=Text(
        "A new or changed file in a folder, once it is complete.",
        "Un fichier nouveau ou modifié dans un dossier, une fois complet.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"path": "~/Factures/arrivee", "match": "*.pdf"},
    describe=Text("a file {match} arrives in {path}", "un fichier {match} arrive dans {path}"),
)
class FileTrigger(Trigger[Watched]):
    """Emit one event for each version of each file, when nobody writes to it any more."""

    def __init__(self, params: Watched, context: TriggerContext) -> None:
        super().__init__(params, context)
        self._root = resolve(params.path, context.workspace)
        match = [params.match] if isinstance(params.match, str) else params.match
        self._scope = Scope(
            root=self._root,
            names=Names(match, params.ignore, params.case),
            is_recursive=params.recursive,
        )
        self._intake: Intake | None = None

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled. A folder that is missing, or goes away, is waited for."""
        activated = self.context.clock.now().timestamp()
        _ignore_lease_signal()
        items: Mapping[bytes, JSON] = await self.context.items.load()
        is_first, is_hashing = is_first_activation(items, self._root), False
        wake = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            rows: dict[bytes, Row] = {}
            if not is_first:
                rows = await asyncio.get_running_loop().run_in_executor(None, read_rows, items)
            intake = self._intake = self._make_intake(rows, emit, group, wake)
            while True:
                habits = await self._find_habits(intake, activated)
                identity = await self._await_root(is_local=intake.policy.trusts_clock)
                attendance = Attendance(self.context, self._scope, habits, intake, wake=wake)
                await attendance.begin(items if is_first else None)
                is_first, items = False, {}
                if not is_hashing:
                    is_hashing = True
                    group.create_task(hash_baseline(intake), name="hash the first files")
                await attendance.run(identity)

    def status(self) -> dict[str, Any]:
        """Return the folder, how many files are known and pending, and those that wait."""
        facts = {"folder": display(self._root)}
        return facts if self._intake is None else facts | self._intake.status()

    @classmethod
    def explain(
        cls, params: Watched, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say why the file *subject* made an event, or did not."""
        return explain(params, subject, workspace=workspace, items=items)

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

    def _make_intake(
        self, rows: dict[bytes, Row], emit: Emit, group: asyncio.TaskGroup, wake: asyncio.Event
    ) -> Intake:
        return Intake(
            self.context,
            rows,
            Policy(
                settle_seconds=self.params.settle,
                hash_max_bytes=parse_size(self.params.hash_max),
                allow_empty=self.params.allow_empty,
                trusts_clock=True,
                probes=can_probe(),
            ),
            emit=emit,
            group=group,
            wake=wake,
            needs_marker=self.params.ready_when == "marker",
            warn_seconds=self.params.settle_warn,
        )

    async def _find_habits(self, intake: Intake, activated: float) -> Habits:
        """Choose between events and polling by where the folder lives (triggers F-12)."""
        loop = asyncio.get_running_loop()
        kind = await loop.run_in_executor(None, file_system_of, self._root)
        is_network = is_silent(kind)
        intake.policy = intake.policy._replace(trusts_clock=not is_network)
        wanted = self.params.watch
        uses_events = wanted == "events" or (wanted == "auto" and not is_network)
        return Habits(
            uses_events=uses_events and events_are_possible(),
            rescan_seconds=self.params.rescan,
            skips_existing=self.params.existing == "skip",
            needs_marker=self.params.ready_when == "marker",
            activated=activated,
        )


def _ignore_lease_signal() -> None:
    """Ignore SIGIO, which ends a broken lease and would end the process (triggers D-13)."""
    is_default = signal.getsignal(signal.SIGIO) is signal.SIG_DFL
    if is_default and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGIO, signal.SIG_IGN)

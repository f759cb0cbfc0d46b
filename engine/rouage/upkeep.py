"""The housekeeping of a daemon: backups by the day, and the past kept within its bounds."""

import asyncio
import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rouage.analysis.retaining import Retaining
from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Engine, Purged
from rouage.durable.sqlite.backup import make_backup
from rouage.durable.sqlite.copies import Backup, list_backups
from rouage.errors import RouageError
from rouage.model.run import FINAL_STATES
from rouage.records import dataclass
from rouage.safety import kept
from rouage.sdk.received import sweep
from rouage.settings import Settings

logger = logging.getLogger(__name__)

FIRST_SECONDS: Final = 60.0
"""A start has better things to do at first."""
PAUSE_SECONDS: Final = 3_600.0
_BACKUP_EVERY: Final = timedelta(days=1)
_MOST_SCRATCH: Final = 5_000
"""So many private folders of runs are looked at each time; the oldest come first."""
_SCRATCH_SECONDS: Final = 3_600.0
"""Younger ones are left alone: their run may not be on record yet."""


@dataclass(kw_only=True, slots=True)
class Done:
    """What was done last, for those who ask how the daemon is."""

    backup: Backup | None = None
    purged: Purged | None = None
    purged_at: datetime | None = None
    problem: RouageError | None = None


class Upkeep:
    """Look after one journal, by the hour and when asked; a failure waits for the next time."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        catalog: Catalog,
        *,
        clock: Clock,
        failpoints: Failpoints | None = None,
    ) -> None:
        self._engine = engine
        self._journal: Path = settings.places.journal
        self._received: Path = settings.places.received
        self._scratch: Path = settings.places.scratch
        self._retention = settings.retention
        self._retaining = Retaining(engine, catalog)
        self._clock = clock
        self._failpoints = failpoints
        self._asked = asyncio.Event()
        self.on_problem: Callable[[RouageError | None], None] | None = None
        """Told what went wrong, and with None that nothing did."""
        self.done = Done(backup=next(iter(list_backups(self._journal)), None))

    def ask(self) -> None:
        """Have everything that is due done soon."""
        self._asked.set()

    async def work(self) -> None:
        """Do what is due, again and again, until cancelled."""
        await self._pause(FIRST_SECONDS)
        while True:
            self._asked.clear()
            await self.look()
            await self._pause(PAUSE_SECONDS)

    async def look(self) -> None:
        """Do now what is due."""
        self.done.problem = None
        try:
            if self._is_backup_due():
                await self._back_up()
        except (RouageError, OSError) as error:
            self._note("no backup could be made", error)
        try:
            await self._purge()
        except (RouageError, OSError) as error:
            self._note("the past could not be brought within its bounds", error)
        if self.on_problem is not None:
            self.on_problem(self.done.problem)

    def _is_backup_due(self) -> bool:
        daily = [one for one in list_backups(self._journal) if one.cause == "daily"]
        age = None if not daily else self._clock.now() - daily[0].taken
        # A backup from the future was made before the clock went back.
        return age is None or not timedelta(0) <= age < _BACKUP_EVERY

    async def _back_up(self) -> None:
        now = self._clock.now()
        stop = threading.Event()
        try:
            backup = await asyncio.to_thread(
                make_backup, self._journal, "daily", now=now, failpoints=self._failpoints, stop=stop
            )
        finally:
            stop.set()
        self.done.backup = backup
        logger.info("backup %s made and verified", backup.name)

    async def _purge(self) -> None:
        keeping = await self._retaining.keeping()
        purged = await self._engine.purge(self._retention, keeping)
        self.done.purged, self.done.purged_at = purged, self._clock.now()
        await sweep(self._received, self._engine.is_kept)
        await self._clear_scratch()
        now = self._clock.now().timestamp()
        await asyncio.to_thread(kept.sweep, self._journal.parent, now=now)
        if purged.runs or purged.events or purged.keys:
            logger.info(
                "forgot %s runs, %s events, %s keys and %s large values; %s MB are free again",
                purged.runs,
                purged.events,
                purged.keys,
                purged.blobs,
                purged.freed_bytes // 1_000_000,
            )
        if purged.blanked:
            logger.info("blanked values of %s events and their runs", purged.blanked)

    async def _clear_scratch(self) -> None:
        """Remove the private folders of runs that are forgotten, and empty ones of ended runs."""
        for folder in await asyncio.to_thread(_old_folders, self._scratch, _MOST_SCRATCH):
            run = await self._engine.get_run(folder.name)
            if run is None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            elif run.state in FINAL_STATES:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _note(self, what: str, error: Exception) -> None:
        logger.warning("%s: %s", what, error)
        self.done.problem = error if isinstance(error, RouageError) else RouageError(str(error))

    async def _pause(self, seconds: float) -> None:
        """Wait on the clock of the daemon, or until asked."""
        asleep = asyncio.ensure_future(self._clock.sleep(seconds))
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait((asleep, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Not awaited: a request to end that comes just then would be taken for theirs.
            asleep.cancel()
            asked.cancel()


def _old_folders(root: Path, most: int) -> list[Path]:
    """Return the folders in *root* that nobody touched lately, oldest first."""
    before = time.time() - _SCRATCH_SECONDS
    found = []
    for folder in root.iterdir() if root.is_dir() else ():
        with contextlib.suppress(OSError):
            changed = folder.stat().st_mtime
            if folder.is_dir() and changed <= before:
                found.append((changed, folder))
    return [folder for _, folder in sorted(found)[:most]]

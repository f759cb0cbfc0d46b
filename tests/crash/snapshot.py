"""What the journal holds right after a kill, before the next start touches it."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rouage.durable.port import RunFilter
from rouage.durable.sqlite import open_reader
from rouage.model.run import OPEN_STATES, StepRecord
from tests.bench.journal import all_runs

Recorded = tuple[str, int, str, str]


def recorded(step: StepRecord) -> Recorded:
    """Return what must never change once a step has its result."""
    return (step.state, step.attempts, repr(step.result), str(step.ended))


@dataclass(kw_only=True, slots=True)
class Snapshots:
    """The steps with a result, by run and path, of every run that a kill found open.

    `started` holds the runs that had a step under way, with its start recorded.
    """

    recorded: dict[str, dict[str, Recorded]] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    open_runs: int = 0

    def take(self, journal: Path) -> None:
        """Add the open runs of a journal that no process uses."""
        with tempfile.TemporaryDirectory() as folder:
            # On a copy: a look must not checkpoint, or repair, what the next start will find.
            for name in (journal.name, f"{journal.name}-wal"):
                if (journal.parent / name).exists():
                    shutil.copyfile(journal.parent / name, Path(folder) / name)
            asyncio.run(self._read(Path(folder) / journal.name))

    async def _read(self, journal: Path) -> None:
        reader = open_reader(journal)
        async for run in all_runs(reader, RunFilter(states=OPEN_STATES)):
            self.open_runs += 1
            whole = await reader.get_run(run.id)
            assert whole is not None
            known = self.recorded.setdefault(run.id, {})
            for step in whole.steps:
                if step.state in {"done", "failed", "skipped"}:
                    known.setdefault(step.path, recorded(step))
                else:
                    self.started.add(run.id)

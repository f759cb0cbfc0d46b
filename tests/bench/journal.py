"""Questions to the journal of a workspace while its daemon runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

from rouage.durable.port import Reader, RunFilter
from rouage.durable.sqlite import open_reader
from rouage.model.run import RunRecord, RunState
from tests.bench.workspace import Workspace

_BUSY: frozenset[RunState] = frozenset({"queued", "running", "waiting"})


def wait_idle(workspace: Workspace, seconds: float = 120.0) -> float:
    """Wait until no run is open (but those that need a human); return when that was seen."""
    return asyncio.run(_wait_idle(open_reader(workspace.journal), seconds))


async def _wait_idle(reader: Reader, seconds: float) -> float:
    deadline = time.time() + seconds
    while time.time() < deadline:
        page = await reader.list_runs(RunFilter(states=_BUSY), limit=1)
        if not page.runs:
            return time.time()
        await asyncio.sleep(0.01)
    raise TimeoutError(f"runs are still open after {seconds:g} s")


def stats(workspace: Workspace) -> Mapping[str, int]:
    """Return the number of runs by state, and of events."""
    return asyncio.run(open_reader(workspace.journal).stats())


async def all_runs(reader: Reader, chosen: RunFilter) -> AsyncIterator[RunRecord]:
    """Yield every run that *chosen* admits, newest first."""
    cursor = None
    while True:
        page = await reader.list_runs(chosen, cursor=cursor, limit=1000)
        for run in page.runs:
            yield run
        cursor = page.cursor
        if cursor is None:
            return

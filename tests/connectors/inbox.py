"""A watched folder for tests, and what came of its files."""

import asyncio
import contextlib
import os

from rouage.sdk import Receipt
from rouage.sdk.testing import MemoryItems, RecordingEmit, Surroundings
from rouage_connectors.folder import connector
from rouage_connectors.folder.ledger import key_of, read_row

SETTLE = "60ms"


class Takes(RecordingEmit):
    """Takes events as an engine whose recipe matched; raises what it was told to, first."""

    def __init__(self, items):
        super().__init__(items)
        self.errors = []
        self.starts_runs = True

    async def __call__(self, data, **more):
        if self.errors:
            raise self.errors.pop(0)
        receipt = await super().__call__(data, **more)
        runs = ("run",) if self.starts_runs else ()
        return Receipt(event_id=receipt.event_id, is_duplicate=receipt.is_duplicate, runs=runs)


class Traces:
    """What actions did, as a test says."""

    def __init__(self):
        self.writers, self.takers = {}, {}

    def writers_of(self, file):
        return self.writers.get(file["name"], ())

    def takers_of(self, path):
        return self.takers.get(os.path.basename(path), ())


class Inbox:
    """A watched folder, and what came of it."""

    def __init__(self, path, workspace, trigger="folder.file"):
        self.spec = connector.triggers[trigger]
        self.path = path
        self.workspace = workspace
        self.items = MemoryItems()
        self.emit = Takes(self.items)
        self.reports = []
        self.traces = Traces()
        self.is_cautious = False
        self.trigger = None
        self.parameters = {}

    @property
    def files(self):
        return [event.data["file"] for event in self.emit.events]

    @property
    def names(self):
        return [file["name"] for file in self.files]

    @contextlib.asynccontextmanager
    async def watched(self, **parameters):
        """Run the trigger until the block ends; again with the same ledger the next time."""
        surroundings = Surroundings(workspace=self.workspace, items=self.items)
        context = surroundings.context()
        context.traces = self.traces
        context.is_cautious = self.is_cautious
        context.report = lambda state, reason: self.reports.append((state, reason))
        self.parameters = {"path": str(self.path), "settle": SETTLE, **parameters}
        self.trigger = self.spec.listen(self.spec.parameters.build(self.parameters), context)
        task = asyncio.ensure_future(self.trigger.listen(self.emit))
        try:
            await eventually(lambda: self.reports or task.done())
            if task.done():
                await task
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
            self.reports.clear()
        assert task.cancelled()

    async def gets(self, *names, seconds=10):
        """Wait until exactly these names made events, in any order."""
        await eventually(lambda: len(self.emit.events) >= len(names), seconds)
        await self.is_calm()
        assert sorted(self.names) == sorted(names)

    async def is_calm(self):
        """Wait until nothing is pending, for as long as a file needs to settle, and more."""
        for _ in range(2):
            await asyncio.sleep(0.12)
            await eventually(lambda: self.trigger.status().get("pending") == 0)

    async def is_state(self, name, state):
        """Wait until the row of *name* has this state."""
        await eventually(lambda: self.row(name) is not None and self.row(name).state == state)

    def why(self, name):
        text = self.spec.listen.explain(
            self.spec.parameters.build(self.parameters),
            os.fsdecode(os.path.join(os.fsencode(self.path), os.fsencode(name))),
            workspace=self.workspace,
            items=self.items.values,
        )
        assert text is None or text.fr != text.en
        return None if text is None else text.en

    def row(self, name):
        return read_row(self.items.values.get(key_of(os.fsencode(self.path / name))))


async def eventually(is_so, seconds=10):
    for _ in range(int(seconds * 100)):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")

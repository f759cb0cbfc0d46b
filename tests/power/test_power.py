"""The power goes at any instant; what was acknowledged is there, and the file is whole.

The same test fails, as it must, when commits are not synced: else it would test nothing.
"""

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from rouage.clock import SystemClock
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import Attempt, RunContext, RunFilter, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.opening import connect, open_for_writing
from rouage.errors import JournalError
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id
from rouage.settings.retention import Retention
from tests.power.recording import Image, RecordingDisk, images

DEFINITION = b'{"id":"orders"}'
DIGEST = sha256(DEFINITION).hexdigest()
LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail", effect="irreversible", idempotent="no")
EVENTS = 240
AT_ONCE = 8
IMAGES = 150
CHECKPOINT_BYTES = 150_000
NAMES = itertools.count()


@dataclass
class World:
    """What the outside knows: each with how far the disk had come when it was known."""

    disk: RecordingDisk
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    mails: list[tuple[int, str]] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        async def sort(attempt: Attempt) -> Any:
            large = context.event.key.endswith("00")
            return context.event.key * 20_000 if large else {"key": context.event.key}

        async def mail(attempt: Attempt) -> Any:
            self.mails.append((self.disk.position, context.run_id))
            return {"sent": True}

        await context.step("do.0", LOCAL, sort)
        await context.step("do.1", MAIL, mail)
        await context.step("do.2", LOCAL, sort)
        return RunOutcome(state="succeeded")

    async def send(self, engine: EmbeddedEngine, key: str) -> None:
        now = datetime.now(UTC)
        event = Event(id=new_event_id(now), source="orders/hook", time=now, data={}, key=key)
        admission = Admission(mode="parallel")
        verdict = Verdict(
            recipe="orders", outcome="matched", definition=DIGEST, admission=admission
        )
        await engine.accept(event, [verdict])
        self.acknowledged.append((self.disk.position, event.id))


@dataclass
class Recording:
    """A working life on a recording disk, from which any number of cuts can be made."""

    world: World
    before: dict[str, bytes]
    folder: Path

    def cuts(self, seed: int, count: int, *, unsynced: str | None = None) -> Iterator[Image]:
        """Yield disks after a cut; *unsynced* names a file whose syncs were lies."""
        chance = Random(seed)  # noqa: S311 - cuts that can be repeated
        last = self.world.disk.position
        known = [position for position, _ in self.world.acknowledged]
        positions = [chance.choice(known) for _ in range(count // 2)]
        positions += [chance.randrange(last + 1) for _ in range(count - len(positions))]
        return images(
            self.world.disk.operations,
            self.before,
            positions,
            folder=self.folder,
            chance=chance,
            unsynced=unsynced,
        )


async def live(folder: Path, synchronous: str) -> Recording:
    """Work on a recording disk: events, runs, large values, checkpoints, a purge."""
    path = folder / "life" / "journal.db"
    path.parent.mkdir()
    open_for_writing(path).close()
    before = {"journal.db": path.read_bytes()}
    disk = RecordingDisk(f"power-{next(NAMES)}")
    world = World(disk)

    def connect_recorded(path: Path) -> apsw.Connection:
        connection = connect(path, vfs=disk.name)
        connection.pragma("synchronous", synchronous)
        return connection

    journal = SqliteJournal(path, connect=connect_recorded, checkpoint_bytes=CHECKPOINT_BYTES)
    engine = EmbeddedEngine(journal, clock=SystemClock())
    await engine.put_definition("orders", DEFINITION)
    await engine.open(world.execute)
    numbers = iter(range(EVENTS))

    async def sender() -> None:
        for number in numbers:
            await world.send(engine, f"k{number}")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(sender())
        group.create_task(purge_meanwhile(engine, world))
    await engine.wait_idle()
    assert await engine.close()
    disk.unregister()
    return Recording(world, before, folder)


async def purge_meanwhile(engine: EmbeddedEngine, world: World) -> None:
    while len(world.acknowledged) < EVENTS // 2:
        await asyncio.sleep(0.001)
    await engine.purge(Retention(age_seconds=None, runs=60, size_bytes=None))


def faults(image: Image, world: World) -> list[str]:
    """Return what is wrong with a journal after a power cut."""
    connection = apsw.Connection(str(image.folder / "journal.db"))
    try:
        damage = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(3)")]
        if damage != ["ok"]:
            return damage
        events = dict(connection.execute("SELECT id, matched FROM event"))
        steps = {run for (run,) in connection.execute(
            "SELECT id FROM run JOIN step ON step.run = run.seq WHERE path = 'do.1'")}  # fmt: skip
        runs = {run for (run,) in connection.execute("SELECT id FROM run")}
        large = connection.execute(
            "SELECT count(*) FROM step WHERE typeof(result) = 'blob'"
            " AND NOT EXISTS (SELECT 1 FROM blob WHERE hash = result)"
        ).get
    except apsw.Error as error:
        return [str(error)]
    finally:
        connection.close()
    found = [
        f"event {event} is lost"
        for position, event in world.acknowledged
        if position <= image.position and event not in events
    ]
    # A mail may be on its way: its start is on the disk, unless its run was forgotten since.
    found += [
        f"the start of a mail of {run} is lost"
        for position, run in world.mails
        if position <= image.position and run in runs and run not in steps
    ]
    return found + (["a large value is lost"] if large else [])


async def test_a_power_cut_at_any_instant_loses_nothing_acknowledged(tmp_path: Path) -> None:
    recording = await live(tmp_path, "full")
    operations = recording.world.disk.operations
    kinds = Counter((operation.kind, operation.file) for operation in operations)
    assert kinds["write", "journal.db"] > 100, "no checkpoint was made: nothing is tested"
    assert kinds["sync", "journal.db"] > 2
    assert len(recording.world.acknowledged) == EVENTS
    for image in recording.cuts(1, IMAGES):
        assert faults(image, recording.world) == [], image
        shutil.rmtree(image.folder)


@pytest.mark.parametrize("setting", ["normal", "off"])
async def test_the_same_cuts_lose_something_where_commits_are_not_synced(
    tmp_path: Path, setting: str
) -> None:
    recording = await live(tmp_path, setting)
    bad = sum(1 for image in recording.cuts(1, 20) if faults(image, recording.world))
    assert bad > 0, "the simulator tests nothing"


async def test_the_same_cuts_damage_the_file_where_checkpoints_are_not_synced(
    tmp_path: Path,
) -> None:
    recording = await live(tmp_path, "full")
    cuts = recording.cuts(1, 40, unsynced="journal.db")
    assert any(faults(image, recording.world) for image in cuts), "the simulator tests nothing"


async def test_after_a_power_cut_the_engine_goes_on_and_mails_nothing_twice(
    tmp_path: Path,
) -> None:
    recording = await live(tmp_path, "full")
    world = recording.world
    for image in recording.cuts(2, 6):
        sent = Counter(run for position, run in world.mails if position <= image.position)
        again: list[str] = []

        async def execute(
            context: RunContext, definition: bytes, again: list[str] = again
        ) -> RunOutcome:
            async def mail(attempt: Attempt) -> Any:
                again.append(context.run_id)
                return {"sent": True}

            async def sort(attempt: Attempt) -> Any:
                return None

            for path, spec, call in (("do.0", LOCAL, sort), ("do.1", MAIL, mail)):
                await context.step(path, spec, call)
            return RunOutcome(state="succeeded")

        engine = open_engine(image.folder / "journal.db")
        await engine.open(execute)
        await engine.wait_idle()
        states = {run.state for run in (await engine.list_runs(RunFilter(), limit=1_000)).runs}
        assert states <= {"succeeded", "needs_attention"}
        assert await engine.close()
        assert [run for run, count in (sent + Counter(again)).items() if count > 1] == []


async def send_until_refused(world: World, engine: EmbeddedEngine) -> None:
    for number in range(1_000):
        await world.send(engine, str(number))


@pytest.mark.parametrize("file", ["journal.db", "journal.db-wal"])
async def test_a_disk_that_does_not_confirm_counts_as_a_crash(
    tmp_path: Path, file: str, eventually: Callable[..., Any]
) -> None:
    """A failed sync of a commit, or of a checkpoint: nobody knows what the disk holds (R14)."""
    disk = RecordingDisk(f"power-{next(NAMES)}")
    path = tmp_path / "journal.db"
    world, fatal = World(disk), []
    journal = SqliteJournal(
        path, vfs=disk.name, checkpoint_bytes=50_000, on_fatal=lambda: fatal.append(True)
    )
    engine = EmbeddedEngine(journal, clock=SystemClock())
    await engine.put_definition("orders", DEFINITION)
    await engine.open(world.execute)
    await world.send(engine, "first")
    await engine.wait_idle()
    disk.fails_to_sync.add(file)
    with pytest.raises(JournalError):
        await send_until_refused(world, engine)
    await eventually(lambda: fatal)
    assert engine.health().state == "refusing"
    assert await engine.close(0.0) is False
    disk.unregister()
    again = open_engine(path)
    await again.open(world.execute)
    await again.wait_idle()
    for _, event in world.acknowledged:
        page = await again.list_runs(RunFilter(event=event))
        assert [run.state for run in page.runs] in (["succeeded"], ["needs_attention"])
    await again.close()
    assert [run for run, count in Counter(run for _, run in world.mails).items() if count > 1] == []

"""A disk that is full, read-only, taken or tampered with: refused in sight, then healed (R14)."""

import asyncio
import itertools
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.clock import SystemClock
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.opening import connect, open_for_writing
from rouage.errors import JournalError

NAMES = itertools.count()


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def working(harness: Any, path: Path | None = None, **options: Any) -> EmbeddedEngine:
    journal = SqliteJournal(path or harness.path, **options)
    engine = EmbeddedEngine(journal, clock=SystemClock())
    harness.engines.append(engine)
    await engine.put_definition("orders", b'{"id":"orders"}')
    await engine.open(nothing)
    return engine


async def send_all(
    harness: Any, engine: EmbeddedEngine, word: str, most: int = 10_000
) -> list[str]:
    """Send events until one is refused; return the ids of those that were acknowledged."""
    known = []
    for number in range(most):
        try:
            answer = await harness.send(engine, f"{word} {number}", mode="parallel")
        except JournalError:
            return known
        known.append(answer.event_id)
    raise AssertionError("nothing was refused")


async def events_of(engine: EmbeddedEngine) -> set[str]:
    return {record.event.id for record in await engine.find_events(limit=100_000)}


def is_ok(engine: EmbeddedEngine) -> Callable[[], bool]:
    return lambda: engine.health().state == "ok"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a disk of 6 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("mounting a small disk needs the rights of root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Take the space of the disk but for *leave* bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
        except OSError:
            pass
        file.truncate(max(0, file.tell() // 4096 * 4096 - leave))
    return filler


async def test_a_disk_that_is_really_full_loses_nothing_and_heals(
    sqlite_harness: Any, small_disk: Path, eventually: Callable[..., Any]
) -> None:
    engine = await working(sqlite_harness, small_disk / "journal.db")
    known = [(await sqlite_harness.send(engine, "first")).event_id]
    filler = fill(small_disk, leave=100_000)
    known += await send_all(sqlite_harness, engine, "filling")
    assert engine.health().state == "refusing"
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "still full")
    assert await engine.stats()
    filler.unlink()
    await eventually(is_ok(engine), 10.0)
    known.append((await sqlite_harness.send(engine, "last")).event_id)
    await engine.wait_idle()
    assert set(known) <= await events_of(engine)
    assert await engine.close()


async def test_events_are_refused_before_the_disk_is_full_and_runs_go_on(
    sqlite_harness: Any, small_disk: Path, eventually: Callable[..., Any]
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await gate.wait()
        return RunOutcome(state="succeeded")

    engine = open_engine(small_disk / "journal.db", reserve_bytes=2_000_000)
    sqlite_harness.engines.append(engine)
    await engine.put_definition("orders", b'{"id":"orders"}')
    await engine.open(execute)
    await sqlite_harness.send(engine, "first")
    filler = fill(small_disk, leave=1_000_000)
    await eventually(lambda: engine.health().state == "refusing")
    assert "nearly full" in str(engine.health().reason)
    with pytest.raises(JournalError, match="nearly full"):
        await sqlite_harness.send(engine, "second")
    gate.set()
    await engine.wait_idle()

    async def is_recorded() -> bool:
        return (await engine.stats()).get("succeeded") == 1

    await eventually(is_recorded)
    filler.unlink()
    await eventually(is_ok(engine))
    await sqlite_harness.send(engine, "second")
    assert await engine.close()


class Moody(apsw.VFS):
    """A disk that refuses to write while `refusal` is set."""

    def __init__(self) -> None:
        self.name = f"moody-{next(NAMES)}"
        self.refusal: Exception | None = None
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - the name is SQLite's
        return MoodyFile(self, name, flags)


class MoodyFile(apsw.VFSFile):
    def __init__(self, disk: Moody, name: Any, flags: Any) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - the name is SQLite's
        if self._disk.refusal is not None:
            raise self._disk.refusal
        super().xWrite(data, offset)


@pytest.mark.parametrize("refusal", [apsw.ReadOnlyError, apsw.FullError, apsw.IOError])
async def test_a_disk_that_became_read_only_or_fails_is_tried_until_it_works(
    sqlite_harness: Any, refusal: type[Exception], eventually: Callable[..., Any]
) -> None:
    disk = Moody()
    engine = await working(sqlite_harness, vfs=disk.name)
    known = [(await sqlite_harness.send(engine, "before")).event_id]
    await engine.wait_idle()
    disk.refusal = refusal("not now")
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "refused")
    assert engine.health().state == "refusing"
    disk.refusal = None
    await eventually(is_ok(engine))
    known.append((await sqlite_harness.send(engine, "after")).event_id)
    await engine.wait_idle()
    assert await events_of(engine) == set(known)
    assert await engine.close()
    disk.unregister()


async def test_a_process_that_holds_the_lock_for_long_makes_senders_come_back_later(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    """Five seconds are waited in earnest; here a fifth of one."""

    def impatient(path: Path) -> apsw.Connection:
        connection = connect(path)
        connection.set_busy_timeout(200)
        return connection

    engine = await working(sqlite_harness, connect=impatient)
    known = [(await sqlite_harness.send(engine, "before")).event_id]
    other = apsw.Connection(str(sqlite_harness.path))
    other.set_busy_timeout(1_000)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "during")
    assert engine.health().state == "refusing"
    other.execute("ROLLBACK")
    other.close()
    await eventually(is_ok(engine))
    known.append((await sqlite_harness.send(engine, "after")).event_id)
    await engine.wait_idle()
    assert await events_of(engine) == set(known)


async def test_a_file_that_is_moved_away_and_back_is_written_on(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    engine = await working(sqlite_harness)
    known = [(await sqlite_harness.send(engine, "before")).event_id]
    await engine.wait_idle()
    path = sqlite_harness.path
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalError, match="deleted or replaced"):
        await sqlite_harness.send(engine, "during")
    path.with_name("elsewhere").rename(path)
    await eventually(is_ok(engine))
    known.append((await sqlite_harness.send(engine, "after")).event_id)
    await engine.wait_idle()
    assert set(known) <= await events_of(engine)


async def test_another_journal_in_the_place_of_ours_is_not_written_to(sqlite_harness: Any) -> None:
    engine = await working(sqlite_harness)
    await sqlite_harness.send(engine, "before")
    await engine.wait_idle()
    path = sqlite_harness.path
    other = path.with_name("other.db")
    open_for_writing(other).close()
    content = other.read_bytes()
    other.rename(path)
    for key in ("a", "b"):
        with pytest.raises(JournalError):
            await sqlite_harness.send(engine, key)
    await engine.close()
    assert path.read_bytes() == content


async def test_a_log_that_is_deleted_under_us_takes_nothing_with_it(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    engine = await working(sqlite_harness)
    known = [(await sqlite_harness.send(engine, str(number))).event_id for number in range(5)]
    await engine.wait_idle()
    sqlite_harness.path.with_name("journal.db-wal").unlink()
    with pytest.raises(JournalError, match="deleted or replaced"):
        await sqlite_harness.send(engine, "during")
    await eventually(is_ok(engine))
    known.append((await sqlite_harness.send(engine, "after")).event_id)
    await engine.wait_idle()
    assert await engine.close()
    again = await sqlite_harness.open(nothing)
    assert set(known) <= await events_of(again)


async def test_a_reader_that_does_not_let_go_shows_in_the_health(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    engine = await working(sqlite_harness, checkpoint_bytes=100_000, log_limit_bytes=600_000)
    await sqlite_harness.send(engine, "before")
    reader = apsw.Connection(str(sqlite_harness.path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN; SELECT count(*) FROM event")
    number = 0

    async def is_degraded() -> bool:
        nonlocal number
        number += 1
        await sqlite_harness.send(engine, f"k{number}", mode="parallel")
        return engine.health().state == "degraded"

    await eventually(is_degraded, 10.0)
    assert "does not let go" in str(engine.health().reason)
    reader.execute("COMMIT")
    reader.close()

    async def is_well() -> bool:
        nonlocal number
        number += 1
        await sqlite_harness.send(engine, f"k{number}", mode="parallel")
        return engine.health().state == "ok"

    await eventually(is_well, 10.0)
    assert len(await events_of(engine)) == number + 1


async def test_readers_that_overlap_without_a_gap_do_not_let_the_log_grow(
    sqlite_harness: Any,
) -> None:
    """There is always one of two readers, so that the log could never start over by itself."""
    engine = await working(sqlite_harness, checkpoint_bytes=50_000)
    is_over = threading.Event()
    turns = [threading.Event(), threading.Event()]
    turns[0].set()
    readers = [
        threading.Thread(target=read_in_turn, args=(sqlite_harness.path, turns, number, is_over))
        for number in range(2)
    ]
    for reader in readers:
        reader.start()
    try:
        for number in range(400):
            await sqlite_harness.send(engine, f"k{number}", mode="parallel")
        await engine.wait_idle()
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    assert sqlite_harness.path.with_name("journal.db-wal").stat().st_size < 2_000_000


def read_in_turn(
    path: Path, turns: list[threading.Event], number: int, is_over: threading.Event
) -> None:
    """Begin to read when the other does, and end only after it has begun again."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    while not is_over.is_set():
        if not turns[number].wait(0.05):
            continue
        turns[number].clear()
        connection.execute("BEGIN; SELECT count(*) FROM event")
        turns[1 - number].set()
        turns[number].wait(0.05)
        connection.execute("COMMIT")
    connection.close()

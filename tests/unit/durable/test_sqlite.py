"""The journal file: locked, checked, never replaced, and mended without a restart (R14)."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.clock import SystemClock
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import Duplicate, RunContext, RunFilter, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine, open_reader
from rouage.durable.sqlite.checks import file_system_of
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.opening import connect, open_for_writing
from rouage.errors import JournalError, WorkspaceError

LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
DONE = RunOutcome(state="succeeded")


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return DONE


async def filled(harness: Any) -> Path:
    engine = await harness.open(nothing)
    for number in range(50):
        await harness.send(engine, str(number), mode="parallel")
    await engine.wait_idle()
    await engine.close()
    path: Path = harness.path
    return path


async def test_the_file_is_private_and_whole_after_closing(sqlite_harness: Any) -> None:
    path = await filled(sqlite_harness)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["journal.db", "journal.lock"]
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    assert connection.pragma("auto_vacuum") == 2
    connection.close()


def test_the_writer_syncs_fully_and_checkpoints_itself(tmp_path: Path) -> None:
    connection = open_for_writing(tmp_path / "journal.db")
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("wal_autocheckpoint") == 0
    assert connection.pragma("cache_size") == -8_192
    assert connection.pragma("page_size") == 4096
    connection.close()


async def test_a_second_engine_on_the_same_file_is_refused(sqlite_harness: Any) -> None:
    await sqlite_harness.open(nothing)
    with pytest.raises(WorkspaceError, match=str(os.getpid())):
        open_engine(sqlite_harness.path)


@pytest.mark.parametrize("damage", ["pages", "header", "empty", "cut"])
async def test_a_damaged_file_is_refused_and_kept_untouched(
    sqlite_harness: Any, damage: str
) -> None:
    path = await filled(sqlite_harness)
    content = bytearray(path.read_bytes())
    if damage == "pages":
        content[8192:-4096] = b"\x5a" * len(content[8192:-4096])
    elif damage == "header":
        content[:100] = b"\0" * 100
    elif damage == "empty":
        content.clear()
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with pytest.raises(JournalError) as caught:
        open_engine(path)
    assert caught.value.hint is not None or damage == "empty"
    assert path.read_bytes() == content


async def test_a_missing_file_beside_its_log_is_not_replaced(sqlite_harness: Any) -> None:
    path = await filled(sqlite_harness)
    path.rename(path.with_name("elsewhere"))
    path.with_name("journal.db-wal").write_bytes(b"what was not moved yet")
    with pytest.raises(JournalError, match="damaged"):
        open_engine(path)
    assert not path.exists()


async def test_a_newer_schema_is_refused(sqlite_harness: Any) -> None:
    path = await filled(sqlite_harness)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="newer Rouage"):
        open_engine(path)
    with pytest.raises(JournalError, match="newer Rouage"):
        open_reader(path)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    with pytest.raises(JournalError, match="another program"):
        open_engine(path)


def test_there_is_nothing_to_read_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        open_reader(tmp_path / "journal.db")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/srv/share/w/journal.db", "nfs4"), ("/srv/journal.db", "ext4"), ("/srv/sharex/j", "ext4")],
)
def test_the_file_system_is_known_from_the_longest_mount(path: str, kind: str) -> None:
    mounts = "/dev/a / ext4 rw 0 0\nhost:/x /srv/share nfs4 rw 0 0\n"
    assert file_system_of(Path(path), mounts) == kind


async def test_a_run_of_another_protocol_is_left_untouched(sqlite_harness: Any) -> None:
    path = await filled(sqlite_harness)
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE run SET protocol = 7, state = 'running', ended = NULL WHERE seq = 3")
    connection.close()
    engine = await sqlite_harness.open(nothing)
    await engine.wait_idle()
    assert engine.health().state == "degraded"
    (run,) = (await engine.list_runs(RunFilter(states=frozenset({"running"})))).runs
    assert run.ended is None


async def test_a_reader_works_beside_the_engine_and_without_it(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    reader = open_reader(sqlite_harness.path)
    answer = await sqlite_harness.send(engine)
    await engine.wait_idle()
    run = await reader.get_run(answer.runs[0])
    assert run is not None
    assert run.state == "succeeded"
    await engine.close()
    assert (await reader.stats())["succeeded"] == 1
    reader.close()
    with pytest.raises(JournalError):
        await reader.stats()
    again = open_reader(sqlite_harness.path)
    assert (await again.stats())["succeeded"] == 1
    again.close()


async def test_one_bad_event_does_not_fail_its_neighbours(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    answers = await asyncio.gather(
        sqlite_harness.send(engine, "a", mode="parallel"),
        sqlite_harness.send(engine, "b", mode="parallel", maximum=2**70),
        sqlite_harness.send(engine, "c", mode="parallel", maximum=None),
        engine.put_items("orders/hook", {b"x": 1}),
        return_exceptions=True,
    )
    assert isinstance(answers[1], JournalError)
    await engine.wait_idle()
    stats = await engine.stats()
    assert (stats["events"], stats["succeeded"]) == (2, 2)
    assert await engine.load_items("orders/hook") == {b"x": 1}


class Limited:
    """A file that may not grow while `is_full`, as on a full disk."""

    def __init__(self) -> None:
        self.is_full = False

    def connect(self, path: Path) -> apsw.Connection:
        connection = connect(path)
        pages = connection.pragma("page_count")
        assert isinstance(pages, int)
        connection.pragma("max_page_count", pages + 1 if self.is_full else 1_000_000)
        self.connection = connection
        return connection

    def fill(self) -> None:
        self.is_full = True
        self.connection.pragma("max_page_count", 1)


@pytest.fixture
async def limited(sqlite_harness: Any) -> Any:
    disk = Limited()
    journal = SqliteJournal(sqlite_harness.path, connect=disk.connect)
    engine = EmbeddedEngine(journal, clock=SystemClock())
    sqlite_harness.engines.append(engine)
    return engine, disk


async def test_a_full_disk_refuses_events_and_heals_without_a_restart(
    sqlite_harness: Any, limited: Any, eventually: Callable[..., Any]
) -> None:
    engine, disk = limited
    gate = asyncio.Event()
    results = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def act(attempt: Any) -> Any:
            sqlite_harness.recorder.effects.append(context.event.key)
            await gate.wait()
            return "x" * 50_000

        results.append(await context.step("do.0", LOCAL, act))
        await context.step("do.1", LOCAL, sqlite_harness.recorder.call("second"))
        return DONE

    await engine.open(execute)
    await engine.put_definition("orders", b'{"id":"orders"}')
    first = await sqlite_harness.send(engine, "first")
    await eventually(lambda: sqlite_harness.recorder.effects == ["first"])
    disk.fill()
    gate.set()
    await eventually(lambda: engine.health().state == "refusing")
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "refused")
    assert sqlite_harness.recorder.effects == ["first"]
    disk.is_full = False
    await eventually(lambda: engine.health().state == "ok")
    await engine.wait_idle()
    assert sqlite_harness.recorder.effects == ["first", "second#1"]
    run = await engine.get_run(first.runs[0])
    assert run.steps[0].result == "x" * 50_000
    assert (await engine.stats())["events"] == 1
    gate.set()
    await sqlite_harness.send(engine, "refused")
    await engine.wait_idle()
    assert (await engine.stats())["succeeded"] == 2


async def test_a_writer_of_another_process_only_delays(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    engine = await sqlite_harness.open(nothing)
    other = apsw.Connection(str(sqlite_harness.path))
    other.execute("BEGIN IMMEDIATE")
    sending = asyncio.ensure_future(sqlite_harness.send(engine))
    await asyncio.sleep(0.05)
    assert not sending.done()
    other.execute("ROLLBACK")
    other.close()
    await sending
    await engine.wait_idle()


class Liar(apsw.Connection):
    """A connection that says once that a commit failed, although it did not."""

    lies = 0

    def execute(self, statements: str, *arguments: Any, **options: Any) -> Any:
        cursor = super().execute(statements, *arguments, **options)
        if statements == "COMMIT" and Liar.lies:
            Liar.lies -= 1
            raise apsw.IOError("the outcome is unknown")
        return cursor


async def test_a_commit_of_unknown_outcome_is_looked_up_before_going_on(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    journal = SqliteJournal(sqlite_harness.path, connect=lambda path: connect(path, Liar))
    engine = EmbeddedEngine(journal, clock=SystemClock())
    sqlite_harness.engines.append(engine)
    await engine.open(nothing)
    await engine.put_definition("orders", b'{"id":"orders"}')
    Liar.lies = 1
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine)
    await eventually(lambda: engine.health().state == "ok")
    again = await sqlite_harness.send(engine)
    assert isinstance(again, Duplicate)

    async def has_ended() -> bool:
        return (await engine.stats()).get("succeeded") == 1

    await eventually(has_ended)


class BrokenSync(apsw.VFS):
    """A disk whose sync fails when told to."""

    def __init__(self) -> None:
        super().__init__("broken-sync", "")
        self.is_broken = False

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - the name is SQLite's
        return BrokenFile(self, name, flags)


class BrokenFile(apsw.VFSFile):
    def __init__(self, disk: BrokenSync, name: Any, flags: Any) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xSync(self, flags: int) -> None:  # noqa: N802 - the name is SQLite's
        if self._disk.is_broken:
            error = apsw.IOError("sync failed")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]
            raise error
        super().xSync(flags)


@pytest.fixture
def broken_disk() -> Iterator[BrokenSync]:
    disk = BrokenSync()
    yield disk
    disk.unregister()


async def test_a_failed_sync_counts_as_a_crash(
    sqlite_harness: Any, broken_disk: BrokenSync, eventually: Callable[..., Any]
) -> None:
    def connect_broken(path: Path) -> apsw.Connection:
        connection = apsw.Connection(str(path), vfs="broken-sync")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    fatal = []
    journal = SqliteJournal(
        sqlite_harness.path, connect=connect_broken, on_fatal=lambda: fatal.append(True)
    )
    engine = EmbeddedEngine(journal, clock=SystemClock())
    await engine.open(nothing)
    await engine.put_definition("orders", b'{"id":"orders"}')
    await sqlite_harness.send(engine, "good")
    await engine.wait_idle()
    broken_disk.is_broken = True
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "bad")
    await eventually(lambda: fatal)
    broken_disk.is_broken = False
    assert engine.health().state == "refusing"
    with pytest.raises(JournalError):
        await sqlite_harness.send(engine, "worse")
    assert await engine.close(0.0) is False
    again = await sqlite_harness.open(nothing)
    await again.wait_idle()
    await sqlite_harness.send(again, "good")
    assert (await again.stats())["succeeded"] >= 1


async def test_a_file_that_was_replaced_under_us_is_noticed(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    engine = await sqlite_harness.open(nothing)
    await sqlite_harness.send(engine)
    await engine.wait_idle()
    sqlite_harness.path.unlink()
    with pytest.raises(JournalError, match="deleted or replaced"):
        await sqlite_harness.send(engine, "into the void")
    assert engine.health().state == "refusing"


FULL_DISK = """
import asyncio, pathlib, resource, signal, sys
from tests.unit.durable.conftest import Harness
from rouage.durable.port import RunOutcome

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    harness = Harness("sqlite", pathlib.Path(sys.argv[1]))
    async def execute(context, definition):
        return RunOutcome(state="succeeded")
    engine = await harness.open(execute)
    await harness.send(engine, "first")
    log = harness.path.with_name("journal.db-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 30_000, resource.RLIM_INFINITY))
    accepted, refused = 1, 0
    while not refused:
        try:
            await harness.send(engine, str(accepted), mode="parallel")
            accepted += 1
        except Exception as error:
            assert type(error).__name__ == "JournalError", error
            refused += 1
    assert engine.health().state == "refusing"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while engine.health().state != "ok":
        await asyncio.sleep(0.01)
    await harness.send(engine, "last")
    await engine.wait_idle()
    stats = await engine.stats()
    assert stats["events"] == stats["succeeded"] == accepted + 1, (stats, accepted)
    assert await engine.close()
asyncio.run(main())
"""


@pytest.mark.crash
def test_writes_that_fail_are_refused_and_heal_when_they_work_again(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'engine'}:{root / 'connectors'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + os.strerror(errno.EFBIG)

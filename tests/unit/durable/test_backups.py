"""Copies of a journal in use, verified, and the way back to one (security P-21, P-22)."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.port import RunContext, RunFilter, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.durable.sqlite.backup import make_backup, verify
from rouage.durable.sqlite.copies import KEPT, folder_of, list_backups, newest_backup
from rouage.durable.sqlite.opening import open_for_writing
from rouage.durable.sqlite.restore import finish_restore, look, restore
from rouage.errors import JournalError, WorkspaceError

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RESTORE = """
import os, pathlib, sys
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.restore import restore
points = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
restore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), failpoints=points)
"""
BACK_UP = """
import os, pathlib, sys
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.backup import make_backup
points = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
make_backup(pathlib.Path(sys.argv[1]), "manual", failpoints=points)
"""


def live(program: str, *words: object, failpoint: str = "") -> int:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine"), "ROUAGE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def send(harness: Any, engine: Any, *keys: str) -> None:
    for key in keys:
        await harness.send(engine, key, mode="parallel")
    await engine.wait_idle()


async def keys_of(harness: Any) -> list[str]:
    engine = await harness.open(nothing)
    keys = [record.event.key for record in await engine.find_events()]
    await engine.close()
    return sorted(keys)


def some_journal(folder: Path) -> Path:
    path = folder / "journal.db"
    open_for_writing(path).close()
    return path


async def test_a_backup_is_made_while_the_journal_is_written(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "before")
    copying = asyncio.ensure_future(asyncio.to_thread(make_backup, sqlite_harness.path, "manual"))
    number = 0
    while not copying.done():
        await sqlite_harness.send(engine, f"during {number}", mode="parallel")
        number += 1
    backup = await copying
    await engine.wait_idle()
    assert look(backup.path).runs is not None
    assert verify(backup.path) == backup.schema
    # The file stands alone: nothing beside it, private, and of one instant.
    assert [entry.name for entry in folder_of(sqlite_harness.path).iterdir()] == [backup.name]
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert folder_of(sqlite_harness.path).stat().st_mode & 0o777 == 0o700
    connection = apsw.Connection(str(backup.path), flags=apsw.SQLITE_OPEN_READONLY)
    keys = [key for (key,) in connection.execute("SELECT key FROM event ORDER BY seq")]
    connection.close()
    assert keys[0] == "before"
    assert keys[1:] == [f"during {count}" for count in range(len(keys) - 1)]


def test_the_newest_of_each_cause_are_kept(tmp_path: Path) -> None:
    path = some_journal(tmp_path)
    for number in range(KEPT + 2):
        make_backup(path, "daily", now=NOON + timedelta(days=number), is_hurried=True)
    make_backup(path, "manual", now=NOON, is_hurried=True)
    (folder_of(path) / "notes.txt").write_text("mine")
    (folder_of(path) / "journal-20269999T000000Z-schema2-daily.db").write_text("no date")
    taken = [backup.taken for backup in list_backups(path) if backup.cause == "daily"]
    assert taken == [NOON + timedelta(days=number) for number in range(KEPT + 1, 1, -1)]
    assert len(list_backups(path)) == KEPT + 1
    assert (folder_of(path) / "notes.txt").exists()
    assert newest_backup(path, schema=99) == list_backups(path)[0]
    assert newest_backup(path, schema=0) is None


def test_two_backups_of_one_second_have_two_names(tmp_path: Path) -> None:
    path = some_journal(tmp_path)
    names = {make_backup(path, "manual", now=NOON, is_hurried=True).name for _ in range(3)}
    assert len(names) == 3


def test_a_damaged_journal_gives_no_backup(tmp_path: Path) -> None:
    path = some_journal(tmp_path)
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\x5a" * 4096
    path.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"):
        make_backup(path, "manual", is_hurried=True)
    assert list(folder_of(path).iterdir()) == []


def test_a_backup_can_be_cut_short(tmp_path: Path) -> None:
    path = some_journal(tmp_path)
    stop = threading.Event()
    stop.set()
    with pytest.raises(JournalError, match="cut short"):
        make_backup(path, "daily", stop=stop)
    assert list(folder_of(path).iterdir()) == []


def test_a_kill_during_a_backup_leaves_a_draft_that_does_not_count(tmp_path: Path) -> None:
    path = some_journal(tmp_path)
    for count in (1, 2):
        assert live(BACK_UP, path, failpoint=f"mid_backup:{count}") != 0
        assert list_backups(path) == ()
    assert live(BACK_UP, path) == 0
    (backup,) = list_backups(path)
    assert verify(backup.path) == backup.schema


# The way back.


async def test_a_restore_brings_the_backup_back_and_keeps_the_present(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    sqlite_harness.clock.advance(3_600)
    await send(sqlite_harness, engine, "b", "c")
    await engine.close()
    restored = restore(sqlite_harness.path, backup.path)
    assert (restored.before.events, restored.after.events) == (3, 1)
    assert restored.before.last - restored.after.last == timedelta(hours=1)
    assert restored.kept is not None
    assert look(restored.kept).events == 3
    assert backup.path.exists()
    assert await keys_of(sqlite_harness) == ["a"]


async def test_a_restore_never_lets_an_old_log_meet_the_new_file(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    await send(sqlite_harness, engine, "b")
    path = sqlite_harness.path
    log = path.with_name("journal.db-wal").read_bytes()
    file = path.read_bytes()
    await engine.close()
    # As a kill would have left it: the last commits are in the log alone.
    path.write_bytes(file)
    path.with_name("journal.db-wal").write_bytes(log)
    restored = restore(path, backup.path)
    assert restored.kept is not None
    assert look(restored.kept).events == 2
    assert await keys_of(sqlite_harness) == ["a"]


async def test_a_restore_is_refused_while_an_engine_works(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    with pytest.raises(WorkspaceError, match=str(os.getpid())):
        restore(sqlite_harness.path, backup.path)
    await send(sqlite_harness, engine, "a")


@pytest.mark.parametrize("damage", ["pages", "cut", "foreign", "newer"])
def test_a_bad_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    path = some_journal(tmp_path)
    backup = make_backup(path, "manual", is_hurried=True).path
    content = bytearray(backup.read_bytes())
    if damage == "pages":
        content[8192:12288] = b"\x5a" * 4096
    elif damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "foreign":
        content[68:72] = b"\0" * 4
    else:
        content[60:64] = (99).to_bytes(4, "big")
    backup.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(JournalError):
        restore(path, backup)
    assert path.read_bytes() == before
    # What readers leave beside a file does not count.
    names = {entry.name for entry in tmp_path.iterdir()} - {"journal.db-wal", "journal.db-shm"}
    assert names == {"backups", "journal.db", "journal.lock"}


async def test_the_refusal_of_a_damaged_file_names_the_command_that_mends_it(
    sqlite_harness: Any,
) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    await engine.close()
    path = sqlite_harness.path
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(JournalError) as caught:
        open_engine(path)
    assert "there is no backup" in str(caught.value.render_hint("en"))
    path.write_bytes(content)
    backup = make_backup(path, "daily", is_hurried=True)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(JournalError) as caught:
        open_engine(path)
    for language in ("en", "fr"):
        assert f"rouage restore {backup.name}" in str(caught.value.render_hint(language))
    restored = restore(path, backup.path)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == content[: len(content) // 2]
    assert await keys_of(sqlite_harness) == ["a"]


async def test_a_copy_of_someone_counts_with_its_log(sqlite_harness: Any, tmp_path: Path) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a", "b")
    path = sqlite_harness.path
    for ending in ("", "-wal"):
        copy = tmp_path / f"mine.db{ending}"
        copy.write_bytes(path.with_name(path.name + ending).read_bytes())
    assert (tmp_path / "mine.db-wal").stat().st_size > 0
    await engine.close()
    path.unlink()
    restore(path, tmp_path / "mine.db")
    assert await keys_of(sqlite_harness) == ["a", "b"]


async def test_a_journal_that_is_gone_can_be_restored(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    await engine.close()
    backup = make_backup(sqlite_harness.path, "manual", is_hurried=True)
    sqlite_harness.path.unlink()
    assert restore(sqlite_harness.path, backup.path).kept is None
    assert await keys_of(sqlite_harness) == ["a"]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_a_kill_during_a_restore_leaves_the_old_or_the_restored_journal(
    sqlite_harness: Any, count: int
) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    await send(sqlite_harness, engine, "b")
    await engine.close()
    path = sqlite_harness.path
    assert live(RESTORE, path, backup.path, failpoint=f"mid_restore:{count}") != 0
    # Before the copy had its name nothing happened; after that the next start ends the work.
    assert await keys_of(sqlite_harness) == (["a", "b"] if count == 1 else ["a"])
    if count > 1:
        (aside,) = path.parent.glob("set-aside-*.db")
        assert look(aside).events == 2
    assert not list(path.parent.glob("journal.db.restore-*"))
    assert live(RESTORE, path, backup.path) == 0
    assert await keys_of(sqlite_harness) == ["a"]


async def test_a_restore_that_is_killed_again_and_again_ends_well(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(nothing)
    await send(sqlite_harness, engine, "a")
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    await send(sqlite_harness, engine, "b")
    await engine.close()
    path = sqlite_harness.path
    for count in (3, 4, 2):
        live(RESTORE, path, backup.path, failpoint=f"mid_restore:{count}")
    finish_restore(path)
    assert await keys_of(sqlite_harness) == ["a"]
    asides = [look(aside).events for aside in sorted(path.parent.glob("set-aside-*.db"))]
    assert 2 in asides


async def test_after_a_restore_runs_go_on_from_the_backup(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(days=1))
        return RunOutcome(state="succeeded")

    engine = await sqlite_harness.open(execute)
    await sqlite_harness.send(engine, "a", mode="parallel")
    await engine.wait_idle()
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    await engine.cancel((await engine.list_runs(RunFilter())).runs[0].id, "not now")
    await engine.close()
    restored = restore(sqlite_harness.path, backup.path)
    assert (restored.before.unfinished, restored.after.unfinished) == (0, 1)
    engine = await sqlite_harness.open(execute)
    sqlite_harness.clock.advance(86_401)

    async def has_succeeded() -> bool:
        return (await engine.stats()).get("succeeded") == 1

    await eventually(has_succeeded)


async def test_unfinished_runs_of_a_backup_can_be_ended_instead(sqlite_harness: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await context.sleep_until("do.0", context.started + timedelta(days=1))
        return RunOutcome(state="succeeded")

    engine = await sqlite_harness.open(execute)
    await sqlite_harness.send(engine, "a", mode="parallel")
    await engine.wait_idle()
    backup = await asyncio.to_thread(make_backup, sqlite_harness.path, "manual")
    await engine.close()
    restored = restore(sqlite_harness.path, backup.path, cancel_unfinished=True)
    assert restored.after.unfinished == 0
    assert look(backup.path).unfinished == 1
    engine = await sqlite_harness.open(execute)
    (run,) = (await engine.list_runs(RunFilter())).runs
    assert run.state == "cancelled"
    assert "restored" in run.reason["message"]["en"]
    assert await engine.list_waits() == ()


def test_a_backup_does_not_keep_the_writer_waiting(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writing = open_for_writing(path)
    for number in range(200):
        writing.execute(
            "INSERT INTO blob VALUES (?, zeroblob(50000))", (number.to_bytes(32, "big"),)
        )
    copying = threading.Thread(target=make_backup, args=(path, "daily"))
    copying.start()
    slowest, commits = 0.0, 0
    while copying.is_alive():
        before = time.monotonic()
        writing.execute("INSERT OR REPLACE INTO meta VALUES ('x', 1)")
        slowest = max(slowest, time.monotonic() - before)
        commits += 1
    copying.join()
    writing.close()
    assert commits > 3
    assert slowest < 1.0
    assert look(list_backups(path)[0].path).events == 0

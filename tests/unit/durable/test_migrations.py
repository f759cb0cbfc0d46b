"""An older journal becomes one of ours, wholly or not at all (security P-23)."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.clock import SystemClock
from rouage.durable.port import RunContext, RunFilter, RunOutcome
from rouage.durable.sqlite import open_engine, open_reader
from rouage.durable.sqlite.copies import list_backups
from rouage.durable.sqlite.forgetting import REFERENCES
from rouage.durable.sqlite.migrations import MIGRATIONS
from rouage.durable.sqlite.opening import open_for_writing
from rouage.durable.sqlite.schema import SCHEMA_VERSION
from rouage.errors import JournalError

ROOT = Path(__file__).parents[3]
JOURNALS = Path(__file__).parent / "journals"
OPEN_IT = """
import os, pathlib, sys
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.locking import FileLock
from rouage.durable.sqlite.opening import open_for_writing
path = pathlib.Path(sys.argv[1])
with FileLock(path):
    open_for_writing(path, Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))).close()
"""


def old_journal(folder: Path, version: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "journal.db"
    path.write_bytes(gzip.decompress((JOURNALS / f"version_{version}.db.gz").read_bytes()))
    return path


def start(path: Path, failpoint: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_IT, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine"), "ROUAGE_FAILPOINT": failpoint},
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> int:
    _, said = process.communicate(timeout=60)
    assert process.returncode in {0, -signal.SIGKILL}, said
    return process.returncode


def shape(path: Path) -> dict[str, Any]:
    """Return what the tables and indexes of a file are, but for how their texts are written."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    found: dict[str, Any] = {
        name: list(connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)))
        for (name,) in names
    }
    for table in list(found):
        kind = connection.execute("SELECT wr, strict FROM pragma_table_list(?)", (table,))
        found[f"{table} kind"] = list(kind)
    indexes = "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index'"
    for name, table, sql in connection.execute(indexes):
        columns = list(connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)))
        found[name] = (table, columns, " ".join((sql or "").split()))
    connection.close()
    return found


def rows(path: Path, query: str) -> list[Any]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute(query))
    finally:
        connection.close()


def version_of(path: Path) -> int:
    (row,) = rows(path, "SELECT user_version FROM pragma_user_version")
    return int(row[0])


def test_the_migrations_lead_to_our_version_without_a_gap() -> None:
    assert list(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_migrated_journal_has_the_schema_of_a_new_one(tmp_path: Path, version: int) -> None:
    old = old_journal(tmp_path / "old", version)
    open_for_writing(old).close()
    open_for_writing(tmp_path / "new.db").close()
    assert shape(old) == shape(tmp_path / "new.db")
    assert version_of(old) == SCHEMA_VERSION


def test_every_column_that_can_hold_a_large_value_is_known_to_the_purge(tmp_path: Path) -> None:
    """A column that is forgotten in the list would have its large values deleted."""
    names = {
        ("meta", "value"), ("definition", "file"), ("event", "source"), ("event", "key"),
        ("event", "subject"), ("match", "recipe"), ("run", "recipe"), ("run", "key"),
        ("waiter", "name"), ("signal", "name"), ("claim", "scope"), ("claim", "key"),
        ("trigger_item", "owner"), ("lineage", "file"),
    }  # fmt: skip
    path = tmp_path / "journal.db"
    open_for_writing(path).close()
    untyped = {
        (table, column[1])
        for table, columns in shape(path).items()
        if isinstance(columns, list) and not table.endswith(" kind")
        for column in columns
        if column[2] == ""
    }
    known = {
        (table.strip('"'), column) for table, columns in REFERENCES.items() for column in columns
    }
    assert untyped - names == known


def test_a_migration_keeps_every_row_and_makes_a_backup_first(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    before = {
        query: rows(path, query)
        for query in (
            "SELECT seq, id, source, key, data, matched FROM event",
            'SELECT * FROM "match"',
            "SELECT seq, id, event, state, reason, error, outputs FROM run",
            "SELECT * FROM step",
            "SELECT * FROM effect",
            "SELECT run, path, kind, deadline FROM waiter",
            "SELECT * FROM trigger_item",
            "SELECT * FROM blob",
            "SELECT hash, recipe, accepted, body FROM definition",
        )
    }
    open_for_writing(path).close()
    assert {query: rows(path, query) for query in before} == before
    ((created, deadline),) = rows(path, "SELECT created, deadline FROM waiter WHERE kind = 'timer'")
    assert created < deadline
    (backup,) = list_backups(path)
    assert (backup.cause, backup.schema) == ("upgrade", 1)
    assert {query: rows(backup.path, query) for query in before} == before
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


async def test_runs_of_an_older_journal_go_on(
    tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """The journal was written in March; its timer and its retry are long due."""
    path = old_journal(tmp_path)
    seen = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        assert context.recorded("do.0") is not None
        seen.append(context.event.key)
        return RunOutcome(state="succeeded")

    engine = open_engine(path, clock=SystemClock())
    await engine.open(execute)
    await eventually(lambda: sorted(seen) == ["retries", "waits"])
    await engine.wait_idle()
    stats = await engine.stats()
    assert (stats["succeeded"], stats["needs_attention"], stats["failed"]) == (4, 1, 1)
    assert [event.key for event in await engine.unmatched()] == ["unmatched"]
    page = await engine.list_runs(RunFilter(states=frozenset({"needs_attention"})))
    assert await engine.resolve(page.runs[0].id, "done", author="zoe") is not None
    await eventually(lambda: "doubt" in seen)
    await engine.close()


def test_three_kills_in_a_row_and_the_migration_still_happens(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    content = rows(path, "SELECT * FROM step")
    for count in (1, 9, len(MIGRATIONS[2])):
        assert end(start(path, f"mid_migration:{count}")) != 0
        assert version_of(path) == 1
        assert rows(path, "SELECT * FROM step") == content
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert end(start(path)) == 0
    assert version_of(path) == SCHEMA_VERSION
    assert rows(path, "SELECT * FROM step") == content
    assert len(list_backups(path)) == 4


@pytest.mark.slow
def test_a_kill_at_any_instant_leaves_the_old_or_the_new_schema(tmp_path: Path) -> None:
    seen = set()
    chance = random.Random(3)  # noqa: S311 - a test that can be repeated
    open_for_writing(tmp_path / "new.db").close()
    shapes = {SCHEMA_VERSION: shape(tmp_path / "new.db")}
    for number in range(12):
        path = old_journal(tmp_path / str(number))
        shapes.setdefault(1, shape(path))
        process = start(path)
        time.sleep(chance.uniform(0.0, 0.35))
        process.kill()
        end(process)
        version = version_of(path)
        seen.add(version)
        assert shape(path) == shapes[version]
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        assert end(start(path)) == 0
        assert version_of(path) == SCHEMA_VERSION
    assert 1 in seen


def test_a_migration_without_room_for_its_backup_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_journal(tmp_path)
    content = path.read_bytes()
    path.with_name("backups").write_text("a file where the folder should be")
    with pytest.raises(JournalError):
        open_for_writing(path)
    assert path.read_bytes() == content


async def test_a_reader_refuses_an_older_schema_and_says_what_to_do(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    with pytest.raises(JournalError, match="older Rouage") as caught:
        open_reader(path)
    assert "rouage up" in (caught.value.render_hint("en") or "")


def test_an_older_program_names_the_backup_that_leads_back(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    open_for_writing(path).close()
    (backup,) = list_backups(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    for language in ("en", "fr"):
        with pytest.raises(JournalError) as caught:
            open_engine(path)
        assert f"rouage restore {backup.name}" in str(caught.value.render_hint(language))

"""Rows of SQLite databases: one transaction, once, and taken back row by row."""

import json
import sqlite3
import threading
from contextlib import closing

import pytest

from rouage.errors import RetryableError, StepError
from rouage.sdk.testing import run_action, simulate_action
from rouage.sdk.undoing import World
from rouage_connectors.table import changes, connector
from rouage_connectors.table.database import opened


@pytest.fixture
def workspace(folders):
    return folders.workspace


@pytest.fixture
def run(context_for):
    """Return a function that runs one action; each key is another step."""

    async def run_one(action, step="key-1", /, **parameters):
        parameters = {"file": "t.db", **parameters}
        return await run_action(connector, f"table.{action}", parameters, context_for(step))

    return run_one


@pytest.fixture
def base(workspace):
    path = workspace / "t.db"
    _execute(
        path,
        'CREATE TABLE "Mes clients" (id INTEGER PRIMARY KEY, "Prénom" TEXT NOT NULL, total REAL, '
        "photo BLOB)",
        "INSERT INTO \"Mes clients\" VALUES (1, 'Ana', 12.5, x'00ff'), (7, 'Bo', NULL, NULL)",
    )
    return path


def _execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(one).fetchall() for one in statements][-1]


def _rows(path):
    return _execute(path, 'SELECT * FROM "Mes clients" ORDER BY id')


class Doing:
    """An action and its undoing, each value through JSON as in the engine."""

    def __init__(self, context_for, action, step, parameters):
        self.spec = connector.actions[f"table.{action}"]
        self.parameters = self.spec.parameters.build({"file": "t.db", **parameters})
        self.context = context_for(step)
        self.undoing = context_for(f"undo-{step}")

    async def do(self):
        undo = self.spec.undo
        before = await undo.prepare(self.parameters, self.context)
        result = await self.spec.run(self.parameters, self.context)
        inverse = await undo.complete(self.parameters, before, result, self.context)
        self.inverse = json.loads(json.dumps(inverse))
        return result

    def check(self, world=None):
        return self.spec.undo.check(self.inverse, world or World(self.context.files))

    async def take_back(self):
        return await self.spec.undo.apply(self.inverse, self.undoing)


async def test_a_new_database_is_made_with_its_table(run, workspace):
    assert await run("append", "k1", row={"Nom": "x", "n": 1}) == {"row_number": 1}
    assert await run("append", "k2", row={"nom": "y"}) == {"row_number": 2}
    assert _execute(workspace / "t.db", "SELECT * FROM data") == [("x", 1), ("y", None)]


async def test_rows_are_found_changed_added_and_removed(run, base):
    found = await run("find", where={"prenom": "Ana"})
    assert found["first"] == {"id": 1, "Prénom": "Ana", "total": 12.5, "photo": "00ff"}
    assert (await run("update", "k1", where={"total": {"empty": True}}, set={"total": 3}))[
        "changed"
    ] == 1
    done = await run("upsert", "k2", key="prénom", row={"PRENOM": "Cléo", "total": 1})
    assert (done["outcome"], done["row_number"]) == ("added", 3)
    assert (await run("delete", "k3", where={"total": {"above": 10}}))["changed"] == 1
    assert [row[:3] for row in _rows(base)] == [(7, "Bo", 3.0), (8, "Cléo", 1.0)]


async def test_hostile_names_and_values_stay_what_they_are(run, workspace):
    name = 'a"; DROP TABLE data; --'
    await run("append", row={name: "x'); DROP TABLE data; --", "f": "=1+1"})
    assert (await run("find"))["first"] == {name: "x'); DROP TABLE data; --", "f": "=1+1"}


async def test_a_database_of_several_tables_asks_which(run, base):
    _execute(base, "CREATE TABLE other (a)")
    with pytest.raises(StepError, match="several tables") as caught:
        await run("find")
    assert "Mes clients, other" in (caught.value.render_hint("en") or "")
    assert (await run("find", sheet="mes clients"))["count"] == 2
    with pytest.raises(StepError, match="no table"):
        await run("find", sheet="x")


async def test_what_the_database_refuses_is_said_and_changes_nothing(run, base):
    before = _rows(base)
    with pytest.raises(StepError, match="does not take this row: NOT NULL"):
        await run("append", row={"total": 1})
    with pytest.raises(StepError, match="does not take"):
        await run("append", "k2", rows=[{"Prénom": "x"}, {"id": 1, "Prénom": "y"}])
    assert _rows(base) == before


async def test_what_is_no_database_is_explained(run, workspace):
    (workspace / "t.db").write_bytes(b"hello, world, this is no database at all" * 50)
    for action, more in (("find", {}), ("append", {"row": {"a": 1}})):
        with pytest.raises(StepError, match="not an SQLite database"):
            await run(action, **more)


async def test_a_table_without_row_numbers_is_only_read(run, workspace):
    _execute(
        workspace / "t.db",
        "CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID",
        "INSERT INTO t VALUES (1)",
    )
    assert (await run("find"))["count"] == 1
    with pytest.raises(StepError, match="only be read"):
        await run("append", row={"a": 2})


async def test_a_database_that_another_program_writes_is_retried(run, base):
    with closing(sqlite3.connect(base, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RetryableError, match="another program"):
            with opened(str(base), "rw", wait_seconds=0.05) as ours:
                ours.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    await run("append", row={"Prénom": "x"})
    assert len(_rows(base)) == 3


async def test_a_repeated_step_is_done_once(run, base):
    for _ in range(2):
        assert (await run("append", "a", row={"Prénom": "x"}))["row_number"] == 3
        assert (await run("update", "b", where={"id": 1}, set={"total": 9}))["changed"] == 1
    assert [row[:3] for row in _rows(base)] == [(1, "Ana", 9.0), (7, "Bo", None), (8, "x", None)]


async def test_a_step_that_was_cut_before_its_commit_is_done(run, base, folders):
    after = changes.digest_of([8, "x", None, None])
    note = {
        "sqlite": "Mes clients", "changes": [[8, None, after]], "kept": None,
        "told": {"row_number": 3, "changed": 1}, "is_new_table": False, "is_new_file": False,
    }  # fmt: skip
    folders.intents.note("key-1", note)
    await run("append", row={"Prénom": "x"})
    assert len(_rows(base)) == 3


async def test_a_row_that_somebody_changed_meanwhile_is_not_guessed_about(run, base):
    await run("update", where={"id": 1}, set={"total": 9})
    _execute(base, 'UPDATE "Mes clients" SET total = 77 WHERE id = 1')
    with pytest.raises(StepError, match="cannot be told"):
        await run("update", where={"id": 1}, set={"total": 9})


async def test_many_rows_are_noted_by_digest_and_still_done_once(run, workspace):
    rows = [{"a": "x" * 1_000, "n": n} for n in range(500)]
    for _ in range(2):
        assert (await run("append", rows=rows))["row_number"] == 500
    assert _execute(workspace / "t.db", "SELECT count(*) FROM data") == [(500,)]


async def test_a_simulation_changes_nothing(base, context_for):
    before = base.read_bytes()
    parameters = {"file": "t.db", "where": {"id": 1}}
    told = await simulate_action(connector, "table.delete", parameters, context_for())
    assert told["changed"] == 1
    parameters = {"file": "new.db", "row": {"a": 1}}
    told = await simulate_action(connector, "table.append", parameters, context_for())
    assert told == {"row_number": 1}
    assert base.read_bytes() == before
    assert [one.name for one in base.parent.iterdir() if one.name != ".rouage"] == ["t.db"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("append", {"rows": [{"Prénom": "x"}, {"Prénom": "y", "total": 1.5}]}),
        ("update", {"where": {"id": {"above": 0}}, "set": {"total": 0.1}}),
        ("upsert", {"key": "id", "row": {"id": 7, "Prénom": "B."}}),
        ("delete", {"where": {"id": {"above": 0}}}),
    ],
)
async def test_rows_get_back_what_they_were(base, context_for, action, parameters):
    before = _rows(base)
    doing = Doing(context_for, action, "s", parameters)
    await doing.do()
    assert _rows(base) != before
    (line,) = doing.check()
    assert "t.db" in line.fr
    for _ in range(2):
        await doing.take_back()
        assert _rows(base) == before
    assert doing.check() == []


async def test_a_later_change_by_somebody_is_a_conflict(base, context_for):
    doing = Doing(context_for, "update", "s", {"where": {"id": {"above": 0}}, "set": {"total": 5}})
    await doing.do()
    _execute(base, 'UPDATE "Mes clients" SET total = 6 WHERE id = 7')
    now = _rows(base)
    with pytest.raises(StepError, match="changed by somebody"):
        doing.check()
    with pytest.raises(StepError, match="changed by somebody"):
        await doing.take_back()
    assert _rows(base) == now


async def test_what_the_rows_hold_is_in_no_note_and_no_inverse(base, context_for, folders):
    doing = Doing(context_for, "update", "s", {"where": {"id": 1}, "set": {"Prénom": "Zorro-9"}})
    await doing.do()
    notes = b"".join(one.read_bytes() for one in (folders.private / "intents").iterdir())
    for text in (notes.decode(), json.dumps(doing.inverse)):
        assert "t.db" in text or "Mes clients" in text
        assert "Zorro" not in text
        assert "Ana" not in text
    for one in (folders.private / "kept").rglob("*"):
        assert one.stat().st_mode & 0o077 == 0
        one.unlink() if one.is_file() else None
    with pytest.raises(StepError, match="not kept any more"):
        doing.check()


async def test_two_steps_on_one_row_are_no_conflict_with_each_other(base, context_for):
    before = _rows(base)
    steps = [
        Doing(context_for, "update", f"s{n}", {"where": {"id": 1}, "set": {"total": n}})
        for n in (100, 200)
    ]
    for step in steps:
        await step.do()
    world = World(steps[0].context.files)
    assert all(step.check(world) for step in reversed(steps))
    for step in reversed(steps):
        await step.take_back()
    assert _rows(base) == before


async def test_a_database_that_a_step_made_goes_away_with_its_last_row(workspace, context_for):
    doing = Doing(context_for, "append", "s", {"row": {"a": 1}})
    await doing.do()
    assert doing.check()
    for _ in range(2):
        await doing.take_back()
        assert not (workspace / "t.db").exists()
    assert doing.check() == []


async def test_writers_in_threads_take_turns(run, base):
    failures = []

    def write():
        try:
            for _ in range(10):
                _execute(base, 'INSERT INTO "Mes clients" ("Prénom") VALUES (\'other\')')
        except sqlite3.Error as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(10):
        await run("append", f"k{number}", row={"Prénom": "ours"})
    writer.join()
    assert failures == []
    assert len(_rows(base)) == 22

"""Finding and changing rows of CSV files: what nobody changes stays byte for byte."""

import asyncio
import fcntl
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from rouage.errors import RetryableError, StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import ManualClock, run_action, simulate_action
from rouage_connectors.table import connector

INVOICES = (
    "Numéro;Échéance;Montant TTC;Statut\r\n"
    "F-001;05/01/2026;1 234,50;envoyée\r\n"
    '"F-002";14/01/2026;80;payée\r\n'
    "F-003;20/12/2025;  99,90 €;envoyée\r\n"
).encode("cp1252")


@pytest.fixture
def workspace(folders):
    return folders.workspace


@pytest.fixture
def run(context_for):
    """Return a function that runs one action; each key is another step."""

    async def run_one(action, step="key-1", /, **parameters):
        clock = ManualClock(datetime(2026, 1, 15, 9, tzinfo=UTC))
        context = context_for(step, clock=clock)
        return await run_action(
            connector, f"table.{action}", {"file": "t.csv", **parameters}, context
        )

    return run_one


@pytest.fixture
def invoices(workspace):
    path = workspace / "t.csv"
    path.write_bytes(INVOICES)
    return path


# -- find -----------------------------------------------------------------------------------


async def test_numbers_and_dates_come_as_such(run, invoices):
    found = await run("find")
    assert found["columns"] == ["Numéro", "Échéance", "Montant TTC", "Statut"]
    assert found["count"] == 3
    assert found["rows"][0] == found["first"]
    assert found["first"] == {
        "Numéro": "F-001", "Échéance": "2026-01-05", "Montant TTC": 1234.5, "Statut": "envoyée"
    }  # fmt: skip
    assert [row["Montant TTC"] for row in found["rows"]] == [1234.5, 80, 99.9]


async def test_what_only_looks_like_a_number_stays_a_text(run, workspace):
    (workspace / "t.csv").write_text(
        "a;b;c;d;e\n01000;0612345678;+33 6 12;12345678901234567890;1.5.2\n"
    )
    first = (await run("find"))["first"]
    assert list(first.values()) == [
        "01000",
        "0612345678",
        "+33 6 12",
        "12345678901234567890",
        "1.5.2",
    ]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ({"statut": "envoyée"}, ["F-001", "F-003"]),
        ({"STATUT": "envoyée", "numero": "F-003"}, ["F-003"]),
        ({"montant  ttc": 1234.5}, ["F-001"]),
        ({"Montant TTC": "1 234,50"}, ["F-001"]),
        ({"Montant TTC": {"above": 80}}, ["F-001", "F-003"]),
        ({"Montant TTC": {"at_least": 80, "below": 100}}, ["F-002", "F-003"]),
        ({"Montant TTC": {"at_most": 80}}, ["F-002"]),
        ({"Échéance": "14/01/2026"}, ["F-002"]),
        ({"Échéance": {"below": "2026-01-01"}}, ["F-003"]),
        ({"Échéance": {"older_than": "7d"}}, ["F-001", "F-003"]),
        ({"Échéance": {"newer_than": "2d"}}, ["F-002"]),
        ({"Statut": {"not": "payée"}}, ["F-001", "F-003"]),
        ({"Statut": {"one_of": ["payée", "annulée"]}}, ["F-002"]),
        ({"Statut": {"contains": "ENVOYE"}}, ["F-001", "F-003"]),
        ({"Statut": {"empty": True}}, []),
        ({"Statut": {"equals": "payée"}}, ["F-002"]),
        ({"Numéro": {"above": "F-002"}}, ["F-003"]),
    ],
)
async def test_rows_are_found_by_equals_and_comparisons(run, invoices, where, numbers):
    found = await run("find", where=where, columns=["numero"])
    assert [row["Numéro"] for row in found["rows"]] == numbers


async def test_the_limit_bounds_what_is_given_not_what_is_counted(run, invoices):
    found = await run("find", limit=1)
    assert (len(found["rows"]), found["count"]) == (1, 3)


@pytest.mark.parametrize(
    ("where", "match"),
    [
        ({"Statut": {"like": "x"}}, "does not know the comparison"),
        ({"Échéance": {"older_than": "soon"}}, "not a duration"),
        ({"Statut": {"one_of": "x"}}, "needs a list"),
        ({"Statut": {"empty": "x"}}, "true or false"),
        ({"Montant TTC": {"above": None}}, "needs a number"),
        ({"Total": 1}, "no column"),
    ],
)
async def test_a_condition_that_makes_no_sense_is_explained(run, invoices, where, match):
    with pytest.raises(StepError, match=match) as caught:
        await run("find", where=where)
    assert caught.value.render("fr") != caught.value.render("en")


async def test_a_missing_table_is_said_to_be_missing(run):
    for action, more in (("find", {}), ("update", {"where": {"a": 1}, "set": {"a": 2}})):
        with pytest.raises(StepError, match="does not exist"):
            await run(action, **more)


async def test_american_dates_are_told_by_their_days(run, workspace):
    (workspace / "t.csv").write_text("d,n\n01/31/2026,1\n02/03/2026,2\n")
    assert [row["d"] for row in (await run("find"))["rows"]] == ["2026-01-31", "2026-02-03"]


# -- update ---------------------------------------------------------------------------------


async def test_only_the_changed_cells_change(run, invoices):
    done = await run("update", where={"Numéro": "F-001"}, set={"statut": "payée"})
    assert done == {"path": str(invoices), "matched": 1, "changed": 1}
    assert invoices.read_bytes() == INVOICES.replace(
        "1 234,50;envoyée".encode("cp1252"), "1 234,50;payée".encode("cp1252")
    )


async def test_numbers_and_dates_are_written_as_the_file_writes_them(run, invoices):
    await run(
        "update",
        where={"Numéro": "F-002"},
        set={"Échéance": "2026-02-01", "Montant TTC": 81.25},
    )
    assert b"F-002;01/02/2026;81,25;pay" in invoices.read_bytes()


async def test_what_is_so_already_is_not_written_again(run, invoices):
    before = invoices.stat()
    done = await run("update", where={"Numéro": "F-001"}, set={"Montant TTC": 1234.5})
    assert (done["matched"], done["changed"]) == (1, 0)
    assert invoices.stat().st_ino == before.st_ino


async def test_update_and_delete_never_mean_every_row_by_accident(run, invoices):
    for action, more in (("update", {"set": {"Statut": "x"}}), ("delete", {})):
        with pytest.raises(StepError, match="every row"):
            await run(action, where={}, **more)
    with pytest.raises(StepError, match="names no column"):
        await run("update", where={"Statut": "x"}, set={})
    assert invoices.read_bytes() == INVOICES


async def test_odd_lines_survive_a_change_elsewhere(run, workspace):
    odd = b'\xef\xbb\xbf"a";b\n\n"x\ny";  spaced \n"1";"q""q"\nlast;1'
    (workspace / "t.csv").write_bytes(odd)
    await run("update", where={"a": "last"}, set={"b": 2})
    assert (workspace / "t.csv").read_bytes() == odd[:-1] + b"2\n"


async def test_bytes_without_meaning_survive(run, workspace):
    (workspace / "t.csv").write_bytes(b"a;b\nx\x81\xe9;1\ny;2\n")
    await run("update", where={"a": "y"}, set={"b": 3})
    assert (workspace / "t.csv").read_bytes() == b"a;b\nx\x81\xe9;1\ny;3\n"


# -- upsert ---------------------------------------------------------------------------------


async def test_upsert_makes_adds_changes_and_leaves_alone(run, workspace):
    ana = {"E-mail": "ana@example.org", "Nom": "Ana"}
    outcomes = []
    for number, row in enumerate(
        [ana, {**ana, "E-mail": "bo@example.org"}, {**ana, "Nom": "A."}, {**ana, "Nom": "A."}]
    ):
        done = await run("upsert", f"key-{number}", key="e-mail", row=row)
        outcomes.append((done["outcome"], done["row_number"]))
    assert outcomes == [("added", 1), ("added", 2), ("updated", 1), ("unchanged", 1)]
    text = (workspace / "t.csv").read_text("utf-8-sig")
    assert text == "E-mail;Nom\nana@example.org;A.\nbo@example.org;Ana\n"


async def test_a_key_that_was_made_harmless_is_found_again(run, workspace):
    for number in range(2):
        await run(
            "upsert", f"key-{number}", key="Tel", row={"Tel": "+33 6 12 34 56 78", "n": number}
        )
    assert (workspace / "t.csv").read_text("utf-8-sig") == "Tel;n\n'+33 6 12 34 56 78;1\n"


async def test_a_key_of_two_columns(run, workspace):
    (workspace / "t.csv").write_text("year;month;total\n2026;1;5\n2026;2;6\n")
    await run("upsert", key=["year", "month"], row={"year": 2026, "month": 2, "total": 7})
    assert (workspace / "t.csv").read_text() == "year;month;total\n2026;1;5\n2026;2;7\n"


async def test_a_key_must_tell_rows_apart(run, workspace):
    (workspace / "t.csv").write_text("a;b\nx;1\nx;2\n")
    with pytest.raises(StepError, match="same key: x"):
        await run("upsert", key="a", row={"a": "x", "b": 3})
    with pytest.raises(StepError, match="is empty"):
        await run("upsert", key="a", row={"b": 3})
    with pytest.raises(StepError, match="names no column"):
        await run("upsert", key=[], row={"b": 3})
    with pytest.raises(StepError, match="no cell"):
        await run("upsert", key="a", row={})


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "\t=1", "＝1+1"])
async def test_formulas_are_made_harmless_everywhere(run, workspace, cell):
    (workspace / "t.csv").write_text("a;b\nx;1\n")
    await run("update", "u", where={"a": "x"}, set={"b": cell})
    await run("upsert", "v", key="a", row={"a": "y", "b": cell})
    assert (workspace / "t.csv").read_text().count(f"'{cell}") == 2
    await run("update", "w", where={"a": "x"}, set={"b": "=2"}, raw=["B"])
    assert "x;=2\n" in (workspace / "t.csv").read_text()


# -- delete ---------------------------------------------------------------------------------


async def test_rows_are_taken_out(run, invoices):
    done = await run("delete", where={"Statut": "envoyée"})
    assert (done["matched"], done["changed"]) == (2, 2)
    lines = INVOICES.splitlines(keepends=True)
    assert invoices.read_bytes() == lines[0] + lines[2]


# -- append ---------------------------------------------------------------------------------


async def test_append_follows_the_manner_of_each_column(run, invoices):
    await run("append", row={"numero": "F-004", "ECHEANCE": "2026-02-28", "montant ttc": 12.5})
    assert invoices.read_bytes() == INVOICES + b"F-004;28/02/2026;12,5;\r\n"


async def test_decimals_follow_what_the_file_shows(run, workspace):
    (workspace / "t.csv").write_text("a;b\nx;1.25\n")
    await run("append", row={"a": "y", "b": 2.5})
    assert (workspace / "t.csv").read_text() == "a;b\nx;1.25\ny;2.5\n"


async def test_several_rows_at_once_are_one_addition(run, workspace):
    done = await run("append", rows=[{"a": 1}, {"b": 2}, {"a": 3, "b": 4}], encoding="utf-8")
    assert done == {"row_number": 3}
    assert (workspace / "t.csv").read_text() == "a;b\n1;\n;2\n3;4\n"
    with pytest.raises(StepError, match="either `row` or `rows`"):
        await run("append", "k2", row={"a": 1}, rows=[{"a": 1}])
    with pytest.raises(StepError, match="more than"):
        await run("append", "k3", rows=[{"a": 1}] * 10_001)


# -- who else writes ------------------------------------------------------------------------


@pytest.mark.parametrize("lock", [".~lock.t.csv#", "~$t.csv"])
async def test_a_table_open_in_an_office_program_is_left_alone(run, invoices, workspace, lock):
    (workspace / lock).write_text(",Zoé Martin,zoe,bureau,24.11.2026 10:00,file:///x;")
    for action, more in (
        ("append", {"row": {"Numéro": "x"}}),
        ("update", {"where": {"Numéro": "F-001"}, "set": {"Statut": "x"}}),
        ("delete", {"where": {"Numéro": "F-001"}}),
        ("upsert", {"key": "Numéro", "row": {"Numéro": "x"}}),
    ):
        with pytest.raises(RetryableError, match="is open in a spreadsheet program") as caught:
            await run(action, action, **more)
        assert caught.value.retry_after_seconds
        assert lock in (caught.value.render_hint("fr") or "")
    assert invoices.read_bytes() == INVOICES
    (workspace / lock).unlink()
    await run("append", "append", row={"Numéro": "x"})
    assert (await run("find"))["count"] == 4


async def test_who_has_it_open_is_told(run, invoices, workspace):
    (workspace / ".~lock.t.csv#").write_text("Zoé Martin,zoe,bureau,24.11.2026 10:00,file:///x;")
    with pytest.raises(RetryableError, match="by Zoé Martin"):
        await run("append", row={"Numéro": "x"})


async def test_appends_and_rewrites_together_lose_nothing(run, workspace):
    (workspace / "t.csv").write_text("a;b\n" + "".join(f"r{n};0\n" for n in range(10)))

    async def add(number):
        await run("append", f"add-{number}", row={"a": f"n{number}", "b": number})

    async def change(number):
        await run("update", f"set-{number}", where={"a": f"r{number}"}, set={"b": 1})

    await asyncio.gather(*(job for n in range(10) for job in (add(n), change(n))))
    rows = (await run("find"))["rows"]
    assert {row["a"]: row["b"] for row in rows} == {
        **{f"r{n}": 1 for n in range(10)}, **{f"n{n}": n for n in range(10)}
    }  # fmt: skip


async def test_a_writer_waits_for_the_lock_of_another_process(run, workspace):
    path = workspace / "t.csv"
    path.write_text("a;b\nx;1\n")
    code = (
        "import fcntl, os, sys\n"
        "file = os.open(sys.argv[1], os.O_RDWR | os.O_APPEND)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
        "os.write(file, b'y;2\\n')\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(  # noqa: ASYNC220 - it answers at once
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        async with asyncio.TaskGroup() as group:
            group.create_task(run("update", "u", where={"a": "x"}, set={"b": 3}))
            group.create_task(run("append", "a", row={"a": "z", "b": 4}))
            for _ in range(5):
                await asyncio.sleep(0)
            assert path.read_text() == "a;b\nx;1\n"
            other.stdin.write(b"\n")
            other.stdin.flush()
    assert sorted(path.read_text().splitlines()[1:]) == ["x;3", "y;2", "z;4"]


async def test_two_who_make_the_same_table_both_get_in(run, workspace):
    await asyncio.gather(*(run("upsert", f"k{n}", key="a", row={"a": f"r{n}"}) for n in range(6)))
    assert {row["a"] for row in (await run("find"))["rows"]} == {f"r{n}" for n in range(6)}


# -- once -----------------------------------------------------------------------------------


async def test_a_repeated_change_tells_the_same_and_does_nothing(workspace, tmp_path, context_for):
    path = workspace / "t.csv"
    path.write_text("a;b\nx;1\n")
    parameters = {"file": "t.csv", "key": "a", "row": {"a": "y", "b": 2}}
    first = await run_action(connector, "table.upsert", parameters, context_for("one"))
    path.write_text(path.read_text() + "z;3\n")  # somebody else, before the repetition
    after = path.read_bytes()
    again = Folders(workspace=workspace, home=tmp_path)
    second = await run_action(
        connector, "table.upsert", parameters, context_for("one", files=again)
    )
    assert second == first
    assert path.read_bytes() == after


async def test_a_simulation_tells_what_would_happen(invoices, context_for):
    before = invoices.stat()
    for action, more in (
        ("update", {"where": {"Statut": "envoyée"}, "set": {"Statut": "x"}}),
        ("delete", {"where": {"Statut": "envoyée"}}),
    ):
        parameters = {"file": "t.csv", **more}
        told = await simulate_action(connector, f"table.{action}", parameters, context_for())
        assert (told["matched"], told["changed"]) == (2, 2)
    assert invoices.stat() == before
    assert invoices.read_bytes() == INVOICES


async def test_permissions_stay(run, invoices):
    invoices.chmod(0o640)
    await run("delete", where={"Numéro": "F-001"})
    assert invoices.stat().st_mode & 0o777 == 0o640
    with invoices.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody kept the lock


@pytest.mark.skipif(os.geteuid() == 0, reason="the system refuses nothing to root")
async def test_a_refused_replacement_may_pass(run, invoices, workspace):
    workspace.chmod(0o500)
    try:
        with pytest.raises(StepError):
            await run("delete", where={"Numéro": "F-001"})
    finally:
        workspace.chmod(0o700)

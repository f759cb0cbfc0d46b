"""The action `table.append` on CSV files: rows written as the file already is."""

import asyncio
import csv
import io

import pytest

from rouage.errors import StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import run_action
from rouage_connectors.table import connector


@pytest.fixture
def workspace(folders):
    return folders.workspace


async def _append(context, row, **more):
    parameters = {"file": "t.csv", "row": row, **more}
    return (await run_action(connector, "table.append", parameters, context))["row_number"]


async def test_a_new_table_is_what_a_french_spreadsheet_opens(workspace, context_for):
    assert await _append(context_for(), {"Nom": "Zoé", "Total": 12.5, "Payé": True}) == 1
    expected = "\ufeffNom;Total;Payé\nZoé;12,5;true\n"
    assert (workspace / "t.csv").read_text("utf-8") == expected


async def test_the_way_of_a_new_table_can_be_chosen(workspace, context_for):
    await _append(context_for(), {"a": 1.5, "b": "x"}, separator=",", encoding="utf-8")
    assert (workspace / "t.csv").read_text() == "a,b\n1.5,x\n"


@pytest.mark.parametrize(
    ("existing", "added"),
    [
        ("Nom;Prix\r\nÉté;1,5\r\n".encode("cp1252"), "Noël;2,5\r\n".encode("cp1252")),
        (b"\xef\xbb\xbfNom;Prix\n", "Noël;2,5\n".encode()),
        ("Nom,Prix\nÉté,1.5\n".encode(), "Noël,2.5\n".encode()),
        (b"Nom\tPrix\n", "Noël\t2.5\n".encode()),
        (b'"Nom";"Prix"\nsans fin;1', "\nNoël;2,5\n".encode()),
    ],
)
async def test_an_existing_table_keeps_its_way(workspace, context_for, existing, added):
    (workspace / "t.csv").write_bytes(existing)
    await _append(context_for(), {"Prix": 2.5, "Nom": "Noël"})
    assert (workspace / "t.csv").read_bytes() == existing + added


async def test_row_numbers_count_records_not_lines(workspace, context_for):
    (workspace / "t.csv").write_text('a;b\n"two\nlines";1\nx;2\n')
    assert await _append(context_for("one"), {"a": "y"}) == 3
    assert await _append(context_for("two"), {"a": "z"}) == 4


async def test_an_edit_by_hand_is_noticed(workspace, context_for):
    await _append(context_for("one"), {"a": "1", "b": "2"})
    (workspace / "t.csv").write_text("b,a\nx,y\n")
    assert await _append(context_for("two"), {"a": "1", "b": "2"}) == 2
    assert (workspace / "t.csv").read_text() == "b,a\nx,y\n2,1\n"


async def test_a_row_with_an_unknown_column_names_the_known_ones(workspace, context_for):
    (workspace / "t.csv").write_text("Nom;Total\n")
    with pytest.raises(StepError, match="its columns are: Nom, Total") as caught:
        await _append(context_for(), {"Nome": "x"})
    assert caught.value.render_hint("fr")
    assert (workspace / "t.csv").read_text() == "Nom;Total\n"


async def test_a_missing_cell_is_empty(workspace, context_for):
    (workspace / "t.csv").write_text("a;b;c\n")
    await _append(context_for(), {"b": "x", "c": None})
    assert (workspace / "t.csv").read_text() == "a;b;c\n;x;\n"


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "+33 6 12", "=cmd|' /C calc'!A0"],
)
async def test_a_cell_that_looks_like_a_formula_is_made_harmless(workspace, context_for, cell):
    await _append(context_for(), {"a": cell}, encoding="utf-8")
    text = (workspace / "t.csv").read_bytes().decode()
    _, (value,) = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert value == "'" + cell


@pytest.mark.parametrize("cell", ["-12,50", "+3", "-7.25", "a=b", "plain"])
async def test_numbers_and_plain_texts_are_left_alone(workspace, context_for, cell):
    await _append(context_for(), {"a": cell}, encoding="utf-8")
    assert (workspace / "t.csv").read_text() == f"a\n{cell}\n"


async def test_a_raw_column_is_written_as_it_is(workspace, context_for):
    await _append(context_for(), {"a": "=1", "b": "=1"}, encoding="utf-8", raw=["b"])
    assert (workspace / "t.csv").read_text() == "a;b\n'=1;=1\n"


async def test_a_hostile_cell_stays_one_cell(workspace, context_for):
    value = 'a";b\nc;"d\r\n'
    await _append(context_for(), {"a": value, "b": "2"}, encoding="utf-8")
    text = (workspace / "t.csv").read_bytes().decode()
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1] == [value, "2"]


async def test_rows_that_arrive_together_make_one_header(workspace, context_for):
    numbers = await asyncio.gather(
        *(_append(context_for(f"key-{n}"), {"n": n, "text": "é"}) for n in range(200))
    )
    assert sorted(numbers) == list(range(1, 201))
    lines = (workspace / "t.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "n;text"
    assert sorted(lines[1:]) == sorted(f"{n};é" for n in range(200))


async def test_a_repeated_row_is_written_once(workspace, tmp_path, context_for):
    assert await _append(context_for("one"), {"a": "x"}) == 1
    assert await _append(context_for("two"), {"a": "x"}) == 2
    again = Folders(workspace=workspace, home=tmp_path)
    assert await _append(context_for("one", files=again), {"a": "x"}) == 1
    assert (workspace / "t.csv").read_text("utf-8-sig") == "a\nx\nx\n"


@pytest.mark.parametrize("name", ["t.xls", "t.ODS", "t.xlsm"])
async def test_other_kinds_of_table_are_refused(context_for, name):
    with pytest.raises(StepError, match="of this kind"):
        await run_action(
            connector, "table.append", {"file": name, "row": {"a": "x"}}, context_for()
        )


async def test_utf_16_and_an_open_quote_are_explained(workspace, context_for):
    (workspace / "t.csv").write_bytes("a;b\n".encode("utf-16"))
    with pytest.raises(StepError, match="UTF-16"):
        await _append(context_for("one"), {"a": "x"})
    (workspace / "t.csv").write_text('"a;b\n')
    with pytest.raises(StepError, match="not a readable CSV"):
        await _append(context_for("two"), {"a": "x"})


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
async def test_a_table_of_several_pieces_is_counted_exactly(workspace, context_for, encoding):
    # A quoted cell with line breaks lies over each border of 256 KiB, and so does an é.
    row = '"' + "é\n" * 50_000 + '";2\n'
    (workspace / "t.csv").write_bytes(("prénom;b\n" + row * 9 + "1;2").encode(encoding))
    assert await _append(context_for("one"), {"prénom": "é", "b": "x"}) == 11
    assert (workspace / "t.csv").read_bytes().endswith("1;2\né;x\n".encode(encoding))


async def test_an_empty_row_and_a_doubled_column_are_refused(workspace, context_for):
    with pytest.raises(StepError, match="no cell"):
        await _append(context_for("one"), {})
    (workspace / "t.csv").write_text("a;a\n")
    with pytest.raises(StepError, match="two columns"):
        await _append(context_for("two"), {"a": "x"})

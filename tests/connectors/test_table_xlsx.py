"""Rows of workbooks: styles, formulas and other sheets stay, and nothing is lost silently."""

import asyncio
import io
import zipfile
from datetime import UTC, date, datetime

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.table import Table

from rouage.errors import RetryableError, StepError
from rouage.sdk.testing import ManualClock, run_action
from rouage_connectors.table import connector
from rouage_connectors.table.workbook_check import check_archive

JANUARY_14, JANUARY_15, FEBRUARY_1 = (
    datetime.fromisoformat(day) for day in ("2026-01-14", "2026-01-15", "2026-02-01")
)


@pytest.fixture
def workspace(folders):
    return folders.workspace


@pytest.fixture
def run(context_for):
    """Return a function that runs one action; each key is another step."""

    async def run_one(action, step="key-1", /, **parameters):
        context = context_for(step, clock=ManualClock(datetime(2026, 1, 15, 9, tzinfo=UTC)))
        parameters = {"file": "t.xlsx", **parameters}
        return await run_action(connector, f"table.{action}", parameters, context)

    return run_one


@pytest.fixture
def book(workspace):
    """Return a workbook with a title, styles, formulas, a table object and a second sheet."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Factures"
    sheet["A1"] = "Mes factures 2026"
    rows = [
        ("Numéro", "Échéance", "Montant", "TTC"),
        ("F-1", date(2026, 1, 5), 100.5, "=C4*1.2"),
        ("F-2", date(2026, 1, 14), 80, "=C5*1.2"),
    ]
    for number, row in enumerate(rows, 3):
        for place, value in enumerate(row, 1):
            sheet.cell(number, place, value)
    for number in (4, 5):
        sheet.cell(number, 1).font = Font(bold=True, color="FF0000")
        sheet.cell(number, 2).number_format = "dd/mm/yyyy"
        sheet.cell(number, 3).number_format = "#,##0.00 €"
    sheet["A3"].fill = PatternFill("solid", fgColor="DDDDDD")
    sheet.add_table(Table(displayName="Liste", ref="A3:D5"))
    other = made.create_sheet("Bilan")
    other["A1"] = "=SUM(Factures!C4:C5)"
    other["B1"] = "à garder"
    path = workspace / "t.xlsx"
    made.save(path)
    return path


def _sheet(path, name=None):
    found = openpyxl.load_workbook(path)
    return found[name] if name else found.worksheets[0]


async def test_a_new_workbook_holds_numbers_dates_and_texts(run, workspace):
    done = await run(
        "append",
        row={"Nom": "Zoé", "Date": "2026-01-15", "Total": 12.5, "Payé": True, "CP": "01000"},
    )
    assert done == {"row_number": 1}
    sheet = _sheet(workspace / "t.xlsx")
    assert [cell.value for cell in sheet[1]] == ["Nom", "Date", "Total", "Payé", "CP"]
    assert [cell.value for cell in sheet[2]] == ["Zoé", JANUARY_15, 12.5, True, "01000"]
    assert sheet["B2"].is_date
    found = (await run("find"))["first"]
    assert found == {"Nom": "Zoé", "Date": "2026-01-15", "Total": 12.5, "Payé": True, "CP": "01000"}


async def test_an_added_row_looks_like_the_one_above_and_the_rest_stays(run, book):
    done = await run("append", row={"numero": "F-3", "echeance": "2026-02-01", "MONTANT": 7})
    assert done == {"row_number": 3}
    sheet = _sheet(book)
    assert [cell.value for cell in sheet[6]] == ["F-3", FEBRUARY_1, 7, None]
    assert sheet["A6"].font.b
    assert sheet["B6"].number_format == "dd/mm/yyyy"
    assert sheet["C6"].number_format == "#,##0.00 €"
    assert sheet.tables["Liste"].ref == "A3:D6"
    assert (sheet["A1"].value, sheet["D4"].value) == ("Mes factures 2026", "=C4*1.2")
    assert sheet["A3"].fill.fgColor.rgb == "00DDDDDD"
    other = _sheet(book, "Bilan")
    assert (other["A1"].value, other["B1"].value) == ("=SUM(Factures!C4:C5)", "à garder")


async def test_update_finds_dates_and_keeps_styles(run, book):
    done = await run("update", where={"Échéance": {"older_than": "7d"}}, set={"montant": 1})
    assert (done["matched"], done["changed"]) == (1, 1)
    sheet = _sheet(book)
    assert (sheet["C4"].value, sheet["C4"].number_format) == (1, "#,##0.00 €")
    assert (sheet["C5"].value, sheet["D4"].value) == (80, "=C4*1.2")


async def test_upsert_by_key_in_a_workbook(run, book):
    added = await run("upsert", "k1", key="Numéro", row={"Numéro": "F-9", "Montant": 3})
    changed = await run("upsert", "k2", key="Numéro", row={"Numéro": "F-1", "Montant": 4})
    same = await run("upsert", "k3", key="Numéro", row={"Numéro": "F-1", "Montant": 4.0})
    assert [one["outcome"] for one in (added, changed, same)] == ["added", "updated", "unchanged"]
    assert [_sheet(book).cell(row, 3).value for row in (4, 5, 6)] == [4, 80, 3]


async def test_rows_move_up_with_their_formulas(run, book):
    await run("delete", where={"Numéro": "F-1"})
    sheet = _sheet(book)
    assert [cell.value for cell in sheet[4]] == ["F-2", JANUARY_14, 80, "=C4*1.2"]
    assert [cell.value for cell in sheet[5]] == [None] * 4
    assert sheet.tables["Liste"].ref == "A3:D4"
    assert (await run("find"))["count"] == 1


async def test_a_formula_without_a_result_is_no_value_to_decide_by(run, book):
    assert (await run("find"))["first"]["TTC"] is None
    with pytest.raises(StepError, match="formula whose result is not in the file"):
        await run("delete", where={"TTC": {"above": 100}})
    with pytest.raises(StepError, match="formula"):
        await run("upsert", key="TTC", row={"TTC": 5})


async def test_results_that_a_spreadsheet_left_are_read(run, workspace, book):
    parts = {}
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b"<f>C4*1.2</f><v/>", b"<f>C4*1.2</f><v>120.6</v>")
    parts[name] = parts[name].replace(b"<f>C4*1.2</f><v></v>", b"<f>C4*1.2</f><v>120.6</v>")
    with zipfile.ZipFile(book, "w") as archive:
        for one, data in parts.items():
            archive.writestr(one, data)
    assert (await run("find", where={"Numéro": "F-1", "TTC": {"above": 120}}))["count"] == 1


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"])
async def test_a_text_never_becomes_a_formula(run, workspace, cell):
    await run("append", "k1", row={"a": cell, "b": "x"})
    await run("update", "k2", where={"b": "x"}, set={"b": cell})
    sheet = _sheet(workspace / "t.xlsx")
    for place in ("A2", "B2"):
        assert (sheet[place].value, sheet[place].data_type) == (cell, "s")
        assert sheet[place].quotePrefix
    await run("append", "k3", row={"b": "=1+1"}, raw=["b"])
    assert _sheet(workspace / "t.xlsx")["B3"].data_type == "f"


async def test_a_hostile_column_name_stays_a_text(run, workspace):
    await run("append", row={"=cmd|' /C calc'!A0": "x"})
    assert _sheet(workspace / "t.xlsx")["A1"].data_type == "s"


async def test_controls_and_endless_texts(run, workspace):
    await run("append", "k1", row={"a": "x\x00\x07y"})
    assert _sheet(workspace / "t.xlsx")["A2"].value == "x\ufffd\ufffdy"
    with pytest.raises(StepError, match="32767 characters"):
        await run("append", "k2", row={"a": "x" * 32_768})


async def test_sheets_are_chosen_by_name(run, book):
    assert (await run("append", sheet="bilan", row={"à garder": "x"}))["row_number"] == 1
    with pytest.raises(StepError, match="its sheets are: Factures, Bilan"):
        await run("find", sheet="2027")


async def test_a_row_of_totals_is_not_run_over(run, book):
    found = openpyxl.load_workbook(book)
    found.worksheets[0].tables["Liste"].totalsRowCount = 1
    found.save(book)
    with pytest.raises(StepError, match="row of totals"):
        await run("append", row={"Numéro": "x"})


async def test_merged_cells_do_not_move(run, book):
    found = openpyxl.load_workbook(book)
    found.worksheets[0].merge_cells("A5:B5")
    found.save(book)
    with pytest.raises(StepError, match="merged"):
        await run("delete", where={"Numéro": "F-1"})


@pytest.mark.parametrize(
    ("part", "what"),
    [("xl/slicers/slicer1.xml", "slicers"), ("xl/vbaProject.bin", "macros")],
)
async def test_what_would_be_lost_is_refused_and_still_read(run, book, part, what):
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr(part, "<x/>")
    before = book.read_bytes()
    with pytest.raises(StepError, match=what) as caught:
        await run("append", row={"Numéro": "x"})
    assert "perdu" in caught.value.render("fr")
    assert book.read_bytes() == before
    assert (await run("find"))["count"] == 2


async def test_drawn_shapes_would_be_lost_too(run, book):
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/drawings/drawing1.xml", "<xdr:wsDr><xdr:sp macro=''/></xdr:wsDr>")
    with pytest.raises(StepError, match="drawn shapes"):
        await run("append", row={"Numéro": "x"})


async def test_a_workbook_open_elsewhere_is_left_alone(run, book, workspace):
    before = book.read_bytes()
    (workspace / "~$t.xlsx").write_bytes(b"\x03Zo\xe9")
    with pytest.raises(RetryableError, match="open in a spreadsheet"):
        await run("append", row={"Numéro": "x"})
    assert book.read_bytes() == before
    assert (await run("find"))["count"] == 2


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"hello", "not a workbook"),
        (b"PK\x03\x04 broken", "not a workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "protected by a password"),
    ],
)
async def test_what_is_no_workbook_is_explained(run, workspace, content, match):
    (workspace / "t.xlsx").write_bytes(content)
    for action, more in (("find", {}), ("append", {"row": {"a": 1}})):
        with pytest.raises(StepError, match=match):
            await run(action, **more)
    assert (workspace / "t.xlsx").read_bytes() == content


async def test_a_workbook_with_broken_parts_is_explained(run, book):
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = b"<worksheet><sheetData><row r='x'>"
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(StepError, match="not a workbook"):
        await run("find")


def test_a_bomb_is_refused_before_it_is_unpacked():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(bytes(1 << 20))
    with pytest.raises(StepError, match="larger than 256 MiB once unpacked"):
        check_archive(data.getvalue(), "t.xlsx")


async def test_rows_of_many_runs_all_get_in(run, workspace):
    await asyncio.gather(*(run("append", f"k{n}", row={"n": n}) for n in range(8)))
    assert sorted(row["n"] for row in (await run("find"))["rows"]) == list(range(8))


async def test_a_repeated_append_is_made_once(run, book):
    for _ in range(2):
        assert await run("append", row={"Numéro": "x"}) == {"row_number": 3}
    assert (await run("find"))["count"] == 3

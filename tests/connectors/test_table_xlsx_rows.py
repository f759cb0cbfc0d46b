"""Rows at the end of plain sheets, which are added without opening the whole workbook."""

import io
import time
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.styles import Font

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.table import connector
from rouage_connectors.table.rows import Style
from rouage_connectors.table.workbook import WorkbookRows
from rouage_connectors.table.workbook_tail import NotPlain, SheetTail

MOMENT = datetime.fromisoformat("2026-02-01T10:30:00")
DAY = datetime.fromisoformat("2026-02-01")


def _book(change=None, rows=()):
    """Return the bytes of a workbook with a title, names, two rows and a second sheet."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["Mes ventes"])
    sheet.append(["Numéro", "Date", "Heure", "Montant", "Payé", "Note & reste"])
    for row in ((1, date(2026, 1, 5), MOMENT, 9.5, True, "a"), *rows):
        sheet.append(row)
    sheet["D3"].number_format = "#,##0.00 €"
    sheet["A3"].font = Font(bold=True)
    sheet["B3"].number_format = "dd/mm/yyyy"
    made.create_sheet("Autre")["A1"] = "à garder"
    if change is not None:
        change(made)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def _added(kind, data, cells, **style):
    rows = kind(data, "t.xlsx", Style(adds_only=True, **style))
    number = rows.add(rows.columns.placed(cells))
    file = io.BytesIO()
    rows.save(file)
    return number, file.getvalue()


def _seen(data):
    """Return all that somebody sees of a workbook: values, kinds, formats, fonts."""
    return {
        sheet.title: [
            [(cell.value, cell.data_type, cell.number_format, cell.font.b) for cell in row]
            for row in sheet
        ]
        for sheet in openpyxl.load_workbook(io.BytesIO(data))
    }


@pytest.mark.parametrize(
    "cells",
    [
        {
            "numero": 2,
            "DATE": "2026-02-01",
            "heure": "2026-02-01 10:30",
            "montant": 7.25,
            "payé": False,
        },
        {"Numéro": 2, "Note & reste": "<b> & \"q\" 'x'\n two  spaces "},
        {"Numéro": -0.1, "Montant": 12345678901234},
        {"Numéro": "01000", "Montant": None},
        {"Note & reste": "x\x07y"},
        {"Note & reste": {"a": ["é"]}},
    ],
)
def test_a_row_is_what_opening_the_whole_workbook_would_make_it(cells):
    quick, slow = (_added(kind, _book(), cells) for kind in (SheetTail, WorkbookRows))
    assert quick[0] == slow[0] == 2
    assert _seen(quick[1]) == _seen(slow[1])


def test_rows_go_below_the_last_one_and_the_sheet_knows_its_size():
    data = _book()
    for number in range(2, 6):
        told, data = _added(SheetTail, data, {"Numéro": number, "Date": "2026-02-01"})
        assert told == number
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert [row[0].value for row in sheet] == ["Mes ventes", "Numéro", 1, 2, 3, 4, 5]
    assert (sheet["B7"].value, sheet["B7"].number_format) == (DAY, "dd/mm/yyyy")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b'<dimension ref="A1:F7"' in archive.read("xl/worksheets/sheet1.xml")


def test_every_other_part_stays_to_the_byte():
    before = _book()
    _, after = _added(SheetTail, before, {"Numéro": 2})
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert old.namelist() == new.namelist()
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]


def test_another_sheet_is_found_by_its_name():
    number, data = _added(SheetTail, _book(), {"a garder": "x"}, sheet="AUTRE")
    assert number == 1
    assert openpyxl.load_workbook(io.BytesIO(data))["Autre"]["A2"].value == "x"


def _formula(book):
    book["Autre"]["B1"] = "=SUM(Sheet!D3:D9)"


def _filter(book):
    book.worksheets[0].auto_filter.ref = "A2:F3"


def _bordered(book):
    book.worksheets[0].cell(4, 1).font = Font(bold=True)


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        (_formula, {"Numéro": 2}),
        (_filter, {"Numéro": 2}),
        (_bordered, {"Numéro": 2}),
        (None, {"Note & reste": "2026-02-01"}),
        (None, {"Note & reste": "=1+1"}),
        (None, {"Note & reste": "x" * 32_768}),
        (None, {"Numéro": 10**15}),
    ],
)
def test_what_is_not_plain_is_left_to_the_whole_workbook(change, cells):
    with pytest.raises(NotPlain):
        _added(SheetTail, _book(change), cells)


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", b"<workbook>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row ></sheetData>"),
        ("xl/worksheets/sheet1.xml", b"<x:worksheet><x:sheetData/></x:worksheet>"),
        ("xl/styles.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'),
        ("xl/_rels/workbook.xml.rels", b"<x/>"),
    ],
)
def test_odd_parts_are_not_plain(part, content):
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(_book())) as old,
        zipfile.ZipFile(data, "w") as new,
    ):
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    with pytest.raises(NotPlain):
        _added(SheetTail, data.getvalue(), {"Numéro": 2})


async def test_an_unknown_column_is_told_alike(folders, context_for):
    (folders.workspace / "t.xlsx").write_bytes(_book())
    with pytest.raises(StepError, match="its columns are: Numéro, Date"):
        await run_action(
            connector, "table.append", {"file": "t.xlsx", "row": {"Nr": 1}}, context_for()
        )


@pytest.mark.slow
async def test_the_cost_of_a_row_hardly_grows_with_the_rows_before_it(folders, context_for):
    path = folders.workspace / "t.xlsx"

    async def fastest(rows):
        path.write_bytes(
            _book(rows=[(n, date(2026, 1, 5), MOMENT, 1.5, True, "x") for n in range(rows)])
        )
        taken = []
        for number in range(5):
            start = time.perf_counter()
            context = context_for(f"{rows}-{number}")
            parameters = {"file": "t.xlsx", "row": {"Numéro": 1, "Date": "2026-02-01"}}
            await run_action(connector, "table.append", parameters, context)
            taken.append(time.perf_counter() - start)
        return min(taken)

    few, many = await fastest(50), await fastest(2_000)
    assert many < 20 * few

"""The connector `pdf`, on documents that the tests make."""

import json
from contextlib import suppress

import pypdf
import pytest
from pypdf.generic import NameObject, NumberObject, RectangleObject

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.sdk.testing import run_action, simulate_action
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.pdf import connector
from rouage_connectors.pdf.overlay import Box, Style, overlay_page, width_of

A4 = Box(left=0, bottom=0, width=595, height=842)
STYLE = Style(position="center", size=12, margin=20, color="black", opacity=1)


@pytest.fixture
def make(folders):
    """Return a function that makes the document *name* with a page for each text."""

    def made(name, *texts, change=None):
        path = folders.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = pypdf.PdfWriter()
        for text in texts:
            writer.add_page(overlay_page(text, A4, STYLE))
        if change is not None:
            change(writer)
        writer.write(path)
        return path

    return made


async def _run(context_for, action, key="key-1", **parameters):
    return await run_action(connector, f"pdf.{action}", parameters, context_for(key))


async def _pages(context_for, path):
    return (await _run(context_for, "text", file=str(path)))["pages"]


# -- text -----------------------------------------------------------------------------------


async def test_the_text_of_each_page_is_read(make, context_for):
    def describe(writer):
        writer.add_metadata({"/Title": "Devis", "/Author": "Zoé"})

    make("a.pdf", "Été 12,50 €", "two", change=describe)
    result = await _run(context_for, "text", file="a.pdf")
    assert result["pages"] == ["Été 12,50 €", "two"]
    assert result["text"] == "Été 12,50 €\n\ntwo"
    assert (result["count"], result["is_scan"]) == (2, False)
    assert (result["title"], result["author"], result["subject"]) == ("Devis", "Zoé", None)


async def test_a_document_without_text_is_said_to_be_a_scan(make, context_for):
    make("a.pdf", "")
    assert (await _run(context_for, "text", file="a.pdf"))["is_scan"] is True


@pytest.mark.parametrize(
    ("pages", "found"),
    [("2", "b"), ("1-2", "ab"), ("3,1", "ca"), ("-1", "d"), (" 1 , -2 ", "ac"), ("", "abcd")],
)
async def test_pages_can_be_chosen(make, context_for, pages, found):
    make("a.pdf", "a", "b", "c", "d")
    result = await _run(context_for, "text", file="a.pdf", pages=pages)
    assert "".join(result["pages"]) == found


@pytest.mark.parametrize("pages", ["0", "5", "2-9", "3-1", "a", "-", "1-2-3", "-1-2", "²", "-5"])
async def test_pages_that_are_none_are_explained(make, context_for, pages):
    make("a.pdf", "a", "b", "c", "d")
    with pytest.raises(StepError) as caught:
        await _run(context_for, "text", file="a.pdf", pages=pages)
    assert "page" in caught.value.render("fr")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no PDF",
        b"%PDF-1.7\n",
        b"%PDF-1.7\nxref\n0 1\ntrailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF",
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 1 0 R/Kids[1 0 R]/Count 9>> endobj\n"
        b"trailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF",
    ],
)
async def test_what_is_no_pdf_is_explained(folders, context_for, data):
    (folders.workspace / "a.pdf").write_bytes(data)
    with pytest.raises(StepError) as caught:
        await _run(context_for, "text", file="a.pdf")
    assert "a.pdf" in caught.value.render("fr")


async def test_a_cut_document_is_read_as_far_as_possible_or_explained(make, context_for):
    path = make("a.pdf", *"abcdef")
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.8, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        with suppress(StepError):  # and nothing else
            assert (await _run(context_for, "text", file="a.pdf"))["count"] <= 6


async def test_a_locked_document_opens_with_its_password_only(make, context_for):
    make("a.pdf", "secret", change=lambda writer: writer.encrypt("pass-123", algorithm="RC4-128"))
    with pytest.raises(StepError, match="protected by a password") as caught:
        await _run(context_for, "text", file="a.pdf")
    assert "secrets.NOM }}" in caught.value.render_hint("fr")
    with pytest.raises(StepError, match="does not open") as wrong:
        await _run(context_for, "text", file="a.pdf", password="other-456")
    assert "other-456" not in json.dumps(wrong.value.record())
    result = await _run(context_for, "text", file="a.pdf", password="pass-123")
    assert result["pages"] == ["secret"]


# -- split and merge ------------------------------------------------------------------------


async def test_a_document_is_split_page_by_page_and_merged_again(make, context_for, folders):
    make("in/a.pdf", *(f"page {n}" for n in range(12)))
    result = await _run(context_for, "split", file="in/a.pdf", folder="out/")
    assert result["count"] == 12
    assert result["paths"][0] == str(folders.workspace / "out/a-01.pdf")
    assert await _pages(context_for, "out/a-12.pdf") == ["page 11"]
    merged = await _run(context_for, "merge", "key-2", files=result["paths"], target="b.pdf")
    assert merged == {"path": str(folders.workspace / "b.pdf"), "pages": 12, "skipped": False}
    assert await _pages(context_for, "b.pdf") == [f"page {n}" for n in range(12)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [({"every": 2}, ["ab", "c"]), ({"parts": ["1", "2-3,1"]}, ["a", "bca"])],
)
async def test_a_document_is_split_in_parts(make, context_for, how, expected):
    make("a.pdf", "a", "b", "c")
    result = await _run(context_for, "split", file="a.pdf", folder="out", **how)
    found = ["".join(await _pages(context_for, path)) for path in result["paths"]]
    assert found == expected


async def test_a_split_that_is_repeated_makes_nothing_new(make, context_for, folders):
    make("a.pdf", "a", "b")
    parameters = {"file": "a.pdf", "folder": "out", "on_conflict": "rename"}
    first = await _run(context_for, "split", **parameters)
    assert await _run(context_for, "split", **parameters) == first
    assert len(list((folders.workspace / "out").iterdir())) == 2
    await _run(context_for, "split", "key-2", **parameters)
    assert len(list((folders.workspace / "out").iterdir())) == 4


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("merge", {"files": [], "target": "b.pdf"}),
        ("merge", {"files": ["a.pdf"], "target": "a.pdf", "on_conflict": "overwrite"}),
        ("merge", {"files": ["a.pdf", "missing.pdf"], "target": "b.pdf"}),
        ("split", {"file": "a.pdf", "folder": "out", "every": 1, "parts": ["1"]}),
        ("stamp", {"file": "a.pdf", "target": "b.pdf", "text": " "}),
        ("stamp", {"file": "a.pdf", "target": "a.pdf", "text": "x", "on_conflict": "overwrite"}),
        ("stamp", {"file": "a.pdf", "target": "b.pdf", "text": "漢"}),
    ],
)
async def test_what_makes_no_sense_is_explained_and_leaves_nothing(
    make, context_for, folders, action, parameters
):
    path = make("a.pdf", "a")
    before = path.read_bytes()
    with pytest.raises(StepError):
        await _run(context_for, action, **parameters)
    assert path.read_bytes() == before
    assert sorted(found.name for found in folders.workspace.glob("*.pdf")) == ["a.pdf"]


# -- stamp ----------------------------------------------------------------------------------


async def test_a_stamp_is_on_the_chosen_pages_of_a_copy(make, context_for):
    path = make("a.pdf", "one", "two", "three")
    before = path.read_bytes()
    result = await _run(
        context_for,
        "stamp",
        file="a.pdf",
        target="out/b.pdf",
        text="PAYÉ (le 3)\n{page}/{pages}",
        pages="1,-1",
    )
    assert result["pages"] == 3
    first, second, third = await _pages(context_for, "out/b.pdf")
    assert "PAYÉ (le 3)" in first
    assert "one" in first
    assert "1/3" in first
    assert second == "two"
    assert "3/3" in third
    assert path.read_bytes() == before


POSITIONS = {
    "top-left": (0, 1),
    "top": (0.5, 1),
    "top-right": (1, 1),
    "center": (0.5, 0.5),
    "bottom-left": (0, 0),
    "bottom": (0.5, 0),
    "bottom-right": (1, 0),
    "diagonal": (0.5, 0.5),
}


def _place(path, text):
    """Return where *text* begins on the first page, as pypdf sees it."""
    found = []

    def visit(word, _, matrix, *__):
        if text in word:
            found.append((matrix[4], matrix[5]))

    pypdf.PdfReader(path).pages[0].extract_text(visitor_text=visit)
    return found[0]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("rotation", [0, 90])
async def test_a_stamp_lies_where_it_was_asked_for(make, context_for, folders, position, rotation):
    def shift(writer):
        page = writer.pages[0]
        page.mediabox = page.cropbox = RectangleObject((100, 50, 500, 850))
        page[NameObject("/Rotate")] = NumberObject(rotation)

    make("a.pdf", "x", change=shift)
    parameters = {"file": "a.pdf", "target": "b.pdf", "text": "MARK", "position": position}
    await _run(context_for, "stamp", **parameters)
    page = pypdf.PdfReader(folders.workspace / "b.pdf").pages[0]
    x, y = _place(folders.workspace / "b.pdf", "MARK")
    box, (across, up) = page.cropbox, POSITIONS[position]
    width, height = float(box.width), float(box.height)
    assert (width < height) == (rotation == 0)
    room = 28.01 + width_of("MARK", 12)
    assert abs(x - float(box.left) - across * width) <= room
    assert abs(y - float(box.bottom) - up * height) <= 28 + 2 * 12


# -- all ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("split", {"file": "a.pdf", "folder": "out"}),
        ("merge", {"files": ["a.pdf", "a.pdf"], "target": "out/b.pdf"}),
        ("stamp", {"file": "a.pdf", "target": "out/b.pdf", "text": "x"}),
    ],
)
async def test_a_simulation_foresees_the_result_and_makes_nothing(
    make, context_for, folders, action, parameters
):
    make("a.pdf", "a", "b")
    foreseen = await simulate_action(connector, f"pdf.{action}", parameters, context_for())
    assert not (folders.workspace / "out").exists()
    assert await _run(context_for, action, **parameters) == foreseen


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("split", {"file": "a.pdf", "folder": "out"}),
        ("merge", {"files": ["a.pdf", "a.pdf"], "target": "out/b.pdf"}),
        ("stamp", {"file": "a.pdf", "target": "out/b.pdf", "text": "x"}),
        ("stamp", {"file": "a.pdf", "target": "c.pdf", "text": "x", "on_conflict": "overwrite"}),
    ],
)
async def test_what_was_made_can_be_taken_back(make, context_for, folders, action, parameters):
    make("a.pdf", "a", "b")
    make("c.pdf", "the old one")

    def picture():
        below = folders.workspace.rglob("*")
        return {
            path: path.is_file() and path.read_bytes()
            for path in below
            if ".rouage" not in path.parts
        }

    before = picture()
    spec = connector.actions[f"pdf.{action}"]
    built, context = spec.parameters.build(parameters), context_for()
    inverse = await spec.undo.prepare(built, context)
    result = await spec.run(built, context)
    inverse = await spec.undo.complete(built, inverse, result, context)
    assert picture() != before
    await spec.undo.apply(json.loads(json.dumps(inverse)), context_for("undoing"))
    assert picture() == before


async def test_it_works_in_a_process_of_its_own(make, context_for, folders):
    make("a.pdf", "a", "b")
    workers = Workers(places=1)
    try:
        spec = isolate(discover(), workers.run).actions["pdf.split"]
        parameters = spec.parameters.build({"file": "a.pdf", "folder": "out"})
        result = await spec.run(parameters, context_for())
    finally:
        await workers.close()
    assert await _pages(context_for, result["paths"][1]) == ["b"]

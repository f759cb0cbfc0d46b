"""The action `photo.contact_sheet`: what is seen on its pages, and what a crash leaves."""

import io
import itertools
import sys

import pypdf
import pytest
from PIL import Image

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import run_action, simulate_action
from rouage.sdk.undoing import World
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.photo import connector
from rouage_connectors.photo.contact_sheet_layout import lay_out
from rouage_connectors.photo.letters import Lettering
from tests.connectors import photos

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 220)


@pytest.fixture
def workspace(folders):
    return folders.workspace


async def _sheet(context, **more):
    parameters = {"photos": "in", "target": "out/sheet.jpg", **more}
    return await run_action(connector, "photo.contact_sheet", parameters, context)


def _plain(path, colour, size=(300, 200), **options):
    return photos.write(path, Image.new("RGB", size, colour), **options)


def _found(image, colour):
    """Return where *colour* is seen: left, right, top, bottom."""
    data, width = image.tobytes(), image.width
    near = [
        divmod(place // 3, width)
        for place in range(0, len(data), 3)
        if all(abs(data[place + n] - colour[n]) < 40 for n in range(3))
    ]
    across, down = [x for _, x in near], [y for y, _ in near]
    return min(across), max(across), min(down), max(down)


# -- what is seen ---------------------------------------------------------------------------------


async def test_photos_stand_side_by_side_in_their_order(workspace, context_for):
    for name, colour in (("a.jpg", RED), ("b.jpg", GREEN), ("c.png", BLUE)):
        _plain(workspace / "in" / name, colour)
    (workspace / "in/notes.txt").write_text("no photo")
    result = await _sheet(context_for(), longest=600)
    assert result["path"] == str(workspace / "out/sheet.jpg")
    assert (result["pages"], result["photos"], result["failed"]) == (1, 3, [])
    with Image.open(result["path"]) as sheet:
        places = [_found(sheet.convert("RGB"), colour) for colour in (RED, GREEN, BLUE)]
        assert sheet.height < sheet.width, "nothing empty hangs below the last row"
    lefts = [place[0] for place in places]
    assert lefts == sorted(lefts)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(places))
    tops = [place[2] for place in places]
    assert max(tops) - min(tops) <= 3, "JPEG blurs an edge, no more"


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
async def test_a_photo_stands_upright_whatever_the_camera_did(workspace, context_for, orientation):
    stored = photos.laid(photos.cornered(300, 200), orientation)
    photos.write(workspace / "in/one.png", stored, exif=photos.exif(orientation=orientation))
    result = await _sheet(context_for(), longest=600, names=False)
    with Image.open(result["path"]) as sheet:
        shown = sheet.convert("RGB")
        seen = [_found(shown, colour) for colour in photos.CORNERS]
    middle = shown.width // 2
    assert [(one[1] <= middle + 3, one[2] < seen[2][2]) for one in seen] == [
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    ]


async def test_before_and_after_stand_together(workspace, context_for):
    for name, colour in (("before/a.jpg", RED), ("after/a.jpg", GREEN)):
        _plain(workspace / name, colour, (200, 300))
    result = await _sheet(
        context_for(),
        photos="after/a.jpg",
        before=["before/a.jpg"],
        names=False,
        shape="landscape",
        longest=600,
    )
    with Image.open(result["path"]) as sheet:
        shown = sheet.convert("RGB")
        before, after = _found(shown, RED), _found(shown, GREEN)
    assert before[1] < shown.width // 2 < after[0]
    assert (after[2], after[3]) == pytest.approx((before[2], before[3]), abs=3)


async def test_pairs_that_do_not_match_are_refused(workspace, context_for):
    _plain(workspace / "in/a.jpg", RED)
    with pytest.raises(StepError, match="1 photos and 2 photos from before") as caught:
        await _sheet(context_for(), before=["in/a.jpg", "in/b.jpg"])
    assert "même ordre" in caught.value.render_hint("fr")
    assert not (workspace / "out").exists()


async def test_a_photo_that_cannot_be_read_leaves_its_place_and_is_told(workspace, context_for):
    _plain(workspace / "in/a.jpg", RED)
    whole = photos.bytes_of(photos.scene())
    (workspace / "in/b.jpg").write_bytes(whole[: len(whole) // 3])
    (workspace / "in/c.jpg").write_bytes(photos.jpeg_claiming(60_000, 60_000))
    (workspace / "in/d.jpg").write_bytes(b"not a photo {at} all")
    _plain(workspace / "in/e.jpg", BLUE)
    names = ["in/gone.jpg", *(f"in/{one}.jpg" for one in "abcde")]
    result = await _sheet(context_for(), photos=names, longest=600, columns=6)
    failed = [one["source"].rpartition("/")[2] for one in result["failed"]]
    assert failed == ["gone.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert all(one["reason"]["en"] != one["reason"]["fr"] for one in result["failed"])
    with Image.open(result["path"]) as sheet:
        red, blue = (_found(sheet.convert("RGB"), colour) for colour in (RED, BLUE))
    cell = (red[1] - red[0]) * 1.1
    assert red[0] > cell, "the missing one keeps its place before it"
    assert blue[0] > red[0] + 3 * cell


async def test_a_pdf_has_pages_that_any_reader_takes(workspace, context_for):
    for number in range(5):
        _plain(workspace / f"in/{number}.jpg", RED)
    result = await _sheet(
        context_for(), target="out/sheet.pdf", columns=1, longest=600, title="Été — œuvres"
    )
    document = pypdf.PdfReader(result["path"], strict=True)
    assert len(document.pages) == result["pages"] > 1
    first = document.pages[0]
    assert (round(first.mediabox.width), round(first.mediabox.height)) == (595, 842)
    with Image.open(io.BytesIO(first.images[0].data)) as page:
        assert page.size == (424, 600)
    assert document.root_object["/Lang"] == "fr"


async def test_more_pages_become_more_numbered_pictures(workspace, context_for):
    for number in range(4):
        _plain(workspace / f"in/{number}.jpg", RED)
    result = await _sheet(context_for(), columns=1, longest=600)
    names = [path.rpartition("/")[2] for path in result["paths"]]
    assert names == [f"sheet-{number}.jpg" for number in range(1, len(names) + 1)]
    assert result["path"] == result["paths"][0]
    assert sorted(path.name for path in (workspace / "out").iterdir()) == names


@pytest.mark.parametrize("target", ["in/sheet.jpg", "in/deep/sheet.jpeg"])
async def test_a_picture_among_its_photos_would_be_one_of_them_the_next_time(
    workspace, context_for, target
):
    _plain(workspace / "in/a.jpg", RED)
    with pytest.raises(StepError, match="would lie among the photos") as caught:
        await _sheet(context_for(), target=target, on_conflict="overwrite")
    assert ".pdf" in caught.value.render_hint("fr")
    for key in ("one", "two"):
        again = await _sheet(context_for(key), target="in/sheet.pdf", on_conflict="overwrite")
        assert again["photos"] == 1


async def test_no_page_replaces_a_photo(workspace, context_for):
    names = [f"in/sheet-{number}.jpg" for number in range(1, 5)]
    for name in names:
        _plain(workspace / name, RED)
    before = {path: path.read_bytes() for path in (workspace / "in").iterdir()}
    wishes = {"photos": names, "target": "in/sheet.jpg", "columns": 1, "longest": 600}
    with pytest.raises(StepError, match="is one of the photos"):
        await _sheet(context_for(), **wishes, on_conflict="overwrite")
    assert {path: path.read_bytes() for path in (workspace / "in").iterdir()} == before


@pytest.mark.parametrize("action", ["contact_sheet", "gallery"])
async def test_without_its_packages_it_names_the_command_that_brings_them(
    workspace, context_for, monkeypatch, action
):
    _plain(workspace / "in/a.jpg", RED)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    parameters = {"photos": "in", "target": "out.pdf"}
    with pytest.raises(StepError, match="needs the package PIL") as caught:
        await run_action(connector, f"photo.{action}", parameters, context_for())
    assert "pip install 'rouage[photo]'" in caught.value.render_hint("fr")


async def test_the_target_must_be_a_jpeg_or_a_pdf(workspace, context_for):
    _plain(workspace / "in/a.jpg", RED)
    with pytest.raises(StepError, match=r"not “sheet\.tiff”") as caught:
        await _sheet(context_for(), target="out/sheet.tiff")
    assert ".pdf" in caught.value.render_hint("en")


async def test_the_same_photos_give_the_same_bytes(workspace, context_for):
    photos.write(workspace / "in/a.jpg")
    for ending in ("jpg", "pdf"):
        for key in ("one", "two"):
            await _sheet(context_for(key + ending), target=f"{key}.{ending}", title="Été")
        one, two = (workspace / f"{key}.{ending}" for key in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


# -- words ----------------------------------------------------------------------------------------


def test_a_long_name_keeps_its_beginning_and_its_end():
    letters = Lettering(20)
    name = "a-very-long-name-of-a-photo-that-nobody-reads-0042.jpg"
    fitted = letters.fitted(name, 200)
    assert letters.width(fitted) <= 200
    assert fitted.startswith("a-v")
    assert fitted.endswith(".jpg")
    assert letters.fitted("short", 200) == "short"
    assert letters.fitted(name, 1) == ""


@pytest.mark.parametrize("count", [1, 2, 5, 20, 21, 999])
@pytest.mark.parametrize("has_pairs", [False, True])
@pytest.mark.parametrize("shape", ["portrait", "landscape"])
@pytest.mark.parametrize("columns", [None, 1, 12])
def test_all_places_lie_on_the_page(count, has_pairs, shape, columns):
    layout = lay_out(
        count, longest=600, shape=shape, columns=columns, has_pairs=has_pairs, has_title=True
    )
    assert layout.pages(count) * layout.per_page >= count
    assert [one for part in layout.parts(count) for one in part] == list(range(count))
    across = layout.columns * layout.cell + (layout.columns - 1) * layout.gap
    assert across <= layout.width - 2 * layout.margin
    row = layout.box[1] + layout.caption
    down = layout.rows * row + (layout.rows - 1) * layout.gap
    assert layout.margin + layout.header + down <= layout.height - layout.margin
    assert min(layout.box) > 0


# -- effects --------------------------------------------------------------------------------------


async def test_a_simulation_says_what_would_be_made_and_makes_nothing(workspace, context_for):
    for number in range(4):
        _plain(workspace / f"in/{number}.jpg", RED)
    parameters = {"photos": "in", "target": "out/sheet.jpg", "columns": 1, "longest": 600}
    foreseen = await simulate_action(connector, "photo.contact_sheet", parameters, context_for())
    assert not (workspace / "out").exists()
    assert foreseen == await run_action(connector, "photo.contact_sheet", parameters, context_for())


async def test_what_is_there_is_left_alone_unless_it_is_to_be_replaced(workspace, context_for):
    _plain(workspace / "in/a.jpg", RED)
    first = await _sheet(context_for("one"))
    with pytest.raises(StepError, match="exists already"):
        await _sheet(context_for("two"))
    skipped = await _sheet(context_for("three"), on_conflict="skip")
    assert (skipped["skipped"], skipped["path"]) == (True, first["path"])
    renamed = await _sheet(context_for("four"), on_conflict="rename")
    assert renamed["path"].endswith("sheet (2).jpg")


async def test_a_page_that_was_there_is_no_page_to_take_back(workspace, context_for):
    for number in range(4):
        _plain(workspace / f"in/{number}.jpg", RED)
    (workspace / "out").mkdir()
    (workspace / "out/sheet-1.jpg").write_text("mine")
    spec = connector.actions["photo.contact_sheet"]
    params = spec.parameters.build(
        {"photos": "in", "target": "out/sheet.jpg", "columns": 1, "longest": 600}
        | {"on_conflict": "skip"}
    )
    context = context_for()
    inverse = await spec.undo.prepare(params, context)
    result = await spec.run(params, context)
    assert str(workspace / "out/sheet-1.jpg") not in result["paths"]
    assert len(result["paths"]) == result["pages"] - 1
    inverse = await spec.undo.complete(params, inverse, result, context)
    await spec.undo.apply(inverse, context_for("undoing"))
    assert [path.read_text() for path in (workspace / "out").iterdir()] == ["mine"]


async def test_repeated_after_a_crash_it_draws_no_page_twice(workspace, tmp_path, context_for):
    for number in range(4):
        _plain(workspace / f"in/{number}.jpg", RED)
    (workspace / "in/4.jpg").write_bytes(b"broken")
    first = await _sheet(context_for(), columns=1, longest=600, on_conflict="rename")
    made = {path: path.stat().st_ino for path in (workspace / "out").iterdir()}
    again = context_for(files=Folders(workspace=workspace, home=tmp_path))
    second = await _sheet(again, columns=1, longest=600, on_conflict="rename")
    assert second == first
    assert len(first["failed"]) == 1
    assert {path: path.stat().st_ino for path in (workspace / "out").iterdir()} == made


async def test_it_is_taken_back_unless_somebody_changed_a_page(workspace, context_for):
    for number in range(4):
        _plain(workspace / f"in/{number}.jpg", RED)
    spec = connector.actions["photo.contact_sheet"]
    params = spec.parameters.build(
        {"photos": "in", "target": "out/deep/sheet.jpg", "columns": 1, "longest": 600}
    )
    context = context_for()
    inverse = await spec.undo.prepare(params, context)
    result = await spec.run(params, context)
    inverse = await spec.undo.complete(params, inverse, result, context)
    changed = workspace / "out/deep/sheet-2.jpg"
    content = changed.read_bytes()
    changed.write_bytes(b"mine")
    with pytest.raises(StepError):
        spec.undo.check(inverse, World(context.files))
    changed.write_bytes(content)
    assert len(spec.undo.check(inverse, World(context.files))) == result["pages"]
    await spec.undo.apply(inverse, context_for("undoing"))
    assert not (workspace / "out").exists()
    assert len(list((workspace / "in").iterdir())) == 4


@pytest.mark.slow
async def test_it_works_the_same_in_a_limited_process(workspace, context_for):
    photos.write(workspace / "in/a.jpg")
    (workspace / "in/b.jpg").write_bytes(photos.jpeg_claiming(60_000, 60_000))
    parameters = {"photos": "in", "target": "here.pdf"}
    here = await run_action(connector, "photo.contact_sheet", parameters, context_for("here"))
    workers = Workers(places=1)
    try:
        spec = isolate(discover(), workers.run).actions["photo.contact_sheet"]
        built = spec.parameters.build({**parameters, "target": "away.pdf"})
        away = await spec.run(built, context_for("away"))
    finally:
        await workers.close()
    assert away["failed"] == here["failed"]
    assert (workspace / "away.pdf").read_bytes() == (workspace / "here.pdf").read_bytes()

"""The action `photo.read`, on photos that the tests make."""

import sys

import pytest
from PIL import Image

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.photo import connector
from tests.connectors import photos


@pytest.fixture
def workspace(folders):
    return folders.workspace


async def _read(context_for, name):
    return await run_action(connector, "photo.read", {"photo": name}, context_for())


async def test_a_photo_says_what_it_is(workspace, context_for):
    note = photos.exif(
        orientation=6, taken="2026:05:01 10:00:00", location=True, model="EOS R5", artist="Zoé"
    )
    photos.write(workspace / "a.jpg", exif=note)
    result = await _read(context_for, "a.jpg")
    assert (result["format"], result["width"], result["height"]) == ("JPEG", 480, 640)
    assert result["orientation"] == 6
    assert result["taken"] == "2026-05-01T10:00:00"
    assert (result["make"], result["model"]) == ("Canon", "EOS R5")
    assert result["has_location"] is True
    assert "48" not in str({key: value for key, value in result.items() if key != "width"})
    assert 0.2 < result["light"] < 0.8
    assert result["is_blurred"] is False


async def test_a_photo_without_notes_says_little(workspace, context_for):
    photos.write(workspace / "a.png", photos.cornered())
    result = await _read(context_for, "a.png")
    assert (result["format"], result["taken"], result["model"]) == ("PNG", None, None)
    assert (result["has_location"], result["orientation"]) == (False, 1)


async def test_a_blurred_photo_is_less_sharp(workspace, context_for):
    photos.write(workspace / "sharp.jpg")
    photos.write(workspace / "soft.jpg", photos.scene().resize((16, 12)).resize((640, 480), 3))
    sharp, soft = await _read(context_for, "sharp.jpg"), await _read(context_for, "soft.jpg")
    assert soft["sharpness"] < sharp["sharpness"] / 5
    assert (soft["is_blurred"], sharp["is_blurred"]) == (True, False)


@pytest.mark.parametrize(
    "data", [b"", b"1", photos.png_claiming(90_000, 90_000), photos.jpeg_claiming(65_000, 65_000)]
)
async def test_what_cannot_be_read_is_explained(workspace, context_for, data):
    (workspace / "a.jpg").write_bytes(data)
    with pytest.raises(StepError) as caught:
        await _read(context_for, "a.jpg")
    assert "a.jpg" in caught.value.render("fr")
    assert caught.value.render("fr") != caught.value.render("en")


async def test_photos_of_telephones_are_read(workspace, context_for):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    note = photos.exif(taken="2026:05:01 10:00:00", model="Phone 12", location=True)
    photos.write(workspace / "a.heic", photos.cornered(), format="HEIF", quality=95, exif=note)
    result = await _read(context_for, "a.heic")
    assert (result["format"], result["width"], result["height"]) == ("HEIC", 96, 64)
    assert (result["taken"], result["has_location"]) == ("2026-05-01T10:00:00", True)
    made = await _process(context_for, "a.heic")
    assert photos.corners(made) == list(photos.CORNERS)


@pytest.mark.parametrize(("orientation", "size"), [(1, (160, 120)), (6, (120, 160))])
async def test_raw_files_of_cameras_are_read(workspace, context_for, orientation, size):
    pytest.importorskip("rawpy")
    (workspace / "a.dng").write_bytes(photos.dng(orientation=orientation))
    result = await _read(context_for, "a.dng")
    assert (result["format"], result["width"], result["height"]) == ("RAW", *size)
    assert (result["model"], result["taken"]) == ("Test 1", "2026-05-01T10:00:00")
    with Image.open(await _process(context_for, "a.dng")) as image:
        assert image.size == size
        assert image.getexif()[0x0112] == 1
        tones = image.convert("L")
    dark, light = ((4, 60), (150, 60)) if orientation == 1 else ((60, 4), (60, 150))
    assert tones.getpixel(dark) + 50 < tones.getpixel(light)


async def test_a_missing_package_is_named_with_the_command_that_installs_it(
    workspace, context_for, monkeypatch
):
    monkeypatch.setitem(sys.modules, "rawpy", None)  # as if it were not there
    (workspace / "a.dng").write_bytes(photos.dng())
    with pytest.raises(StepError, match="rawpy") as caught:
        await _read(context_for, "a.dng")
    assert "pip install 'rouage[photo-raw]'" in caught.value.render_hint("fr")


async def _process(context_for, name):
    wishes = {"photos": name, "folder": "out", "enhance": False}
    result = await run_action(connector, "photo.process", wishes, context_for("key-2"))
    return result["paths"][0]

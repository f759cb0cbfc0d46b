"""The action `photo.process`, on photos that the tests make."""

import dataclasses
import json
import os

import pytest
from PIL import Image

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.sdk.limits import Limits
from rouage.sdk.testing import run_action, simulate_action
from rouage.sdk.undoing import World
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.photo import connector
from tests.connectors import photos

PLAIN = {"photos": "in", "folder": "out", "enhance": False}


@pytest.fixture
def workspace(folders):
    return folders.workspace


async def _run(context_for, key="key-1", **parameters):
    return await run_action(connector, "photo.process", {**PLAIN, **parameters}, context_for(key))


def _state(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- what is made ---------------------------------------------------------------------------


async def test_a_folder_of_photos_is_made_ready_and_the_originals_stay(workspace, context_for):
    for number, orientation in enumerate((1, 6), start=1):
        stored = photos.laid(photos.cornered(960, 640), orientation)
        note = photos.exif(orientation=orientation, taken=f"2026:05:0{number} 10:00:00")
        photos.write(workspace / f"in/{number}.jpg", stored, exif=note)
    (workspace / "in/notes.txt").write_text("no photo")
    before = {path: path.read_bytes() for path in (workspace / "in").iterdir()}
    result = await _run(context_for, longest=300)
    assert result["folder"] == str(workspace / "out")
    assert result["paths"] == [str(workspace / f"out/{number}.jpg") for number in (1, 2)]
    assert (result["count"], result["failed"], result["doubtful"]) == (2, [], [])
    assert result["photos"][1] == {
        "source": str(workspace / "in/2.jpg"),
        "path": str(workspace / "out/2.jpg"),
        "width": 300,
        "height": 200,
        "taken": "2026-05-02T10:00:00",
        "skipped": False,
    }
    for path in result["paths"]:
        assert photos.corners(path) == list(photos.CORNERS)
        with Image.open(path) as image:
            assert image.size == (300, 200)
            assert image.info["icc_profile"], "the colour space is written into it"
    assert {path: path.read_bytes() for path in (workspace / "in").iterdir()} == before


async def test_the_place_is_left_out_and_the_rights_are_written_in(workspace, context_for):
    note = photos.exif(
        taken="2026:05:01 10:00:00", location=True, model="EOS R5", artist="Someone else"
    )
    photos.write(workspace / "in/a.jpg", exif=note)
    result = await _run(context_for, artist="Zoé Martin", copyright="© 2026 Zoé Martin")
    with Image.open(result["paths"][0]) as image:
        exif = image.getexif()
        assert not exif.get_ifd(0x8825)
        assert exif[0x0110] == "EOS R5"
        assert exif.get_ifd(0x8769)[0x9003] == "2026:05:01 10:00:00"
        assert 0xA431 not in exif.get_ifd(0x8769), "the serial number of the camera"
        assert exif[0x0112] == 1
    read = await run_action(
        connector, "photo.read", {"photo": result["paths"][0]}, context_for("key-2")
    )
    assert read["artist"] == "Zoé Martin"
    assert read["copyright"] == "© 2026 Zoé Martin"


@pytest.mark.parametrize(
    ("wishes", "has_date", "has_model", "has_place"),
    [
        ({}, True, True, False),
        ({"keep": "date"}, True, False, False),
        ({"keep": "nothing"}, False, False, False),
        ({"keep": "date", "location": True}, True, False, True),
    ],
)
async def test_the_owner_chooses_what_a_photo_tells(
    workspace, context_for, wishes, has_date, has_model, has_place
):
    note = photos.exif(taken="2026:05:01 10:00:00", location=True, model="EOS R5")
    photos.write(workspace / "in/a.jpg", exif=note)
    result = await _run(context_for, **wishes)
    with Image.open(result["paths"][0]) as image:
        exif = image.getexif()
        assert (0x9003 in exif.get_ifd(0x8769)) is has_date
        assert (0x0110 in exif) is has_model
        assert bool(exif.get_ifd(0x8825)) is has_place


@pytest.mark.parametrize(("form", "ending"), [("webp", "webp"), ("png", "png"), ("jpeg", "jpg")])
async def test_a_photo_gets_its_format_its_shape_and_its_signature(
    workspace, context_for, form, ending
):
    photos.write(workspace / "in/a.jpg", Image.new("RGB", (800, 600), (90, 90, 90)))
    result = await _run(
        context_for, format=form, crop="square", watermark="© Zoé", watermark_place="bottom-right"
    )
    assert result["paths"] == [str(workspace / f"out/a.{ending}")]
    with Image.open(result["paths"][0]) as image:
        assert (image.format, image.size) == (form.upper(), (600, 600))
        bright = image.convert("L").point([255 if value > 140 else 0 for value in range(256)])
        left, top, right, bottom = bright.getbbox()
    assert left > 300
    assert top > 300
    assert right <= 600 - 10
    assert bottom <= 600 - 10


async def test_a_logo_signs_the_photos_and_one_signature_is_enough(workspace, context_for):
    photos.write(workspace / "in/a.jpg", Image.new("RGB", (800, 600), (90, 90, 90)))
    logo = Image.new("RGBA", (200, 100), (255, 0, 0, 255))
    photos.write(workspace / "logo.png", logo)
    wishes = {"watermark_place": "top-left", "watermark_opacity": 1, "watermark_width": 0.25}
    result = await _run(context_for, watermark_image="logo.png", **wishes)
    with Image.open(result["paths"][0]) as image:
        assert image.getpixel((100, 60))[0] > 240
        assert image.getpixel((700, 500)) == pytest.approx((90, 90, 90), abs=3)
    with pytest.raises(StepError, match="not both"):
        await _run(context_for, "key-2", watermark="Zoé", watermark_image="logo.png")
    (workspace / "logo.png").write_bytes(b"no logo")
    with pytest.raises(StepError, match=r"logo\.png: this is not a photo"):
        await _run(context_for, "key-3", watermark_image="logo.png")


async def test_two_processes_sign_with_the_same_logo(workspace, context_for):
    for number in range(12):
        photos.write(workspace / f"in/{number:02}.jpg", Image.new("RGB", (80, 60), "grey"))
    photos.write(workspace / "logo.png", photos.scene(900, 600))
    result = await _run(context_for, watermark_image="logo.png")
    assert (result["count"], result["failed"]) == (12, [])


# -- enhancement ----------------------------------------------------------------------------


def _light(path):
    with Image.open(path) as image:
        histogram = image.convert("L").histogram()
    return sum(value * number for value, number in enumerate(histogram)) / sum(histogram)


def _dark(image, factor, cast=(1.0, 1.0, 1.0)):
    return image.point([round(value * factor * gain) for gain in cast for value in range(256)])


def _shares(path):
    """Return the shares of red, green and blue."""
    with Image.open(path) as image:
        sums = [sum(v * n for v, n in enumerate(band.histogram())) for band in image.split()]
    return [one / sum(sums) for one in sums]


async def test_a_dark_photo_becomes_lighter(workspace, context_for):
    photos.write(workspace / "in/a.jpg", _dark(photos.scene(), 0.5), quality=95)
    result = await _run(context_for, enhance=True, longest=None)
    assert _light(result["paths"][0]) > _light(workspace / "in/a.jpg") + 30


async def test_a_cast_over_grey_becomes_weaker_and_a_meadow_stays_green(workspace, context_for):
    grey = photos.scene().convert("L").convert("RGB")
    photos.write(workspace / "in/a.jpg", _dark(grey, 0.9, (1.0, 1.0, 0.88)), quality=95)
    meadow = _dark(photos.scene().convert("L").convert("RGB"), 0.9, (0.5, 1.0, 0.4))
    photos.write(workspace / "in/b.jpg", meadow, quality=95)
    result = await _run(context_for, enhance=True, longest=None)
    cast, green = (one["path"] for one in result["photos"])
    assert _shares(workspace / "in/a.jpg")[2] < 0.312
    assert _shares(cast) == pytest.approx([1 / 3] * 3, abs=0.01)
    assert _shares(green)[1] >= _shares(workspace / "in/b.jpg")[1]


async def test_photos_of_one_series_are_corrected_alike(workspace, context_for):
    lights = {"a": 0.55, "b": 0.9}
    for name, factor in lights.items():
        for where, day in (("one", (1, 1)), ("apart", (1, 2))):
            moment = day[0] if name == "a" else day[1]
            note = photos.exif(model="R5", taken=f"2026:05:0{moment} 10:00:00")
            path = workspace / where / f"{name}.jpg"
            photos.write(path, _dark(photos.scene(), factor), quality=95, exif=note)
    ratio = {}
    for where in ("one", "apart"):
        result = await _run(context_for, where, photos=where, folder=f"{where}-out", enhance=True)
        gains = [_light(made["path"]) / _light(made["source"]) for made in result["photos"]]
        ratio[where] = gains[0] / gains[1]
    assert ratio["apart"] > ratio["one"] + 0.05


async def test_light_may_be_learnt_from_photos_that_the_owner_likes(workspace, context_for):
    photos.write(workspace / "in/a.jpg", quality=95)
    photos.write(workspace / "dark/a.jpg", _dark(photos.scene(), 0.4))
    plain = await _run(context_for, "plain", folder="plain", enhance=True)
    liked = await _run(context_for, "liked", folder="liked", enhance=True, like=["dark/a.jpg"])
    assert _light(liked["paths"][0]) < _light(plain["paths"][0]) - 5


async def test_what_a_machine_should_not_decide_is_listed_with_the_reason(workspace, context_for):
    photos.write(workspace / "in/good.jpg", quality=95)
    photos.write(
        workspace / "in/burnt.jpg", photos.scene().point([min(255, 3 * v) for v in range(256)] * 3)
    )
    photos.write(
        workspace / "in/blurred.jpg",
        photos.scene(64, 48)
        .resize((1_600, 1_200), Image.Resampling.BICUBIC)
        .resize((16, 12))
        .resize((1_600, 1_200), Image.Resampling.BICUBIC),
    )
    photos.write(workspace / "in/night.jpg", _dark(photos.scene(), 0.04))
    result = await _run(context_for, enhance=True)
    found = {os.path.basename(one["path"]): one for one in result["doubtful"]}
    assert "good.jpg" not in found
    assert "burnt" in found["burnt.jpg"]["doubts"]
    assert "blurred" in found["blurred.jpg"]["doubts"]
    assert "light" in found["night.jpg"]["doubts"]
    assert found["burnt.jpg"]["reason"]["fr"].startswith("des parties sont brûlées")
    assert result["count"] == 4, "they are made all the same"


# -- names and places -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{name}", ["a.jpg", "b.jpg"]),
        ("mariage-{number}", ["mariage-001.jpg", "mariage-002.jpg"]),
        ("{date}_{time}", ["2026-05-01_10-00-00.jpg", "2026-05-01_10-00-00-2.jpg"]),
        ("{date}", ["2026-05-01.jpg", "2026-05-01-2.jpg"]),
        (" été? ", ["été_.jpg", "été_-2.jpg"]),
    ],
)
async def test_photos_are_named_by_a_pattern(workspace, context_for, pattern, expected):
    for name in "ab":
        photos.write(workspace / f"in/{name}.JPG", exif=photos.exif(taken="2026:05:01 10:00:00"))
    result = await _run(context_for, name=pattern)
    assert [os.path.basename(path) for path in result["paths"]] == expected


async def test_the_folders_below_are_kept_and_equal_names_of_a_list_told_apart(
    workspace, context_for
):
    for name in ("in/a/1.jpg", "in/b/1.jpg", "in/b/1.png"):
        photos.write(workspace / name)
    result = await _run(context_for)
    inner = [path.removeprefix(f"{workspace}/out/") for path in result["paths"]]
    assert inner == ["a/1.jpg", "b/1.jpg", "b/1-2.jpg"]
    listed = await _run(context_for, "key-2", photos=["in/a/1.jpg", "in/b/1.jpg"], folder="flat")
    assert [os.path.basename(path) for path in listed["paths"]] == ["1.jpg", "1-2.jpg"]


async def test_what_was_made_is_not_taken_for_an_original(workspace, context_for):
    photos.write(workspace / "in/a.jpg")
    first = await _run(context_for, folder="in/ready")
    second = await _run(context_for, "key-2", folder="in/ready", on_conflict="skip")
    assert first["paths"] == second["paths"] == [str(workspace / "in/ready/a.jpg")]
    assert second["photos"][0]["skipped"] is True


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"photos": "in/a.jpg", "folder": "in", "on_conflict": "overwrite"}, "original"),
        ({"folder": "in", "on_conflict": "overwrite"}, "original"),
        ({"name": "{nom}"}, "{nom}"),
        ({"name": "a/{name}"}, "folder"),
        ({"photos": "empty"}, "no photo in empty"),
        ({"photos": "in/missing.jpg"}, "missing.jpg"),
        ({"match": "*.png"}, "no photo in in"),
    ],
)
async def test_wishes_that_cannot_be_are_explained_before_anything_is_made(
    workspace, context_for, wishes, said
):
    photos.write(workspace / "in/a.jpg")
    (workspace / "empty").mkdir()
    before = _state(workspace)
    with pytest.raises(StepError) as caught:
        await _run(context_for, **wishes)
    assert said in caught.value.render("en")
    assert caught.value.render("fr") != caught.value.render("en")
    assert _state(workspace) == before


# -- photos that do harm --------------------------------------------------------------------


async def test_a_bad_photo_fails_alone_and_is_named(workspace, context_for):
    good = photos.write(workspace / "in/good.jpg").read_bytes()
    bad = {
        "bomb.png": photos.png_claiming(60_000, 60_000),
        "cut.jpg": good[: len(good) // 2],
        "empty.jpg": b"",
        "script.jpg": b"#!/bin/sh\n",
        "wide.jpg": photos.jpeg_claiming(65_000, 65_000),
    }
    for name, data in bad.items():
        (workspace / "in" / name).write_bytes(data)
    result = await _run(context_for, enhance=True)
    assert result["paths"] == [str(workspace / "out/good.jpg")]
    assert [os.path.basename(one["source"]) for one in result["failed"]] == sorted(bad)
    reasons = [one["reason"] for one in result["failed"]]
    assert all(reason["en"] != reason["fr"] for reason in reasons)
    assert "50 millions de pixels" in reasons[0]["fr"]
    assert [path.name for path in (workspace / "out").iterdir()] == ["good.jpg"]


async def test_a_step_that_can_use_no_photo_at_all_fails(workspace, context_for):
    (workspace / "in").mkdir()
    for name in "ab":
        (workspace / f"in/{name}.jpg").write_bytes(b"1")
    with pytest.raises(StepError, match="none of the 2 photos") as caught:
        await _run(context_for)
    assert "a.jpg" in caught.value.render("fr")
    with pytest.raises(StepError, match="not a photo"):
        await _run(context_for, photos="in/a.jpg")
    assert not (workspace / "out").exists()


async def test_a_photo_that_needs_more_memory_than_there_is_fails_alone(workspace, context_for):
    photos.write(workspace / "in/small.jpg")
    photos.write(workspace / "in/vast.png", Image.new("P", (7_000, 7_000)))
    limits = Limits(memory_bytes=110 << 20)
    catalog = discover().with_actions(
        lambda spec, _: dataclasses.replace(spec, isolated=True, limits=limits)
    )
    workers = Workers(places=1)
    try:
        spec = isolate(catalog, workers.run).actions["photo.process"]
        result = await spec.run(spec.parameters.build(PLAIN), context_for())
    finally:
        await workers.close()
    assert [os.path.basename(one["path"]) for one in result["photos"]] == ["small.jpg"]
    assert [os.path.basename(one["source"]) for one in result["failed"]] == ["vast.png"]


# -- what any effect promises ---------------------------------------------------------------


async def test_a_repeated_step_makes_no_photo_anew(workspace, context_for):
    for name in "abc":
        photos.write(workspace / f"in/{name}.jpg", exif=photos.exif(taken="2026:05:01 10:00:00"))
    wishes = {"enhance": True, "name": "{date}-{number}", "watermark": "Zoé"}
    first = await _run(context_for, **wishes)
    state = _state(workspace / "out")
    assert await _run(context_for, **wishes) == first
    assert _state(workspace / "out") == state


@pytest.mark.parametrize("on_conflict", ["skip", "overwrite", "rename"])
async def test_a_simulated_call_says_what_comes_and_touches_nothing(
    workspace, context_for, on_conflict
):
    stored = photos.laid(photos.scene(801, 599), 6)
    photos.write(workspace / "in/a.jpg", stored, exif=photos.exif(orientation=6))
    photos.write(workspace / "in/b.jpg")
    (workspace / "in/c.jpg").write_bytes(b"1")
    photos.write(workspace / "out/b.jpg")
    before = _state(workspace)
    wishes = {**PLAIN, "enhance": True, "longest": 333, "crop": "3:2", "on_conflict": on_conflict}
    foreseen = await simulate_action(connector, "photo.process", wishes, context_for())
    assert _state(workspace) == before
    result = await run_action(connector, "photo.process", wishes, context_for())
    assert json.loads(json.dumps(foreseen)) == result
    for made in result["photos"]:
        if not made["skipped"]:
            with Image.open(made["path"]) as image:
                assert image.size == (made["width"], made["height"])


async def test_what_was_made_is_taken_back_unless_somebody_changed_it(workspace, context_for):
    for name in "ab":
        photos.write(workspace / f"in/{name}.jpg")
    old = photos.write(workspace / "out/b.jpg").read_bytes()
    spec = connector.actions["photo.process"]
    parameters = spec.parameters.build({**PLAIN, "on_conflict": "overwrite", "name": "{name}"})
    before = _state(workspace / "in")

    async def done(key):
        context = context_for(key)
        inverse = await spec.undo.prepare(parameters, context)
        result = await spec.run(parameters, context)
        return json.loads(
            json.dumps(await spec.undo.complete(parameters, inverse, result, context))
        )

    inverse = await done("key-1")
    context = context_for("undo-1")
    assert len(spec.undo.check(inverse, World(context.files))) == 2
    await spec.undo.apply(inverse, context)
    assert [path.name for path in (workspace / "out").iterdir()] == ["b.jpg"]
    assert (workspace / "out/b.jpg").read_bytes() == old
    inverse = await done("key-2")
    (workspace / "out/a.jpg").write_bytes(b"by hand")
    with pytest.raises(StepError):
        await spec.undo.apply(inverse, context_for("undo-2"))
    assert (workspace / "out/a.jpg").read_bytes() == b"by hand"
    assert _state(workspace / "in") == before


async def test_a_long_step_says_how_far_it_is(workspace, context_for, caplog):
    for number in range(12):
        photos.write(workspace / f"in/{number:02}.jpg", photos.scene(64, 48))
    with caplog.at_level("INFO"):
        await _run(context_for)
    lines = [
        record.getMessage()
        for record in caplog.records
        if "photos are ready" in record.getMessage()
    ]
    assert lines[0] == "2 of 12 photos are ready"
    assert len(lines) == 5

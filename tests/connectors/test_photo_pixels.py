"""The pixels of photos: upright, in sRGB, and the same whoever reads them."""

import io

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from rouage.errors import StepError
from rouage_connectors.photo.formats import MOST_PIXELS, opened
from rouage_connectors.photo.pixels import flat, frame, load, small, srgb_profile
from tests.connectors import photos

pyvips = pytest.importorskip("pyvips")


def _loaded(data, **wishes):
    file = io.BytesIO(data)
    with opened(file) as image:
        return load(image, file, **{"longest": None, **wishes})


def _difference(one, other):
    """Return the mean difference, and the share of values that differ by more than 8 of 255."""
    apart = ImageChops.difference(one, other)
    histogram = apart.histogram()
    count = sum(histogram)
    far = sum(sum(histogram[start + 9 : start + 256]) for start in range(0, len(histogram), 256))
    return max(ImageStat.Stat(apart).mean), far / count


@pytest.mark.parametrize("longest", [1_200, 600, 300, 80])
@pytest.mark.parametrize("kind", ["plain", "progressive", "grey"])
def test_pillow_and_vips_give_the_same_photo_within_one_level(longest, kind):
    image = photos.scene(1_280, 960)
    data = photos.bytes_of(
        image.convert("L") if kind == "grey" else image,
        quality=90,
        progressive=kind == "progressive",
    )
    one, other = (
        _loaded(data, longest=longest, sharpen=True, engine=engine) for engine in ("pillow", "vips")
    )
    assert one.size == other.size == (longest, longest * 3 // 4)
    assert one.mode == other.mode == "RGB"
    mean, far = _difference(one, other)
    assert mean < 1
    assert far < 0.02


@pytest.mark.parametrize("engine", ["pillow", "vips"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("longest", [None, 48])
def test_a_photo_stands_upright_however_the_camera_was_held(tmp_path, orientation, engine, longest):
    stored = photos.laid(photos.cornered(), orientation)
    data = photos.bytes_of(stored, quality=95, exif=photos.exif(orientation=orientation))
    made = _loaded(data, longest=longest, engine=engine)
    assert made.size == ((96, 64) if longest is None else (48, 32))
    made.save(tmp_path / "a.png")
    assert photos.corners(tmp_path / "a.png") == list(photos.CORNERS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_quick_small_version_stands_upright_too(tmp_path, orientation):
    stored = photos.laid(photos.cornered(960, 640), orientation)
    file = io.BytesIO(photos.bytes_of(stored, exif=photos.exif(orientation=orientation)))
    with opened(file) as image:
        made = small(image, 96)
    assert made.size == (96, 64)
    made.save(tmp_path / "a.png")
    assert photos.corners(tmp_path / "a.png") == list(photos.CORNERS)


@pytest.mark.parametrize(
    ("size", "crop", "longest", "expected"),
    [
        ((4000, 3000), "none", 2048, (2048, 1536)),
        ((4000, 3000), "square", 1000, (1000, 1000)),
        ((3000, 4000), "3:2", 1200, (800, 1200)),
        ((4000, 3000), "16:9", 1600, (1600, 900)),
        ((3000, 4000), "4:5", None, (3000, 3750)),
        ((100, 80), "none", 2048, (100, 80)),
        ((100, 1), "square", 16, (1, 1)),
        ((10_000, 1), "none", 16, (16, 1)),
    ],
)
def test_a_photo_is_cut_around_its_middle_and_never_enlarged(size, crop, longest, expected):
    found = frame(size, longest=longest, crop=crop)
    left, top, right, bottom = found.box or (0, 0, *found.whole)
    assert (right - left, bottom - top) == expected
    assert abs(left - (found.whole[0] - right)) <= 1
    assert abs(top - (found.whole[1] - bottom)) <= 1


def _kinds():
    image = photos.scene(320, 240)
    transparent = image.copy()
    transparent.putalpha(Image.new("L", image.size, 128))
    grey = Image.new("I;16", (320, 240), 40_000)
    return {
        "cmyk": photos.bytes_of(image.convert("CMYK"), quality=95),
        "16-bit": photos.png_with_16_bits(),
        "16-bit grey": photos.bytes_of(grey, "PNG"),
        "palette": photos.bytes_of(image.quantize(64), "PNG"),
        "one bit": photos.bytes_of(image.convert("1"), "PNG"),
        "transparent": photos.bytes_of(transparent, "PNG"),
        "grey and transparent": photos.bytes_of(transparent.convert("LA"), "PNG"),
        "webp": photos.bytes_of(image, "WEBP", quality=90),
        "gif": photos.bytes_of(image.quantize(64), "GIF"),
    }


@pytest.mark.parametrize("kind", _kinds())
def test_every_kind_of_pixels_becomes_plain_colours(kind):
    made = _loaded(_kinds()[kind], longest=160)
    assert made.size == (160, 120)
    assert made.mode == ("RGBA" if "transparent" in kind else "RGB")
    assert flat(made).mode == "RGB"


def test_sixteen_bits_keep_their_tones():
    grey = Image.new("I;16", (32, 32), 40_000)
    made = _loaded(photos.bytes_of(grey, "PNG"))
    assert made.getpixel((5, 5)) == (156, 156, 156)
    colours = _loaded(photos.png_with_16_bits())
    assert colours.getpixel((160, 120)) == pytest.approx((127, 127, 128), abs=2)


def test_colours_keep_their_meaning_and_a_profile_that_does_not_fit_is_left_out():
    lab = ImageCms.createProfile("LAB")
    data = photos.bytes_of(photos.scene(64, 48), quality=95, icc_profile=srgb_profile())
    mean, _ = _difference(_loaded(data), _loaded(photos.bytes_of(photos.scene(64, 48), quality=95)))
    assert mean < 0.5, "sRGB stays what it is"
    strange = ImageCms.ImageCmsProfile(lab).tobytes()
    data = photos.bytes_of(photos.scene(64, 48), icc_profile=strange)
    assert _loaded(data).mode == "RGB", "a profile that does not fit is left out"
    data = photos.bytes_of(photos.scene(64, 48), icc_profile=b"rubbish" * 50)
    assert _loaded(data).mode == "RGB"


def test_a_photo_that_was_cut_off_is_refused_by_both():
    small_one = photos.bytes_of(photos.scene(64, 48))
    whole = photos.bytes_of(photos.scene(), quality=90, exif=b"Exif\0\0" + small_one)
    for engine in ("pillow", "vips"):
        for share in (0.5, 0.9, 0.99):
            with pytest.raises(StepError, match="damaged or cut off"):
                _loaded(whole[: int(len(whole) * share)], longest=200, engine=engine)
        assert _loaded(whole + b"SEFT" + bytes(99), longest=200, engine=engine).size == (200, 150)


@pytest.mark.parametrize(
    "data",
    [
        photos.png_claiming(100_000, 100_000),
        photos.png_claiming(8_000, 7_000),
        photos.jpeg_claiming(65_000, 65_000),
    ],
)
def test_a_photo_that_claims_too_many_pixels_is_refused_by_its_header(data):
    with pytest.raises(StepError) as caught:
        _loaded(data)
    assert f"{MOST_PIXELS // 10**6} millions de pixels" in caught.value.render("fr")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"1", "not a photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photo"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "damaged"),
        (b"RIFF\0\0\0\0WEBP" + bytes(60), "damaged"),
        (b"GIF89a" + bytes(3), "damaged"),
    ],
)
def test_what_is_no_photo_is_said_to_be_none(data, reason):
    with pytest.raises(StepError, match=reason):
        _loaded(data)


def test_notes_of_a_camera_that_are_broken_do_not_spoil_the_photo():
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(40)
    data = photos.bytes_of(photos.scene(64, 48), exif=broken)
    assert _loaded(data).size == (64, 48)

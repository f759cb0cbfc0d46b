"""The pixels of a photo: upright, in sRGB, at the size that is wanted.

`pyvips` reads them where it is installed, in a third of the time; Pillow reads everything.
Only the reading and reducing differ: whatever is done to the pixels later is done by the
same code, so that both give the same photo, but for the last digit (decision 0019).
"""

import io
from functools import cache
from typing import Any, BinaryIO, Final, Literal

from rouage.sdk.extras import require
from rouage.sdk.records import dataclass
from rouage_connectors.photo.declaration import EXTRA
from rouage_connectors.photo.metadata import orientation

Crop = Literal["none", "square", "4:3", "3:2", "16:9", "4:5"]
Engine = Literal["auto", "pillow", "vips"]

_SHARPEN: Final = (-1, -1, -1, -1, 24, -1, -1, -1, -1)
_SHARPEN_SCALE: Final = 16
_SPACES: Final = {"RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "L": "GRAY"}
"""Which colours a profile must be for, by the mode of the pixels."""
_TURNS: Final = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """How large the whole photo becomes (as it lies in the file), and what is cut out of it."""

    whole: tuple[int, int]
    box: tuple[int, int, int, int] | None


def frame(size: tuple[int, int], *, longest: int | None, crop: Crop) -> Frame:
    """Return the frame of a photo of *size* whose longest side is to be *longest* at most."""
    width, height = size
    cut = _cut(size, crop)
    scale = 1.0 if longest is None else min(1.0, longest / max(cut))
    whole = max(1, round(width * scale)), max(1, round(height * scale))
    if cut == size:
        return Frame(whole=whole, box=None)
    inner = max(1, round(cut[0] * scale)), max(1, round(cut[1] * scale))
    left, top = (whole[0] - inner[0]) // 2, (whole[1] - inner[1]) // 2
    return Frame(whole=whole, box=(left, top, left + inner[0], top + inner[1]))


def _cut(size: tuple[int, int], crop: Crop) -> tuple[int, int]:
    """Return the largest part of *size* with the wanted sides; it lies as the photo lies."""
    width, height = size
    if crop == "none":
        return size
    long, short = (1, 1) if crop == "square" else sorted(map(int, crop.split(":")))[::-1]
    across, down = (long, short) if width >= height else (short, long)
    if width * down > height * across:
        return max(1, height * across // down), height
    return width, max(1, width * down // across)


def load(
    image: Any,
    file: BinaryIO,
    *,
    longest: int | None,
    crop: Crop = "none",
    sharpen: bool = False,
    engine: Engine = "auto",
) -> Any:
    """Return the pixels of *image*, open in *file*: upright RGB or RGBA, in sRGB."""
    wanted = frame(image.size, longest=longest, crop=crop)
    is_reduced = wanted.whole != image.size
    icc = image.info.get("icc_profile")
    turn = _TURNS.get(orientation(image))
    has_sharpened = sharpen and is_reduced
    pixels = None
    if engine != "pillow" and is_reduced and _is_jpeg(image) and _vips() is not None:
        pixels = _by_vips(file, wanted.whole, image.mode, sharpen=has_sharpened)
    if pixels is None:
        pixels = _by_pillow(image, wanted.whole, sharpen=has_sharpened)
    if wanted.box is not None:
        pixels = pixels.crop(wanted.box)
    if icc:
        pixels = _to_srgb(pixels, icc)
    pixels = _plain(pixels)
    return pixels if turn is None else pixels.transpose(getattr(_images().Transpose, turn))


def small(image: Any, longest: int) -> Any:
    """Return a quick small version of *image*: upright RGB, for measuring and for contact sheets.

    The JPEG decoder itself reduces, which costs a third of reading the whole.
    """
    turn = _TURNS.get(orientation(image))
    icc = image.info.get("icc_profile")
    if _is_jpeg(image):
        image.draft(image.mode, (longest, longest))
    size = frame(image.size, longest=longest, crop="none").whole
    pixels = _by_pillow(image, size, sharpen=False)
    if icc:
        pixels = _to_srgb(pixels, icc)
    pixels = flat(_plain(pixels))
    return pixels if turn is None else pixels.transpose(getattr(_images().Transpose, turn))


def flat(pixels: Any) -> Any:
    """Return *pixels* on white, without transparency."""
    if pixels.mode != "RGBA":
        return pixels
    ground = _images().new("RGB", pixels.size, "white")
    ground.paste(pixels, mask=pixels.getchannel("A"))
    return ground


@cache
def srgb_profile() -> bytes:
    """Return the profile to embed; without its date, so that the same photo is the same bytes."""
    cms = require("PIL.ImageCms", EXTRA)
    data = bytearray(cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes())
    data[24:36] = bytes(12)
    data[84:100] = bytes(16)
    return bytes(data)


def _images() -> Any:
    return require("PIL.Image", EXTRA)


@cache
def _vips() -> Any:
    """Return pyvips, or None where it is not installed or its library cannot be loaded."""
    try:
        import pyvips  # type: ignore[import-untyped, unused-ignore]
    except (ImportError, OSError):
        return None
    pyvips.cache_set_max(0)
    return pyvips


def _is_jpeg(image: Any) -> bool:
    """Say whether it is a JPEG of plain colours or greys: vips reads it just as Pillow does."""
    return image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"}


def _by_vips(file: BinaryIO, size: tuple[int, int], mode: str, *, sharpen: bool) -> Any:
    """Return the reduced pixels; None when something is odd about them, and Pillow must judge."""
    vips = _vips()
    file.seek(0)
    data = file.read()
    if not _has_end(data):
        return None  # vips would fill up what is missing with grey, and say nothing
    try:
        made = vips.Image.thumbnail_buffer(
            data,
            size[0],
            height=size[1],
            size="force",
            no_rotate=True,
            fail_on="warning",
        )
        if sharpen:
            mask = [list(_SHARPEN[row : row + 3]) for row in (0, 3, 6)]
            kernel = vips.Image.new_from_array(mask, scale=_SHARPEN_SCALE)
            made = made.conv(kernel, precision="integer")
        values = made.write_to_memory()
    except vips.Error:
        return None
    return _images().frombuffer(mode, size, values, "raw", mode, 0, 1)


def _has_end(jpeg: bytes) -> bool:
    """Say whether the pixels of *jpeg* come to their end; what follows them does not matter."""
    place = 2
    while jpeg[place : place + 1] == b"\xff" and jpeg[place + 1 : place + 2] != b"\xda":
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return jpeg.find(b"\xff\xd9", place) >= 0


def _by_pillow(image: Any, size: tuple[int, int], *, sharpen: bool) -> Any:
    module = _images()
    if _is_jpeg(image):
        # The decoder itself reduces, as vips has it do: down to twice the wanted size.
        image.draft(image.mode, (2 * size[0], 2 * size[1]))
    pixels = _resizable(image)
    if pixels.size != size:
        pixels = pixels.resize(size, module.Resampling.LANCZOS, reducing_gap=3.0)
    if sharpen and pixels.mode in {"RGB", "L"}:
        filters = require("PIL.ImageFilter", EXTRA)
        pixels = pixels.filter(filters.Kernel((3, 3), _SHARPEN, _SHARPEN_SCALE))
    pixels.load()
    return pixels


def _resizable(image: Any) -> Any:
    """Return *image* in a mode whose values can be averaged."""
    if image.mode in {"P", "PA", "1"} or (image.mode != "RGBA" and "transparency" in image.info):
        has_alpha = image.mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if has_alpha else "RGB")
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"RGB", "L", "CMYK", "RGBA"}:
        return image
    return image.convert("RGBA" if image.mode in {"LA", "La", "RGBa"} else "RGB")


def _to_srgb(pixels: Any, profile: bytes) -> Any:
    """Return *pixels* in sRGB; as they are when their profile is broken or is for others."""
    cms = require("PIL.ImageCms", EXTRA)
    try:
        source = cms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES.get(pixels.mode):
            return pixels
        target = cms.ImageCmsProfile(cms.createProfile("sRGB"))
        mode = "RGBA" if pixels.mode == "RGBA" else "RGB"
        return cms.profileToProfile(pixels, source, target, outputMode=mode)
    except (cms.PyCMSError, OSError, ValueError, TypeError):
        return pixels


def _plain(pixels: Any) -> Any:
    return pixels if pixels.mode in {"RGB", "RGBA"} else pixels.convert("RGB")

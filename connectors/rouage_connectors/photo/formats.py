"""Open the photo in an open file: known by its first bytes, judged by its header (S-45).

This runs in a process that is given up when a photo harms it; see `darkroom`.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from rouage.sdk import StepError, Text
from rouage.sdk.extras import require
from rouage_connectors.photo.declaration import EXTRA, RAW_EXTRA
from rouage_connectors.photo.metadata import exif_of_raw

MOST_PIXELS: Final = 50_000_000
MOST_BYTES: Final = 200 << 20
EXTENSIONS: Final = frozenset(
    "jpg jpeg jpe png webp gif heic heif cr2 cr3 nef arw dng orf raf rw2".split()  # noqa: SIM905 - as one reads it
)
"""Which files of a folder are photos."""

_HEIF_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_RAW_BEGINNINGS: Final = (
    *(b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"),
    b"FUJIFILMCCD-RAW",
)

UNKNOWN: Final = Text(
    "this is not a photo that Rouage reads (JPEG, PNG, WebP or GIF)",
    "ce n’est pas une photo que Rouage lit (JPEG, PNG, WebP ou GIF)",
)
BROKEN: Final = Text("the photo is damaged or cut off", "la photo est abîmée ou tronquée")
BROKEN_HINT: Final = Text(
    "copy it again from the camera or its card", "recopiez-la depuis l’appareil ou sa carte"
)
MANY_PIXELS: Final = Text(
    "the photo claims more than {limit} million pixels",
    "la photo annonce plus de {limit} millions de pixels",
)
LARGE: Final = Text("the file is larger than {limit} MiB", "le fichier dépasse {limit} Mio")
EMPTY: Final = Text("the file is empty", "le fichier est vide")


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """Open the photo *file* (a `PIL.Image.Image`), its pixels not read yet.

    Raises:
        StepError: it is no photo, claims too many pixels, or is found broken while it is open.
    """
    module = require("PIL.Image", EXTRA)
    module.MAX_IMAGE_PIXELS = MOST_PIXELS
    kind = _kind(file)
    with explained(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we judge the size ourselves; odd metadata is common
        image = _developed(file) if kind == "RAW" else module.open(file, formats=_formats(kind))
        with image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise too_many()
            yield image


@contextmanager
def explained() -> Iterator[None]:
    """Say what the libraries raise over a broken photo as one sentence."""
    try:
        yield
    except (StepError, MemoryError):
        raise
    except Exception as error:
        # Whatever they raise over a hostile file is said of that file: the kinds are endless.
        if type(error).__name__ == "DecompressionBombError":
            raise too_many() from error
        raise StepError(BROKEN, hint=BROKEN_HINT) from error


def too_many() -> StepError:
    """Return the error for a photo of too many pixels."""
    return StepError(MANY_PIXELS, limit=MOST_PIXELS // 10**6)


def _kind(file: BinaryIO) -> str:
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise StepError(EMPTY)
    if size > MOST_BYTES:
        raise StepError(LARGE, limit=MOST_BYTES >> 20)
    head = file.read(16)
    file.seek(0)
    found = _kind_of(head)
    if found is None:
        raise StepError(UNKNOWN)
    return found


def _kind_of(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "HEIF" if brand in _HEIF_BRANDS else "RAW" if brand == b"crx " else None
    return "RAW" if head.startswith(_RAW_BEGINNINGS) else None


def _formats(kind: str) -> list[str]:
    if kind == "HEIF":
        require("pillow_heif", RAW_EXTRA).register_heif_opener()
    # Cameras write several pictures into one JPEG file (MPO); the first is the photo.
    return ["JPEG", "MPO"] if kind == "JPEG" else [kind]


def _developed(file: BinaryIO) -> Any:
    """Return a camera's raw file as an image, at half its size: four sensors are one pixel."""
    rawpy = require("rawpy", RAW_EXTRA)
    with rawpy.imread(file) as raw:
        sizes = raw.sizes
        if sizes.raw_width * sizes.raw_height > 4 * MOST_PIXELS:
            raise too_many()
        pixels = raw.postprocess(half_size=True, use_camera_wb=True)
    image = require("PIL.Image", EXTRA).fromarray(pixels)
    image.format = "RAW"
    image.info["exif"] = exif_of_raw(file)
    return image

"""What a photo says about itself (EXIF): read it, and choose what its copy says."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO, Final, Literal

from rouage.sdk.extras import require
from rouage_connectors.photo.declaration import EXTRA

Keep = Literal["camera", "date", "nothing"]

ORIENTATION: Final = 0x0112
_MAKE, _MODEL, _DATE, _ARTIST, _COPYRIGHT = 0x010F, 0x0110, 0x0132, 0x013B, 0x8298
_EXIF, _GPS = 0x8769, 0x8825
_TAKEN: Final = 0x9003
_DATES: Final = (0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9291, 0x9292)
_CAMERA: Final = (
    *(0x829A, 0x829D, 0x8822, 0x8827, 0x9201, 0x9202, 0x9204, 0x9205, 0x9207, 0x9209),
    *(0x920A, 0xA402, 0xA403, 0xA405, 0xA433, 0xA434),
)
"""Exposure, aperture, sensitivity, focal length, lens: nothing that names a person, a place or
one device. Serial numbers and what makers add of their own stay out."""
_LONGEST: Final = 200
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_DATE_FORMAT: Final = "%Y:%m:%d %H:%M:%S"


def facts(image: Any) -> dict[str, Any]:
    """Return what the photo *image* says about itself, in plain words."""
    exif = _exif(image)
    inner = exif.get_ifd(_EXIF)
    turned = orientation(image) in {5, 6, 7, 8}
    width, height = image.size[::-1] if turned else image.size
    return {
        "format": {"MPO": "JPEG", "HEIF": "HEIC"}.get(image.format, image.format),
        "width": width,
        "height": height,
        "orientation": orientation(image),
        "taken": taken(image),
        "make": _text(exif.get(_MAKE)),
        "model": _text(exif.get(_MODEL)),
        "lens": _text(inner.get(0xA434)),
        "exposure": _number(inner.get(0x829A)),
        "aperture": _number(inner.get(0x829D)),
        "iso": _whole(inner.get(0x8827)),
        "focal_length": _number(inner.get(0x920A)),
        "artist": _text(exif.get(_ARTIST)),
        "copyright": _text(exif.get(_COPYRIGHT)),
        "has_location": {2, 4} <= set(exif.get_ifd(_GPS)),
    }


def orientation(image: Any) -> int:
    """Return how the photo must be turned to stand upright, from 1 (not at all) to 8."""
    found = _exif(image).get(ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def taken(image: Any) -> str | None:
    """Return when the photo was taken (ISO, without a zone: cameras know none)."""
    exif = _exif(image)
    inner = exif.get_ifd(_EXIF)
    for written in (inner.get(_TAKEN), inner.get(0x9004), exif.get(_DATE)):
        try:
            moment = datetime.strptime(_text(written) or "", _DATE_FORMAT)  # noqa: DTZ007
        except ValueError:
            continue
        return moment.isoformat()
    return None


def exif_for(
    image: Any, *, keep: Keep, location: bool, artist: str | None, copyright_: str | None
) -> bytes:
    """Return the EXIF block of a copy of *image*: upright, and only what may be told."""
    source = _exif(image)
    made = _chosen(source, keep=keep, location=location)
    for tag, text in ((_ARTIST, artist), (_COPYRIGHT, copyright_)):
        said = text or (_text(source.get(tag)) if keep == "camera" else None)
        if said:
            made[tag] = said.encode()  # the standard says ASCII; everybody reads UTF-8
    block: bytes = made.tobytes()
    return block


def exif_of_raw(file: BinaryIO) -> bytes:
    """Return what the camera wrote into a raw file, for the upright image that is made of it."""
    source = require("PIL.Image", EXTRA).Exif()
    with suppress(Exception):  # most makers write TIFF; of the others nothing is told
        file.seek(0)
        source.load_from_fp(file)
        block: bytes = _chosen(source, keep="camera", location=True).tobytes()
        return block
    return b""


def _chosen(source: Any, *, keep: Keep, location: bool) -> Any:
    made = require("PIL.Image", EXTRA).Exif()
    made[ORIENTATION] = 1
    inner, kept = source.get_ifd(_EXIF), made.get_ifd(_EXIF)
    if keep != "nothing":
        _copy(source, made, (_DATE,))
        _copy(inner, kept, _DATES)
    if keep == "camera":
        _copy(source, made, (_MAKE, _MODEL))
        _copy(inner, kept, _CAMERA)
    if location:
        made.get_ifd(_GPS).update(source.get_ifd(_GPS))
    return made


def _exif(image: Any) -> Any:
    """Return what cameras wrote into *image*; nothing when it cannot be read."""
    try:
        exif = image.getexif()
        for part in (_EXIF, _GPS):
            exif.get_ifd(part)
    except Exception:  # noqa: BLE001 - broken notes are common, and no reason to refuse the photo
        return require("PIL.Image", EXTRA).Exif()
    return exif


def _copy(source: Any, target: Any, tags: tuple[int, ...]) -> None:
    for tag in tags:
        value = source.get(tag)
        if value is not None and len(str(value)) <= _LONGEST:
            target[tag] = value


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return None
    with suppress(ValueError):  # Pillow reads ASCII as Latin-1; what was UTF-8 comes back
        value = value.encode("latin-1").decode("utf-8")
    return _CONTROLS.sub(" ", value).strip()[:_LONGEST] or None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return round(number, 6) if 0 <= number < 1e9 else None


def _whole(value: Any) -> int | None:
    number = _number(value[0] if isinstance(value, tuple) and value else value)
    return None if number is None else int(number)

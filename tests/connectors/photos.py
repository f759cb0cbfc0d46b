"""Photos that the tests make: scenes with texture, notes of cameras, and files that do harm."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageChops

CORNERS: Final = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
"""Red, green, blue, yellow: top left, top right, bottom left, bottom right."""

_LAID: Final = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Return something like a photo: shapes, and the same texture each time."""
    grain = Image.new("L", (width // 8, height // 8))
    grain.putdata(
        [(place * 7_919 * (place % 31 + 1)) % 251 for place in range(grain.width * grain.height)]
    )
    texture = grain.resize((width, height), Image.Resampling.BICUBIC)
    down = Image.linear_gradient("L").resize((width, height))
    round_ = Image.radial_gradient("L").resize((width, height))
    return Image.merge(
        "RGB",
        (
            ImageChops.add(down, texture, 2),
            ImageChops.add(round_, texture, 2),
            ImageChops.add(down, round_, 2),
        ),
    )


def cornered(width: int = 96, height: int = 64) -> Image.Image:
    """Return an image with one colour in each corner."""
    made = Image.new("RGB", (width, height), "grey")
    across, down = width // 2, height // 2
    for place, colour in enumerate(CORNERS):
        made.paste(
            colour,
            (
                place % 2 * across,
                place // 2 * down,
                (place % 2 + 1) * across,
                (place // 2 + 1) * down,
            ),
        )
    return made


def corners(path: Path | str) -> list[tuple[int, ...]]:
    """Return the colours near the corners of a file, each channel all or nothing."""
    with Image.open(path) as image:
        shown = image.convert("RGB")
    width, height = shown.size
    spots = [(4, 4), (width - 5, 4), (4, height - 5), (width - 5, height - 5)]
    return [tuple(255 if value > 127 else 0 for value in shown.getpixel(spot)) for spot in spots]


def laid(image: Image.Image, orientation: int) -> Image.Image:
    """Return *image* as a camera stores it that is held in this *orientation*."""
    turn = _LAID[orientation]
    return image if turn is None else image.transpose(turn)


def exif(
    *,
    orientation: int = 1,
    taken: str | None = None,
    location: bool = False,
    model: str | None = None,
    artist: str | None = None,
) -> Image.Exif:
    """Return what a camera writes; *taken* as in `2026:05:01 10:00:00`."""
    made = Image.Exif()
    made[0x0112] = orientation
    if model is not None:
        made[0x010F], made[0x0110] = "Canon", model
        made.get_ifd(0x8769)[0xA431] = "serial 12345"
    if taken is not None:
        made.get_ifd(0x8769)[0x9003] = taken
    if location:
        made.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 21.0, 3.0)})
    if artist is not None:
        made[0x013B] = artist
    return made


def write(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    """Write a photo, in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (scene() if image is None else image).save(path, **options)
    return path


def bytes_of(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Return *image* as a file in memory."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """Return a small PNG that claims to be *width* × *height*."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(bytes(4_096))),
            (b"IEND", b""),
        )
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """Return a small JPEG that claims to be *width* × *height*."""
    data = bytearray(bytes_of(scene(64, 48)))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def png_with_16_bits(width: int = 320, height: int = 240) -> bytes:
    """Return a PNG of 16 bits for each of red, green and blue, which Pillow cannot write."""
    rows = bytearray()
    for y in range(height):
        rows += b"\0" + b"".join(
            struct.pack(">HHH", x * 65_535 // width, y * 65_535 // height, 32_768)
            for x in range(width)
        )
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    )


def dng(width: int = 320, height: int = 240, *, orientation: int = 1) -> bytes:
    """Return the raw file of a camera: darker at the left, without any colour."""
    pixels = b"".join(
        struct.pack("<H", 1_000 + 12_000 * x // width) for _ in range(height) for x in range(width)
    )
    tags: dict[int, tuple[int, int, bytes]] = {
        254: _long(0),
        256: _long(width),
        257: _long(height),
        258: _short(16),
        259: _short(1),
        262: _short(32_803),
        271: _words("Canon"),
        272: _words("Test 1"),
        273: _long(0),
        274: _short(orientation),
        277: _short(1),
        278: _long(height),
        279: _long(len(pixels)),
        306: _words("2026:05:01 10:00:00"),
        33_421: _short(2, 2),
        33_422: (1, 4, b"\0\1\1\2"),
        50_706: (1, 4, b"\1\4\0\0"),
        50_708: _words("Test 1"),
        50_717: _short(16_383),
        50_721: _ratios(10, 1, 0, 0, 0, 1, 0, 0, 0, 1),
        50_728: _ratios(5, 1, 1, 1),
        50_778: _short(21),
    }
    start = 8 + 2 + 12 * len(tags) + 4
    tags[273] = _long(start + sum(len(data) for _, _, data in tags.values() if len(data) > 4))
    entries = beside = b""
    for tag, (kind, count, data) in sorted(tags.items()):
        place = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", start + len(beside))
        beside += data if len(data) > 4 else b""
        entries += struct.pack("<HHI", tag, kind, count) + place
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + entries + bytes(4) + beside + pixels


def _short(*values: int) -> tuple[int, int, bytes]:
    return 3, len(values), struct.pack(f"<{len(values)}H", *values)


def _long(value: int) -> tuple[int, int, bytes]:
    return 4, 1, struct.pack("<I", value)


def _words(text: str) -> tuple[int, int, bytes]:
    data = text.encode() + b"\0"
    return 2, len(data), data + bytes(len(data) % 2)


def _ratios(kind: int, *values: int) -> tuple[int, int, bytes]:
    return kind, len(values), b"".join(struct.pack("<ii", value, 1) for value in values)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

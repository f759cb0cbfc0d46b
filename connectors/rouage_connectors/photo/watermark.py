"""The mark that signs a photo: a text or a picture, laid over it."""

import io
from functools import lru_cache
from typing import Any, Final, Literal

from rouage.sdk.extras import require
from rouage_connectors.photo.declaration import EXTRA
from rouage_connectors.photo.formats import opened
from rouage_connectors.photo.letters import font_of, without_accents
from rouage_connectors.photo.pixels import load

Corner = Literal[
    "top-left",
    "top",
    "top-right",
    "left",
    "center",
    "right",
    "bottom-left",
    "bottom",
    "bottom-right",
]

_MARGIN: Final = 0.025
_SIZE: Final = 96


def lay_over(pixels: Any, mark: Any, *, corner: Corner, width: float, opacity: float) -> Any:
    """Return *pixels* under *mark* (RGBA), which is *width* of the width of the photo."""
    module = require("PIL.Image", EXTRA)
    wide = max(1, round(pixels.width * width))
    high = max(1, round(mark.height * wide / mark.width))
    if high > pixels.height * 0.5:
        high = max(1, round(pixels.height * 0.5))
        wide = max(1, round(mark.width * high / mark.height))
    fitted = mark.resize((wide, high), module.Resampling.BICUBIC)
    alpha = fitted.getchannel("A").point([round(value * opacity) for value in range(256)])
    margin = round(max(pixels.size) * _MARGIN)
    place = _place(corner, pixels.size, fitted.size, margin)
    if pixels.mode == "RGBA":
        fitted.putalpha(alpha)
        pixels.alpha_composite(fitted, place)
    else:
        pixels.paste(fitted.convert("RGB"), place, alpha)
    return pixels


@lru_cache(maxsize=4)
def picture(data: bytes) -> Any:
    """Return the picture *data* (a PNG with transparency, mostly) as a mark."""
    file = io.BytesIO(data)
    with opened(file) as image:
        return load(image, file, longest=2_000, engine="pillow").convert("RGBA")


@lru_cache(maxsize=4)
def lettering(text: str) -> Any:
    """Return *text* as a mark: white with a dark edge, seen on any photo."""
    module, drawing = require("PIL.Image", EXTRA), require("PIL.ImageDraw", EXTRA)
    font, has_accents = font_of(_SIZE)
    said = text if has_accents else without_accents(text) or "©"
    left, top, right, bottom = font.getbbox(said, stroke_width=5)
    size = max(1, int(right - left)), max(1, int(bottom - top))
    mark = module.new("RGBA", size, (0, 0, 0, 0))
    drawing.Draw(mark).text(
        (-left, -top), said, font=font, fill="white", stroke_width=5, stroke_fill=(0, 0, 0, 160)
    )
    return mark


def _place(
    corner: Corner, outer: tuple[int, int], inner: tuple[int, int], margin: int
) -> tuple[int, int]:
    words = corner.split("-")
    across = 0.0 if "left" in words else 1.0 if "right" in words else 0.5
    down = 0.0 if "top" in words else 1.0 if "bottom" in words else 0.5

    def start(whole: int, part: int, share: float) -> int:
        at = margin + (whole - part - 2 * margin) * share
        return max(0, min(round(at), whole - part))

    return start(outer[0], inner[0], across), start(outer[1], inner[1], down)

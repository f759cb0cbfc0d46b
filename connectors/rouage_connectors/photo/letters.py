"""Letters on pictures: a font of this machine, for titles, names and signatures."""

import unicodedata
from functools import cache
from typing import Any, Final

from rouage.sdk.extras import require
from rouage_connectors.photo.declaration import EXTRA

_NAMES: Final = (
    *("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf"),
    *("Arial.ttf", "arial.ttf", "Helvetica.ttc"),
)
_PLAIN: Final = str.maketrans(
    {
        "€": "EUR",
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "–": "-",
        "—": "-",
        "’": "'",
        "…": "...",
    }
)


class Lettering:
    """Letters of one size."""

    def __init__(self, size: int) -> None:
        self._font, self._has_accents = font_of(size)

    def width(self, text: str) -> int:
        """Return how many pixels *text* takes."""
        return int(self._font.getlength(self._said(text)))

    def fitted(self, text: str, width: int) -> str:
        """Return *text*, its middle left out where it would take more than *width* pixels."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:  # the most letters that fit
            middle = (low + high + 1) // 2
            if self.width(_shortened(text, middle)) <= width:
                low = middle
            else:
                high = middle - 1
        return _shortened(text, low) if low else ""

    def draw(self, canvas: Any, place: tuple[int, int], text: str, color: str) -> None:
        """Draw *text*, centred on *place* from left to right, its top there."""
        canvas.text(place, self._said(text), font=self._font, fill=color, anchor="ma")

    def _said(self, text: str) -> str:
        return text if self._has_accents else without_accents(text)


def _shortened(text: str, letters: int) -> str:
    """Return *letters* of *text*, more of its end where the number and the ending are."""
    head = letters // 2
    return f"{text[:head]}…{text[len(text) - (letters - head) :]}"


@cache
def font_of(size: int) -> tuple[Any, bool]:
    """Return a font, and whether it has the letters of French: the one Pillow brings has not."""
    fonts = require("PIL.ImageFont", EXTRA)
    for name in _NAMES:
        try:
            return fonts.truetype(name, size), True
        except OSError:
            continue
    return fonts.load_default(size), False


def without_accents(text: str) -> str:
    """Return *text* without the letters that a font without accents shows as empty boxes."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(letter for letter in apart if ord(letter) < 127 or letter == "©")

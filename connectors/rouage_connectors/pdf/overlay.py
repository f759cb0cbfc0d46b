"""A text drawn on a page of its own, to be laid over another: standard font, no file needed."""

import math
import unicodedata
from typing import Any, Final, Literal

from rouage.sdk import StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass

Position = Literal[
    "top-left", "top", "top-right", "center", "bottom-left", "bottom", "bottom-right", "diagonal"
]
Color = Literal["black", "grey", "red", "green", "blue"]

_COLORS: Final = {
    "black": "0 0 0", "grey": "0.5 0.5 0.5", "red": "0.8 0.1 0.1",
    "green": "0.1 0.5 0.2", "blue": "0.1 0.2 0.7",
}  # fmt: skip
_LEADING: Final = 1.25
_DESCENT: Final = 0.25
# Widths of Helvetica in thousandths of its size, from “ ” to “~”, as Adobe publishes them.
_WIDTHS: Final = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
_OTHER_WIDTH: Final = 556

_UNFIT: Final = Text(
    "the character “{character}” cannot be stamped: the font has none",
    "le caractère « {character} » ne peut pas être tamponné : la police ne l’a pas",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """Where and how a text is drawn; lengths in points."""

    position: Position
    size: float
    margin: float
    color: Color
    opacity: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """The visible part of a page, in points."""

    left: float
    bottom: float
    width: float
    height: float


def overlay_page(text: str, box: Box, style: Style) -> Any:
    """Return a page (`pypdf.PageObject`) that holds *text* where *style* puts it in *box*.

    Raises:
        StepError: the font lacks a character.
    """
    pypdf, generic = require("pypdf", "pdf"), require("pypdf.generic", "pdf")
    name, number = generic.NameObject, generic.FloatObject
    font = generic.DictionaryObject(
        {
            name("/Type"): name("/Font"),
            name("/Subtype"): name("/Type1"),
            name("/BaseFont"): name("/Helvetica"),
            name("/Encoding"): name("/WinAnsiEncoding"),
        }
    )
    state = generic.DictionaryObject({name("/ca"): number(style.opacity)})
    page = pypdf.PageObject.create_blank_page(
        width=box.left + box.width, height=box.bottom + box.height
    )
    page[name("/Resources")] = generic.DictionaryObject(
        {
            name("/Font"): generic.DictionaryObject({name("/RouageStamp"): font}),
            name("/ExtGState"): generic.DictionaryObject({name("/RouageStamp"): state}),
        }
    )
    content = generic.DecodedStreamObject()
    content.set_data(_drawing(text.split("\n"), box, style))
    page[name("/Contents")] = content
    return page


def width_of(line: str, size: float) -> float:
    """Return the width of *line* in points."""
    return sum(map(_width, line)) * size / 1000


def _width(character: str) -> int:
    plain = unicodedata.normalize("NFD", character)[0]
    index = ord(plain) - 32
    return _WIDTHS[index] if 0 <= index < len(_WIDTHS) else _OTHER_WIDTH


def _drawing(lines: list[str], box: Box, style: Style) -> bytes:
    """Return the drawing commands."""
    commands = [b"q /RouageStamp gs BT"]
    commands.append(f"{_COLORS[style.color]} rg /RouageStamp {style.size:.2f} Tf".encode())
    for number, line in enumerate(lines):
        matrix = " ".join(f"{value:.3f}" for value in _matrix(line, number, len(lines), box, style))
        commands.append(f"{matrix} Tm ".encode() + _literal(line) + b" Tj")
    commands.append(b"ET Q")
    return b"\n".join(commands)


def _matrix(
    line: str, number: int, count: int, box: Box, style: Style
) -> tuple[float, float, float, float, float, float]:
    """Return turn and place of a line, as PDF writes them."""
    width, leading = width_of(line, style.size), style.size * _LEADING
    if style.position == "diagonal":
        angle = math.atan2(box.height, box.width)
        # From the middle of the page: half the text back, and its line up or down.
        along, across = -width / 2, (count / 2 - number - 0.5) * leading - style.size * _DESCENT
        cosine, sine = math.cos(angle), math.sin(angle)
        x = box.left + box.width / 2 + along * cosine - across * sine
        y = box.bottom + box.height / 2 + along * sine + across * cosine
        return cosine, sine, -sine, cosine, x, y
    x, y = _corner(width, leading * count, box, style)
    return 1, 0, 0, 1, x, y + (count - 1 - number) * leading + style.size * _DESCENT


def _corner(width: float, height: float, box: Box, style: Style) -> tuple[float, float]:
    """Return the lower left corner of a block of text."""
    right = box.left + box.width - style.margin - width
    middle = box.left + (box.width - width) / 2
    x = middle
    if style.position.endswith("left"):
        x = box.left + style.margin
    elif style.position.endswith("right"):
        x = right
    y = box.bottom + (box.height - height) / 2
    if style.position.startswith("top"):
        y = box.bottom + box.height - style.margin - height
    elif style.position.startswith("bottom"):
        y = box.bottom + style.margin
    return x, y


def _literal(line: str) -> bytes:
    """Return *line* as a PDF string."""
    try:
        data = line.encode("cp1252")
    except UnicodeEncodeError as error:
        raise StepError(_UNFIT, character=shown(line[error.start])) from None
    for special in (b"\\", b"(", b")"):
        data = data.replace(special, b"\\" + special)
    return b"(" + data.replace(b"\r", b" ") + b")"

"""Draw one page of a contact sheet."""

import io
from collections.abc import Callable, Sequence
from typing import Any, Final

from rouage.sdk.extras import require
from rouage.sdk.records import dataclass
from rouage_connectors.photo.contact_sheet_layout import Layout
from rouage_connectors.photo.declaration import EXTRA
from rouage_connectors.photo.gallery_photos import Missed, Small
from rouage_connectors.photo.letters import Lettering
from rouage_connectors.photo.pixels import srgb_profile

_INK, _SOFT, _EMPTY, _EDGE = "#1f2937", "#6b7280", "#f3f4f6", "#d1d5db"
_QUALITY: Final = 88


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One photo on the sheet, with what stands below it."""

    picture: Small | Missed
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What stands around the photos of a page, and what an empty place says."""

    title: str | None
    foot: str | None
    unreadable: str


def draw_page(
    layout: Layout, page: Page, cells: Sequence[Sequence[Shot]], *, is_cut: bool
) -> tuple[bytes, int, int]:
    """Return a page as a JPEG file, its width and its height; *is_cut* below the last photo."""
    images, drawing = require("PIL.Image", EXTRA), require("PIL.ImageDraw", EXTRA)
    sheet = images.new("RGB", (layout.width, layout.height), "white")
    pen = _Pen(layout, page, sheet, drawing.Draw(sheet), images.frombytes)
    used = pen.draw(cells)
    if is_cut:
        sheet = sheet.crop((0, 0, layout.width, used))
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=_QUALITY, icc_profile=srgb_profile())
    return file.getvalue(), sheet.width, sheet.height


class _Pen:
    def __init__(
        self, layout: Layout, page: Page, sheet: Any, canvas: Any, read: Callable[..., Any]
    ) -> None:
        self._layout, self._page = layout, page
        self._sheet, self._canvas, self._read = sheet, canvas, read
        self._letters = Lettering(layout.text)

    def draw(self, cells: Sequence[Sequence[Shot]]) -> int:
        """Draw all of the page; return how far down it goes."""
        layout, page = self._layout, self._page
        if page.title:
            letters, room = Lettering(layout.text * 2), layout.width - 2 * layout.margin
            place = (layout.width // 2, layout.margin)
            letters.draw(self._canvas, place, letters.fitted(page.title, room), _INK)
        top = layout.margin + layout.header
        for start in range(0, len(cells), layout.columns):
            top = self._row(cells[start : start + layout.columns], top)
        if page.foot:
            place = (layout.width // 2, layout.height - layout.margin - layout.text)
            self._letters.draw(self._canvas, place, page.foot, _SOFT)
            return layout.height
        return min(layout.height, top - layout.gap + layout.margin // 2)

    def _row(self, cells: Sequence[Sequence[Shot]], top: int) -> int:
        """Draw one row; return where the next begins."""
        layout = self._layout
        high = max(self._height(shot) for cell in cells for shot in cell)
        for column, cell in enumerate(cells):
            left = layout.margin + column * (layout.cell + layout.gap)
            for place, shot in enumerate(cell):
                self._shot(shot, left + place * (layout.box[0] + layout.gap // 2), top, high)
        return top + high + layout.caption + layout.gap

    def _height(self, shot: Shot) -> int:
        if isinstance(shot.picture, Small):
            return self._size(shot.picture)[1]
        return self._layout.box[1] // 2  # as high as its neighbours, or half a place

    def _size(self, picture: Small) -> tuple[int, int]:
        """Return the size at which *picture* fits into its place."""
        wide, high = self._layout.box
        scale = min(1.0, wide / picture.width, high / picture.height)
        return max(1, int(picture.width * scale)), max(1, int(picture.height * scale))

    def _shot(self, shot: Shot, left: int, top: int, high: int) -> None:
        wide, picture = self._layout.box[0], shot.picture
        if isinstance(picture, Small):
            image = self._read("RGB", (picture.width, picture.height), picture.data)
            size = self._size(picture)
            image = image if image.size == size else image.resize(size)
            place = left + (wide - size[0]) // 2, top + (high - size[1]) // 2
            self._sheet.paste(image, place)
        else:
            corner = left + wide - 1, top + high - 1
            self._canvas.rectangle(((left, top), corner), fill=_EMPTY, outline=_EDGE)
            said = self._letters.fitted(self._page.unreadable, wide - 8)
            middle = left + wide // 2, top + (high - self._layout.text) // 2
            self._letters.draw(self._canvas, middle, said, _SOFT)
        if shot.caption:
            place = left + wide // 2, top + high + self._layout.text // 2
            self._letters.draw(self._canvas, place, self._letters.fitted(shot.caption, wide), _INK)

"""Where everything lies on a contact sheet; worked out from the number of photos alone."""

from collections.abc import Iterator
from typing import Final, Literal

from rouage.sdk.records import dataclass

Shape = Literal["portrait", "landscape"]

_SIDES: Final = 2**0.5
"""Those of A4, so that a sheet can be printed."""
_BOX: Final = 0.8
"""Height of a place by its width: room for photos that lie and for those that stand."""
_TALLEST: Final = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Sizes in pixels."""

    width: int
    height: int
    margin: int
    gap: int
    text: int
    """Height of the letters of a name."""
    header: int
    caption: int
    columns: int
    rows: int
    cell: int
    """Width of one place, or of a pair."""
    box: tuple[int, int]
    """The most that one photo takes."""

    @property
    def per_page(self) -> int:
        """Return how many photos (or pairs) go on one page."""
        return self.columns * self.rows

    def pages(self, count: int) -> int:
        """Return how many pages *count* photos (or pairs) take."""
        return -(-count // self.per_page)

    def parts(self, count: int) -> Iterator[range]:
        """Yield the numbers of the photos of each page."""
        for start in range(0, count, self.per_page):
            yield range(start, min(start + self.per_page, count))


def lay_out(
    count: int, *, longest: int, shape: Shape, columns: int | None, has_pairs: bool, has_title: bool
) -> Layout:
    """Return the layout for *count* photos, or pairs of them."""
    other = round(longest / _SIDES)
    width, height = (longest, other) if shape == "landscape" else (other, longest)
    margin, text = longest // 45, max(12, longest // 85)
    gap, caption, header = margin // 2, text * 2, text * 4 if has_title else 0
    across = min(count, columns or (2 if has_pairs else 4))
    cell = (width - 2 * margin - (across - 1) * gap) // across
    box = (cell - gap // 2) // 2 if has_pairs else cell
    free = height - 2 * margin - header - caption
    is_one_row = count <= across
    high = min(free - caption, round(box * (_TALLEST if is_one_row else _BOX)))
    return Layout(
        width=width,
        height=height,
        margin=margin,
        gap=gap,
        text=text,
        header=header,
        caption=caption,
        columns=across,
        rows=max(1, (free + gap) // (high + caption + gap)),
        cell=cell,
        box=(box, high),
    )

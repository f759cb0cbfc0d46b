"""A PDF whose pages are pictures, written page by page: as much memory as one page takes.

The same pages give the same bytes: there is no date and no name of a program in it.
"""

from typing import BinaryIO, Final

_A4: Final = (595.28, 841.89)
_CATALOG, _PAGES = 1, 2


class PicturePdf:
    """Writes JPEG files as the pages of a document. Call `end` after the last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._place = 0
        self._places: dict[int, int] = {}
        self._pages: list[int] = []
        self._write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def add(self, picture: bytes, *, width: int, height: int) -> None:
        """Add one page with the JPEG *picture* of that many pixels, as large as A4 has room."""
        page = _CATALOG + _PAGES + 3 * len(self._pages)
        image, content = page + 1, page + 2
        across, down = _A4 if height >= width else _A4[::-1]
        scale = min(across / width, down / height)
        wide, high = width * scale, height * scale
        drawn = b"q %.2f 0 0 %.2f %.2f %.2f cm /P Do Q" % (
            *(wide, high, (across - wide) / 2),
            down - high,
        )
        self._object(
            page,
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %.2f %.2f] /Contents %d 0 R"
            b" /Resources << /XObject << /P %d 0 R >> >> >>"
            % (_PAGES, across, down, content, image),
        )
        facts = (
            b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB"
            b" /BitsPerComponent 8 /Filter /DCTDecode" % (width, height)
        )
        self._stream(image, facts, picture)
        self._stream(content, b"", drawn)
        self._pages.append(page)

    def end(self, *, language: str) -> None:
        """Write what tells where the pages lie."""
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        count = len(self._pages)
        self._object(_PAGES, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids))
        spoken = language.encode()
        self._object(_CATALOG, b"<< /Type /Catalog /Pages %d 0 R /Lang (%s) >>" % (_PAGES, spoken))
        start, size = self._place, len(self._places) + 1
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            self._write(b"%010d 00000 n \n" % self._places[number])
        self._write(b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (size, _CATALOG))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)

    def _object(self, number: int, body: bytes) -> None:
        self._places[number] = self._place
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _stream(self, number: int, facts: bytes, data: bytes) -> None:
        self._places[number] = self._place
        self._write(b"%d 0 obj\n<< %s /Length %d >>\nstream\n" % (number, facts, len(data)))
        self._write(data)
        self._write(b"\nendstream\nendobj\n")

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._place += len(data)

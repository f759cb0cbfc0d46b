"""Is a document whole? Each kind of file is known by how it begins, and must have its end.

Only files whose name says their kind are looked at, and only their ends are read: nothing
is parsed. A file that does not begin as its name says is of another kind, and not judged;
one that begins with zeros only has its space, and not yet its content (features N-13).
"""

import os
import re
from collections.abc import Callable
from typing import Final

_TAIL: Final = 1 << 16
_PIECE: Final = 1 << 20
_HEAD: Final = 1024
_PDF_TAIL: Final = 1 << 12
_PDF_LENGTH: Final = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d{1,18})")
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_ZIP_LONG_END: Final = b"PK\x06\x07"
_ZIP_ENTRY: Final = b"PK\x01\x02"
_PNG_END: Final = b"IEND\xaeB`\x82"
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_END, _JPEG_SCAN, _JPEG_FILL = 0xD9, 0xDA, 0xFF


_MAC_DATALESS: Final = 0x4000_0000
_WINDOWS_ELSEWHERE: Final = 0x1000 | 0x4_0000 | 0x40_0000


def is_elsewhere(facts: os.stat_result) -> bool:
    """Say whether a cloud service shows the file and has not brought its content yet.

    Reading it would have it brought at once, whoever wants it. macOS marks it as dataless
    (`SF_DATALESS`, <sys/stat.h>), Windows as offline or to be recalled when it is opened or read
    (file attribute constants); a service on Linux does not tell.
    """
    flags = getattr(facts, "st_flags", 0) & _MAC_DATALESS
    return bool(flags or getattr(facts, "st_file_attributes", 0) & _WINDOWS_ELSEWHERE)


def is_whole(descriptor: int, name: bytes, size: int) -> bool:
    """Say whether the open file has its end; True for kinds that nobody can judge."""
    kind = _KINDS.get(name.rpartition(b".")[2].lower()) if b"." in name else None
    if kind is None or size == 0:
        return True
    begins, ends = kind
    head = os.pread(descriptor, _HEAD, 0)
    if not head.strip(b"\0"):
        return False
    return not begins(head) or ends(descriptor, size)


def _begins_as(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _begins_as_pdf(head: bytes) -> bool:
    return b"%PDF-" in head


def _tail(descriptor: int, size: int) -> bytes:
    start = max(0, size - _TAIL)
    return os.pread(descriptor, size - start, start)


def _ends_as_pdf(descriptor: int, size: int) -> bool:
    """Look for the end mark, and for the length that files made for the web tell at once.

    Those have an end mark near their beginning too. Programs may add bytes after the last.
    """
    told = _PDF_LENGTH.search(os.pread(descriptor, _HEAD, 0))
    if told is not None and size < int(told[1]):
        return False
    start = max(0, size - _PDF_TAIL)
    return b"%%EOF" in os.pread(descriptor, size - start, start)


def _ends_as_zip(descriptor: int, size: int) -> bool:
    """Look for the directory at the end, and for its first entry where it says that to be."""
    tail = _tail(descriptor, size)
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) - at < _ZIP_END_BYTES:
        return False
    end = tail[at : at + _ZIP_END_BYTES]
    count, length, offset = (
        int.from_bytes(end[first:last], "little") for first, last in ((10, 12), (12, 16), (16, 20))
    )
    if 0xFFFFFFFF in {length, offset} or count == 0xFFFF:
        return _ZIP_LONG_END in tail[:at]
    place = size - len(tail) + at
    if length > place or (count and not offset):
        return False
    # What stands before the archive (a program that unpacks itself) shifts the offsets.
    return count == 0 or os.pread(descriptor, 4, place - length) == _ZIP_ENTRY


def _ends_as_png(descriptor: int, size: int) -> bool:
    return _PNG_END in _tail(descriptor, size) or _has(descriptor, size, 0, _PNG_END)


def _ends_as_jpeg(descriptor: int, size: int) -> bool:
    """Look for the end of the picture itself: the preview before it has an end of its own."""
    scan = _find_scan(descriptor, size)
    return scan is not None and _has(descriptor, size, scan, b"\xff\xd9")


def _find_scan(descriptor: int, size: int) -> int | None:
    """Return where the picture's data begin, after the segments that describe it."""
    place = 2
    while place + 4 <= size:
        marker = os.pread(descriptor, 4, place)
        if len(marker) < 4 or marker[0] != _JPEG_FILL:
            return None
        kind = marker[1]
        if kind in {_JPEG_SCAN, _JPEG_END}:
            return place
        if kind == _JPEG_FILL:
            place += 1
        elif kind in _JPEG_BARE:
            place += 2
        else:
            place += 2 + max(2, int.from_bytes(marker[2:], "big"))
    return None


def _has(descriptor: int, size: int, start: int, mark: bytes) -> bool:
    """Say whether *mark* stands after *start*; the end is looked at first, then all of it."""
    overlap = len(mark) - 1
    first = max(start, size - _TAIL)
    if mark in os.pread(descriptor, size - first, first):
        return True
    while start < size:
        piece = os.pread(descriptor, _PIECE + overlap, start)
        if mark in piece:
            return True
        if len(piece) <= overlap:
            return False
        start += _PIECE
    return False


_Kind = tuple[Callable[[bytes], bool], Callable[[int, int], bool]]
_PDF: Final[_Kind] = (_begins_as_pdf, _ends_as_pdf)
_ZIP: Final[_Kind] = (_begins_as(b"PK\x03\x04", _ZIP_END), _ends_as_zip)
_JPEG: Final[_Kind] = (_begins_as(b"\xff\xd8\xff"), _ends_as_jpeg)
_KINDS: Final[dict[bytes, _Kind]] = {
    b"pdf": _PDF,
    b"jpg": _JPEG,
    b"jpeg": _JPEG,
    b"png": (_begins_as(b"\x89PNG\r\n\x1a\n"), _ends_as_png),
    **dict.fromkeys(
        (b"zip", b"docx", b"xlsx", b"pptx", b"odt", b"ods", b"odp", b"epub", b"docm", b"xlsm"),
        _ZIP,
    ),
}

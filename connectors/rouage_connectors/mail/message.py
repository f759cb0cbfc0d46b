"""A whole mail, taken apart without trust: its texts, and where its attachments stand.

The structure is found by walking over the bytes once per level, so that neither a huge
attachment nor a broken or absurdly nested mail costs more than its size.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import field
from email.message import Message
from mmap import mmap
from typing import Final, Literal

from rouage.sdk import JSON
from rouage.sdk.records import dataclass
from rouage_connectors.mail.automatic import kind_of
from rouage_connectors.mail.headers import clean, decode_text, parameters_of, parse_header, summary
from rouage_connectors.mail.markup import plain_text

Encoding = Literal["base64", "quoted-printable", "none"]

HEADER_BYTES: Final = 128 << 10
LONGEST_BODY: Final = 100_000
MOST_PARTS: Final = 200
_DEEPEST: Final = 15
_PIECE: Final = 1 << 20
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_BASE64))
_BLANK_LINE: Final = re.compile(rb"\A\r?\n|\r?\n\r?\n")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One leaf of a mail: what its header says, and where its content stands in the bytes."""

    header: Message
    type: str
    start: int
    end: int
    is_cut: bool

    @property
    def encoding(self) -> Encoding:
        """Return how the content is encoded; what is unknown counts as not encoded."""
        named = str(self.header.get("Content-Transfer-Encoding", "")).strip().lower()
        if named == "base64":
            return "base64"
        return "quoted-printable" if named == "quoted-printable" else "none"

    @property
    def name(self) -> str:
        """Return the name of the file, as the sender gave it."""
        disposition = parameters_of(self.header, "Content-Disposition").get("filename")
        return clean(disposition or parameters_of(self.header, "Content-Type").get("name", ""))

    @property
    def is_attachment(self) -> bool:
        """Say whether it is a file rather than a text to read."""
        disposition = str(self.header.get("Content-Disposition", "")).strip().lower()
        is_text = self.type in {"text/plain", "text/html"}
        return not is_text or disposition.startswith("attachment") or bool(self.name)


@dataclass(slots=True)
class _Walk:
    data: bytes
    parts: list[Part] = field(default_factory=list)
    is_cut: bool = False

    def visit(self, start: int, end: int, depth: int, *, is_cut: bool) -> None:
        if len(self.parts) >= MOST_PARTS:
            self.is_cut = True
            return
        header, body = _header_at(self.data, start, end)
        kind = _type_of(header)
        boundary = parameters_of(header, "Content-Type").get("boundary", "").rstrip()
        if kind.startswith("multipart/") and boundary and depth < _DEEPEST:
            pieces = list(_between(self.data, body, end, boundary, is_cut=is_cut))
            if pieces:
                for first, last, piece_is_cut in pieces:
                    self.visit(first, last, depth + 1, is_cut=piece_is_cut)
                return
        if kind.startswith("multipart/"):
            kind = "text/plain"  # no boundary to be found: show it as it is
        self.parts.append(Part(header=header, type=kind, start=body, end=end, is_cut=is_cut))


def read_message(data: bytes, *, is_cut: bool = False) -> dict[str, JSON]:
    """Return what a mail tells. *is_cut* says that *data* is only the beginning of one."""
    header, _ = _header_at(data, 0, len(data))
    walk = _Walk(data)
    walk.visit(0, len(data), 0, is_cut=is_cut)
    texts = [part for part in walk.parts if not part.is_attachment]
    plain, is_long = _first(data, texts, "text/plain")
    html, _ = _first(data, texts, "text/html")
    text = plain if plain is not None else plain_text(html or "")
    return {
        **summary(header),
        "text": text[:LONGEST_BODY],
        "html": html,
        "automatic": kind_of(header),
        "is_truncated": is_cut or walk.is_cut or is_long,
        "attachments": [_told(data, part) for part in walk.parts if part.is_attachment],
    }


def decoded(data: bytes | mmap, *, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """Yield the content that stands between *start* and *end*, piece by piece; never fails."""
    left = b""
    for place in range(start, end, _PIECE):
        piece = left + data[place : min(end, place + _PIECE)]
        is_last = place + _PIECE >= end
        if encoding == "base64":
            piece = piece.translate(None, _NOT_BASE64)
            size = len(piece) if is_last else len(piece) // 4 * 4
            left, piece = piece[size:], _from_base64(piece[:size])
        elif encoding == "quoted-printable":
            size = len(piece) if is_last else piece.rfind(b"\n") + 1
            left, piece = piece[size:], binascii.a2b_qp(piece[:size])
        if piece:
            yield piece


def _told(data: bytes, part: Part) -> dict[str, JSON]:
    place = {"start": part.start, "end": part.end, "encoding": part.encoding}
    pieces = decoded(data, start=part.start, end=part.end, encoding=part.encoding)
    return {
        "name": part.name,
        "type": part.type,
        "size": sum(map(len, pieces)),
        "is_whole": not part.is_cut,
        "inline": part.header.get("Content-ID") is not None,
        **place,
    }


def _first(data: bytes, parts: list[Part], kind: str) -> tuple[str | None, bool]:
    """Return the first text of a kind, and whether it had to be shortened."""
    for part in parts:
        if part.type == kind:
            end = min(part.end, part.start + 8 * LONGEST_BODY)
            raw = b"".join(decoded(data, start=part.start, end=end, encoding=part.encoding))
            text = decode_text(raw, parameters_of(part.header, "Content-Type").get("charset"))
            text = text.replace("\r\n", "\n").replace("\0", "")
            return text[:LONGEST_BODY], len(text) > LONGEST_BODY or end < part.end
    return None, False


def _header_at(data: bytes, start: int, end: int) -> tuple[Message, int]:
    """Return the header that begins at *start*, and where the content after it begins."""
    window = data[start : min(end, start + HEADER_BYTES)]
    found = _BLANK_LINE.search(window)
    size = len(window) if found is None else found.end()
    return parse_header(window[:size]), start + size


def _type_of(header: Message) -> str:
    kind = header.get_content_type()
    return kind if _TYPE.fullmatch(kind) else "application/octet-stream"


def _between(
    data: bytes, start: int, end: int, boundary: str, *, is_cut: bool
) -> Iterator[tuple[int, int, bool]]:
    """Yield the pieces between the lines that hold the boundary; the last may lack its end."""
    mark = re.escape(b"--" + boundary.encode("utf-8", "surrogateescape"))
    line = re.compile(rb"^" + mark + rb"(--)?[ \t]*\r?$", re.M)
    first: int | None = None
    for found in line.finditer(data, start, end):
        if first is not None:
            yield first, _without_line_end(data, first, found.start()), False
        first = min(end, found.end() + 1)
        if found[1] is not None:
            return
    if first is not None and first < end:
        yield first, end, is_cut


def _without_line_end(data: bytes, start: int, end: int) -> int:
    if end > start and data[end - 1 : end] == b"\n":
        end -= 1
    return end - 1 if end > start and data[end - 1 : end] == b"\r" else end


def _from_base64(text: bytes) -> bytes:
    """Return what *text*, of base64 characters only, stands for; a torn end is left out."""
    size = len(text) - (len(text) % 4 == 1)
    return binascii.a2b_base64(text[:size] + b"=" * (-size % 4))

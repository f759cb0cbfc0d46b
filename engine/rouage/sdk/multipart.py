"""Forms in several parts (`multipart/form-data`), read strictly from a body that is complete."""

import mmap
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from rouage.language import Text
from rouage.records import dataclass

Body = bytes | mmap.mmap
"""What came with a request; a large one lies in a file without a name."""

_PARAMETER: Final = re.compile(
    r';\s*([A-Za-z0-9!#$&+.^_`|~*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))'
)
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_QUOTED_PAIR: Final = re.compile(r"\\([\"\\])")
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LONGEST_HEAD: Final = 8_192
_MOST_HEADERS: Final = 16
_LONGEST_NAME: Final = 200
_PLAIN: Final = frozenset({"", "7bit", "8bit", "binary"})
_ESCAPES: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))

_NO_BOUNDARY: Final = Text(
    "the Content-Type names no usable boundary",
    "le Content-Type ne nomme pas de séparateur utilisable",
)
_MALFORMED: Final = Text(
    "the parts of the form are malformed", "les parties du formulaire sont mal formées"
)
_ENCODED: Final = Text(
    "a part is encoded, or has parts itself: neither is accepted",
    "une partie est encodée, ou a elle-même des parties : rien de cela n’est accepté",
)
_TOO_MANY: Final = Text("the form has too many parts", "le formulaire a trop de parties")
_TOO_LARGE: Final = Text(
    "a part of the form is too large", "une partie du formulaire est trop grande"
)


class MultipartError(Exception):
    """Report that the body is no form, with the `status` to answer (400 or 413)."""

    def __init__(self, message: Text, *, status: int = 400) -> None:
        self.message = message
        self.status = status
        super().__init__(message.en)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part; `file_name` is None for a plain field. `kind` is the type its sender declares."""

    name: str
    content: memoryview
    kind: str = ""
    file_name: str | None = None

    def text(self) -> str:
        """Return a plain field as text.

        Raises:
            MultipartError: it is not UTF-8.
        """
        return _text(self.content)


@dataclass(frozen=True, kw_only=True, slots=True)
class MultipartLimits:
    """The bounds of one form; that of the whole is the size of the body."""

    parts: int = 200
    field_bytes: int = 1 << 20
    file_bytes: int = 64 << 20


def read_multipart(
    body: Body, content_type: str, limits: MultipartLimits | None = None
) -> list[Part]:
    """Return the parts of *body*; their contents are views of it, nothing is copied.

    Raises:
        MultipartError: it is not a form in parts, or beyond *limits*.
    """
    limits = limits or MultipartLimits()
    line = b"--" + _boundary_of(content_type)
    view = memoryview(body)
    start = 2 if body[:2] == b"\r\n" else 0
    if body[start : start + len(line)] != line:
        raise MultipartError(_MALFORMED)
    position = start + len(line)
    parts: list[Part] = []
    while body[position : position + 2] != b"--":
        if len(parts) >= limits.parts:
            raise MultipartError(_TOO_MANY, status=413)
        if body[position : position + 2] != b"\r\n":
            raise MultipartError(_MALFORMED)
        end = body.find(b"\r\n" + line, position)
        if end < 0:
            raise MultipartError(_MALFORMED)
        parts.append(_part(body, view, position, end, limits))
        position = end + 2 + len(line)
    if bytes(body[position + 2 : position + 6]).strip() or len(body) - position > 4:
        raise MultipartError(_MALFORMED)
    return parts


def _part(body: Body, view: memoryview, start: int, end: int, limits: MultipartLimits) -> Part:
    head_end = body.find(b"\r\n\r\n", start, min(end + 4, start + _LONGEST_HEAD))
    if head_end < 0 or head_end + 4 > end + 2:
        raise MultipartError(_MALFORMED)
    fields = _fields(bytes(body[start + 2 : head_end])) if head_end > start else {}
    content = view[min(head_end + 4, end) : end]
    disposition = fields.get("content-disposition", "")
    kind = fields.get("content-type", "")
    if disposition.partition(";")[0].strip().lower() != "form-data":
        raise MultipartError(_MALFORMED)
    encoding = fields.get("content-transfer-encoding", "").lower()
    if encoding not in _PLAIN or kind.lower().startswith("multipart/"):
        raise MultipartError(_ENCODED)
    given = _parameters(disposition)
    name, file_name = _name(given, "name"), _name(given, "filename")
    if not name or len(name) > _LONGEST_NAME:
        raise MultipartError(_MALFORMED)
    if len(content) > (limits.field_bytes if file_name is None else limits.file_bytes):
        raise MultipartError(_TOO_LARGE, status=413)
    return Part(name=name, content=content, kind=kind, file_name=file_name)


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    lines = _text(memoryview(head)).split("\r\n")
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None or found[1].lower() in fields or len(lines) > _MOST_HEADERS:
            raise MultipartError(_MALFORMED)
        fields[found[1].lower()] = found[2]
    return fields


def _parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header; one given twice is an attempt to be read two ways."""
    head, mark, rest = value.partition(";")
    del head
    found: dict[str, str] = {}
    position, text = 0, mark + rest
    while position < len(text.rstrip(" \t;")):
        match = _PARAMETER.match(text, position)
        if match is None or match[1].lower() in found:
            raise MultipartError(_MALFORMED)
        quoted = match[2]
        found[match[1].lower()] = match[3] if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        position = match.end()
        position += len(text[position:]) - len(text[position:].lstrip(" \t"))
    return found


def _name(given: Mapping[str, str], word: str) -> str | None:
    extended = given.get(f"{word}*")
    if extended is not None and extended.lower().startswith("utf-8'"):
        return unquote(extended.split("'", 2)[-1], errors="replace")
    value = given.get(word)
    for written, meant in _ESCAPES if value else ():
        value = (value or "").replace(written, meant)
    return value


def _boundary_of(content_type: str) -> bytes:
    boundary = _parameters(content_type).get("boundary", "")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise MultipartError(_NO_BOUNDARY)
    return boundary.encode("ascii")


def _text(content: memoryview) -> str:
    try:
        return bytes(content).decode()
    except UnicodeDecodeError:
        raise MultipartError(_MALFORMED) from None

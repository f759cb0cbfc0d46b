"""What an IMAP server says, taken apart: lines with literals become plain lists (RFC 3501).

The reader is lenient with what servers really send and strict about size: no line, literal
or nesting is larger than the limits below.
"""

import asyncio
import base64
import re
from dataclasses import field
from typing import Final

from rouage.sdk.records import dataclass

MOST_LINE_BYTES: Final = 1 << 20
MOST_LITERAL_BYTES: Final = 4 << 20
_MOST_LITERALS: Final = 1_000
_DEEPEST: Final = 20

_LITERAL: Final = re.compile(rb"\{(\d{1,10})\+?\}\Z")
_STATUS: Final = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: |\Z)(?:\[([^\]]*)\] ?)?(.*)", re.S | re.I)
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S)
_ATOM: Final = re.compile(rb"(?:[^\s()\[\]\"]|\[[^\]]*\])+")

Token = bytes | None | list["Token"]
"""A word, a text or a literal; None for NIL; a list for what stands in parentheses."""


class WireError(Exception):
    """Report that the other side does not speak IMAP, or says more than we take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One response: `tag` is `*`, `+` or that of a command.

    `status` is OK, NO, BAD, BYE or PREAUTH with its `code` and `text`; any other response has
    its words in `tokens`.
    """

    tag: bytes
    status: str | None = None
    code: str = ""
    text: str = ""
    tokens: list[Token] = field(default_factory=list)

    def word(self, place: int) -> bytes:
        """Return the word at *place* in upper case, or nothing."""
        token = self.tokens[place] if place < len(self.tokens) else None
        return token.upper() if isinstance(token, bytes) else b""


async def read_response(reader: asyncio.StreamReader) -> Response:
    """Return the next response.

    Raises:
        WireError: it is not one, or passes a limit.
        EOFError: the connection ended.
    """
    pieces: list[bytes] = []
    while True:
        line = await _line(reader)
        found = _LITERAL.search(line)
        pieces.append(line)
        if found is None:
            return _parsed(pieces)
        size = int(found[1])
        if size > MOST_LITERAL_BYTES or len(pieces) > _MOST_LITERALS:
            raise WireError("literal")
        pieces.append(await reader.readexactly(size))


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        raise WireError("line") from error
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _parsed(pieces: list[bytes]) -> Response:
    tag, _, rest = pieces[0].partition(b" ")
    if not tag or len(tag) > 40:
        raise WireError("tag")
    if tag == b"+":
        return Response(tag=tag, text=_shown(rest))
    status = _STATUS.fullmatch(rest)
    if status is not None:
        code = "" if status[2] is None else _shown(status[2])
        return Response(
            tag=tag, status=_shown(status[1]).upper(), code=code, text=_shown(status[3])
        )
    return Response(tag=tag, tokens=tokenize([rest, *pieces[1:]]))


def tokenize(pieces: list[bytes]) -> list[Token]:
    """Return the words of a response whose texts and literals alternate in *pieces*.

    Raises:
        WireError: parentheses or quotes are not closed, or are nested too deeply.
    """
    top: list[Token] = []
    stack = [top]
    for number, piece in enumerate(pieces):
        if number % 2:
            stack[-1].append(piece)
        else:
            _scan(piece if number == len(pieces) - 1 else _LITERAL.sub(b"", piece), stack)
    if len(stack) != 1:
        raise WireError("parentheses")
    return top


def _scan(text: bytes, stack: list[list[Token]]) -> None:
    place = 0
    while place < len(text):
        character = text[place : place + 1]
        place += 1
        if character.isspace():
            continue
        if character == b"(":
            _open(stack)
        elif character == b")":
            if len(stack) == 1:
                raise WireError("parentheses")
            stack.pop()
        else:
            place = _word(text, place - 1, stack[-1])


def _open(stack: list[list[Token]]) -> None:
    if len(stack) > _DEEPEST:
        raise WireError("depth")
    inner: list[Token] = []
    stack[-1].append(inner)
    stack.append(inner)


def _word(text: bytes, place: int, into: list[Token]) -> int:
    """Add the word that begins at *place*; return where it ends."""
    quoted = _QUOTED.match(text, place)
    if quoted is not None:
        into.append(re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.S))
        return quoted.end()
    atom = _ATOM.match(text, place)
    if atom is None:
        # A stray quote or bracket: a word of its own, so that the rest can still be read.
        into.append(text[place : place + 1])
        return place + 1
    into.append(None if atom[0].upper() == b"NIL" else atom[0])
    return atom.end()


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def quoted(text: str) -> bytes:
    """Return *text* as a quoted string of a command.

    Raises:
        WireError: it holds a line end or a character that is not ASCII.
    """
    if not text.isascii() or any(ord(character) < 32 or character == "\x7f" for character in text):
        raise WireError("text")
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii") + b'"'


def encode_folder(name: str) -> bytes:
    """Return the name of a folder in modified UTF-7, quoted for a command (RFC 3501, 5.1.3)."""
    out: list[str] = []
    for is_plain, run in _runs(name):
        if is_plain:
            out.append(run.replace("&", "&-"))
        else:
            packed = base64.b64encode(run.encode("utf-16-be")).decode("ascii")
            out.append("&" + packed.rstrip("=").replace("/", ",") + "-")
    return quoted("".join(out))


def _runs(name: str) -> list[tuple[bool, str]]:
    runs: list[tuple[bool, str]] = []
    for character in name:
        is_plain = " " <= character <= "~"
        if runs and runs[-1][0] == is_plain:
            runs[-1] = (is_plain, runs[-1][1] + character)
        else:
            runs.append((is_plain, character))
    return runs


def decode_folder(name: bytes) -> str:
    """Return the name of a folder that a server gave in modified UTF-7."""

    def unpacked(found: re.Match[str]) -> str:
        packed = found[1].replace(",", "/")
        if not packed:
            return "&"
        try:
            data = base64.b64decode(packed + "=" * (-len(packed) % 4))
            return data.decode("utf-16-be")
        except ValueError:
            return found[0]

    return re.sub(r"&([^-&]*)-", unpacked, name.decode("utf-8", "replace"))

"""The header of a mail, read with suspicion: what a sender wrote there is a claim, not a fact.

Texts lose control characters and marks that turn the direction of writing; an address is one
only if it is a plain address, and a header that should stand once and stands twice says nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Final

from rouage.sdk import JSON
from rouage_connectors.mail.account import ADDRESS

LONGEST_TEXT: Final = 1_000
_LONGEST_STRUCTURE: Final = 4_000
_LONGEST_VALUE: Final = 20_000
_MOST_ADDRESSES: Final = 200
_MOST_REFERENCES: Final = 50
MESSAGE_ID: Final = re.compile(r"<([^<>\s\x00-\x1f]{1,900})>")
_CHARSET: Final = re.compile(
    r"utf[-_]?(8|16|32)([-_]?[bl]e)?|(us[-_])?ascii|latin[-_]?\d+|iso[-_]8859[-_]\d+|"
    r"(windows|cp)[-_]?\d+|koi8[-_][rtu]|gb(k|2312|18030)|big5|euc[-_](jp|kr)|"
    r"shift[-_]?jis|iso[-_]2022[-_](jp|kr)|mac[-_]?roman",
    re.ASCII | re.I,
)
_ANGLE: Final = re.compile(r"\A(.*)<([^<>]*)>\s*\Z", re.S)


def parse_header(data: bytes) -> Message:
    """Return the header at the start of *data*; lines that are none are left out."""
    header = BytesParser(policy=compat32).parsebytes(data, headersonly=True)
    for name in ("Content-Type", "Content-Disposition"):
        value = header.get(name)
        if value is not None and len(str(value)) > _LONGEST_STRUCTURE:
            # Taking parameters apart costs the square of their number.
            header.replace_header(name, str(value)[:_LONGEST_STRUCTURE])
    return header


def decode_text(data: bytes, charset: str | None) -> str:
    """Return *data* as text; a character set that is unknown or unusual is not tried."""
    if charset is not None and _CHARSET.fullmatch(charset):
        try:
            return data.decode(charset, "replace")
        except (LookupError, ValueError):
            pass
    try:
        return data.decode("utf-8")
    except ValueError:
        return data.decode("cp1252", "replace")


def clean(text: str, most: int = LONGEST_TEXT) -> str:
    """Return *text* on one line, without characters that cannot be seen."""
    spaced = re.sub(r"\s+", " ", text[: 4 * most])
    plain = "".join(one for one in spaced if unicodedata.category(one)[0] != "C")
    return plain.strip()[:most]


def text_of(header: Message, name: str, most: int = LONGEST_TEXT) -> str:
    """Return a header as a person would read it; nothing if it is missing."""
    values = _values(header, name)
    return clean(_decoded(values[0]), most) if values else ""


def only(header: Message, name: str) -> str | None:
    """Return the value of a header that stands there exactly once."""
    values = _values(header, name)
    return values[0] if len(values) == 1 else None


def mailboxes(header: Message, name: str) -> list[tuple[str, str]]:
    """Return the addresses of a header with their names; what is no plain address is left out."""
    found: list[tuple[str, str]] = []
    for value in _values(header, name)[:10]:
        for piece in _pieces(value):
            one = mailbox(piece)
            if one is not None and len(found) < _MOST_ADDRESSES:
                found.append(one)
    return found


def mailbox(piece: str) -> tuple[str, str] | None:
    """Return the one address that *piece* is, with its name; None when it is none, or several."""
    piece = piece.strip()
    found = _ANGLE.match(piece)
    address, name = (found[2].strip(), found[1]) if found else (piece, "")
    if ADDRESS.fullmatch(address) is None:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}", clean(_decoded(name.strip().strip('"')), 200)


def sender_of(header: Message) -> tuple[str | None, str]:
    """Return who claims to have written: the address, None if it is not exactly one; the name."""
    value = only(header, "From")
    pieces = list(_pieces(value or ""))
    one = mailbox(pieces[0]) if len(pieces) == 1 else None
    return (None, text_of(header, "From", 200)) if one is None else one


def message_id_of(header: Message) -> str | None:
    """Return the Message-ID without its brackets, None if it is missing or not one."""
    found = MESSAGE_ID.search(only(header, "Message-ID") or "")
    return None if found is None else found[1]


def ids_in(header: Message, name: str) -> list[str]:
    """Return the Message-IDs in a header, the last fifty."""
    values = _values(header, name)
    return [found[1] for found in MESSAGE_ID.finditer("".join(values[:1]))][-_MOST_REFERENCES:]


def summary(header: Message) -> dict[str, JSON]:
    """Return what a header tells, as it stands in an event."""
    address, name = sender_of(header)
    replies = mailboxes(header, "Reply-To")
    in_reply_to = ids_in(header, "In-Reply-To")
    return {
        "message_id": message_id_of(header),
        "in_reply_to": in_reply_to[-1] if in_reply_to else None,
        "references": list(ids_in(header, "References")),
        "from": address,
        "from_name": name,
        "to": [one for one, _ in mailboxes(header, "To")],
        "cc": [one for one, _ in mailboxes(header, "Cc")],
        "reply_to": replies[0][0] if len(replies) == 1 else None,
        "subject": text_of(header, "Subject"),
        "date": _date(header),
    }


def parameters_of(header: Message, name: str) -> Mapping[str, str]:
    """Return the parameters of a structured header (`boundary`, `charset`) by lower-case name."""
    try:
        listed = header.get_params(header=name) or []
    except (MessageError, ValueError, TypeError, LookupError, AttributeError):
        return {}
    found: dict[str, str] = {}
    for key, value in listed[1:50]:
        if isinstance(value, tuple):
            charset, _, data = value
            value = decode_text(data.encode("latin-1", "replace"), charset)
        found.setdefault(key.lower(), _decoded(str(value))[:LONGEST_TEXT])
    return found


def _date(header: Message) -> str | None:
    try:
        date = parsedate_to_datetime(only(header, "Date") or "")
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _values(header: Message, name: str) -> list[str]:
    """Return the values of a header as they were sent, each cut to a sane length."""
    wanted = name.lower()
    # Bytes that are not ASCII arrive as surrogates: most who send them mean UTF-8.
    return [
        decode_text(str(value)[:_LONGEST_VALUE].encode("utf-8", "surrogateescape"), None)
        for key, value in header.raw_items()
        if key.lower() == wanted
    ]


def _decoded(value: str) -> str:
    """Return *value* with its encoded words read (RFC 2047)."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return value
    return "".join(_word(piece, charset) for piece, charset in pieces)


def _word(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # What stood between encoded words comes back in the escapes of Python.
    return piece.decode("raw-unicode-escape") if charset is None else decode_text(piece, charset)


def _pieces(value: str) -> Iterator[str]:
    """Split a list of addresses at its commas, not those in quotes, comments or brackets."""
    start, depth, is_quoted, is_angled, place = 0, 0, False, False, 0
    while place < len(value):
        one = value[place]
        if one == "\\" and (is_quoted or depth):
            place += 1
        elif one == '"' and not depth:
            is_quoted = not is_quoted
        elif not is_quoted:
            depth = max(0, depth + {"(": 1, ")": -1}.get(one, 0))
            is_angled = one == "<" or (is_angled and one != ">")
            if one == "," and not depth and not is_angled:
                yield value[start:place]
                start = place + 1
        place += 1
    if value[start:].strip():
        yield value[start:]

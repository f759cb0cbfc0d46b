"""What IMAP responses mean: items of a message, numbers, flags and dates."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from rouage.sdk.records import dataclass
from rouage_connectors.mail.wire import Response, Token

_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - as in the RFC
_COPIED: Final = re.compile(r"COPYUID \d+ \S+ (\d+)", re.ASCII | re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the server knows of one message."""

    uid: int
    size: int
    flags: frozenset[str]
    received: datetime | None

    @property
    def is_seen(self) -> bool:
        """Say whether somebody has read it."""
        return "\\seen" in self.flags


def items_of(response: Response) -> dict[bytes, Token] | None:
    """Return the named items of a FETCH response."""
    listed = response.tokens[2] if len(response.tokens) > 2 else None
    if response.word(1) != b"FETCH" or not isinstance(listed, list):
        return None
    names, values = listed[::2], listed[1::2]
    pairs = zip(names, values, strict=False)
    return {name.upper(): value for name, value in pairs if isinstance(name, bytes)}


def body_of(items: dict[bytes, Token] | None) -> bytes | None:
    """Return the text of a message, or of a part of it, from its items."""
    for name, value in (items or {}).items():
        if name.startswith((b"BODY[", b"RFC822")) and isinstance(value, bytes):
            return value
    return None


def numbers_of(responses: Sequence[Response]) -> list[int]:
    """Return the numbers that a search found."""
    return [
        int(token)
        for response in responses
        if response.word(0) == b"SEARCH"
        for token in response.tokens[1:]
        if isinstance(token, bytes) and token.isdigit()
    ]


def flags_of(token: Token) -> frozenset[str]:
    """Return the flags of a message in lower case."""
    listed = token if isinstance(token, list) else []
    return frozenset(
        flag.decode("ascii", "replace").lower() for flag in listed if isinstance(flag, bytes)
    )


def instant_of(token: Token) -> datetime | None:
    """Return when the server received a message."""
    if not isinstance(token, bytes):
        return None
    try:
        # "17-Jul-2026 02:44:25 -0700" differs from a mail date only by its hyphens.
        return parsedate_to_datetime(token.decode("ascii").strip().replace("-", " ", 2))
    except (ValueError, IndexError, TypeError):
        return None


def uid_after(responses: Sequence[Response]) -> int | None:
    """Return the number that a message has in the folder it was moved to."""
    for response in responses:
        found = _COPIED.match(response.code)
        if found is not None:
            return int(found[1])
    return None


def imap_date(day: date) -> bytes:
    """Return *day* as a search wants it."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}".encode()

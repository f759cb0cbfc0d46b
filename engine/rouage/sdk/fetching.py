"""Fetch one address for a trigger: guarded, bounded, and with errors that say what to expect."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rouage.errors import RetryableError, StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.names import shown

if TYPE_CHECKING:
    from aiohttp import ClientResponse

MOST_BYTES: Final = 10 << 20
_MOST_RATIO: Final = 100
_SECONDS: Final = 30.0
_LONGEST_VALIDATOR: Final = 1_000

_REFUSED: Final = Text("{place} answered {status}", "{place} a répondu {status}")
_UNREACHABLE: Final = Text(
    "{place} cannot be reached: {reason}", "{place} est injoignable : {reason}"
)
_SLOW: Final = Text(
    "{place} did not answer within {seconds} seconds",
    "{place} n’a pas répondu en {seconds} secondes",
)
_TOO_LARGE: Final = Text(
    "the answer of {place} is larger than {limit} MiB",
    "la réponse de {place} dépasse {limit} Mio",
)
_BOMB: Final = Text(
    "the answer of {place} unpacks to more than {ratio} times its size",
    "la réponse de {place} se décompresse à plus de {ratio} fois sa taille",
)
_BAD_ADDRESS: Final = Text(
    "“{place}” cannot be requested: write a full address such as https://example.org/news",
    "« {place} » ne peut pas être demandée : écrivez une adresse entière comme "
    "https://example.org/actualites",
)


class Unreachable(RetryableError):  # noqa: N818 - a state, told by its name
    """Nobody answered at all: the line, the name or the machine is down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """One answer: its bytes, its type as the server says it, and its validators."""

    body: bytes
    content_type: str
    etag: str | None
    modified: str | None


def place_of(url: str) -> str:
    """Return *url* for messages: without credentials and query, where secrets travel."""
    try:
        parts = urlsplit(url)
        return shown(f"{parts.hostname or ''}{parts.path}"[:200])
    except ValueError:
        return shown(url[:80])


async def fetch(
    url: str,
    *,
    headers: Mapping[str, str],
    allow_private: Sequence[str] = (),
    total_seconds: float = _SECONDS,
) -> Fetched | None:
    """Return what is at *url*, or None if it says that nothing changed.

    Raises:
        Unreachable: nobody answered.
        RetryableError: it is overloaded or out of order; how long, if it says so.
        StepError: it refuses, or its answer is too large.
    """
    from aiohttp import ClientError, InvalidURL

    from rouage.sdk.http import open_session

    place = place_of(url)
    try:
        async with (
            asyncio.timeout(total_seconds),
            open_session(allow_private=allow_private, total_seconds=total_seconds) as session,
            session.get(url, headers=dict(headers)) as reply,
        ):
            if reply.status == 304:
                return None
            _judge(reply, place)
            return Fetched(
                body=await read(reply, place),
                content_type=reply.headers.get("Content-Type", "")[:200],
                etag=_validator(reply, "ETag"),
                modified=_validator(reply, "Last-Modified"),
            )
    except (InvalidURL, ValueError) as error:
        raise StepError(_BAD_ADDRESS, place=place) from error
    except TimeoutError as error:
        raise Unreachable(_SLOW, place=place, seconds=f"{total_seconds:g}") from error
    except (ClientError, OSError) as error:
        raise Unreachable(_UNREACHABLE, place=place, reason=reason_of(error)) from error


def _judge(reply: "ClientResponse", place: str) -> None:
    if reply.status == 429 or reply.status >= 500:
        wish = retry_after(reply.headers)
        raise RetryableError(_REFUSED, retry_after_seconds=wish, place=place, status=reply.status)
    if reply.status != 200:
        raise StepError(_REFUSED, place=place, status=reply.status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for (a number, or a date), if it does."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    now = headers.get("Date")
    try:
        when = parsedate_to_datetime(text)
        start = parsedate_to_datetime(now) if now else datetime.now(when.tzinfo)
        return max(0.0, (when - start).total_seconds())
    except (ValueError, TypeError):
        return None


async def read(reply: "ClientResponse", place: str, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the whole answer, unpacked.

    Raises:
        StepError: it is larger than *most_bytes*, or unpacks to far more than was sent.
    """
    sent = reply.content_length if "Content-Encoding" in reply.headers else None
    chunks, size = [], 0
    async for chunk in reply.content.iter_any():
        size += len(chunk)
        if size > most_bytes:
            raise StepError(_TOO_LARGE, place=place, limit=most_bytes >> 20)
        if sent is not None and size > _MOST_RATIO * max(sent, 1024):
            raise StepError(_BOMB, place=place, ratio=_MOST_RATIO)
        chunks.append(chunk)
    return b"".join(chunks)


def reason_of(error: Exception) -> str:
    """Return why a connection failed, in the words of the system where it has some."""
    cause = error.__cause__ or error
    return shown(getattr(cause, "strerror", None) or type(error).__name__)


def _validator(reply: "ClientResponse", name: str) -> str | None:
    value = reply.headers.get(name)
    return value if value and len(value) <= _LONGEST_VALIDATOR else None

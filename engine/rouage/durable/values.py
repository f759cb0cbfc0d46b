"""How values enter and leave the journal: JSON text, microseconds, and large ones as blobs."""

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from rouage.clock import Clock, SystemClock
from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk.json import JSON
from rouage.sdk.limits import MOST_RESULT_BYTES

INLINE_BYTES: Final = 64 * 1024
"""Longer values are blobs: they would make the hot tables wide."""

Stored = str | bytes | None
"""JSON text, the digest of a blob, or nothing at all."""

_TOO_LARGE: Final = Text(
    "the action {action} returned more than {limit} MiB",
    "l’action {action} a rendu plus de {limit} Mio",
)
_LARGE_HINT: Final = Text(
    "large data belongs into a file: give back its path",
    "les données volumineuses vont dans un fichier : rendez son chemin",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_encoder: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
)
_ascii_encoder: Final = json.JSONEncoder(
    ensure_ascii=True, separators=(",", ":"), allow_nan=False, check_circular=False
)
_decoder: Any = json.JSONDecoder()
# The scanner itself, without the search for white space around what we wrote ourselves.
_decode_at: Final[Callable[[str, int], tuple[Any, int]]] = _decoder.scan_once


def _refuse(value: object) -> None:
    raise TypeError(f"{type(value).__name__} is not JSON")


def _make_chunks() -> Callable[[Any, int], Iterable[str]]:
    """Return the C encoder itself: `JSONEncoder.encode` builds it anew for every value."""
    module: Any = json.encoder
    if module.c_make_encoder is None:
        return lambda value, _: (_encoder.encode(value),)
    quote = module.encode_basestring
    chunks: Callable[[Any, int], Iterable[str]] = module.c_make_encoder(
        None, _refuse, quote, None, ":", ",", False, False, False
    )
    return chunks


_chunks: Final = _make_chunks()

NOT_JSON: Final = (TypeError, ValueError, RecursionError)
"""What `encode` raises for something that is not JSON."""


def encode(value: JSON) -> str:
    """Return *value* as JSON text that UTF-8 can carry (lone surrogates are escaped)."""
    text = "".join(_chunks(value, 0))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _ascii_encoder.encode(value)
    return text


def too_large(action: str) -> StepError:
    """Return the error of an action whose result passes `MOST_RESULT_BYTES`."""
    return StepError(_TOO_LARGE, hint=_LARGE_HINT, action=action, limit=MOST_RESULT_BYTES >> 20)


def decode(text: str) -> Any:
    """Return the value that `encode` wrote."""
    return _decode_at(text, 0)[0]


def store(value: JSON, blobs: dict[bytes, bytes]) -> Stored:
    """Return what stands for *value* in a row; a large one is added to *blobs*."""
    if value is None:
        return None
    return store_text(encode(value), blobs)


def store_text(text: str, blobs: dict[bytes, bytes]) -> Stored:
    """Return what stands for the JSON *text* in a row; a large one is added to *blobs*."""
    if len(text) * 4 <= INLINE_BYTES:
        return text
    body = text.encode()
    if len(body) <= INLINE_BYTES:
        return text
    digest = blake2b(body, digest_size=32).digest()
    blobs[digest] = body
    return digest


def to_microseconds(instant: datetime) -> int:
    """Return *instant* as whole microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def microseconds_of(clock: Clock) -> Callable[[], int]:
    """Return a function that tells the time of *clock* in microseconds since 1970."""
    if isinstance(clock, SystemClock):
        # The same instant, several times per run, without a `datetime` in between.
        return lambda: time.time_ns() // 1000
    return lambda: to_microseconds(clock.now())


def from_microseconds(microseconds: int) -> datetime:
    """Return the instant, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_column(text: str) -> str | bytes:
    """Return *text* as SQLite can hold it: file names may carry bytes that are not UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_column(column: str | bytes) -> str:
    """Return the text that `to_column` was given."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogatepass")

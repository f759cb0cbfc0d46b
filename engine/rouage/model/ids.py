"""Identities: events by time, runs by what they are for (durability R3)."""

import os
import random
from datetime import datetime
from hashlib import blake2s
from typing import Final

_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_RANDOM_BITS: Final = 80


def _pairs(alphabet: str) -> tuple[str, ...]:
    """Return the two letters of every 10-bit number: half as many steps for each id."""
    return tuple(high + low for high in alphabet for low in alphabet)


_CROCKFORD_PAIRS: Final = _pairs(_CROCKFORD)
_BASE32_PAIRS: Final = _pairs(_BASE32)


def _spell(number: int, pairs: tuple[str, ...]) -> str:
    """Return 26 letters for 130 bits, written out: this runs twice for every event."""
    high, low = number >> 60, number & 0xFFF_FFFF_FFFF_FFFF
    return (
        f"{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}"
        f"{pairs[high >> 30 & 1023]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}"
        f"{pairs[high & 1023]}"
        f"{pairs[low >> 50]}{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}"
        f"{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )


class EventIds:
    """Make event ids: 26 letters that sort by time, and by order within this process."""

    def __init__(self) -> None:
        self._last = 0
        # Ids are not secrets. The system's own source would give up the interpreter lock.
        self._random = random.Random(os.urandom(16))  # noqa: S311 - seeded, see above

    def make(self, now: datetime) -> str:
        """Return an id for an event of *now*; always greater than the one before."""
        base = int(now.timestamp() * 1000) << _RANDOM_BITS
        if base > self._last:
            # The top bit stays free, so that counting on cannot run into the next millisecond.
            self._last = base | self._random.getrandbits(_RANDOM_BITS - 1)
        else:
            self._last += 1
        return _spell(self._last, _CROCKFORD_PAIRS)


new_event_id = EventIds().make
"""Return an id for an event of *now*; greater than every id made before by this process."""


def run_id(event_id: str, recipe: str) -> str:
    """Return the id of the run of *recipe* for the event: the same however often asked."""
    digest = blake2s(f"{event_id}/{recipe}".encode("utf-8", "surrogatepass")).digest()
    return _spell(int.from_bytes(digest[:17]) >> 6, _BASE32_PAIRS)


def idempotency_key(run: str, path: str, replay: int = 0) -> str:
    """Return the stable key of one step of one run (R5); only a user's replay changes it."""
    text = f"{run}/{path}/{replay}".encode("utf-8", "surrogatepass")
    return blake2s(text, digest_size=16).hexdigest()

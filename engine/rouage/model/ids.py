"""Identities: events by time, runs by what they are for (durability R3)."""

import os
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


def _spell(number: int, pairs: tuple[str, ...], count: int) -> str:
    return "".join([pairs[number >> shift & 1023] for shift in range(10 * count - 10, -1, -10)])


class EventIds:
    """Make event ids: 26 letters that sort by time, and by order within this process."""

    def __init__(self) -> None:
        self._last = 0

    def make(self, now: datetime) -> str:
        """Return an id for an event of *now*; always greater than the one before."""
        base = int(now.timestamp() * 1000) << _RANDOM_BITS
        if base > self._last:
            # The top bit stays free, so that counting on cannot run into the next millisecond.
            self._last = base | int.from_bytes(os.urandom(10)) >> 1
        else:
            self._last += 1
        return _spell(self._last, _CROCKFORD_PAIRS, 13)


new_event_id = EventIds().make
"""Return an id for an event of *now*; greater than every id made before by this process."""


def run_id(event_id: str, recipe: str) -> str:
    """Return the id of the run of *recipe* for the event: the same however often asked."""
    digest = blake2s(f"{event_id}/{recipe}".encode("utf-8", "surrogatepass")).digest()
    return _spell(int.from_bytes(digest[:17]) >> 6, _BASE32_PAIRS, 13)


def idempotency_key(run: str, path: str, replay: int = 0) -> str:
    """Return the stable key of one step of one run (R5); only a user's replay changes it."""
    text = f"{run}/{path}/{replay}".encode("utf-8", "surrogatepass")
    return blake2s(text, digest_size=16).hexdigest()

"""What a file is: its content by its fingerprint, its size, permissions and date."""

import os
import stat
from typing import Any, Final

from rouage.safety.failures import explaining
from rouage.safety.fingerprint import Fingerprints, Span, hash_of
from rouage.safety.place import Place, look
from rouage.safety.rounds import ALONE, Work

State = dict[str, Any]
"""A regular file: `hash`, `size`, `mode` (permissions) and `mtime` in nanoseconds."""

QUICK_BYTES: Final = 1 << 20
"""A content up to this size is read while others wait."""

_MODE: Final = 0o777
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_state(
    fingerprints: Fingerprints, place: Place, *, without: tuple[Span, ...] = ()
) -> State | None:
    """Return what lies at *place*; what is no regular file is never equal to anything."""
    found = look(place)
    return None if found is None else _state_of(fingerprints, place, found, without)


def _state_of(
    fingerprints: Fingerprints,
    place: Place,
    found: os.stat_result,
    without: tuple[Span, ...] = (),
) -> State:
    state: State = {
        "size": found.st_size - sum(end - start for start, end in without),
        "mode": found.st_mode & _MODE,
        "mtime": found.st_mtime_ns,
    }
    if not stat.S_ISREG(found.st_mode):
        return {**state, "hash": ""}
    if not without:
        return {**state, "hash": fingerprints.of(place, found) or ""}
    with explaining(place.path):
        descriptor = os.open(place.name, _FLAGS, dir_fd=place.folder)
        try:
            return {**state, "hash": hash_of(descriptor, found.st_size, without=without)}
        finally:
            os.close(descriptor)


def reading_state(fingerprints: Fingerprints, place: Place) -> Work[State | None]:
    """Do what `read_state` does, together with others unless the content is long."""
    found = look(place)
    if found is None:
        return None
    if found.st_size > QUICK_BYTES and not fingerprints.knows(found):
        yield ALONE
    return _state_of(fingerprints, place, found)


def is_same(one: State | None, other: State | None) -> bool:
    """Say whether both are the same content, or both nothing; dates do not count."""
    if one is None or other is None:
        return one is other
    return bool(one["hash"]) and one["hash"] == other["hash"] and one["size"] == other["size"]

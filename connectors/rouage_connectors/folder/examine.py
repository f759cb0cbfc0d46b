"""Look at one file closely: is it complete, is its content new (triggers F-14, F-19).

Everything here runs in a thread and touches the file through one open descriptor.
"""

import errno
import fcntl
import hashlib
import os
import signal
import stat
from typing import Final, Literal, NamedTuple

from rouage_connectors.folder.ledger import GONE, Row, Version
from rouage_connectors.folder.whole import is_elsewhere, is_whole

Finding = Literal[
    "new",  # a version that makes an event
    "same",  # the content of the known version: nothing happens, the row takes the new facts
    "restored",  # back from elsewhere, as it was
    "unchanged",  # nothing is new at all
    "changing",  # size or times changed too recently
    "written",  # somebody has it open for writing
    "part",  # settled, but its end is missing
    "forbidden",  # it cannot be read
    "empty",
    "gone",
    "other",  # not a regular file
]

_CHUNK: Final = 1 << 20
_SLACK: Final = 0.005
_CLOCK_DOUBT: Final = 1.0
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Policy(NamedTuple):
    """How carefully files are looked at.

    `trusts_clock`: the disk's clock is ours; `checks_end`: documents must have their end.
    """

    settle_seconds: float
    hash_max_bytes: int
    allow_empty: bool
    trusts_clock: bool
    probes: bool
    checks_end: bool = True


class Seen(NamedTuple):
    """What was found: *wait_seconds* until another look makes sense (`changing`)."""

    finding: Finding
    version: Version | None = None
    sha256: bytes | None = None
    wait_seconds: float = 0.0


def examine(
    path: bytes,
    row: Row | None,
    policy: Policy,
    *,
    observed: Version | None,
    now: float,
) -> Seen:
    """Return what the file is now. *observed*: its facts one settle time ago, if known."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        return Seen(_finding_of(error))
    try:
        return _examine(descriptor, path, row, policy, observed, now)
    except OSError as error:
        return Seen(_finding_of(error))
    finally:
        os.close(descriptor)


def _finding_of(error: OSError) -> Finding:
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}:
        return "gone"
    if error.errno in {errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENODEV}:
        return "other"
    return "forbidden"


def _examine(
    descriptor: int,
    path: bytes,
    row: Row | None,
    policy: Policy,
    observed: Version | None,
    now: float,
) -> Seen:
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        return Seen("other")
    version = Version.of(facts)
    if row is not None and row.version == version and row.state not in GONE:
        return Seen("unchanged", version)
    if version.size == 0 and not policy.allow_empty:
        return Seen("empty", version)
    wait = _unsettled_seconds(version, policy, observed, now)
    if wait > 0:
        return Seen("changing", version, wait_seconds=wait)
    if policy.probes and is_written(descriptor):
        return Seen("written", version)
    if policy.checks_end and (is_elsewhere(facts) or not is_whole(descriptor, path, version.size)):
        return Seen("part", version)
    digest = hash_content(descriptor) if 0 <= version.size <= policy.hash_max_bytes else None
    after = Version.of(os.fstat(descriptor))
    if (after.size, after.mtime_ns) != (version.size, version.mtime_ns):
        return Seen("changing", after, wait_seconds=policy.settle_seconds)
    return Seen(_judge(row, after, digest), after, digest)


def _unsettled_seconds(
    version: Version, policy: Policy, observed: Version | None, now: float
) -> float:
    """Return how long the file must stay as it is before it counts as settled."""
    if observed is not None and observed[:2] == version[:2]:
        return 0.0
    age = now - max(version.ctime_ns, version.mtime_ns) / 1e9
    if not policy.trusts_clock or age < -_CLOCK_DOUBT:
        return policy.settle_seconds
    wait = policy.settle_seconds - age
    return wait if wait > _SLACK else 0.0


def _judge(row: Row | None, version: Version, digest: bytes | None) -> Finding:
    """Compare a settled version with the last known one: the content decides (F-19)."""
    if row is None or row.state == "taken" or row.version.size != version.size:
        return "new"
    is_newer = row.version.mtime_ns != version.mtime_ns
    if digest is None or row.sha256 is None:
        return "new" if is_newer else "same"
    if digest != row.sha256:
        return "new"
    if row.state != "left":
        return "same"
    return "new" if version.mtime_ns > row.version.mtime_ns else "restored"


def hash_content(descriptor: int) -> bytes:
    """Return the SHA-256 of the whole file."""
    digest = hashlib.sha256()
    position = 0
    while chunk := os.pread(descriptor, _CHUNK, position):
        digest.update(chunk)
        position += len(chunk)
    return digest.digest()


def is_written(descriptor: int) -> bool:
    """Say whether somebody has the file open for writing; False also when nobody can tell.

    A read lease is refused while there is a writer. It is held for microseconds; a writer
    that comes right then waits for its end, and SIGIO is sent to us, which must be ignored.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def can_probe() -> bool:
    """Say whether a lease is safe here: its end may send SIGIO, which kills unless ignored."""
    return hasattr(fcntl, "F_SETLEASE") and signal.getsignal(signal.SIGIO) is not signal.SIG_DFL

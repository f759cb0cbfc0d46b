"""How a worker confines itself before it loads anything that is not ours.

Whatever the system does not offer is left out: each of these is one wall of several.
"""

import os
import resource
from contextlib import suppress
from typing import Final

_OPEN_FILES: Final = 256
_LARGEST_FILE: Final = 4 << 30
_PROCESSES_ABOVE: Final = 128
_NICENESS: Final = 10
_ROOM_BYTES: Final = 512 << 20
"""Address space beyond the memory: threads and libraries reserve much that they never touch."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_SIGKILL: Final = 9


def confine(*, memory_bytes: int, is_foreign: bool) -> None:
    """Take away from this process what an action has no use for; there is no way back."""
    _be_polite(is_foreign=is_foreign)
    _ask_kernel(_PR_SET_NO_NEW_PRIVS, 1)
    _ask_kernel(_PR_SET_PDEATHSIG, _SIGKILL)
    _ask_kernel(_PR_SET_CHILD_SUBREAPER, 1)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_NOFILE", _OPEN_FILES)
    _limit("RLIMIT_FSIZE", _LARGEST_FILE)
    _limit("RLIMIT_NPROC", _processes() + _PROCESSES_ABOVE)
    _limit("RLIMIT_DATA", memory_bytes)
    _limit("RLIMIT_AS", 2 * memory_bytes + _ROOM_BYTES)


def allow_processor(seconds: float) -> None:
    """Let this process compute for *seconds* from now on; then the system stops it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hardest))


def _be_polite(*, is_foreign: bool) -> None:
    """Compute after the daemon, whose answers must not wait; foreign code after everybody."""
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    with suppress(OSError, AttributeError):
        policy = os.SCHED_IDLE if is_foreign else os.SCHED_BATCH
        os.sched_setscheduler(0, policy, os.sched_param(0))


def _limit(name: str, value: int) -> None:
    kind = getattr(resource, name, None)
    if kind is None:
        return
    _, hardest = resource.getrlimit(kind)
    if hardest != resource.RLIM_INFINITY:
        value = min(value, hardest)
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (value, value))


def _processes() -> int:
    """Return how many threads this user has: the limit counts them all, ours or not."""
    mine, count = os.getuid(), 0
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with suppress(OSError):
                    if entry.stat().st_uid == mine:
                        count += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208 - fast
    return count


def _ask_kernel(option: int, argument: int) -> None:
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)

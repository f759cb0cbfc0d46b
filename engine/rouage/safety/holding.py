"""The lock of a file: who adds to it and who replaces it as a whole keep each other out.

It is the lock of the file itself (`flock`), so that it holds between processes and goes away with
whoever had it. A file that is replaced is another file: after a wait the name is looked at again.
"""

import errno
import fcntl
import os
import time
from typing import Final

from rouage.safety.place import Place, look

_HELD_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.01


def hold(descriptor: int) -> None:
    """Take the lock of an open file, which closing it gives back.

    Raises:
        OSError: others keep it for long (EBUSY).
    """
    deadline = time.monotonic() + _HELD_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY)) from None
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return  # this disk knows no locks
        else:
            return


def has_name(place: Place, found: os.stat_result) -> bool:
    """Say whether the open file *found* still has its name: it may have been replaced."""
    now = look(place)
    return now is not None and os.path.samestat(now, found)

"""No copy of the memory of this process on disk: it holds the secrets in clear (security S-58)."""

import resource
from contextlib import suppress


def leave_no_dumps() -> None:
    """Have a crash leave no core dump, of this process and of those it starts."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

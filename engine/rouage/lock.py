"""One daemon per workspace: an advisory lock held for life (triggers D-4).

The lock is the kernel's, not a process id in a file, so a daemon that was killed leaves
nothing behind that could block the next one.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text

_TAKEN: Final = Text(
    "another daemon (process {pid}) already works on {workspace}",
    "un autre service (processus {pid}) travaille déjà sur {workspace}",
)
_TAKEN_HINT: Final = Text(
    "use it with `rouage status`, or stop it first",
    "utilisez-le avec « rouage status », ou arrêtez-le d’abord",
)


class WorkspaceLock:
    """Hold `.rouage/lock` while in the context.

    Raises:
        WorkspaceError: another process holds it; the message names its process id.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> "WorkspaceLock":
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise WorkspaceError(
                _TAKEN, hint=_TAKEN_HINT, pid=holder, workspace=str(self._path.parent.parent)
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

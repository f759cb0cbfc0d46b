"""One writer at a time: the lock file beside a journal (security P-25)."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text

_TAKEN: Final = Text(
    "the journal {path} is in use by another process ({pid})",
    "le journal {path} est utilisé par un autre processus ({pid})",
)
_TAKEN_HINT: Final = Text("stop that process first", "arrêtez d’abord ce processus")


class FileLock:
    """Hold the lock beside the journal for as long as this process may write to it.

    Raises:
        WorkspaceError: another process holds it.
    """

    def __init__(self, journal: Path) -> None:
        journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = journal.with_suffix(".lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise WorkspaceError(_TAKEN, hint=_TAKEN_HINT, path=str(journal), pid=holder) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

"""A layer below SQLite that reaches a failpoint in the middle of a checkpoint (tests only)."""

from typing import Any, Final

import apsw

from rouage.durable.failpoints import Failpoints

_NAME: Final = "rouage-failing"


class FailingDisk(apsw.VFS):
    """A layer named *name* over *base* (the usual one if empty)."""

    def __init__(self, failpoints: Failpoints, base: str | None = None) -> None:
        self.name = f"{_NAME}-{id(failpoints)}"
        self._base = base or ""
        self._failpoints = failpoints
        super().__init__(self.name, self._base)

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - the name is SQLite's
        """Open a file that reaches failpoints."""
        return _File(self._base, name, flags, self._failpoints)


class _File(apsw.VFSFile):
    def __init__(self, base: str, name: Any, flags: Any, failpoints: Failpoints) -> None:
        super().__init__(base, name, flags)
        self._is_journal = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        self._failpoints = failpoints

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - the name is SQLite's
        super().xWrite(data, offset)
        if self._is_journal:
            # With a log, only a checkpoint writes to the file itself: here it is half done.
            self._failpoints.reach("mid_checkpoint")

"""What can go wrong with the file of the journal, and what each fault means (R14)."""

from typing import Final

import apsw

from rouage.errors import JournalError
from rouage.language import Text

_FATAL: Final = frozenset({apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC})
"""After a failed fsync nobody knows what the disk holds: only a restart does (R14)."""

STORAGE: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    OSError,
    JournalError,
)

_FULL: Final = Text("the disk is full", "le disque est plein")
FAILED: Final = Text(
    "the journal could not be written: {detail}", "le journal n’a pas pu être écrit : {detail}"
)


def reason_of(error: BaseException) -> Text:
    """Return why nothing can be written, as far as it can be told in words."""
    if isinstance(error, JournalError):
        return Text(error.render("en"), error.render("fr"))
    if isinstance(error, apsw.FullError):
        return _FULL
    return FAILED.fill(detail=str(error))


def is_fatal(error: BaseException) -> bool:
    """Say whether only a restart can tell what is on the disk (R14)."""
    return getattr(error, "extendedresult", None) in _FATAL

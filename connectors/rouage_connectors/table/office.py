"""Whether a table is open in a spreadsheet program, whose next save would undo what we write."""

import os
import re
from typing import Final

from rouage.sdk import RetryableError, Text
from rouage.sdk.files import shown

_AGAIN_SECONDS: Final = 30.0
_MOST_BYTES: Final = 1_024
_PRINTED: Final = re.compile(r"[^\w .@'’-]")

_OPEN: Final = Text(
    "{file} is open in a spreadsheet program",
    "{file} est ouvert dans un tableur",
)
_OPEN_BY: Final = Text(
    "{file} is open in a spreadsheet program, by {who}",
    "{file} est ouvert dans un tableur, par {who}",
)
_OPEN_HINT: Final = Text(
    "close it there, then the step can be tried again; if nobody has it open, delete {lock}",
    "fermez-le, puis l’étape pourra être retentée ; si personne ne l’a ouvert, supprimez {lock}",
)
_REFUSED: Final = Text(
    "{file} cannot be replaced: another program may have it open",
    "{file} ne peut pas être remplacé : un autre programme l’a peut-être ouvert",
)
_REFUSED_HINT: Final = Text(
    "close it there; otherwise check the permissions of the file and its folder",
    "fermez-le ; sinon vérifiez les droits du fichier et de son dossier",
)
_CHANGED: Final = Text(
    "{file} was changed by another program just now",
    "{file} vient d’être modifié par un autre programme",
)


def refuse_open(path: str) -> None:
    """Refuse to write the file *path* while a spreadsheet program holds it.

    Raises:
        RetryableError: a lock file of Excel or LibreOffice lies beside it.
    """
    folder, _, name = path.rpartition("/")
    for lock in (f".~lock.{name}#", f"~${name}"):
        beside = f"{folder}/{lock}"
        if os.path.lexists(beside):
            who = _who(beside) if lock.startswith(".") else None
            raise RetryableError(
                _OPEN if who is None else _OPEN_BY,
                hint=_OPEN_HINT,
                retry_after_seconds=_AGAIN_SECONDS,
                file=shown(path),
                lock=shown(lock),
                who=who,
            )


def refused(path: str) -> RetryableError:
    """Return the error for a replacement that the system refused."""
    return RetryableError(
        _REFUSED, hint=_REFUSED_HINT, retry_after_seconds=_AGAIN_SECONDS, file=shown(path)
    )


def changed(path: str) -> RetryableError:
    """Return the error for a table that changed between being read and being replaced."""
    return RetryableError(_CHANGED, retry_after_seconds=1.0, file=shown(path))


def _who(lock: str) -> str | None:
    """Return who has the file open, as LibreOffice notes it: name, account, machine."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(lock, flags)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)
    fields = [_PRINTED.sub("", field).strip()[:60] for field in text.split(",")[:3]]
    named = [field for field in fields if field]
    return named[0] if named else None

"""Write a recipe back as a whole: never half a file, never over somebody else's change."""

import os
import tempfile
from pathlib import Path
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text

_CHANGED: Final = Text(
    "{path} was changed meanwhile; it was left as it is",
    "{path} a changé entre-temps ; il a été laissé tel quel",
)
_AGAIN: Final = Text("try again", "recommencez")
_FAILED: Final = Text(
    "{path} cannot be written: {cause}", "{path} ne peut pas être écrit : {cause}"
)


def rewrite(path: Path, *, before: bytes, after: bytes) -> None:
    """Replace the text *before* of the file *path* by *after*, at once or not at all.

    A link stays a link, and the file keeps its permissions.

    Raises:
        WorkspaceError: it cannot be written, or does not hold *before* any more.
    """
    target = path.resolve()
    try:
        _replace(target, before, after)
    except OSError as error:
        raise WorkspaceError(_FAILED, path=path, cause=error.strerror) from error


def _replace(target: Path, before: bytes, after: bytes) -> None:
    # The name is no recipe's, so that a daemon that watches the folder leaves it alone.
    descriptor, draft = tempfile.mkstemp(
        prefix=f".{target.name}.", suffix=".part", dir=target.parent
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            file.flush()
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        _expect(target, before)
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _expect(target: Path, before: bytes) -> None:
    if target.read_bytes() != before:
        raise WorkspaceError(_CHANGED, hint=_AGAIN, path=target)

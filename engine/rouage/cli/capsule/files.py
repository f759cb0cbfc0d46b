"""The files of `rouage capsule`: read whole, written once."""

from pathlib import Path
from typing import Final

from rouage.cli.session import Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text

_NO_FILE: Final = Text("say which file", "dites quel fichier")
_THERE: Final = Text("{path} exists already", "{path} existe déjà")
_CHOOSE: Final = Text("choose another name with --to", "choisissez un autre nom avec --to")
_UNREADABLE: Final = Text("{path} cannot be read: {cause}", "{path} ne peut pas être lu : {cause}")
_UNWRITABLE: Final = Text(
    "{path} cannot be written: {cause}", "{path} ne peut pas être écrit : {cause}"
)
_TOO_LARGE: Final = Text("{path} is too large", "{path} est trop grand")


def named_file(session: Session, name: str | None) -> Path:
    """Return the file that the call names.

    Raises:
        UsageError: it names none.
    """
    if name is None:
        raise UsageError(_NO_FILE)
    return session.here / Path(name).expanduser()


def read_file(path: Path) -> bytes:
    """Return what the file holds.

    Raises:
        WorkspaceError: it cannot be read, or is no capsule by its size.
    """
    from rouage.rehearsal.capsule import MOST_BYTES

    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise WorkspaceError(_UNREADABLE, path=path, cause=error.strerror) from error
    if len(content) > MOST_BYTES:
        raise WorkspaceError(_TOO_LARGE, path=path)
    return content


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        WorkspaceError: it is there, or cannot be written.
    """
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise WorkspaceError(_THERE, hint=_CHOOSE, path=path) from error
    except OSError as error:
        raise WorkspaceError(_UNWRITABLE, path=path, cause=error.strerror) from error

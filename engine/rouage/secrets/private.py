"""Files that are their owner's alone: read after a look at them, replaced as a whole."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text

_TOO_WIDE: Final = Text(
    "{path} can be read by other accounts of this machine",
    "{path} peut être lu par d’autres comptes de cette machine",
)
_NOT_OURS: Final = Text(
    "{path} belongs to another account, or is not an ordinary file",
    "{path} appartient à un autre compte, ou n’est pas un fichier ordinaire",
)


def read_private(path: Path) -> bytes:
    """Return the content of a file that nobody else can read.

    Raises:
        FileNotFoundError: it is not there.
        WorkspaceError: others can read it, or it is not an ordinary file of ours.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise WorkspaceError(_NOT_OURS, path=path) from error
    with os.fdopen(handle, "rb") as file:
        refuse_wide(path, os.fstat(handle), mode="600")
        return file.read()


def write_private(path: Path, data: bytes) -> None:
    """Replace the file: a private new one beside it, on disk before it takes the name."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_private_folder(folder: Path) -> None:
    """Make *folder* for us alone, unless it is there.

    Raises:
        WorkspaceError: others can enter it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_wide(folder, folder.stat(), mode="700")


def refuse_wide(path: Path, found: os.stat_result, *, mode: str) -> None:
    """Refuse what others own or can read.

    Raises:
        WorkspaceError: they do; the hint is the command that repairs it.
    """
    is_kind = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if not is_kind or found.st_uid != os.geteuid():
        raise WorkspaceError(_NOT_OURS, path=path)
    if stat.S_IMODE(found.st_mode) & 0o077:
        hint = Text(f"run: chmod {mode} '{path}'", f"lancez : chmod {mode} '{path}'")
        raise WorkspaceError(_TOO_WIDE, hint=hint, path=path)

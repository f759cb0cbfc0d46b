"""Which names count: the ignore list, the patterns, and names as people read them.

Paths are bytes here, as the system gives them; patterns see NFC text (triggers F-27).
"""

import fnmatch
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from rouage.sdk import StepError, Text

Case = Literal["auto", "sensitive", "insensitive"]

_NO_PATH: Final = Text(
    "“{path}” names no folder; write it from the workspace, from “/”, or from your home “~/”",
    "« {path} » ne désigne aucun dossier ; écrivez-le depuis l’espace de travail, depuis « / » ou "
    "depuis votre dossier personnel « ~/ »",
)

IGNORED: Final = (
    ".*", "~$*", "*~", "#*#", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload",
    "*.opdownload", "*.download", "*.filepart", "*.!ut", "*.aria2", "*.swp", "*.swx", "4913",
    "Thumbs.db", "desktop.ini", "Icon\r", "~syncthing~*", "@eaDir", "#recycle", "$RECYCLE.BIN",
    "lost+found",
)  # fmt: skip
"""Names that belong to programs, not to people; compared without regard to case (F-17)."""

PROBE: Final = b".rouage-probe-"
"""How the names of our own test files begin; they are never taken, whatever is ignored."""


class Names:
    """The choice of one trigger: *match* admits a name, *ignore* refuses it first.

    A pattern that holds a `/` is compared with the path below the root. With `case: auto`,
    patterns are compared without regard to case, as scanners write `.PDF` as they like.
    """

    def __init__(self, match: Iterable[str], ignore: Iterable[str], case: Case = "auto") -> None:
        self._folds = case != "sensitive"
        patterns = [self._plain(pattern) for pattern in match]
        self._match = _compile(*(pattern for pattern in patterns if "/" not in pattern))
        self._match_path = _compile(*(pattern for pattern in patterns if "/" in pattern))
        self._admits_all = "*" in patterns
        self._ignore = tuple(ignore)
        self._ignored = _compile(*(pattern.casefold() for pattern in self._ignore))

    def admits(self, relative: bytes) -> bool:
        """Say whether the file *relative* (to the root) is of interest."""
        name = relative.rpartition(b"/")[2]
        if self.ignores(name):
            return False
        if self._admits_all:
            return True
        if self._matches(self._match, name):
            return True
        return self._matches(self._match_path, relative)

    def ignores(self, name: bytes) -> bool:
        """Say whether a file or folder of this name is left alone."""
        if name.startswith(PROBE):
            return True
        return self._ignored is not None and self._ignored.match(_folded(name)) is not None

    def ignoring_pattern(self, name: bytes) -> str | None:
        """Return the pattern that ignores *name*, for `rouage why`."""
        folded = _folded(name)
        for written in self._ignore:
            pattern = _compile(written.casefold())
            if pattern is not None and pattern.match(folded):
                return written
        return None

    def _matches(self, pattern: re.Pattern[str] | None, name: bytes) -> bool:
        return pattern is not None and pattern.match(self._plain(os.fsdecode(name))) is not None

    def _plain(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        return text.casefold() if self._folds else text


def display(path: bytes) -> str:
    """Return *path* as a person can read it: NFC, what cannot be shown is escaped."""
    text = unicodedata.normalize("NFC", path.decode("utf-8", "backslashreplace"))
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def resolve(path: str, workspace: Path) -> bytes:
    """Return the absolute folder that the parameter *path* means, without following links.

    Raises:
        StepError: no folder can be meant by it.
    """
    try:
        absolute = os.fsencode(os.path.normpath(workspace / Path(path).expanduser()))
    except (RuntimeError, UnicodeEncodeError) as error:
        raise StepError(_NO_PATH, path=display(path.encode("utf-8", "replace"))) from error
    if b"\0" in absolute:
        raise StepError(_NO_PATH, path=display(path.encode("utf-8", "replace")))
    return absolute


@lru_cache(maxsize=4096)
def _folded(name: bytes) -> str:
    return unicodedata.normalize("NFC", os.fsdecode(name)).casefold()


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=256)
def _compile(*patterns: str) -> re.Pattern[str] | None:
    parts = [fnmatch.translate(pattern) for pattern in patterns]
    return re.compile("|".join(parts)) if parts else None

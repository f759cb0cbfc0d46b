"""What lies in the folder of recipes, and a cheap way to tell that it has not changed.

The folder is looked at every other second for as long as the daemon lives, and hardly ever
changes. To list it anew each time would be most of what an idle daemon does.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rouage.records import dataclass

Signature = tuple[int, int, int, int]
"""When the file was changed, and when its facts were; its size and its number."""

_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_MOST_FILES: Final = 20_000
_RECENT_NANOSECONDS: Final = 2_000_000_000
_UNSETTLED: Final = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The recipe files below a folder, and when the names in each folder had changed last."""

    files: Mapping[str, Signature]
    folders: Mapping[str, int]

    def still_holds(self) -> bool:
        """Say whether all is as it was: the same names, and every file the same.

        False also when that cannot be told without listing.
        """
        try:
            return all(
                os.stat(path).st_mtime_ns == changed  # noqa: PTH116 - for every recipe, for ever
                for path, changed in self.folders.items()
            ) and all(
                _sign(os.stat(path)) == signature  # noqa: PTH116 - as above
                for path, signature in self._paths()
            )
        except OSError:
            return False

    def _paths(self) -> list[tuple[str, Signature]]:
        root = next(iter(self.folders), "")
        return [(root + name, signature) for name, signature in self.files.items()]


def list_recipes(root: Path) -> Listing:
    """Return the recipe files below *root*, by their names relative to it."""
    files: dict[str, Signature] = {}
    folders: dict[str, int] = {}
    pending = [""]
    while pending:
        prefix = pending.pop()
        folder = f"{root}/{prefix}"
        try:
            # Asked before the names are read: what changes meanwhile is found the next time.
            folders[folder] = _settled_at(folder)
            with os.scandir(folder) as found:
                entries = sorted(found, key=_name)
        except OSError:
            folders[folder] = _UNSETTLED
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(f"{prefix}{entry.name}/")
            elif is_recipe_file(entry.name) and len(files) < _MOST_FILES:
                signature = _signed(entry)
                if signature is not None:
                    files[prefix + entry.name] = signature
    return Listing(files=files, folders=folders)


def is_recipe_file(name: str) -> bool:
    """Say whether a file of this name is a recipe, not a test beside one and not hidden."""
    stem, dot, suffix = name.rpartition("/")[2].lower().rpartition(".")
    return (
        dot + suffix in _SUFFIXES
        and stem != ""
        and not name.startswith(".")
        and not stem.endswith(".test")
    )


def _settled_at(folder: str) -> int:
    """Return when the names in *folder* had changed last; an impossible date when just now.

    The disk's clock ticks every few milliseconds: another change may still come within the tick.
    """
    changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a text is at hand
    return changed if changed < time.time_ns() - _RECENT_NANOSECONDS else _UNSETTLED


def _signed(entry: "os.DirEntry[str]") -> Signature | None:
    try:
        return _sign(entry.stat())
    except OSError:
        return None


def _sign(found: os.stat_result) -> Signature:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name

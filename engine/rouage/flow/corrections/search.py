"""Where a file is now that a step made: a bounded look at the disk, in a thread.

A file is the same when its content is. Only files that could be it are read: of the same kind,
touched since it was made, in a folder near by; and each once as long as it stays as it is.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from rouage.errors import StepError
from rouage.records import dataclass
from rouage.safety.fingerprint import WHOLE_BYTES, Fingerprints, as_bytes
from rouage.safety.place import Place

MOST_FOLDERS: Final = 300
MOST_ENTRIES: Final = 20_000
MOST_READ: Final = 200
MOST_READ_BYTES: Final = 256 << 20
MOST_REMEMBERED: Final = 4_096
_DEPTH: Final = 2
_TOLERANCE_SECONDS: Final = 2.0
"""Clocks of file systems are coarse, and a result is recorded a moment after its effect."""

Identity = tuple[int, int]
"""Device and number of a file: what stays when it is renamed on one disk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A file that is not where it should be. `rank` is higher for one that was made later."""

    key: str
    path: str
    hash: bytes
    made: float
    rank: int
    identity: Identity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A file that could be one of those that are missed."""

    path: str
    identity: Identity
    size: int
    touched: int


def identity_of(path: str) -> Identity | None:
    """Return what tells the regular file at *path* from others; None when there is none.

    Raises:
        OSError: it cannot be told.
    """
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


class Search:
    """Looks for files that are missed; keeps the fingerprints of what it has read."""

    def __init__(self, *, hidden: Sequence[Path] = ()) -> None:
        self._hidden = tuple(str(one) for one in hidden)
        self._fingerprints = Fingerprints()
        self._contents: dict[tuple[Identity, int, int], bytes] = {}

    def find(
        self,
        missing: Sequence[Missing],
        *,
        places: Iterable[str],
        known: frozenset[str],
        before: float,
    ) -> dict[str, str]:
        """Return where the *missing* files are, by key.

        *places* are folders to look in besides those near by; *known* are paths that no file of
        the owner has. What was touched after *before* may still be on its way.
        """
        folders = self._folders([*places, *_origins(missing)])
        suffixes: dict[str, float] = {}
        for one in missing:
            suffix = Path(one.path).suffix.lower()
            suffixes[suffix] = min(suffixes.get(suffix, one.made), one.made)
        found: dict[bytes, list[Candidate]] = {}
        wanted = {one.hash for one in missing}
        budget = _Budget()
        for candidate in _candidates(folders, suffixes, known, before):
            content = self._content(candidate, budget)
            if content in wanted:
                found.setdefault(content, []).append(candidate)
        return _paired(missing, found)

    def _content(self, candidate: Candidate, budget: "_Budget") -> bytes:
        """Return the fingerprint of a candidate: read once, however often it is looked at."""
        state = candidate.identity, candidate.size, candidate.touched
        known = self._contents.get(state)
        if known is None:
            if not budget.allows(min(candidate.size, WHOLE_BYTES)):
                return b""
            known = self._contents[state] = self.content_of(candidate.path) or b""
            if len(self._contents) > MOST_REMEMBERED:
                del self._contents[next(iter(self._contents))]
        return known

    def content_of(self, path: str) -> bytes | None:
        """Return the fingerprint of the file at *path*; None when it cannot be read."""
        folder, _, name = path.rpartition("/")
        with suppress(OSError, StepError):
            descriptor = os.open(folder or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                text = self._fingerprints.of(Place(folder=descriptor, name=name, path=path))
            finally:
                os.close(descriptor)
            return None if text is None else as_bytes(text)
        return None

    def _folders(self, places: Iterable[str]) -> list[str]:
        """Return the folders to look in, each once: what was named first, then what is near."""
        found: dict[str, None] = {}
        near: dict[str, int] = {}
        for place in places:
            found[place] = None
            near |= _neighbourhood(place)
        for root, depth in near.items():
            for folder in _below(root, depth):
                if len(found) >= MOST_FOLDERS:
                    break
                found[folder] = None
        return [one for one in found if not self._is_hidden(one)]

    def _is_hidden(self, folder: str) -> bool:
        return any(folder == one or folder.startswith(f"{one}/") for one in self._hidden)


class _Budget:
    """How much may still be read in one look; the rest has its turn at the next one."""

    def __init__(self) -> None:
        self._files = MOST_READ
        self._bytes = MOST_READ_BYTES

    def allows(self, cost: int) -> bool:
        if self._files <= 0 or self._bytes < cost:
            return False
        self._files -= 1
        self._bytes -= cost
        return True


def _origins(missing: Iterable[Missing]) -> list[str]:
    return list(dict.fromkeys(str(Path(one.path).parent) for one in missing))


def _neighbourhood(place: str) -> dict[str, int]:
    """Return the folder from which to look around *place*, and how deep.

    Of the home folder only what lies in it is looked at, and nothing above it.
    """
    home, parent = Path.home(), Path(place).parent
    if parent == home:
        return {str(parent): 1, place: _DEPTH}
    if home.is_relative_to(parent):
        return {place: _DEPTH}
    return {str(parent): _DEPTH}


def _below(root: str, depth: int) -> Iterator[str]:
    """Yield *root* and the folders in it, level by level; links and hidden ones are left out."""
    level = [root]
    for _ in range(depth + 1):
        deeper: list[str] = []
        for folder in level:
            yield folder
            deeper += [
                one.path
                for one in _entries(folder)
                if not one.name.startswith(".") and _is_folder(one)
            ]
        level = sorted(deeper)


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    found = []
    with suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            found.append(entry)
            if len(found) >= MOST_ENTRIES:
                break
    return found


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _candidates(
    folders: Iterable[str], suffixes: Mapping[str, float], known: frozenset[str], before: float
) -> Iterator[Candidate]:
    """Yield the files that could be missed: of the right kind, touched since, and nobody's."""
    left = MOST_ENTRIES
    for folder in folders:
        for entry in _entries(folder):
            left -= 1
            if left < 0:
                return
            since = suffixes.get(Path(entry.name).suffix.lower())
            if since is None or entry.path in known:
                continue
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                # A rename touches the file itself on every file system that we know of.
                is_touched = since - _TOLERANCE_SECONDS <= found.st_ctime <= before
                if stat.S_ISREG(found.st_mode) and is_touched:
                    identity = (found.st_dev, found.st_ino)
                    yield Candidate(
                        path=entry.path,
                        identity=identity,
                        size=found.st_size,
                        touched=found.st_ctime_ns,
                    )


def _paired(missing: Sequence[Missing], found: Mapping[bytes, list[Candidate]]) -> dict[str, str]:
    """Return which file is which; copies that nobody could tell apart are left out."""
    paired: dict[str, str] = {}
    for content, candidates in found.items():
        missed = [one for one in missing if one.hash == content]
        for candidate in candidates:
            rest = [one for one in missed if one.key not in paired]
            same = [one for one in rest if one.identity == candidate.identity]
            named = [one for one in rest if Path(one.path).name == Path(candidate.path).name]
            if len(candidates) > len(missed) and not same:
                continue
            best = max(same or named or rest, key=lambda one: one.rank, default=None)
            if best is not None and (same or named or len(candidates) == 1):
                paired[best.key] = candidate.path
    return paired

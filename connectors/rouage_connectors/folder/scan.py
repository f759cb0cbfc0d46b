"""List a folder tree and compare it with the ledger: the truth behind the hints.

Runs in a thread. Folders are watched as they are met, before they are listed, so that
nothing falls between listing and watching.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final

from rouage.sdk.records import dataclass
from rouage_connectors.folder.ledger import GONE, Row, Version
from rouage_connectors.folder.links import Links
from rouage_connectors.folder.names import Names

_DEEPEST: Final = 64


@dataclass(kw_only=True, slots=True)
class Listing:
    """What a scan found: files that differ from their rows, all paths met, and refusals."""

    changed: dict[bytes, Version] = field(default_factory=dict)
    present: set[bytes] = field(default_factory=set)
    refused: list[bytes] = field(default_factory=list)
    ignored: int = 0
    is_root_missing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What belongs to one trigger; `links` says where links may lead, None: they are left."""

    root: bytes
    names: Names
    is_recursive: bool
    links: Links | None = None

    def below(self, path: bytes) -> bytes:
        """Return *path* as seen from the root."""
        return path[len(self.root) :].lstrip(b"/")

    def is_linked_folder(self, path: bytes) -> bool:
        """Say whether *path* is a link to a folder, which the system reports as a file."""
        return self.links is not None and os.path.islink(path) and os.path.isdir(path)  # noqa: PTH112, PTH114 - paths are bytes here


def scan(
    scope: Scope,
    rows: Mapping[bytes, Row],
    *,
    folder: bytes | None = None,
    watch: Callable[[bytes], None] | None = None,
) -> Listing:
    """Return what is in *folder* (the root, if not given) and, when recursive, below it."""
    listing = Listing()
    visited: set[tuple[int, int]] = set()
    start = folder if folder is not None else scope.root
    pending = [(start, 0)]
    while pending:
        current, depth = pending.pop()
        if watch is not None:
            watch(current)
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if _is_folder(entry, scope):
                        if scope.is_recursive and depth < _DEEPEST:
                            _note_folder(entry, depth, scope, pending, visited)
                    else:
                        _note_file(entry, scope, rows, listing)
        except (FileNotFoundError, NotADirectoryError):
            listing.is_root_missing |= current == scope.root
        except OSError:
            listing.refused.append(current)
    return listing


def _is_folder(entry: "os.DirEntry[bytes]", scope: Scope) -> bool:
    try:
        return entry.is_dir(follow_symlinks=scope.links is not None)
    except OSError:
        return False


def _note_folder(
    entry: "os.DirEntry[bytes]",
    depth: int,
    scope: Scope,
    pending: list[tuple[bytes, int]],
    visited: set[tuple[int, int]],
) -> None:
    if scope.names.ignores(entry.name):
        return
    if scope.links is not None:
        # A link to a folder above would lead round and round.
        facts = entry.stat()
        identity = (facts.st_dev, facts.st_ino)
        is_link = entry.is_symlink()
        if is_link and (identity in visited or not scope.links.leads_out(entry.path)):
            return
        visited.add(identity)
    pending.append((entry.path, depth + 1))


def _may_follow(entry: "os.DirEntry[bytes]", scope: Scope) -> bool:
    if not entry.is_symlink():
        return True
    return scope.links is not None and scope.links.real(entry.path) is not None


def _note_file(
    entry: "os.DirEntry[bytes]", scope: Scope, rows: Mapping[bytes, Row], listing: Listing
) -> None:
    path = entry.path
    if not scope.names.admits(scope.below(path)):
        listing.ignored += 1
        return
    try:
        is_followed = scope.links is not None
        if not entry.is_file(follow_symlinks=is_followed):
            return
        if is_followed and not _may_follow(entry, scope):
            return
        version = Version.of(entry.stat(follow_symlinks=is_followed))
    except OSError:
        return
    listing.present.add(path)
    row = rows.get(path)
    if row is None or row.version != version or row.state in GONE:
        listing.changed[path] = version

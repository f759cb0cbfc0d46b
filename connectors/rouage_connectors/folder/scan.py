"""List a folder tree and compare it with the ledger: the truth behind the hints.

Runs in a thread. Folders are watched as they are met, before they are listed, so that
nothing falls between listing and watching.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rouage_connectors.folder.ledger import Row, Version
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
    """What belongs to one trigger."""

    root: bytes
    names: Names
    is_recursive: bool


def scan(
    scope: Scope,
    rows: Mapping[bytes, Row],
    *,
    folder: bytes | None = None,
    watch: Callable[[bytes], None] | None = None,
) -> Listing:
    """Return what is in *folder* (the root, if not given) and, when recursive, below it."""
    listing = Listing()
    start = folder if folder is not None else scope.root
    pending = [(start, 0)]
    while pending:
        current, depth = pending.pop()
        if watch is not None:
            watch(current)
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        if scope.is_recursive and depth < _DEEPEST:
                            _note_folder(entry, depth, scope, pending)
                    else:
                        _note_file(entry, scope, rows, listing)
        except (FileNotFoundError, NotADirectoryError):
            listing.is_root_missing |= current == scope.root
        except OSError:
            listing.refused.append(current)
    return listing


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _note_folder(
    entry: "os.DirEntry[bytes]", depth: int, scope: Scope, pending: list[tuple[bytes, int]]
) -> None:
    if not scope.names.ignores(entry.name):
        pending.append((entry.path, depth + 1))


def _note_file(
    entry: "os.DirEntry[bytes]", scope: Scope, rows: Mapping[bytes, Row], listing: Listing
) -> None:
    path = entry.path
    if not scope.names.admits(path[len(scope.root) :].lstrip(b"/")):
        listing.ignored += 1
        return
    try:
        if not entry.is_file(follow_symlinks=False):
            return
        version = Version.of(entry.stat(follow_symlinks=False))
    except OSError:
        return
    listing.present.add(path)
    row = rows.get(path)
    if row is None or row.version != version or row.state in {"left", "taken"}:
        listing.changed[path] = version

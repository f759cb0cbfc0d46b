"""Copies that a synchronisation made when two devices changed the same file (features N-13)."""

import re
from typing import Final

_MARKS: Final = re.compile(
    r"""
    \.sync-conflict-\d{8}-\d{6}                       # Syncthing
    | \([^()]*conflicted\ copy[^()]*\)                # Dropbox, Nextcloud, ownCloud
    | \([^()]*copie\ en\ conflit[^()]*\)              # the same, in French
    | _conflict-\d{8}-\d{6}                           # older ownCloud
    | \(SFConflict\ [^()]*\)                          # Seafile
    | _(?:case)?conflict(?=\.[^.]*$|$)                # Synology Drive
    | \.conflict(?=\.[^.]*$|$)                        # Resilio
    | \[conflict(?:ed)?\]                             # Google Drive
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HINT: Final = re.compile("confli", re.IGNORECASE)


def is_conflict_copy(name: str) -> bool:
    """Say whether a file of this name is the other version of a document, not a new one."""
    return _HINT.search(name) is not None and _MARKS.search(name) is not None

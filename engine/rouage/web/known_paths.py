"""Which paths were served before: a hook whose recipe was deleted is gone (410), others unknown.

A sender that is told 410 stops for good, so it is said only of what was there (triggers W-12).
The file holds digests: a path may be what keeps a hook private.
"""

import contextlib
import hashlib
import json
from collections import OrderedDict
from pathlib import Path
from typing import Final

_MOST: Final = 5_000


class KnownPaths:
    """The paths that were opened, each with the recipe it belonged to; kept in *file*."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._owners: OrderedDict[str, str] = OrderedDict()
        self.has_changed = False
        if file is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                found = json.loads(file.read_bytes())
                self._owners.update({str(k): str(v) for k, v in found.items()})

    def note(self, path: str, owner: str) -> None:
        """Remember that *path* is served for the recipe *owner*."""
        digest = _digest(path)
        if self._owners.get(digest) == owner:
            return
        self._owners[digest] = owner
        self._owners.move_to_end(digest)
        if len(self._owners) > _MOST:
            self._owners.popitem(last=False)
        self.has_changed = True

    def owner_of(self, path: str) -> str | None:
        """Return the recipe for which *path* was served last, None when it never was."""
        return self._owners.get(_digest(path))

    def save(self) -> None:
        """Write what changed. Losing it costs a 404 where a 410 would be right, no more."""
        self.has_changed = False
        if self._file is None:
            return
        text = json.dumps(self._owners)
        draft = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            draft.touch(mode=0o600)
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._file)


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:32]

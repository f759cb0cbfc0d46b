"""What counts as new beyond versions: each content once, or each name once (triggers F-20).

The keys live in the trigger's store for ever, apart from the rows, which expire.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from rouage.sdk import JSON
from rouage_connectors.folder.facts import Found
from rouage_connectors.folder.ledger import State
from rouage_connectors.folder.parameters import OncePer

_PREFIX: Final = b"once:"


class Once:
    """The contents, or the names, that were taken before."""

    def __init__(self, kind: OncePer, items: Mapping[bytes, JSON]) -> None:
        self._kind = kind
        own = _PREFIX + kind.encode() + b":"
        self._known = {key for key in items if key.startswith(own)}

    @property
    def is_by_name(self) -> bool:
        """Say whether each name counts once."""
        return self._kind == "name"

    def refuses(self, found: Found) -> State | None:
        """Return what *found* is if it was taken before: a known content, a repeated name."""
        key = self._key(found)
        if key is None or key not in self._known:
            return None
        return "known" if self._kind == "content" else "repeated"

    def reserve(self, files: Iterable[Found]) -> dict[bytes, JSON]:
        """Count *files* as taken, and return what must be stored with their event."""
        keys = {key for found in files if (key := self._key(found)) is not None}
        self._known |= keys
        return dict.fromkeys(keys, 1)

    def release(self, keys: Iterable[bytes]) -> None:
        """Count as not taken what could not be stored."""
        self._known.difference_update(keys)

    def _key(self, found: Found) -> bytes | None:
        if self._kind == "content" and found.sha256 is not None:
            return _PREFIX + b"content:" + found.sha256
        if self._kind == "name":
            return _PREFIX + b"name:" + hashlib.blake2b(found.path, digest_size=16).digest()
        return None


def once_keys(found: Found) -> tuple[bytes, bytes]:
    """Return the keys under which the content and the name of *found* may be stored."""
    names = Once("name", {}).reserve([found])
    contents = Once("content", {}).reserve([found])
    return next(iter(contents), b""), next(iter(names))

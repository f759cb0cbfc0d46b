"""Files that come with an event: attachments, parts of a form. They stay as long as the event.

Each event has a private folder below `.rouage/received/`, whose name nobody can work out from
the event. The actions of recipes may read there; nothing but Rouage writes there.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from rouage.records import dataclass
from rouage.sdk.json import JSON

_MARKER: Final = ".event"
_SALT: Final = ".salt"
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}")
_LONGEST_NAME_BYTES: Final = 200
_LONGEST_TYPE: Final = 100
_SETTLED_SECONDS: Final = 3_600.0
"""A folder this young may belong to an event that is still on its way to the journal."""

IsKept = Callable[[str, str], Awaitable[bool]]
"""Say whether the event of this source and key is in the journal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedFile:
    """One file that was kept. `name` and `type` are what the sender said: labels, not facts."""

    path: Path
    name: str
    size: int
    type: str
    sha256: str

    def as_data(self) -> dict[str, JSON]:
        """Return it as it stands in the event."""
        return {
            "path": str(self.path),
            "name": self.name,
            "size": self.size,
            "type": self.type,
            "sha256": self.sha256,
        }


class Received:
    """The files that come with the events of one trigger (*source* is its full id)."""

    def __init__(self, root: Path, source: str) -> None:
        self.root = root
        self._source = source

    def folder(self, key: str) -> Path:
        """Return the private folder of the event with this *key*, made if missing.

        It is removed when the journal forgets the event, or when no event ever came of it.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        named = json.dumps([self._source, key]).encode()
        digest = hashlib.blake2s(named, key=_salt(self.root), digest_size=16).hexdigest()
        folder = self.root / digest
        folder.mkdir(mode=0o700, exist_ok=True)
        marker = folder / _MARKER
        if not marker.exists():
            # By another name first: half a marker would have the folder taken for nobody's.
            draft = folder / f"{_MARKER}-{secrets.token_hex(4)}"
            draft.write_bytes(named)
            draft.replace(marker)
        return folder

    def fresh_folder(self, key: str) -> Path:
        """Return a new folder within that of *key*: a second delivery disturbs no file in use."""
        folder = self.folder(key) / secrets.token_hex(4)
        folder.mkdir(mode=0o700)
        return folder

    def discard(self, folder: Path) -> None:
        """Remove a folder of ours, whose event came before or did not come to be."""
        if self.root in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)


def keep_file(
    folder: Path, number: int, pieces: Iterable[bytes | memoryview], *, name: str, kind: str
) -> ReceivedFile:
    """Write the file *number* of an event into *folder*, on disk when this returns.

    Its name on disk is ours; *name* and *kind* are what the sender calls it. Blocking: call
    it in a thread.
    """
    label = label_of(name)
    path = folder / f"{number:03}{_suffix_of(label)}"
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return ReceivedFile(
        path=path,
        name=label,
        size=size,
        type=kind[:_LONGEST_TYPE].encode("ascii", "replace").decode("ascii"),
        sha256=digest.hexdigest(),
    )


def sync_folders(folder: Path) -> None:
    """Have the names of what was kept in *folder* on disk, before an event speaks of them."""
    for one in (folder, folder.parent, folder.parent.parent):
        descriptor = os.open(one, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def label_of(name: str) -> str:
    """Return the name that a sender gave, safe to show: one component, no hidden characters."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip()
    cut = plain.encode("utf-8", "replace")[:_LONGEST_NAME_BYTES].decode("utf-8", "ignore")
    return "" if cut in {".", ".."} else cut


async def sweep(root: Path, is_kept: IsKept) -> int:
    """Remove the folders of events that the journal does not hold (any more); return how many."""
    count = 0
    for folder in await asyncio.to_thread(_settled, root):
        named = _read_marker(folder / _MARKER)
        if named is None or not await is_kept(*named):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            count += 1
    return count


def _settled(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    before = time.time() - _SETTLED_SECONDS
    return [one for one in root.iterdir() if one.is_dir() and one.stat().st_mtime <= before]


def _read_marker(path: Path) -> tuple[str, str] | None:
    with contextlib.suppress(OSError, ValueError):
        source, key = json.loads(path.read_bytes())
        return str(source), str(key)
    return None


def _suffix_of(label: str) -> str:
    suffix = Path(label).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _salt(root: Path) -> bytes:
    """Return what keeps the names of folders secret; made once for a workspace."""
    path = root / _SALT
    if not path.exists():
        draft = root / f"{_SALT}-{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(16))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()

"""What events tell of a file, and the key by which an event is known."""

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime, tzinfo
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from rouage.sdk import JSON
from rouage_connectors.folder.conflicts import is_conflict_copy
from rouage_connectors.folder.ledger import Version

_FIELDS: Final[dict[str, JSON]] = {
    "path": {"type": "string"},
    "name": {"type": "string"},
    "stem": {"type": "string"},
    "ext": {"type": "string"},
    "folder": {"type": "string"},
    "size": {"type": "integer"},
    "modified": {"type": "string", "format": "date-time"},
    "sha256": {"type": ["string", "null"]},
    "conflict": {"type": "boolean"},
}
_FILE: Final[JSON] = {"type": "object", "properties": _FIELDS, "required": list(_FIELDS)}
EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {"file": _FILE},
    "required": ["file"],
}
BATCH_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": _FILE},
        "count": {"type": "integer"},
        "size": {"type": "integer"},
        "folder": {"type": "string"},
    },
    "required": ["files", "count", "size", "folder"],
}
REMOVED_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "file": {
            "type": "object",
            "properties": {name: _FIELDS[name] for name in _FIELDS if name != "sha256"},
            "required": [name for name in _FIELDS if name != "sha256"],
        },
        "by_recipe": {"type": "boolean"},
    },
    "required": ["file", "by_recipe"],
}
_SAMPLE_FILE: Final[dict[str, JSON]] = {
    "path": "/home/zoe/Factures/arrivee/facture-1042.pdf",
    "name": "facture-1042.pdf",
    "stem": "facture-1042",
    "ext": "pdf",
    "folder": "/home/zoe/Factures/arrivee",
    "size": 48213,
    "modified": "2026-03-02T09:14:00+01:00",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "conflict": False,
}
SAMPLE: Final[dict[str, JSON]] = {"file": _SAMPLE_FILE}
BATCH_SAMPLE: Final[dict[str, JSON]] = {
    "files": [
        _SAMPLE_FILE,
        {
            **_SAMPLE_FILE,
            "path": "/home/zoe/Factures/arrivee/facture-1043.pdf",
            "name": "facture-1043.pdf",
            "stem": "facture-1043",
            "size": 51007,
            "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        },
    ],
    "count": 2,
    "size": 99220,
    "folder": "/home/zoe/Factures/arrivee",
}
REMOVED_SAMPLE: Final[dict[str, JSON]] = {
    "file": {name: value for name, value in _SAMPLE_FILE.items() if name != "sha256"},
    "by_recipe": False,
}


LASTING: Final = "name"
"""The end of the key of an event that stands, even when the file is replaced before its run."""


class Found(NamedTuple):
    """One complete version of one file. *real* is where a followed link led, else the path."""

    path: bytes
    version: Version
    sha256: bytes | None
    real: bytes


def describe(found: Found, zone: tzinfo) -> dict[str, JSON]:
    """Return `event.file`. A name that is no text keeps its bytes as surrogate escapes."""
    text = os.fsdecode(found.path)
    folder, _, name = text.rpartition("/")
    pure = PurePosixPath(name)
    version, digest = found.version, found.sha256
    modified = datetime.fromtimestamp(version.mtime_ns // 1_000_000_000, zone)
    return {
        "path": text if found.real is found.path else os.fsdecode(found.real),
        "name": name,
        "stem": pure.stem,
        "ext": pure.suffix[1:].lower(),
        "folder": folder or "/",
        "size": version.size,
        "modified": modified.isoformat(),
        "sha256": None if digest is None else digest.hex(),
        "conflict": is_conflict_copy(name),
    }


def event_key(found: Found) -> str:
    """Return the identity of one version of one path; short, as every event keeps it."""
    place = hashlib.blake2b(found.path, digest_size=12).hexdigest()
    version, digest = found.version, found.sha256
    content = "-" if digest is None else digest[:12].hex()
    return f"{place}.{version.size}.{version.mtime_ns}.{version.ctime_ns}.{version.ino}.{content}"


def batch_key(batch: Iterable[Found]) -> str:
    """Return the identity of a batch: that of all its versions together."""
    digest = hashlib.blake2b(digest_size=20)
    for key in sorted(map(event_key, batch)):
        digest.update(key.encode() + b"\n")
    return digest.hexdigest()


def read_version(key: str) -> Version | None:
    """Return the version that the event of this key told of; None where it may change."""
    parts = key.split(".")
    if len(parts) != 6:
        return None
    try:
        size, mtime_ns, ctime_ns, ino = map(int, parts[1:5])
    except ValueError:
        return None
    return Version(size, mtime_ns, ino, ctime_ns)

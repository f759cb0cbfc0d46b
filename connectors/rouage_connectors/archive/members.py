"""Judge an archive before anything of it is unpacked (security S-44)."""

import os
import re
import stat
import struct
from typing import TYPE_CHECKING, BinaryIO, Final

from rouage.sdk import StepError, Text
from rouage.sdk.files import new_name, shown
from rouage.sdk.records import dataclass
from rouage_connectors.archive.declaration import MOST_BYTES, MOST_MEMBERS, TOO_LARGE, TOO_MANY

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MOST_RATIO: Final = 100
_SMALL: Final = 1 << 20
"""Below this, how well a member is packed does not matter."""

_END: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_TAIL_BYTES: Final = (1 << 16) + 22
_MOST_DIRECTORY_BYTES: Final = MOST_MEMBERS * 1_100
_LOCAL_HEADER_BYTES: Final = 30
_STORED, _DEFLATED = 0, 8
_ENCRYPTED: Final = 0x1 | 0x40
_UTF8: Final = 0x800
_KINDS: Final = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
_DRIVE: Final = re.compile(r"[A-Za-z]:")

_NOT_ZIP: Final = Text("{path} is not a ZIP archive", "{path} n’est pas une archive ZIP")
_BAD_NAME: Final = Text(
    "{path} holds the name “{name}”, which leads out of the folder",
    "{path} contient le nom « {name} », qui sort du dossier",
)
_LINK: Final = Text(
    "{path}: “{name}” is a link or a device, not a file",
    "{path} : « {name} » est un lien ou un périphérique, pas un fichier",
)
_LOCKED: Final = Text(
    "{path} is protected by a password", "{path} est protégée par un mot de passe"
)
_METHOD: Final = Text(
    "{path}: “{name}” is packed in a way that is not accepted",
    "{path} : « {name} » est compressé d’une façon qui n’est pas acceptée",
)
_BOMB: Final = Text(
    "{path}: “{name}” unpacks to more than {ratio} times its size",
    "{path} : « {name} » se décompresse à plus de {ratio} fois sa taille",
)
_OVERLAP: Final = Text(
    "{path}: “{name}” lies over another member", "{path} : « {name} » en recouvre un autre"
)
_TWICE: Final = Text(
    "{path} holds the name “{name}” twice", "{path} contient deux fois le nom « {name} »"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of an archive: its name below the target folder, and how to read it."""

    name: str
    entry: "ZipInfo"


def check_end(file: BinaryIO, path: str) -> None:
    """Refuse a directory of members so long that merely reading it would fill the memory.

    Raises:
        StepError: this is no ZIP archive, or it holds too many members.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise StepError(_NOT_ZIP, path=shown(path))
    count, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR:
        count, directory = _large_end(file, tail[at - 12 : at - 4], path)
    if count > MOST_MEMBERS or directory > _MOST_DIRECTORY_BYTES:
        raise StepError(TOO_MANY, path=shown(path), limit=MOST_MEMBERS)
    file.seek(0)


def _large_end(file: BinaryIO, offset: bytes, path: str) -> tuple[int, int]:
    """Return the count and the directory size of an archive with 64-bit sizes."""
    try:
        file.seek(struct.unpack("<Q", offset)[0])
        record = file.read(56)
        count, directory = struct.unpack("<QQ", record[32:48])
    except (struct.error, OSError, OverflowError, ValueError):
        raise StepError(_NOT_ZIP, path=shown(path)) from None
    return count, directory


def judged(archive: "ZipFile", path: str) -> list[Member]:
    """Return the files of *archive*, sorted by name, if all of it may be unpacked.

    Raises:
        StepError: one member is unsafe; none may be unpacked then.
    """
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise StepError(TOO_MANY, path=shown(path), limit=MOST_MEMBERS)
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise StepError(TOO_LARGE, path=shown(path), limit=MOST_BYTES >> 20)
    for entry in entries:
        refusal = _refusal(entry)
        if refusal is not None:
            raise StepError(
                refusal, path=shown(path), name=shown(entry.orig_filename[:80]), ratio=MOST_RATIO
            )
    _refuse_overlaps(entries, archive.start_dir, path)
    return _named(entries, path)


def _refusal(entry: "ZipInfo") -> Text | None:
    if entry.flag_bits & _ENCRYPTED:
        return _LOCKED
    if stat.S_IFMT(entry.external_attr >> 16) not in _KINDS:
        return _LINK
    if entry.compress_type not in {_STORED, _DEFLATED}:
        return _METHOD
    is_large = entry.file_size > _SMALL
    return _BOMB if is_large and entry.file_size > MOST_RATIO * entry.compress_size else None


def _refuse_overlaps(entries: "list[ZipInfo]", directory: int, path: str) -> None:
    """Refuse members that share bytes: a small archive of them unpacks to anything."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [*(entry.header_offset for entry in ordered[1:]), directory]
    for entry, following in zip(ordered, starts, strict=False):
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
        if end > following:
            raise StepError(_OVERLAP, path=shown(path), name=shown(entry.filename[:80]))


def _named(entries: "list[ZipInfo]", path: str) -> list[Member]:
    members: dict[str, ZipInfo] = {}
    folders: set[str] = set()
    for entry in entries:
        name = _safe_name(entry, path)
        parents = name.split("/")[:-1]
        folders.update("/".join(parents[: depth + 1]) for depth in range(len(parents)))
        if entry.orig_filename.endswith(("/", "\\")):
            continue  # a folder; it is made when a file needs it
        if name in members:
            raise StepError(_TWICE, path=shown(path), name=shown(name))
        members[name] = entry
    clash = next(iter(folders & members.keys()), None)
    if clash is not None:
        raise StepError(_TWICE, path=shown(path), name=shown(clash))
    return [Member(name=name, entry=entry) for name, entry in sorted(members.items())]


def _safe_name(entry: "ZipInfo", path: str) -> str:
    raw = _decoded(entry).replace("\\", "/")
    parts = raw.rstrip("/").split("/")
    if "\0" in raw or _DRIVE.match(raw) or {"", ".", ".."} & set(parts):
        raise StepError(_BAD_NAME, path=shown(path), name=shown(raw[:80]))
    return "/".join(new_name(part) for part in parts)


def _decoded(entry: "ZipInfo") -> str:
    """Return the name; UTF-8 without its flag, as some systems write it, is recognised."""
    name = entry.orig_filename
    if entry.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name

"""Pack files into a ZIP archive, always in the same order, with a manifest if wished."""

import asyncio
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import OnConflict, Outcome, explaining, preview, shown, walk, write
from rouage.sdk.records import dataclass
from rouage.sdk.tables import BOM, Dialect, encoded_line, harmless, line_of
from rouage.sdk.undoing import files_undo
from rouage_connectors.archive.declaration import (
    CHUNK,
    CONFLICT_TITLE,
    LIMITS,
    MOST_BYTES,
    MOST_MEMBERS,
    TOO_LARGE,
    TOO_MANY,
    connector,
)

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MANIFEST: Final = "manifest.csv"
_ALREADY_PACKED: Final = (
    *(".zip", ".gz", ".7z", ".mp4", ".mp3"),
    *(".jpg", ".jpeg", ".png", ".webp", ".gif"),
)
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_NOTHING: Final = Text("no file to pack in {path}", "aucun fichier à archiver dans {path}")
_CHANGED: Final = Text(
    "{path} was changed since it was made", "{path} a été modifié depuis sa création"
)
_TWICE: Final = Text(
    "two files would have the name “{name}” in the archive",
    "deux fichiers auraient le nom « {name} » dans l’archive",
)


@params
class Packing:
    """What to pack, and where to."""

    source: str | list[str] = param(
        Text(
            "Files and folders to pack. Of a folder, all that lies below it.",
            "Fichiers et dossiers à archiver. D’un dossier, tout ce qu’il contient.",
        ),
        title=Text("Files", "Fichiers"),
        format="path",
        examples=["files/photos"],
    )
    target: str = param(
        Text("The archive to make.", "L’archive à faire."),
        title=Text("Archive", "Archive"),
        format="path",
        examples=["files/photos.zip"],
    )
    match: str | list[str] = param(
        Text(
            "Which names of the folders: a pattern or several.",
            "Quels noms des dossiers : un motif ou plusieurs.",
        ),
        title=Text("Names", "Noms"),
        default="*",
        format="glob",
        examples=["*.jpg"],
    )
    manifest: bool = param(
        Text(
            "Add manifest.csv: name, size and SHA-256 of each file.",
            "Ajouter manifest.csv : nom, taille et SHA-256 de chaque fichier.",
        ),
        title=Text("With a manifest", "Avec un manifeste"),
        default=False,
    )
    on_conflict: OnConflict = param(
        Text(
            "What to do if the archive exists: fail, skip, overwrite or rename.",
            "Que faire si l’archive existe : fail, skip, overwrite ou rename.",
        ),
        title=CONFLICT_TITLE,
        default="fail",
    )


@dataclass(slots=True)
class _Packed:
    """What went into the archive; `lines` are those of the manifest."""

    lines: list[tuple[str, int, str]] = field(default_factory=list)
    size: int = 0

    def add(self, name: str, size: int, digest: str) -> None:
        self.lines.append((name, size, digest))
        self.size += size


async def simulate_pack(params: Packing, context: Context) -> JSON:
    """Return what `zip` would return, touching nothing."""
    return await asyncio.to_thread(_preview, params, context)


def _preview(params: Packing, context: Context) -> JSON:
    outcome, packed = (
        preview(context.files, params.target, on_conflict=params.on_conflict),
        _Packed(),
    )
    for name, path in _members(params, context) if not outcome.is_skipped else ():
        with context.files.open_read(path) as source, explaining(path):
            digest, size = hashlib.sha256(), 0
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        packed.add(name, size, digest.hexdigest())
    return _result(outcome, packed)


@connector.action(
    "zip",
    title=Text("Pack files", "Archiver des fichiers"),
    about=Text("Pack files into a ZIP archive.", "Met des fichiers dans une archive ZIP."),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path", "description": "The archive"},
            "count": {"type": "integer", "description": "Files packed"},
            "size": {"type": "integer", "description": "Bytes before packing"},
            "files": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "size": {"type": "integer"},
                        "sha256": {"type": "string"},
                    },
                },
            },
            "skipped": {"type": "boolean", "description": "Whether nothing was done"},
        },
        "required": ["path", "count", "size", "files", "skipped"],
    },
    example={"source": "files/photos", "target": "files/photos.zip", "manifest": True},
    describe=Text("pack {source} into {target}", "archiver {source} dans {target}"),
    simulate=simulate_pack,
    undo=files_undo(targets=lambda params, _: [params.target]),
    isolated=True,
    limits=LIMITS,
)
async def pack(params: Packing, context: Context) -> JSON:
    """Pack files into a ZIP archive, sorted by name."""
    return await asyncio.to_thread(_pack, params, context)


def _pack(params: Packing, context: Context) -> JSON:
    packed = _Packed()

    def fill(file: BinaryIO) -> None:
        _fill(file, params, context, packed)

    outcome = write(
        context.files,
        params.target,
        fill,
        on_conflict=params.on_conflict,
        key=context.idempotency_key,
    )
    if not outcome.is_skipped:
        context.wrote(outcome.path)
    if not packed.lines and not outcome.is_skipped:
        # Made by an earlier call with this key: its sources may be gone, the archive tells.
        _read_back(outcome.path, params, context, packed)
    return _result(outcome, packed)


def _result(outcome: Outcome, packed: _Packed) -> JSON:
    return {
        "path": outcome.path,
        "count": len(packed.lines),
        "size": packed.size,
        "files": [
            {"name": name, "size": size, "sha256": digest} for name, size, digest in packed.lines
        ],
        "skipped": outcome.is_skipped,
    }


def _members(params: Packing, context: Context) -> list[tuple[str, str]]:
    """Return the (name in the archive, path) of every file to pack, sorted by name."""
    sources = [params.source] if isinstance(params.source, str) else params.source
    target = str(context.files.resolve(params.target))
    found: dict[str, str] = {}
    for source in sources:
        for name, path in _below(source, params, context):
            if path == target:
                continue  # an archive does not hold itself
            if name in found or (params.manifest and name == MANIFEST):
                raise StepError(_TWICE, name=shown(name))
            found[name] = path
            if len(found) > MOST_MEMBERS:
                raise StepError(TOO_MANY, path=shown(source), limit=MOST_MEMBERS)
    if not found:
        raise StepError(_NOTHING, path=", ".join(map(shown, sources)))
    return sorted(found.items())


def _below(source: str, params: Packing, context: Context) -> Iterator[tuple[str, str]]:
    path = context.files.check(source, "read")
    if not path.is_dir():
        yield _inner_name(path.name), str(path)
        return
    for file in walk(context.files, path, match=params.match, recursive=True):
        yield _inner_name(file.inner), file.path


def _inner_name(name: str) -> str:
    """Return *name* as it can stand in an archive: composed, bytes that are no text escaped."""
    return unicodedata.normalize("NFC", _SURROGATE.sub(lambda found: shown(found.group()), name))


def _fill(file: BinaryIO, params: Packing, context: Context, packed: _Packed) -> None:
    from zipfile import ZIP_DEFLATED, ZipFile

    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, path in _members(params, context):
            _add(archive, name, path, context, packed)
        if params.manifest:
            now = context.clock.now().astimezone(context.timezone)
            archive.writestr(_information(MANIFEST, now), _manifest(packed))


def _add(archive: "ZipFile", name: str, path: str, context: Context, packed: _Packed) -> None:
    with context.files.open_read(path) as source, explaining(path):
        seconds = os.fstat(source.fileno()).st_mtime
        modified = datetime.fromtimestamp(seconds, context.timezone)
        with archive.open(_information(name, modified), "w", force_zip64=True) as target:
            digest, size = hashlib.sha256(), 0
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if packed.size + size > MOST_BYTES:
                    raise StepError(TOO_LARGE, path=shown(path), limit=MOST_BYTES >> 20)
                target.write(chunk)
    packed.add(name, size, digest.hexdigest())


def _information(name: str, modified: datetime) -> "ZipInfo":
    from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

    year = min(max(modified.year, _FIRST_YEAR), _LAST_YEAR)
    information = ZipInfo(name, (year, *modified.timetuple()[1:6]))
    is_packed = name.lower().endswith(_ALREADY_PACKED)
    information.compress_type = ZIP_STORED if is_packed else ZIP_DEFLATED
    information.external_attr = (stat.S_IFREG | 0o644) << 16
    return information


def _manifest(packed: _Packed) -> bytes:
    dialect = Dialect()
    rows = [("name", "size", "sha256"), *((n, str(s), d) for n, s, d in packed.lines)]
    lines = (line_of((harmless(name), *rest), dialect) for name, *rest in rows)
    return BOM + b"".join(encoded_line(line, "utf-8") for line in lines)


def _read_back(path: str, params: Packing, context: Context, packed: _Packed) -> None:
    from zipfile import BadZipFile, ZipFile

    try:
        with context.files.open_read(path) as file, ZipFile(file) as archive:
            for information in archive.infolist():
                if params.manifest and information.filename == MANIFEST:
                    continue
                digest = hashlib.sha256()
                with archive.open(information) as member:
                    while chunk := member.read(CHUNK):
                        digest.update(chunk)
                packed.add(information.filename, information.file_size, digest.hexdigest())
    except BadZipFile:
        raise StepError(_CHANGED, path=shown(path)) from None

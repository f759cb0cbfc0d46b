"""Put a gallery where it is wanted: file by file into a folder, or into one ZIP."""

import os
import stat
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final

from rouage.sdk import Context, StepError, Text
from rouage.sdk.files import OnConflict, copy, explaining, preview, write
from rouage_connectors.photo.gallery_contents import Contents, Item

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MOST_BYTES: Final = 2 << 30
_CHUNK: Final = 1 << 20
_INDEX: Final = "index.html"
_FIRST: Final = (1980, 1, 1, 0, 0, 0)
_FIRST_YEAR, _LAST_YEAR = 1980, 2107

_LARGE: Final = Text(
    "the photos take more than {limit} GiB, the most for one ZIP",
    "les photos dépassent {limit} Gio, le plus pour un seul ZIP",
)
_LARGE_HINT: Final = Text(
    "make several galleries, or reduce the photos with `photo.process`",
    "faites plusieurs galeries, ou réduisez les photos avec « photo.process »",
)


def place_folder(
    context: Context, root: str, page: bytes, contents: Contents, *, on_conflict: OnConflict
) -> list[str]:
    """Write the gallery into the folder *root*; return its files, the page first.

    The page is written last: where it is, all it shows is there. Nothing is returned where
    the gallery was there and is to be left alone.

    Raises:
        StepError: one of the files exists and *on_conflict* is `fail`.
    """
    files, key = context.files, context.idempotency_key
    index = f"{root}/{_INDEX}"
    is_new = files.intents.find(f"{key}/page") is None
    if is_new and preview(files, index, on_conflict=on_conflict).is_skipped:
        return []
    for number, item in enumerate(contents.items):
        for kind, name in (("large", item.entry.large), ("small", item.entry.small)):
            if files.intents.find(f"{key}/{kind}/{number}") is None:
                preview(files, f"{root}/{name}", on_conflict=on_conflict)
    paths: list[str] = []
    for number, item in enumerate(contents.items):
        large, small = f"{root}/{item.entry.large}", f"{root}/{item.entry.small}"
        copied = copy(
            files, item.entry.source, large, on_conflict=on_conflict, key=f"{key}/large/{number}"
        )
        data = contents.small(item)
        made = write(files, small, data, on_conflict=on_conflict, key=f"{key}/small/{number}")
        paths += [one.path for one in (copied, made) if not one.is_skipped]
    written = write(files, index, page, on_conflict=on_conflict, key=f"{key}/page")
    return [written.path, *paths]


def place_zip(
    context: Context, root: str, page: bytes, contents: Contents, *, on_conflict: OnConflict
) -> list[str]:
    """Write the gallery into the archive *root*; return it, or nothing if it was left alone.

    Raises:
        StepError: it exists and *on_conflict* is `fail`, or it would be too large.
    """

    def fill(file: BinaryIO) -> None:
        from zipfile import ZIP_DEFLATED, ZipFile

        with ZipFile(file, "w") as archive:
            archive.writestr(_member(_INDEX, _latest(contents)), page, ZIP_DEFLATED)
            for item in contents.items:
                _add(archive, item, context, contents)

    key = context.idempotency_key
    written = write(context.files, root, fill, on_conflict=on_conflict, key=key)
    return [] if written.is_skipped else [written.path]


def _add(archive: "ZipFile", item: Item, context: Context, contents: Contents) -> None:
    """Add a photo and its small version; they are packed already, and only stored."""
    path = item.entry.source
    with context.files.open_read(path) as source, explaining(path):
        left = MOST_BYTES - archive.start_dir - os.fstat(source.fileno()).st_size
        member = _member(item.entry.large, item.taken)
        with archive.open(member, "w") as target:
            while left > 0 and (chunk := source.read(_CHUNK)):
                target.write(chunk)
    if left <= 0:
        raise StepError(_LARGE, hint=_LARGE_HINT, limit=MOST_BYTES >> 30)
    archive.writestr(_member(item.entry.small, item.taken), contents.small(item))


def _member(name: str, taken: str | None) -> "ZipInfo":
    """Return what the archive says of a file: when the photo was taken, never when it was made.

    So the same photos give the same archive.
    """
    from zipfile import ZipInfo

    member = ZipInfo(name, _moment(taken))
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    return member


def _moment(taken: str | None) -> tuple[int, int, int, int, int, int]:
    if taken is None:
        return _FIRST
    try:
        moment = datetime.fromisoformat(taken)
    except ValueError:
        return _FIRST
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return _FIRST
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def _latest(contents: Contents) -> str | None:
    return max((item.taken for item in contents.items if item.taken), default=None)

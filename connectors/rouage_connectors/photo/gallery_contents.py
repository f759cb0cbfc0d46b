"""What goes into a gallery: each photo as it is, and a small version of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from rouage.sdk import Context, StepError, Text
from rouage.sdk.files import explaining, new_name
from rouage.sdk.records import dataclass
from rouage_connectors.photo import naming
from rouage_connectors.photo.choosing import sources
from rouage_connectors.photo.darkroom import BadPhoto, Darkroom
from rouage_connectors.photo.gallery_page import Language, Shown, page_of
from rouage_connectors.photo.gallery_photos import Missed, smaller

_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")

_NOT_SHOWN: Final = Text(
    "browsers do not show photos of this kind", "les navigateurs ne montrent pas ce type de photo"
)
_NOT_SHOWN_HINT: Final = Text(
    "`photo.process` makes a JPEG of it first", "« photo.process » en fait d’abord un JPEG"
)
_NOTHING: Final = Text(
    "none of the {count} photos can be shown; the first: {reason}",
    "aucune des {count} photos ne peut être montrée ; la première : {reason}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One photo: where it is, and where it and its small version lie in the gallery."""

    source: str
    large: str
    small: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An entry that can be shown; its small version lies at `place` of a common file."""

    entry: Entry
    width: int
    height: int
    taken: str | None
    place: tuple[int, int]


class Contents:
    """The photos of one gallery, and those that cannot be shown."""

    def __init__(self, store: BinaryIO) -> None:
        self._store = store
        self.items: list[Item] = []
        self.missed: list[Missed] = []

    def small(self, item: Item) -> bytes:
        """Return the small version of a photo, a JPEG file."""
        start, size = item.place
        self._store.seek(start)
        return self._store.read(size)

    def page(self, title: str, text: str, *, language: Language) -> bytes:
        """Return the page that shows them."""
        photos = [
            Shown(
                name=one.entry.large.partition("/")[2],
                large=one.entry.large,
                small=one.entry.small,
                width=one.width,
                height=one.height,
            )
            for one in self.items
        ]
        return page_of(title, text, photos, language=language)


def entries_of(
    context: Context, photos: str | list[str], match: str | list[str] | None, *, apart: str | None
) -> list[Entry]:
    """Return the photos that are meant, each under a name of its own.

    Raises:
        StepError: there is none, or there are too many.
    """
    paths = [one.path for one in sources(context, photos, match, apart=apart)]
    names = naming.apart([_name(path, number) for number, path in enumerate(paths, start=1)])
    return [
        Entry(source=path, large=f"photos/{name}", small=f"small/{number:04}.jpg")
        for number, (path, name) in enumerate(zip(paths, names, strict=True), start=1)
    ]


def _name(path: str, number: int) -> str:
    """Return the name of a photo: the one it has, if every system takes it."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    if not dot or not ending.isalnum():
        stem, ending = name, "jpg"
    try:
        return new_name(f"{naming.filled('{name}', {'name': stem})}.{ending}")
    except StepError:
        return f"photo-{number:04}.{ending[:8]}"


@contextmanager
def collect(
    context: Context, room: Darkroom, entries: list[Entry], *, longest: int
) -> Iterator[Contents]:
    """Give the contents of a gallery of *entries*, until the block is left.

    Raises:
        StepError: not one of them can be shown.
    """
    with tempfile.TemporaryFile(dir=context.scratch()) as store:
        contents, fit = Contents(store), list[Entry]()
        for entry in entries:
            missed = _missed(context, entry.source)
            if missed is None:
                fit.append(entry)
            else:
                contents.missed.append(missed)
        made = smaller(context, room, [one.source for one in fit], longest=longest, form="jpeg")
        for entry, one in zip(fit, made, strict=True):
            if isinstance(one, Missed):
                contents.missed.append(one)
                continue
            place = store.tell(), store.write(one.data)
            item = Item(
                entry=entry, width=one.width, height=one.height, taken=one.taken, place=place
            )
            contents.items.append(item)
        if not contents.items:
            raise _nothing(contents.missed)
        yield contents


def _missed(context: Context, path: str) -> Missed | None:
    """Return why a browser would not show the photo, judged by its first bytes."""
    try:
        with context.files.open_read(path) as file, explaining(path):
            head = file.read(12)
    except StepError as error:
        return Missed(source=path, reason=BadPhoto(error).said)
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    if not head or is_webp or head.startswith(_BEGINNINGS):
        return None  # an empty one is refused where the others are read
    is_photo = StepError(_NOT_SHOWN, hint=_NOT_SHOWN_HINT)
    return Missed(source=path, reason=BadPhoto(is_photo).said)


def _nothing(missed: list[Missed]) -> StepError:
    first = missed[0].reason
    reason = Text(first["en"], first["fr"])
    return StepError(_NOTHING, count=len(missed), reason=reason)

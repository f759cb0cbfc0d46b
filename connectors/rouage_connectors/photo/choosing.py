"""Which photos an action means: one, a list of them, or those of folders."""

import fnmatch
from collections.abc import Iterator, Sequence
from typing import Final

from rouage.sdk import Context, StepError, Text
from rouage.sdk.files import shown, walk
from rouage.sdk.records import dataclass
from rouage_connectors.photo.declaration import MOST_PHOTOS
from rouage_connectors.photo.formats import EXTENSIONS

_NONE: Final = Text("no photo in {path}", "aucune photo dans {path}")
_MANY: Final = Text(
    "more than {limit} photos at once: choose fewer with `match`",
    "plus de {limit} photos à la fois : choisissez-en moins avec `match`",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A photo: its path, and its place below the folder that was named (or its name)."""

    path: str
    inner: str


def sources(
    context: Context,
    photos: str | Sequence[str],
    match: str | Sequence[str] | None,
    *,
    apart: str | None = None,
) -> list[Source]:
    """Return the photos that *photos* names, in order, each once.

    What lies in a folder *apart* below one of them is left out: what was made is no original.

    Raises:
        StepError: there is none, or there are too many.
    """
    named = [photos] if isinstance(photos, str) else list(photos)
    found: dict[str, Source] = {}
    made = None if apart is None else str(context.files.resolve(apart))
    for name in named:
        for source in _named(context, name, match, made):
            found.setdefault(source.path, source)
            if len(found) > MOST_PHOTOS:
                raise StepError(_MANY, limit=MOST_PHOTOS)
    if not found:
        raise StepError(_NONE, path=", ".join(map(shown, named[:5])))
    return list(found.values())


def _named(
    context: Context, name: str, match: str | Sequence[str] | None, made: str | None
) -> Iterator[Source]:
    path = context.files.check(name, "read")
    if not path.is_dir():
        # A photo that was named is looked for, whatever it is called: missing, it is said so.
        yield Source(path=str(path), inner=path.name)
        return
    is_below = made is not None and made.startswith(f"{path}/")
    for file in walk(context.files, path, match="*", recursive=True):
        if is_below and file.path.startswith(f"{made}/"):
            continue
        if _fits(file.inner.rpartition("/")[2], match):
            yield Source(path=file.path, inner=file.inner)


def _fits(name: str, match: str | Sequence[str] | None) -> bool:
    if match is None:
        return name.rpartition(".")[2].lower() in EXTENSIONS
    patterns = [match] if isinstance(match, str) else match
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

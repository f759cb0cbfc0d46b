"""A small version of each photo: what contact sheets and galleries show."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.photo.darkroom import BadPhoto, Darkroom
from rouage_connectors.photo.formats import MOST_PIXELS

_ODD: Final = Text("the photo cannot be made smaller", "la photo ne peut pas être réduite")


@dataclass(frozen=True, kw_only=True, slots=True)
class Small:
    """A small version of a photo, upright: its pixels (RGB) or a JPEG file."""

    width: int
    height: int
    taken: str | None
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """A photo that could not be read, with the reason in both languages."""

    source: str
    reason: dict[str, str]

    def record(self) -> dict[str, JSON]:
        """Return what the result of the action says of it."""
        return {"source": self.source, "reason": dict(self.reason)}


def smaller(
    context: Context,
    room: Darkroom,
    paths: Iterable[str],
    *,
    longest: int,
    form: Literal["pixels", "jpeg"],
) -> Iterator[Small | Missed]:
    """Yield a small version of each photo, in order; several are worked on at a time."""

    def one(path: str) -> Small | Missed:
        try:
            return _small(context, room, path, longest=longest, form=form)
        except BadPhoto as bad:
            return Missed(source=path, reason=bad.said)

    yield from room.map(one, paths)


def _small(context: Context, room: Darkroom, path: str, *, longest: int, form: str) -> Small:
    task = {"do": "thumbnail", "longest": longest, "form": form}
    try:
        source = context.files.open_read(path)
    except StepError as error:
        raise BadPhoto(error) from error
    with source, tempfile.TemporaryFile(dir=context.scratch()) as target:
        facts = room.ask(task, source, target)
        target.seek(0)
        data = target.read(3 * MOST_PIXELS)
    return _checked(facts, data, longest=longest, form=form)


def _checked(facts: dict[str, Any], data: bytes, *, longest: int, form: str) -> Small:
    """Return what a process says it made; it may have been the photo that spoke."""
    width, height, taken = facts.get("width"), facts.get("height"), facts.get("taken")
    is_whole = (
        isinstance(width, int)
        and isinstance(height, int)
        and 1 <= min(width, height) <= max(width, height) <= longest
        and (form != "pixels" or len(data) == 3 * width * height)
        and (taken is None or isinstance(taken, str))
    )
    if not is_whole:
        raise BadPhoto(StepError(_ODD))
    return Small(width=facts["width"], height=facts["height"], taken=taken, data=data)

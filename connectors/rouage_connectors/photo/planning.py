"""What `photo.process` is going to do: which photos, how each looks, what it is called."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from rouage.sdk import Context, StepError, Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass
from rouage_connectors.photo import look, naming, series
from rouage_connectors.photo.choosing import Source, sources
from rouage_connectors.photo.darkroom import BadPhoto, Darkroom
from rouage_connectors.photo.reasons import unusable
from rouage_connectors.photo.wishes import Processing

Facts = Mapping[str, Any]

_EXTENSIONS: Final[Mapping[str, str]] = {"jpeg": "jpg", "webp": "webp", "png": "png"}
_DIGITS: Final = 3
_LIGHTS: Final = (0.25, 0.7)
"""How dark and how light reference photos may ask others to be."""

_ONE_SIGNATURE: Final = Text(
    "give either `watermark` or `watermark_image`, not both",
    "donnez soit `watermark`, soit `watermark_image`, pas les deux",
)
_ORIGINAL: Final = Text(
    "{path} is an original and would be replaced: give another `folder` or `name`",
    "{path} est un original et serait remplacé : donnez un autre `folder` ou `name`",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """One photo to make: of what, where, and what was found out about the original."""

    source: str
    target: str
    facts: Facts
    correction: Facts | None
    doubts: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The photos to make, and the originals that cannot be used, each with the reason."""

    photos: Sequence[Photo]
    failed: Sequence[tuple[str, StepError]]


def plan(params: Processing, context: Context, room: Darkroom) -> Plan:
    """Look at every photo that *params* names, and return what is to be made.

    Raises:
        StepError: what *params* wishes for cannot be.
    """
    _check(params)
    if params.watermark_image is not None:
        _check_logo(params.watermark_image, context, room)
    found = _sources(params, context)
    task: dict[str, Any] = {"do": "read"}
    if params.enhance:
        task = {"do": "measure", "middle": _middle(params, context, room)}
    seen = _looked(room, context, found, task)
    places = _places(params, context, found, seen)
    usable = [
        (source.path, target, facts)
        for source, target, facts in zip(found, places, seen, strict=True)
        if not isinstance(facts, StepError)
    ]
    return Plan(
        photos=_photos(usable, is_enhanced=params.enhance),
        failed=[
            (source.path, reason)
            for source, reason in zip(found, seen, strict=True)
            if isinstance(reason, StepError)
        ],
    )


def targets(params: Processing, context: Context) -> list[str]:
    """Return the paths that `photo.process` may make or replace."""
    _check(params)
    found = _sources(params, context)
    if not naming.needs_date(params.name):
        return _places(params, context, found, [{}] * len(found))
    with Darkroom() as room:
        return _places(params, context, found, _looked(room, context, found, {"do": "read"}))


def _check(params: Processing) -> None:
    naming.check(params.name)
    if params.watermark is not None and params.watermark_image is not None:
        raise StepError(_ONE_SIGNATURE)


def _check_logo(path: str, context: Context, room: Darkroom) -> None:
    """Raise unless the picture *path* can sign: each photo would be blamed for it."""
    with context.files.open_read(path) as file:
        try:
            room.ask({"do": "read"}, file)
        except BadPhoto as bad:
            raise unusable(path, bad.reason) from bad


def _sources(params: Processing, context: Context) -> list[Source]:
    return sources(context, params.photos, params.match, apart=params.folder)


def _looked(
    room: Darkroom, context: Context, found: Sequence[Source], task: dict[str, Any]
) -> list[Facts | StepError]:
    """Return the facts of each photo, or why it has none."""

    def look_at(source: Source) -> Facts | StepError:
        try:
            with context.files.open_read(source.path) as file:
                modified = os.fstat(file.fileno()).st_mtime
                return {**room.ask(task, file), "modified": modified}
        except BadPhoto as bad:
            return bad.reason
        except StepError as error:  # it is missing, or may not be read
            return error

    return list(room.map(look_at, found))


def _middle(params: Processing, context: Context, room: Darkroom) -> float:
    """Return the light to aim at: that of the photos that the owner likes."""
    if not params.like:
        return look.MIDDLE
    found = sources(context, params.like, None)
    seen = _looked(room, context, found, {"do": "measure"})
    lights = [facts["light"] for facts in seen if not isinstance(facts, StepError)]
    darkest, lightest = _LIGHTS
    return max(darkest, min(lightest, sum(lights) / len(lights))) if lights else look.MIDDLE


def _photos(usable: Sequence[tuple[str, str, Facts]], *, is_enhanced: bool) -> list[Photo]:
    seen = [facts for _, _, facts in usable]
    corrections = series.corrections(seen) if is_enhanced else [None] * len(seen)
    doubts = series.doubts(seen) if is_enhanced else [[]] * len(seen)
    return [
        Photo(source=source, target=target, facts=facts, correction=correction, doubts=doubt)
        for (source, target, facts), correction, doubt in zip(
            usable, corrections, doubts, strict=True
        )
    ]


def _places(
    params: Processing,
    context: Context,
    found: Sequence[Source],
    seen: Sequence[Facts | StepError],
) -> list[str]:
    """Return where each photo goes; a photo that cannot be used keeps its number and its name.

    Raises:
        StepError: an original would be replaced.
    """
    digits = max(_DIGITS, len(str(len(found))))
    names = []
    for number, (source, facts) in enumerate(zip(found, seen, strict=True), start=1):
        inner = PurePosixPath(source.inner)
        moment = _moment({} if isinstance(facts, StepError) else facts, context)
        words = {
            "name": inner.stem,
            "number": f"{number:0{digits}}",
            "date": f"{moment:%Y-%m-%d}",
            "time": f"{moment:%H-%M-%S}",
        }
        name = f"{naming.filled(params.name, words)}.{_EXTENSIONS[params.format]}"
        names.append(str(inner.with_name(name)))
    folder = str(context.files.resolve(params.folder))
    places = [f"{folder}/{name}" for name in naming.apart(names)]
    for path in {*places} & {source.path for source in found}:
        raise StepError(_ORIGINAL, path=shown(path))
    return places


def _moment(facts: Facts, context: Context) -> datetime:
    """Return when a photo was taken, or else when its file was written."""
    if facts.get("taken") is not None:
        return datetime.fromisoformat(facts["taken"])
    return datetime.fromtimestamp(facts.get("modified", 0), context.timezone)

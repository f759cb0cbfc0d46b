"""The work of `photo.process`: plan, then make one photo after the other.

Each new photo is written whole, once under a key of its own (decision 0004): a step that is
called again after a crash looks at the photos anew, and makes only those that are missing.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from hashlib import blake2s
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError
from rouage.sdk.files import preview, write
from rouage_connectors.photo import series
from rouage_connectors.photo.darkroom import BadPhoto, Darkroom, Rehearsal
from rouage_connectors.photo.pixels import frame
from rouage_connectors.photo.planning import Photo, Plan, plan
from rouage_connectors.photo.reasons import unusable
from rouage_connectors.photo.wishes import Processing

_TOLD_TIMES: Final = 10

Made = dict[str, JSON]


def processed(params: Processing, context: Context) -> JSON:
    """Make the photos that *params* wishes for, and return what became of each."""
    with Darkroom() as room:
        wanted = plan(params, context, room)
        tell = _progress(context, len(wanted.photos))

        def make(photo: Photo) -> Made | StepError:
            made = _made(photo, params, context, room)
            tell()
            return made

        return _result(params, context, wanted, list(room.map(make, wanted.photos)))


def foreseen(params: Processing, context: Context) -> JSON:
    """Return what `processed` would return, making nothing."""
    wanted = plan(params, context, Rehearsal())
    made: list[Made | StepError] = []
    for photo in wanted.photos:
        outcome = preview(context.files, photo.target, on_conflict=params.on_conflict)
        made.append(_entry(photo, params, outcome.path, is_skipped=outcome.is_skipped))
    return _result(params, context, wanted, made)


def _made(photo: Photo, params: Processing, context: Context, room: Darkroom) -> Made | StepError:
    """Make one photo, unless it was made already, and return what is told of it."""
    task = _task(photo, params)

    def fill(file: BinaryIO) -> None:
        with ExitStack() as stack:
            files = [stack.enter_context(context.files.open_read(photo.source)), file]
            if params.watermark_image is not None:
                # Opened for each photo: what two processes read at once has one place in it.
                files.append(stack.enter_context(context.files.open_read(params.watermark_image)))
            room.ask(task, *files)

    name = blake2s(photo.source.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    try:
        outcome = write(
            context.files,
            photo.target,
            fill,
            on_conflict=params.on_conflict,
            key=f"{context.idempotency_key}/{name}",
        )
    except BadPhoto as bad:
        return bad.reason
    if not outcome.is_skipped:
        context.wrote(outcome.path)
    return _entry(photo, params, outcome.path, is_skipped=outcome.is_skipped)


def _task(photo: Photo, params: Processing) -> dict[str, Any]:
    is_signed = params.watermark is not None or params.watermark_image is not None
    mark = {
        "text": params.watermark,
        "corner": params.watermark_place,
        "width": params.watermark_width,
        "opacity": params.watermark_opacity,
    }
    return {
        "do": "develop",
        "correction": photo.correction,
        "longest": params.longest,
        "crop": params.crop,
        "format": params.format,
        "quality": params.quality,
        "mark": mark if is_signed else None,
        "keep": params.keep,
        "location": params.location,
        "artist": params.artist,
        "copyright": params.copyright,
        "engine": "auto",
    }


def _entry(photo: Photo, params: Processing, path: str, *, is_skipped: bool) -> Made:
    size = photo.facts["width"], photo.facts["height"]
    wanted = frame(size, longest=params.longest, crop=params.crop)
    left, top, right, bottom = wanted.box or (0, 0, *wanted.whole)
    return {
        "source": photo.source,
        "path": path,
        "width": right - left,
        "height": bottom - top,
        "taken": photo.facts["taken"],
        "skipped": is_skipped,
    }


def _result(
    params: Processing, context: Context, wanted: Plan, made: Sequence[Made | StepError]
) -> JSON:
    failed = list(wanted.failed)
    photos: list[JSON] = []
    doubtful: list[JSON] = []
    for photo, one in zip(wanted.photos, made, strict=True):
        if isinstance(one, StepError):
            failed.append((photo.source, one))
            continue
        photos.append(one)
        if photo.doubts:
            doubtful.append(_doubt(photo, one["path"]))
    if not photos:
        path, reason = failed[0]
        raise unusable(path, reason, of=len(failed))
    return {
        "folder": str(context.files.resolve(params.folder)),
        "paths": [one["path"] for one in photos if isinstance(one, dict)],
        "count": len(photos),
        "photos": photos,
        "doubtful": doubtful,
        "failed": [
            {"source": source, "reason": {**BadPhoto(reason).said}} for source, reason in failed
        ],
    }


def _doubt(photo: Photo, path: JSON) -> JSON:
    return {
        "source": photo.source,
        "path": path,
        "doubts": [*photo.doubts],
        "reason": {**series.said(photo.doubts)},
    }


def _progress(context: Context, count: int) -> Callable[[], None]:
    """Return what to call after each photo: it tells the log now and then how far we are."""
    lock, done = threading.Lock(), 0
    every = max(1, -(-count // _TOLD_TIMES))

    def tell() -> None:
        nonlocal done
        with lock:
            done += 1
            now = done
        if now % every == 0 and now < count:
            context.log.info("%d of %d photos are ready", now, count)

    return tell

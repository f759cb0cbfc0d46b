"""What an inverse of whole files tells: what they were before the call, and are after it."""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from rouage.safety import kept
from rouage.safety.append import missing_folders
from rouage.safety.paths import Folders
from rouage.safety.place import Place, look
from rouage.safety.rounds import ALONE, Work
from rouage.safety.state import QUICK_BYTES, State, reading_state
from rouage.safety.world import standing
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

MOST_FILES: Final = 10_000
_FEW: Final = 16
"""So many files of one step are looked at while other steps wait."""


def before_call(
    context: Context, paths: Sequence[str], *, origin: str | None, keeps: bool
) -> Work[dict[str, JSON] | None]:
    """Return what lies at *paths*, which may be made or replaced, and at *origin*."""
    files = context.files
    before: dict[str, Any] = {}
    folders: list[str] = []
    if not paths and origin is None:
        return None
    if len(paths) > _FEW:
        yield ALONE
    for path in paths[:MOST_FILES]:
        folders += [one for one in missing_folders(path) if one not in folders]
        with standing(files, path) as place:
            found = None if place is None else look(place)
            if place is None or found is None:
                before[path] = {"was": None}
            elif keeps and path != origin and stat.S_ISREG(found.st_mode):
                before[path] = yield from _keeping(context, place, found)
    inverse: dict[str, Any] = {"before": before, "folders": folders}
    if origin is not None:
        state = yield from _looking(files, origin)
        if state is None:
            return None  # the action will say so itself
        inverse["from"] = origin
        before[origin] = {"was": state}
    return inverse


def _looking(files: Folders, path: str) -> Work[State | None]:
    """Return what lies at *path* now."""
    with standing(files, path) as place:
        if place is None:
            return None
        return (yield from reading_state(files.fingerprints, place))


def _keeping(context: Context, place: Place, found: os.stat_result) -> Work[dict[str, Any]]:
    """Keep the content that may be replaced, and return what it is."""
    files = context.files
    state = yield from reading_state(files.fingerprints, place)
    if found.st_size > QUICK_BYTES:
        yield ALONE  # on another disk it is copied
    return {"was": state, "kept": kept.keep(files, place, found, context.idempotency_key)}


async def complete(inverse: Mapping[str, Any], results: list[str] | None, context: Context) -> JSON:
    """Return what the inverse is now; mostly the action has left at hand what is asked."""
    left = context.files.left.take(context.idempotency_key)
    if _drops(inverse, results) or (results and not left.keys() >= set(results)):
        return await context.files.together(_completing(inverse, results, left, context))
    return _completed(inverse, results, left)


def _drops(inverse: Mapping[str, Any], results: list[str] | None) -> list[str]:
    """Return the targets whose content was kept for a replacement that did not come."""
    used = results or ()
    before: Mapping[str, Any] = inverse["before"]
    return [path for path, entry in before.items() if entry.get("kept") and path not in used]


def _completing(
    inverse: Mapping[str, Any],
    results: list[str] | None,
    left: dict[str, State | None],
    context: Context,
) -> Work[JSON]:
    """Do what `_completed` does, and look at what is not known yet."""
    files = context.files
    if results is not None and len(results) > _FEW:
        yield ALONE
    for path in _drops(inverse, results):
        _drop(path, inverse["before"][path]["kept"], files)
    for path in results or ():
        if path not in left:
            left[path] = yield from _looking(files, path)
    return _completed(inverse, results, left)


def _completed(
    inverse: Mapping[str, Any], results: list[str] | None, left: Mapping[str, State | None]
) -> JSON:
    """Return the inverse of what was done; an empty one when nothing was."""
    if results is None:
        return {**inverse}
    before: Mapping[str, Any] = inverse["before"]
    origin = inverse.get("from")
    if not results or results == [origin]:
        return {}
    entries: list[JSON] = [
        {"path": path, **before.get(path, {"was": None}), "is": left[path]} for path in results
    ]
    if origin is not None:
        was = before[origin]["was"]
        entries.insert(0, {"path": origin, "was": was, "is": None, "to": results[0]})
    return {"files": entries, "folders": inverse["folders"]}


def _drop(path: str, name: str, files: Folders) -> None:
    """Let go of the content *name*, which is still that of the file at *path*."""
    with standing(files, path) as place, suppress(OSError):
        now = None if place is None else look(place)
        if now is not None and os.path.samestat(now, kept.path_of(files, name).lstat()):
            kept.drop(files, name)

"""Take back what an action added to the end of a file: a line, a row.

The notes of the append tell where the bytes lie. Others may have added to the file since, and
earlier additions may be gone: the bytes are looked for where they were, then as they were.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.failures import explaining
from rouage.safety.fingerprint import Span
from rouage.safety.holding import hold
from rouage.safety.names import shown
from rouage.safety.place import Place, look, open_regular
from rouage.safety.transfer import write
from rouage.safety.world import World, standing
from rouage.sdk.connector import Undo
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.undoing import texts
from rouage.sdk.undoing.files import remove_folders

_LONGEST_SOUGHT: Final = 64 << 10
_SEARCHED: Final = 64 << 20
"""An addition that has shifted is looked for up to this size, in a file up to that one."""
_CHUNK: Final = 1 << 20


def added_undo(target: Callable[[Any], str]) -> Undo:
    """Return how to take back what an action adds to the file *target* by `files.append`.

    When the result that is noted with the append is `[…, front]`, the first *front* bytes are
    the beginning of the file (the names of columns): they stay as long as others follow.
    """

    async def complete(params: Any, inverse: JSON, result: JSON, context: Context) -> JSON:
        del inverse
        return None if result is None else _noted(target(params), context)

    return Undo(prepare=None, complete=complete, check=_check, apply=_apply)


def _noted(path: str, context: Context) -> JSON:
    """Return the inverse of the append that was noted under the key of this step."""
    note: Any
    whole, note = context.files.noted(path, context.idempotency_key)
    if not isinstance(note, dict) or "mtime" not in note:
        return None
    _, _, _, at, length, digest = note["append"]
    if not length:
        return {}
    told = note["result"]
    front = told[-1] if isinstance(told, list) and len(told) > 1 else 0
    inverse: dict[str, JSON] = {
        "path": whole,
        "at": at,
        "length": length,
        "digest": digest,
        "mtime": note["mtime"],
    }
    if front:
        inverse["front"] = front
    if "folders" in note:
        inverse["folders"] = note["folders"]
    return inverse


def _check(inverse: JSON, world: World) -> list[Text]:
    assert isinstance(inverse, dict)  # noqa: S101 - we wrote it
    facts: Mapping[str, Any] = inverse
    path = str(facts["path"])
    if world.state(path) is None:
        raise StepError(texts.GONE, hint=texts.LOOK, path=shown(path))
    where = world.where(path)
    with standing(world.folders, where) as place:
        found = None if place is None else look(place)
        if place is None or found is None:
            raise StepError(texts.GONE, hint=texts.LOOK, path=shown(path))
        span, size = _find(facts, place), found.st_size
    gone = sum(end - start for start, end in world.cuts_of(where))
    is_all = span[1] - span[0] == size - gone
    if facts["mtime"] is None and is_all:
        world.becomes(path, None)
        return [texts.REMOVED.fill(path=shown(path))]
    world.cut(where, span if is_all else _without_front(facts, span))
    return [texts.CUT.fill(path=shown(path))]


async def _apply(inverse: JSON, context: Context) -> JSON:
    assert isinstance(inverse, dict)  # noqa: S101 - we wrote it
    path = str(inverse["path"])
    return await context.files.alone(path, lambda: _take_out(inverse, path, context))


def _take_out(facts: Mapping[str, Any], path: str, context: Context) -> JSON:
    """Write the file again without what was added; once, whatever happens in between."""
    files, key = context.files, context.idempotency_key
    with standing(files, path) as place:
        is_there = place is not None and look(place) is not None
    if not is_there and not isinstance(files.intents.find(key), dict):
        raise StepError(texts.GONE, hint=texts.LOOK, path=shown(path))
    if is_there:

        def fill(file: BinaryIO) -> None:
            _copy_without(facts, path, context, file)

        with files.open_read(path) as present, explaining(path):
            hold(present.fileno())  # whoever replaces the file as a whole waits
            write(files, path, fill, on_conflict="overwrite", key=key)
        _tidy(facts, path, context)
    remove_folders(facts.get("folders", ()), files)
    return {"files": [path]}


def _copy_without(facts: Mapping[str, Any], path: str, context: Context, file: BinaryIO) -> None:
    with standing(context.files, path) as place:
        assert place is not None  # noqa: S101 - the caller looked
        start, end = span = _find(facts, place)
        with open_regular(place) as source:
            size = os.fstat(source.fileno()).st_size
            if span != (0, size):
                start, end = _without_front(facts, span)
            for begin, until in ((0, start), (end, size)):
                source.seek(begin)
                left = until - begin
                while left > 0 and (piece := source.read(min(_CHUNK, left))):
                    file.write(piece)
                    left -= len(piece)


def _tidy(facts: Mapping[str, Any], path: str, context: Context) -> None:
    """Give the file its earlier date, or remove it if it was made by this addition alone."""
    with context.files.place(path, "write") as place, explaining(path):
        found = look(place)
        if found is None:
            return
        if facts["mtime"] is None and not found.st_size:
            os.unlink(place.name, dir_fd=place.folder)
            os.fsync(place.folder)
        elif facts["mtime"] is not None and found.st_size == facts["at"]:
            times = (found.st_atime_ns, facts["mtime"])
            os.utime(place.name, ns=times, dir_fd=place.folder, follow_symlinks=False)


def _find(facts: Mapping[str, Any], place: Place) -> Span:
    """Return where the addition lies now.

    Raises:
        StepError: it is not there as it was.
    """
    at, length = facts["at"], facts["length"]
    found = look(place)
    size = 0 if found is None or not stat.S_ISREG(found.st_mode) else found.st_size
    if at + length <= size and _digest(_read(place, (at, at + length))) == facts["digest"]:
        return at, at + length
    if size <= _SEARCHED and length <= _LONGEST_SOUGHT:
        # Earlier additions may have gone: ours has moved towards the beginning.
        start = _last_start(_read(place, (0, size)), facts)
        if start is not None:
            return start, start + length
    raise StepError(texts.NOT_FOUND, hint=texts.LOOK, path=shown(facts["path"]))


def _last_start(data: bytes, facts: Mapping[str, Any]) -> int | None:
    """Return where the addition begins: at a line, the nearest one before its first place."""
    length, digest = facts["length"], facts["digest"]
    before = min(facts["at"], len(data))
    while before >= 0:
        start = data.rfind(b"\n", 0, before) + 1 if before else 0
        # An addition to a line without an end begins with the end of that line.
        for place in (start, start - 1):
            if place >= 0 and _digest(data[place : place + length]) == digest:
                return place
        before = start - 1
    return None


def _without_front(facts: Mapping[str, Any], span: Span) -> Span:
    return span[0] + facts.get("front", 0), span[1]


def _read(place: Place, span: Span) -> bytes:
    with open_regular(place) as file, explaining(place.path):
        file.seek(span[0])
        return file.read(span[1] - span[0])


def _digest(data: bytes) -> str:
    return hashlib.blake2s(data, digest_size=8).hexdigest()

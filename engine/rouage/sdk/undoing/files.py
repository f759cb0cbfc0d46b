"""Take back what an action did to whole files and folders.

Before the call an inverse holds `before`: each target with what it was, and under which name
its content is kept. After it, `files` lists what changed: `was`, `is`, and `to` for a file that
was moved. `folders` are those that were made on the way, the outermost first.

Restoring looks at the world alone, so it can be repeated after a crash: a file that is already
what it was needs nothing.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety import kept
from rouage.safety.append import missing_folders
from rouage.safety.moving import move_place
from rouage.safety.names import shown
from rouage.safety.paths import Folders
from rouage.safety.place import Place, look
from rouage.safety.rounds import Work
from rouage.safety.state import State, is_same
from rouage.safety.world import World, standing
from rouage.sdk.connector import Undo
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.undoing import recording, texts

Entry = Mapping[str, Any]
Targets = Callable[[Any, Context], Iterable[str]]


def _replaces(params: Any) -> bool:
    return getattr(params, "on_conflict", "overwrite") == "overwrite"


def _placed(result: Any) -> list[str]:
    """Return where an action that makes one file has left it."""
    return [] if result.get("skipped") else [str(result["path"])]


def files_undo(
    *,
    targets: Targets,
    source: Callable[[Any, Context], str | None] | None = None,
    replaces: Callable[[Any], bool] = _replaces,
    results: Callable[[Any], list[str]] = _placed,
) -> Undo:
    """Return how to take back an action that makes, replaces or moves files.

    *targets* are the paths that it may make or replace, *source* the file that it moves to the
    first of *results*; *replaces* says whether it may replace what is there.
    """

    def looking(params: Any, context: Context) -> Work[JSON]:
        files = context.files
        try:
            paths = [files.whole(path) for path in targets(params, context)]
            origin = None if source is None else source(params, context)
            if origin is not None:
                origin = files.whole(origin)
            return (
                yield from recording.before_call(
                    context, paths, origin=origin, keeps=replaces(params)
                )
            )
        except StepError:
            # The action says what is wrong, or does it all the same: a file that cannot be
            # read can be moved. Then there is no way back that could be checked.
            return None

    async def prepare(params: Any, context: Context) -> JSON:
        return await context.files.together(looking(params, context))

    async def complete(params: Any, inverse: JSON, result: JSON, context: Context) -> JSON:
        del params
        if not isinstance(inverse, dict):
            return None
        placed = None if result is None else results(result)
        return await recording.complete(inverse, placed, context)

    return Undo(prepare=prepare, complete=complete, check=check, apply=apply)


def folder_undo(target: Callable[[Any], str]) -> Undo:
    """Return how to take back an action that makes the folder *target*, and those above it."""

    async def prepare(params: Any, context: Context) -> JSON:
        path = str(context.files.check(target(params), "write"))
        missing = await asyncio.to_thread(missing_folders, f"{path}/.")
        if not missing:
            return {}  # it is there: nothing will be made
        folders: list[JSON] = [*missing]
        return {"files": [], "folders": folders, "is_wanted": True}

    return Undo(prepare=prepare, check=check, apply=apply)


def check(inverse: JSON, world: World) -> list[Text]:
    """Return what taking *inverse* back would do in *world*, and leave it as it would be then.

    Nothing to say means that nothing is left to take back.

    Raises:
        StepError: the world has changed since.
    """
    facts: Any = inverse
    if "before" in facts:
        _check_untouched(facts, world)
        return []
    files: list[Entry] = facts["files"]
    steps = _pending(files, world)
    places = [_place_of(entry, world) for entry in steps]
    for entry, where in zip(steps, places, strict=True):
        world.becomes(entry["path"], entry["was"], where)
    lines = [_line(entry) for entry in steps if not _goes_with_move(entry, files)]
    return lines + _check_folders(facts, world)


async def apply(inverse: JSON, context: Context) -> JSON:
    """Bring the files back; what is replaced or removed goes into the store.

    Raises:
        StepError: the world has changed; nothing was touched.
    """
    return await asyncio.to_thread(_restore, inverse, context)


def _place_of(entry: Entry, world: World) -> str | None:
    """Return where the content lies that a file gets back."""
    if "to" in entry:
        return world.where(entry["to"])
    name = entry.get("kept")
    return None if name is None else str(kept.path_of(world.folders, name))


def _check_untouched(inverse: Mapping[str, Any], world: World) -> None:
    """Raise unless a step without a result left everything as it was."""
    for path, entry in inverse["before"].items():
        if not is_same(world.state(path), entry["was"]):
            raise StepError(texts.UNSURE, hint=texts.LOOK, path=shown(path))


def _pending(files: Sequence[Entry], world: World) -> list[Entry]:
    """Return the files that are not what they were, all of which may be brought back.

    Raises:
        StepError: one may not.
    """
    moved = {entry["to"]: entry for entry in files if "to" in entry}
    pending: list[Entry] = []
    for entry in files:
        now = world.state(entry["path"])
        if _is_restored(entry, now):
            continue
        origin = moved.get(entry["path"])
        # Between two steps of a move that is taken back, its target has neither content.
        is_between = now is None and origin is not None and origin not in pending
        if not is_same(now, entry["is"]) and not is_between:
            raise _changed(entry, now)
        if entry["was"] is not None and "to" not in entry:
            _check_kept(entry, world.folders)
        pending.append(entry)
    known = {entry["path"] for entry in files}
    for entry in pending:
        if "to" not in entry or entry["to"] in known:
            continue
        if not is_same(world.state(entry["to"]), entry["was"]):
            raise _changed({**entry, "path": entry["to"]}, world.state(entry["to"]))
    return pending


def _is_restored(entry: Entry, now: State | None) -> bool:
    was = entry["was"]
    if not is_same(now, was):
        return False
    # A file that got the content it had, again, still has the wrong date.
    return now is None or now["mtime"] == was["mtime"] or not is_same(now, entry["is"])


def _changed(entry: Entry, now: State | None) -> StepError:
    text = texts.GONE if now is None else texts.TAKEN if entry["is"] is None else texts.CHANGED
    return StepError(text, hint=texts.LOOK, path=shown(entry["path"]))


def _check_kept(entry: Entry, files: Folders) -> None:
    name = entry.get("kept")
    if name is None:
        raise StepError(texts.NOT_KEPT, path=shown(entry["path"]))
    if not kept.path_of(files, name).exists():
        raise StepError(texts.KEPT_NO_MORE, path=shown(entry["path"]))


def _check_folders(inverse: Mapping[str, Any], world: World) -> list[Text]:
    lines = []
    for folder in reversed(inverse["folders"]):
        names = world.names_in(folder)
        if names is None:
            continue
        if not names:
            world.lose_folder(folder)
            lines.append(texts.FOLDER.fill(path=shown(folder)))
        elif inverse.get("is_wanted"):
            raise StepError(texts.NOT_EMPTY, hint=texts.LOOK, path=shown(folder))
        else:
            break
    return lines if inverse.get("is_wanted") else []


def _goes_with_move(entry: Entry, files: Sequence[Entry]) -> bool:
    """Say whether the file goes back to where it came from, which is said of that place."""
    is_target = any(one.get("to") == entry["path"] for one in files)
    return is_target and entry["was"] is None


def _line(entry: Entry) -> Text:
    path = entry["path"]
    if "to" in entry:
        name, folder = shown(path.rpartition("/")[2]), shown(path.rpartition("/")[0])
        return texts.BACK.fill(name=name, source=shown(entry["to"]), target=folder)
    return (texts.REMOVED if entry["was"] is None else texts.RESTORED).fill(path=shown(path))


def _restore(inverse: JSON, context: Context) -> JSON:
    assert isinstance(inverse, dict)  # noqa: S101 - we wrote it
    files, world = context.files, World(context.files)
    if "before" in inverse:
        _check_untouched(inverse, world)
        return {"files": []}
    entries: list[Any] = list(inverse["files"])  # type: ignore[arg-type] # we wrote it
    if inverse.get("is_wanted"):
        _check_folders(inverse, World(files))
    pending = _pending(entries, world)
    for entry in sorted(pending, key=lambda one: "to" not in one):
        if "to" in entry:
            _move_back(entry, files)
        elif entry["was"] is None:
            _put_aside(entry["path"], files, context.idempotency_key)
        else:
            _put_back(entry, files, context.idempotency_key)
    remove_folders(inverse["folders"], files)
    return {"files": [entry["path"] for entry in pending]}


def _move_back(entry: Entry, files: Folders) -> None:
    with (
        standing(files, entry["to"]) as here,
        files.place(entry["path"], "write", create=True) as there,
    ):
        found = None if here is None else look(here)
        if here is None or found is None:
            raise _changed({**entry, "path": entry["to"]}, None)
        move_place(files, here, there, found, on_conflict="fail", key=None, keeps_name=True)
        _drop_card(here)


def _drop_card(here: Place) -> None:
    """Remove what the trash knows of a file that has left it."""
    folder, name = os.path.split(here.path)
    if os.path.basename(folder) == "files":  # noqa: PTH119 - maybe not decodable
        with suppress(OSError):
            os.unlink(f"{os.path.dirname(folder)}/info/{name}.trashinfo")  # noqa: PTH108, PTH120


def _put_aside(path: str, files: Folders, key: str) -> None:
    """Move what an action made into the store: undoing destroys nothing."""
    with standing(files, path) as here, kept.store(files, key) as store:
        found = None if here is None else look(here)
        if here is None or found is None:
            return
        name = f"{found.st_ino:x}-{found.st_mtime_ns:x}"
        there = Place(folder=store.folder, name=name, path=f"{store.path}/{name}")
        move_place(files, here, there, found, on_conflict="overwrite", key=None)


def _put_back(entry: Entry, files: Folders, key: str) -> None:
    """Give a file its earlier content, date and permissions."""
    path = entry["path"]
    source = str(kept.path_of(files, entry["kept"]))
    with standing(files, source) as here, files.place(path, "write", create=True) as there:
        found, present = None if here is None else look(here), look(there)
        if here is None or found is None:
            raise StepError(texts.KEPT_NO_MORE, path=shown(path))
        if present is not None:
            kept.keep(files, there, present, key)
        move_place(files, here, there, found, on_conflict="overwrite", key=None, keeps_name=True)


def remove_folders(folders: Any, files: Folders) -> None:
    """Remove the folders that were made on the way, as far as they are empty."""
    for folder in reversed(folders):
        with standing(files, folder) as place:
            if place is None:
                continue
            try:
                os.rmdir(place.name, dir_fd=place.folder)
                os.fsync(place.folder)
            except FileNotFoundError:
                continue
            except OSError:
                return

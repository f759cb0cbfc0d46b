"""Move files, across disks if need be: once per idempotency key.

`moving` is work for `Folders.together`, which does many at once; `move` does one here and now:
call it through `asyncio.to_thread`.
"""

import os
from typing import Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.atomic import OnConflict, draft, seal
from rouage.safety.failures import explaining
from rouage.safety.names import shown
from rouage.safety.paths import AnyPath, Folders
from rouage.safety.place import Place, check_regular, look, open_regular
from rouage.safety.rounds import Named, Noted, Work, finish
from rouage.safety.transfer import Outcome, copying_content, identity, placing, target_of

_MOVED_ELSEWHERE: Final = Text(
    "{path} was moved or replaced by somebody else while this step was interrupted",
    "{path} a été déplacé ou remplacé par quelqu’un d’autre pendant que cette étape était "
    "interrompue",
)
_MOVED_HINT: Final = Text(
    "look where the file is; run the recipe again if it still has to be moved",
    "regardez où est le fichier ; relancez la recette s’il reste à déplacer",
)


def move(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Outcome:
    """Move the regular file *source* to *target*, across file systems if need be.

    Raises:
        StepError: as `copy`; or, repeated after an interruption, the file is at neither place.
    """
    return finish(
        moving(folders, source, target, on_conflict=on_conflict, key=key), folders.intents
    )


def moving(
    folders: Folders, source: AnyPath, target: AnyPath, *, on_conflict: OnConflict, key: str | None
) -> Work[Outcome]:
    """Do what `move` does, together with others."""
    with folders.place(source, "write") as here:
        into = target_of(target, here.name)
        with folders.place(into, "write", create=True) as there:
            done = yield from _earlier_move(folders, here, there, key)
            if done is not None:
                return done
            with explaining(here.path):
                found = os.stat(here.name, dir_fd=here.folder, follow_symlinks=False)
            check_regular(here, found)
            return (
                yield from moving_place(
                    folders, here, there, found, on_conflict=on_conflict, key=key
                )
            )


def move_place(
    folders: Folders,
    here: Place,
    there: Place,
    found: os.stat_result,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool = False,
) -> Outcome:
    """Move the file *found* at *here* to *there*, here and now."""
    work = moving_place(
        folders, here, there, found, on_conflict=on_conflict, key=key, keeps_name=keeps_name
    )
    return finish(work, folders.intents)


def moving_place(
    folders: Folders,
    here: Place,
    there: Place,
    found: os.stat_result,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool = False,
) -> Work[Outcome]:
    """Move the file *found* at *here* to *there*, noting what is about to happen.

    A file that *keeps its name*, one that it has or had, need not pass the name policy.
    """
    present = look(there)
    is_itself = present is not None and os.path.samestat(present, found)
    if is_itself and _is_same_name(here, there):
        return Outcome(path=there.path)
    if is_itself and on_conflict == "overwrite":
        # Two names of one file: rename(2) would do nothing and leave both.
        return (yield from _dropping_source(here, there.path))
    keeps_name = keeps_name or here.name == there.name

    def before(name: str) -> Work[None]:
        if key is not None:
            yield Noted(key, {"move": identity(found), "to": there.beside(name)})

    try:
        outcome = yield from placing(
            folders, here, there, before, key, on_conflict, keeps_name=keeps_name
        )
    except OSError:  # EXDEV, the only one that passes: another file system
        return (
            yield from _moving_across(
                folders, here, there, on_conflict=on_conflict, key=key, keeps_name=keeps_name
            )
        )
    with explaining(here.path):
        yield Named(here.folder)
    return outcome


def _moving_across(
    folders: Folders,
    here: Place,
    there: Place,
    *,
    on_conflict: OnConflict,
    key: str | None,
    keeps_name: bool,
) -> Work[Outcome]:
    with open_regular(here) as original, draft(there, key=key) as (file, place):
        found = yield from copying_content(original, file, here)
        with explaining(there.path):
            sealed = seal(file)

        def before(name: str) -> Work[None]:
            if key is not None:
                note = {"move": identity(found), "as": identity(sealed)}
                yield Noted(key, {**note, "to": there.beside(name)})

        outcome = yield from placing(
            folders, place, there, before, key, on_conflict, keeps_name=keeps_name
        )
    if outcome.is_skipped:
        return outcome
    return (yield from _dropping_source(here, outcome.path))


def _dropping_source(here: Place, path: str) -> Work[Outcome]:
    with explaining(here.path):
        os.unlink(here.name, dir_fd=here.folder)
        yield Named(here.folder)
    return Outcome(path=path)


def _earlier_move(
    folders: Folders, here: Place, there: Place, key: str | None
) -> Work[Outcome | None]:
    intent = None if key is None else folders.intents.find(key)
    if not isinstance(intent, dict) or "move" not in intent:
        return None
    path = str(intent["to"])
    at_source = look(here)
    at_target = look(there, path.rpartition("/")[2])
    if identity(at_target) == intent.get("as", intent["move"]):
        with explaining(path):
            os.fsync(there.folder)
        if identity(at_source) == intent["move"]:
            return (yield from _dropping_source(here, path))
        return Outcome(path=path)
    if identity(at_source) == intent["move"]:
        return None
    raise StepError(_MOVED_ELSEWHERE, hint=_MOVED_HINT, path=shown(here.path))


def _is_same_name(here: Place, there: Place) -> bool:
    if here.name != there.name:
        return False
    return os.path.samestat(os.fstat(here.folder), os.fstat(there.folder))

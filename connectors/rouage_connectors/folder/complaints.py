"""What the owner should know of a root that cannot be attended to as it should."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rouage.sdk import Text
from rouage_connectors.folder.names import display

_WATCH_LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_watches")
_INSTANCE_LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_instances")

_REFUSED: Final = Text(
    "{count} folder(s) cannot be watched, {folder} for instance ({reason}); they are polled "
    "instead. Watches allowed: {limit} (fs.inotify.max_user_watches), needed here: {needed}",
    "{count} dossier(s) impossibles à surveiller, {folder} par exemple ({reason}) ; ils sont "
    "scrutés à la place. Surveillances permises : {limit} (fs.inotify.max_user_watches), "
    "nécessaires ici : {needed}",
)
_UNREADABLE: Final = Text(
    "{count} folder(s) cannot be read, {folder} for instance",
    "{count} dossier(s) illisibles, {folder} par exemple",
)
_NO_WATCHER: Final = Text(
    "the system refuses to watch folders ({reason}); this one is polled instead. Watchers "
    "allowed: {limit} (fs.inotify.max_user_instances)",
    "le système refuse de surveiller des dossiers ({reason}) ; celui-ci est scruté à la place. "
    "Surveillants permis : {limit} (fs.inotify.max_user_instances)",
)
_BLIND: Final = Text(
    "{count} file(s) came without a sign from the system, {file} for instance; the folder is "
    "polled as well. Set `watch: poll` if it lies on a network drive",
    "{count} fichier(s) arrivés sans signe du système, {file} par exemple ; le dossier est aussi "
    "scruté. Mettez `watch: poll` s’il est sur un lecteur réseau",
)
_UNMOUNTED: Final = Text(
    "the drive that holds {folder} seems not to be mounted: what is missing there does not count "
    "as removed",
    "le lecteur qui contient {folder} ne semble pas monté : ce qui y manque ne compte pas comme "
    "supprimé",
)


def unwatched(refused: Mapping[bytes, int], watched: int) -> Text:
    """Say which folders the system refused to watch, and what it would take (F-11)."""
    folder, code = next(iter(refused.items()))
    return _REFUSED.fill(
        count=len(refused),
        folder=display(folder),
        reason=os.strerror(code),
        limit=_number_in(_WATCH_LIMIT),
        needed=watched + len(refused),
    )


def unreadable(folders: list[bytes]) -> Text:
    """Say which folders cannot be read (F-26)."""
    return _UNREADABLE.fill(count=len(folders), folder=display(folders[0]))


def without_watcher(error: OSError) -> Text:
    """Say that nothing can be watched at all."""
    reason = os.strerror(error.errno or 0)
    return _NO_WATCHER.fill(reason=reason, limit=_number_in(_INSTANCE_LIMIT))


def blind(paths: list[bytes]) -> Text:
    """Say which files came without a hint."""
    return _BLIND.fill(count=len(paths), file=display(paths[0]))


def unmounted(folder: bytes) -> Text:
    """Say that a drive seems to be away (F-10)."""
    return _UNMOUNTED.fill(folder=display(folder))


def _number_in(file: Path) -> Any:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return "?"

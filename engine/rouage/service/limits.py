"""What the machine grants: open files, watched folders, room on the disk (triggers D-10)."""

import resource
import shutil
from pathlib import Path
from typing import Final

from rouage.language import Text
from rouage.service.checks import Check, fail, warn, well
from rouage.settings import Settings

WANTED_DESCRIPTORS: Final = 16_384
FEW_DESCRIPTORS: Final = 1_024
FEW_WATCHES: Final = 16_384
FEW_INSTANCES: Final = 64
_INOTIFY: Final = Path("/proc/sys/fs/inotify")
_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone"}
)

_FILES: Final = Text("{count} files may be open at once", "{count} fichiers ouverts à la fois")
_FEW_FILES: Final = Text(
    "only {count} files may be open at once", "seulement {count} fichiers ouverts à la fois"
)
_MORE_FILES: Final = Text(
    "raise the limit: LimitNOFILE=65536 in the service, or `ulimit -n 65536` before `rouage up`",
    "relevez la limite : LimitNOFILE=65536 dans le service, ou « ulimit -n 65536 » avant "
    "« rouage up »",
)
_WATCHES: Final = Text("{count} folders may be watched", "{count} dossiers peuvent être surveillés")
_FEW_WATCHES: Final = Text(
    "only {count} folders may be watched at once; further ones are looked through every so often",
    "seulement {count} dossiers peuvent être surveillés à la fois ; les autres sont parcourus de "
    "temps en temps",
)
_FEW_INSTANCES: Final = Text(
    "only {count} watchers may exist at once for this user",
    "seulement {count} surveillances à la fois pour cet utilisateur",
)
_MORE_WATCHES: Final = Text(
    "as administrator: sysctl fs.inotify.{name}={wanted}, and the same line in a file of "
    "/etc/sysctl.d to keep it",
    "en administrateur : sysctl fs.inotify.{name}={wanted}, et la même ligne dans un fichier de "
    "/etc/sysctl.d pour la garder",
)
_ROOM: Final = Text("{free} free on the disk", "{free} libres sur le disque")
_LITTLE_ROOM: Final = Text(
    "only {free} free on the disk; under {reserve} no event is accepted",
    "seulement {free} libres sur le disque ; sous {reserve}, aucun événement n’est accepté",
)
_NO_ROOM: Final = Text(
    "{free} free on the disk: no event is accepted under {reserve}",
    "{free} libres sur le disque : aucun événement n’est accepté sous {reserve}",
)
_MAKE_ROOM: Final = Text(
    "make room on the disk of {folder}, or lower `retention` in rouage.yaml; it goes on by itself",
    "faites de la place sur le disque de {folder}, ou baissez « retention » dans rouage.yaml ; "
    "tout reprend de lui-même",
)
_LOCAL: Final = Text("the journal lies on a local disk", "le journal est sur un disque local")
_REMOTE: Final = Text(
    "the journal lies on a network file system ({kind}): its locks and its writes are not sure",
    "le journal est sur un système de fichiers réseau ({kind}) : ses verrous et ses écritures ne "
    "sont pas sûrs",
)
_MOVE: Final = Text(
    "move the workspace to a disk of this machine; watched folders may stay where they are",
    "mettez l’espace de travail sur un disque de cette machine ; les dossiers surveillés peuvent "
    "rester où ils sont",
)


def raise_descriptors() -> None:
    """Take as many open files as the machine grants without being asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(WANTED_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return


def resource_checks(settings: Settings, *, inotify: Path = _INOTIFY) -> list[Check]:
    """Return what the machine grants to the workspace of *settings*."""
    found = [_descriptors(), _room(settings), _disk(settings.places.state)]
    found += _watches(inotify)
    return [check for check in found if check is not None]


def _descriptors() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= FEW_DESCRIPTORS:
        count = "∞" if soft == resource.RLIM_INFINITY else soft
        return well("descriptors", _FILES, count=count)
    return warn("descriptors", _FEW_FILES, _MORE_FILES, count=soft)


def _watches(folder: Path) -> list[Check | None]:
    watches, instances = (
        _number(folder / name) for name in ("max_user_watches", "max_user_instances")
    )
    found: list[Check | None] = []
    if watches is not None:
        name = {"name": "max_user_watches", "wanted": 524_288}
        is_fine = watches >= FEW_WATCHES
        found.append(
            well("watches", _WATCHES, count=watches)
            if is_fine
            else warn("watches", _FEW_WATCHES, _MORE_WATCHES, count=watches, **name)
        )
    if instances is not None and instances < FEW_INSTANCES:
        name = {"name": "max_user_instances", "wanted": 512}
        found.append(warn("watchers", _FEW_INSTANCES, _MORE_WATCHES, count=instances, **name))
    return found


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _room(settings: Settings) -> Check | None:
    folder = settings.places.state if settings.places.state.exists() else settings.workspace
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    reserve = settings.reserve_bytes
    facts = {"free": _size(free), "reserve": _size(reserve), "folder": folder}
    if free < reserve:
        return fail("disk", _NO_ROOM, _MAKE_ROOM, **facts)
    if free < 4 * reserve:
        return warn("disk", _LITTLE_ROOM, _MAKE_ROOM, **facts)
    return well("disk", _ROOM, **facts)


def _disk(folder: Path) -> Check | None:
    kind = file_system_of(folder)
    if kind is None:
        return None
    if kind in _NETWORK:
        return warn("file_system", _REMOTE, _MOVE, kind=kind)
    return well("file_system", _LOCAL)


def file_system_of(folder: Path, *, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of file system on which *folder* lies, where the machine tells."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        path = str(folder.resolve())
    except OSError:
        return None
    best, kind = "", None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        place = fields[4].replace("\\040", " ")
        is_above = path == place or path.startswith(place.rstrip("/") + "/")
        if is_above and len(place) >= len(best):
            best, kind = place, after.split(" ")[0]
    return kind


def _size(count: int) -> Text:
    if count >= 10**9:
        return Text(f"{count / 10**9:.1f} GB", f"{count / 10**9:.1f} Go".replace(".", ","))
    return Text(f"{count // 10**6} MB", f"{count // 10**6} Mo")

"""The private folder of a workspace: made, guarded, and telling where the daemon listens."""

import contextlib
import json
import os
import pwd
import secrets as randomness
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.settings import Places

_KEY_BYTES: Final = 32
_OTHERS: Final = 0o077

_EXPOSED: Final = Text(
    "others can read {path}, which signs the links of approvals",
    "d’autres peuvent lire {path}, qui signe les liens des approbations",
)
_EXPOSED_HINT: Final = Text(
    "delete it: a new key is made at the next start, and links that are out stop working",
    "supprimez-le : une nouvelle clé sera créée au prochain lancement, et les liens déjà envoyés "
    "ne marcheront plus",
)


def prepare(places: Places) -> None:
    """Make the folders that are missing; the private one is its owner's alone."""
    for folder in (places.state, places.logs, places.scratch):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    places.state.chmod(0o700)
    places.recipes.mkdir(exist_ok=True)
    places.files.mkdir(exist_ok=True)


def local_token(path: Path) -> str:
    """Return the bearer token of the local API, made at the first start."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").strip()
    token = randomness.token_urlsafe(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def link_key(path: Path) -> bytes:
    """Return the key that signs links to approvals, made at the first start.

    Raises:
        WorkspaceError: others can read it, or it is damaged.
    """
    try:
        with path.open("rb") as file:
            mode, key = os.fstat(file.fileno()).st_mode, file.read(_KEY_BYTES + 1)
    except FileNotFoundError:
        return _new_key(path)
    if mode & _OTHERS or len(key) != _KEY_BYTES:
        raise WorkspaceError(_EXPOSED, hint=_EXPOSED_HINT, path=path)
    return key


def _new_key(path: Path) -> bytes:
    key = randomness.token_bytes(_KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def local_user() -> str:
    """Return the name of the person who runs this process: whom its token stands for."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def tell_where(path: Path, ports: Mapping[str, int], started: datetime) -> None:
    """Write for other commands which process works here, and on which ports."""
    facts = {
        "pid": os.getpid(),
        "console_port": ports["console"],
        "hooks_port": ports["hooks"],
        "started": started.isoformat(),
    }
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(facts) + "\n", encoding="ascii")
    draft.chmod(0o600)
    draft.replace(path)

"""The private folder of a workspace: made, guarded, and telling where the daemon listens."""

import contextlib
import json
import os
import secrets as randomness
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rouage.settings import Places


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

"""What a request to forget a person finds beside the journal, and what is told of it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime
from hashlib import blake2s
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

from aiohttp import web

from rouage.durable.erasure import Found, Sought
from rouage.durable.port import Engine
from rouage.durable.sqlite.copies import list_backups
from rouage.records import dataclass
from rouage.settings import Places
from rouage.web.api import Api, bad_field, read_object

_RECORD: Final = "forgotten.jsonl"
_MARKER: Final = ".event"
_LARGEST_SEARCHED: Final = 64 << 20
_MOST_NAMES: Final = 20
SHORTEST: Final = 4
"""Shorter names would be found everywhere."""


@dataclass(kw_only=True, slots=True)
class Beside:
    """Files of the workspace about the person, by what they are; the first three are removed."""

    received: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    scratch: list[Path] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    backups: list[Path] = field(default_factory=list)

    def add(self, later: "Beside") -> None:
        """Count what a later look found, too."""
        self.received += later.received
        self.kept += later.kept
        self.scratch += later.scratch
        self.logs, self.backups = later.logs, later.backups

    def remove(self) -> None:
        """Remove what nobody needs any more."""
        for path in (*self.received, *self.kept, *self.scratch):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


async def forget_now(engine: Engine, places: Places, sought: Sought) -> dict[str, Any]:
    """Blank what names the person while the daemon works; return what is told of it."""
    whole = Beside()

    async def clear(found: Found) -> None:
        # Before the journal: whoever is killed in between finds by it what is still to remove.
        beside = await asyncio.to_thread(look_beside, places, sought, found)
        await asyncio.to_thread(beside.remove)
        whole.add(beside)

    found = await engine.erase(sought, clear)
    await asyncio.to_thread(record, places, sought, found)
    return told(found, whole, is_done=True)


async def forget_person(api: Api, request: web.Request) -> web.Response:
    """Blank all that is known of a person, and say what it was."""
    body = await read_object(request, allowed={"names"})
    names = body.get("names")
    if not isinstance(names, list) or not 0 < len(names) <= _MOST_NAMES:
        raise bad_field("names")
    if not all(isinstance(one, str) and len(one.strip()) >= SHORTEST for one in names):
        raise bad_field("names")
    return web.json_response(await api.control.forget([one.strip() for one in names]))


def look_beside(places: Places, sought: Sought, found: Found) -> Beside:
    """Return the files that go with what was *found* in the journal."""
    return Beside(
        received=list(_received(places.received, found)),
        kept=[path for path in _files(places.state / "kept") if _holds(path, sought)],
        scratch=[path for run in found.runs.values() if (path := places.scratch / run).is_dir()],
        logs=[path for path in _files(places.logs) if _holds(path, sought)],
        backups=[one.path for one in list_backups(places.journal)],
    )


def told(found: Found, beside: Beside, *, is_done: bool) -> dict[str, Any]:
    """Return all of it as JSON data."""
    removed = {"received": beside.received, "kept": beside.kept, "scratch": beside.scratch}
    return {
        "done": is_done,
        "counts": {**found.rows, **{name: len(paths) for name, paths in removed.items()}},
        "events": len(found.events),
        "runs": len(found.runs),
        "open_runs": found.open_runs,
        "files": found.files,
        "triggers": found.kept_state,
        "waiting": found.waiting,
        "scrubbed": found.is_scrubbed,
        "logs": [str(path) for path in beside.logs],
        "backups": [str(path) for path in beside.backups],
    }


def record(places: Places, sought: Sought, found: Found) -> None:
    """Note when how much was blanked, and of whom as a digest: who knows the name can check it."""
    salt = token_bytes(16)
    names = [blake2s(name.lower().encode(), key=salt).hexdigest() for name in sought.names]
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "salt": salt.hex(),
        "names": names,
        "rows": found.rows,
        "left_open": len(found.open_runs),
    }
    path = places.state / _RECORD
    with path.open("a", encoding="utf-8") as file:
        path.chmod(0o600)
        file.write(json.dumps(entry) + "\n")


def _received(root: Path, found: Found) -> Iterator[Path]:
    """Yield the folders of files that came with events that are blanked."""
    for marker in sorted(root.glob(f"*/{_MARKER}")):
        try:
            source, key = json.loads(marker.read_bytes())
        except (OSError, ValueError):
            continue
        if (source, key) in found.identities:
            yield marker.parent


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _holds(path: Path, sought: Sought) -> bool:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_SEARCHED)
    except OSError:
        return False
    return sought.is_in(content.decode("utf-8", "replace"))

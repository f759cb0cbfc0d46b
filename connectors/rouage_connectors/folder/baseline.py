"""The first activation: what is there already is noted, not processed (triggers F-16).

The ledger's root entry is written last: a crash in between makes the next start the first.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

from rouage.sdk import JSON, TriggerContext
from rouage_connectors.folder.examine import hash_content
from rouage_connectors.folder.intake import Intake
from rouage_connectors.folder.ledger import ROOT, Row, Version, key_of, read_rows

_CHUNK: Final = 2_000
_HASHED_TOGETHER: Final = 50
_REST_FACTOR: Final = 30.0
_SHORTEST_REST: Final = 0.05


def is_first_activation(items: Mapping[bytes, JSON], root: bytes) -> bool:
    """Say whether the ledger in *items* knows nothing of *root* yet."""
    stored = items.get(ROOT)
    return not isinstance(stored, dict) or stored.get("path") != root.hex()


async def start_ledger(
    context: TriggerContext, root: bytes, old: Mapping[bytes, JSON], baseline: Mapping[bytes, Row]
) -> None:
    """Store *baseline* as the first ledger of *root*, in place of what *old* holds."""
    paths = list(dict.fromkeys((*read_rows(old), *baseline)))
    for start in range(0, len(paths), _CHUNK):
        rows = {path: baseline.get(path) for path in paths[start : start + _CHUNK]}
        await context.items.put(
            {key_of(path): None if row is None else row.to_json() for path, row in rows.items()}
        )
        await asyncio.sleep(0)
    at = int(context.clock.now().timestamp())
    await context.items.put({ROOT: {"path": root.hex(), "at": at, "baseline": len(baseline)}})


async def hash_baseline(intake: Intake) -> None:
    """Read the content of the files that were there first, slowly, so that it can be compared."""
    loop = asyncio.get_running_loop()
    paths = [path for path, row in intake.rows.items() if _is_unread(row, intake)]
    for start in range(0, len(paths), _HASHED_TOGETHER):
        batch = {path: intake.rows.get(path) for path in paths[start : start + _HASHED_TOGETHER]}
        began = loop.time()
        digests = await loop.run_in_executor(None, _hash_all, batch)
        for path, digest in digests.items():
            row = intake.rows.get(path)
            if row is not None and row is batch[path]:
                intake.note(path, row._replace(sha256=digest))
        await asyncio.sleep(max(_SHORTEST_REST, _REST_FACTOR * (loop.time() - began)))


def _is_unread(row: Row, intake: Intake) -> bool:
    is_small = row.version.size <= intake.policy.hash_max_bytes
    return row.state == "baseline" and row.sha256 is None and is_small


def _hash_all(rows: Mapping[bytes, Row | None]) -> dict[bytes, bytes]:
    digests: dict[bytes, bytes] = {}
    for path, row in rows.items():
        if row is None:
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if Version.of(os.fstat(descriptor)) == row.version:
                digest = hash_content(descriptor)
                if Version.of(os.fstat(descriptor)) == row.version:
                    digests[path] = digest
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return digests

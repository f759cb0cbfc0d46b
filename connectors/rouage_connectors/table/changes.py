"""Rows of a database before and after a step: noted to repeat it once, kept to take it back.

The note holds digests alone: what is in somebody's table is not for the journal or the notes.
The rows themselves lie for a while where the contents lie that other actions replaced.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from rouage.sdk import JSON, Folders, StepError, Text
from rouage.sdk.files import explaining, shown
from rouage.sdk.records import dataclass

_MOST_BYTES: Final = 32 << 20
"""Larger changes cannot be taken back."""
_FEW: Final = 50
"""So many rows tell whether a transaction was committed: one would do."""
_FILE: Final = "rows.json"

State = Literal["before", "after", "other"]

_KEPT_NO_MORE: Final = Text(
    "the earlier rows of {path} are not kept any more: too much time has passed",
    "les anciennes lignes de {path} ne sont plus gardées : trop de temps a passé",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One row that was added, changed or removed."""

    rowid: int
    before: list[Any] | None
    after: list[Any] | None


def noted(
    table: str,
    done: Sequence[Change],
    told: dict[str, JSON],
    *,
    is_new_table: bool,
    is_new_file: bool,
    kept: str | None,
) -> dict[str, object]:
    """Return the note of what is about to be committed; *kept* names where its rows lie."""
    return {
        "sqlite": table,
        "changes": [
            [change.rowid, digest_of(change.before), digest_of(change.after)]
            for change in done[:_FEW]
        ],
        "told": told,
        "is_new_table": is_new_table,
        "is_new_file": is_new_file,
        "kept": kept,
    }


def was_committed(noted_changes: Sequence[Any], rows: Sequence[list[Any] | None]) -> bool | None:
    """Say whether the present *rows* are those after the changes; None if they are neither."""
    present = [digest_of(row) for row in rows]
    if present == [after for _, _, after in noted_changes]:
        return True
    return False if present == [before for _, before, _ in noted_changes] else None


def keep(folders: Folders, key: str, done: Sequence[Change]) -> str | None:
    """Keep the rows of a step; return the name under which they lie, None if they are large.

    Raises:
        StepError: they cannot be kept.
    """
    rows = [[one.rowid, _encoded(one.before), _encoded(one.after)] for one in done]
    data = json.dumps(rows).encode("ascii")
    if len(data) > _MOST_BYTES:
        return None
    name = f"rows-{hashlib.blake2s(key.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"
    folder = _store(folders) / name
    with explaining(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            folder / _FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    return name


def kept(folders: Folders, name: str, path: str) -> list[Change]:
    """Return the rows of a step on the database *path* that were kept under *name*.

    Raises:
        StepError: they are not kept any more.
    """
    try:
        rows = json.loads((_store(folders) / name / _FILE).read_bytes())
    except (OSError, ValueError):
        raise StepError(_KEPT_NO_MORE, path=shown(path)) from None
    return [
        Change(rowid=rowid, before=_decoded(before), after=_decoded(after))
        for rowid, before, after in rows
    ]


def state_of(change: Change, row: list[Any] | None) -> State:
    """Say whether the present *row* is what it was before or after *change*."""
    present = digest_of(row)
    if present == digest_of(change.after):
        return "after"
    return "before" if present == digest_of(change.before) else "other"


def digest_of(row: list[Any] | None) -> str | None:
    """Return what tells the content of a row from another; None for a row that is not there."""
    if row is None:
        return None
    return hashlib.blake2s(json.dumps(_encoded(row)).encode(), digest_size=8).hexdigest()


def _store(folders: Folders) -> Path:
    return folders.private / "kept"


def _encoded(row: list[Any] | None) -> list[JSON] | None:
    return None if row is None else [_encoded_value(value) for value in row]


def _decoded(row: list[Any] | None) -> list[Any] | None:
    return None if row is None else [_decoded_value(value) for value in row]


def _encoded_value(value: Any) -> JSON:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, float):
        return {"float": value.hex()}  # to the last bit, endless ones too
    plain: JSON = value
    return plain


def _decoded_value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return bytes.fromhex(value["hex"]) if "hex" in value else float.fromhex(value["float"])

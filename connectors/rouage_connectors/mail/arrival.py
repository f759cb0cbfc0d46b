"""One mail on its way to an event: fetched to disk, taken apart elsewhere, its files kept."""

import asyncio
import hashlib
import mmap
import os
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any, Final, cast

from rouage.sdk import JSON, StepError, TriggerContext, parse_size
from rouage.sdk.files import explaining
from rouage.sdk.received import keep_file, sync_folders
from rouage.sdk.records import dataclass
from rouage_connectors.mail.arrivals import Arrivals
from rouage_connectors.mail.headers import message_id_of, summary
from rouage_connectors.mail.kinds import Automatic
from rouage_connectors.mail.message import decoded
from rouage_connectors.mail.replies import Facts
from rouage_connectors.mail.session import Folder, ImapSession
from rouage_connectors.mail.wanted import Refusal, refused_by_files

BEGINNING_BYTES: Final = 512 << 10
"""So much is fetched of a mail that is too large: its texts, most often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A mail that counts, by its header: where it is, and what the server knows of it."""

    account: str
    folder: Folder
    facts: Facts
    raw: bytes
    header: Message
    kind: Automatic | None
    only_header: bool = False
    """Whether the rest could not be fetched, time and again."""

    @property
    def key(self) -> str:
        """Return the identity of this delivery: the same mail, moved or numbered anew, has it.

        It begins with that of the Message-ID. The whole header decides: a Message-ID is what
        the sender chose, and nobody shall make a later mail look like an earlier one.
        """
        digest = hashlib.sha256(self.raw).hexdigest()[:32]
        return f"{key_prefix(message_id_of(self.header) or '')}{digest}"


def key_prefix(message_id: str) -> str:
    """Return how the keys of mails with this Message-ID begin."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:16] + "-"


class Fetching:
    """Brings mails in, within the limits of one trigger."""

    def __init__(self, params: Arrivals, context: TriggerContext) -> None:
        self._params = params
        self._context = context
        self._most_bytes = parse_size(params.max_size)

    async def bring_in(
        self, session: ImapSession, arrival: Arrival, folder: Path
    ) -> dict[str, JSON] | Refusal:
        """Return the mail as it stands in its event, its files kept in *folder*.

        Raises:
            StepError: the disk refuses.
        """
        file: Path | None = None
        if arrival.only_header:
            told = _by_header(arrival)
        else:
            file = folder / "message.eml"
            is_cut = await self._save(session, arrival, file)
            told = await self._read(file, arrival, is_cut=is_cut)
        listed = cast("list[dict[str, Any]]", told.pop("attachments"))
        refusal = refused_by_files(self._params, len(listed))
        if refusal is not None:
            return refusal
        with explaining(folder):
            attachments = await asyncio.to_thread(_keep, file, folder, listed)
            if file is not None and not self._params.keep_original:
                await asyncio.to_thread(file.unlink)
                file = None
            await asyncio.to_thread(sync_folders, folder)
        facts, received = arrival.facts, arrival.facts.received
        return {
            "account": arrival.account,
            "folder": arrival.folder.name,
            "uid": facts.uid,
            "uidvalidity": arrival.folder.uidvalidity,
            **told,
            "automatic": arrival.kind,
            "received": None if received is None else received.isoformat(),
            "size": facts.size,
            "is_seen": facts.is_seen,
            "file": None if file is None else str(file),
            "attachments": attachments,
        }

    async def _save(self, session: ImapSession, arrival: Arrival, file: Path) -> bool:
        """Write the mail to *file*; return whether only its beginning was taken."""
        is_large = arrival.facts.size > self._most_bytes
        most = min(BEGINNING_BYTES, self._most_bytes) if is_large else self._most_bytes
        written = 0
        with explaining(file):
            target = await asyncio.to_thread(_create, file)
        with target:
            async for piece in session.pieces(arrival.facts.uid, most_bytes=most):
                with explaining(file):
                    await asyncio.to_thread(target.write, piece)
                written += len(piece)
            with explaining(file):
                await asyncio.to_thread(_sync, target)
        return is_large or written >= most

    async def _read(self, file: Path, arrival: Arrival, *, is_cut: bool) -> dict[str, JSON]:
        """Have the mail taken apart; one that cannot be is told of by its header alone."""
        try:
            told = await self._context.consult("mail.read", {"file": str(file), "is_cut": is_cut})
            return dict(cast("Mapping[str, JSON]", told))
        except StepError as error:
            self._context.log.warning("a mail cannot be taken apart: %s", error)
        return _by_header(arrival)


def _by_header(arrival: Arrival) -> dict[str, JSON]:
    known = summary(arrival.header)
    return {**known, "text": "", "html": None, "is_truncated": True, "attachments": []}


def _create(file: Path) -> Any:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb")


def _sync(target: Any) -> None:
    target.flush()
    os.fsync(target.fileno())


def _keep(file: Path | None, folder: Path, listed: list[dict[str, Any]]) -> list[JSON]:
    """Write the attachments of the mail in *file* beside it, a piece at a time."""
    if file is None or not listed:
        return []
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return [_kept(data, folder, number, one) for number, one in enumerate(listed, start=1)]


def _kept(data: mmap.mmap, folder: Path, number: int, one: Mapping[str, Any]) -> dict[str, JSON]:
    if not one["is_whole"]:
        told = {key: one[key] for key in ("name", "size", "type", "inline")}
        return {"path": None, "sha256": None, **told}
    # What the worker said of the place is bounded by the file itself: slices never fail.
    start, end = max(0, int(one["start"])), min(len(data), int(one["end"]))
    pieces = decoded(data, start=start, end=end, encoding=str(one["encoding"]))
    kept = keep_file(folder, number, pieces, name=str(one["name"]), kind=str(one["type"]))
    return {**kept.as_data(), "inline": bool(one["inline"])}

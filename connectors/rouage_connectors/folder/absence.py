"""What a scan did not find: gone, or only out of sight (triggers F-10, F-26)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from rouage.sdk import JSON, JournalError, Text, TriggerContext
from rouage_connectors.folder.complaints import unmounted
from rouage_connectors.folder.intake import Intake
from rouage_connectors.folder.ledger import GONE, Row
from rouage_connectors.folder.place import PLACE, Place, is_below, lost_mounts, read_place
from rouage_connectors.folder.scan import Listing

_KEPT_SECONDS: Final = 90 * 86_400


class _Missing(NamedTuple):
    absent: list[bytes]
    hidden: int
    expired: list[bytes]


class Absence:
    """Remembers which place a root is, over restarts, and judges what is missing there."""

    def __init__(self, context: TriggerContext, root: bytes, intake: Intake) -> None:
        self._context = context
        self._root = root
        self._intake = intake
        self._place: Place | None = None
        self.complaint: Text | None = None

    def recall(self, items: Mapping[bytes, JSON]) -> None:
        """Take over what was stored."""
        self._place = read_place(items)

    async def note(self, listing: Listing, place: Place | None) -> None:
        """Note rows whose file is gone; forget those that are gone for long.

        *place* is where the scan looked, or None when that changed meanwhile: then nothing
        is gone for sure, and the next scan will tell.
        """
        if place is None:
            return
        before = self._place
        is_same = before is not None and before.is_same(place)
        lost = () if before is None else lost_mounts(before, place)
        missing = await asyncio.get_running_loop().run_in_executor(
            None, self._find_missing, listing, (*lost, *listing.refused)
        )
        for path in missing.expired:
            self._intake.note(path, None)
        is_empty = not listing.present
        self.complaint = None
        if lost and missing.hidden:
            self.complaint = unmounted(lost[0])
        elif not is_same and is_empty and missing.absent:
            # An empty root may be a disk that is not mounted: its rows must not be touched.
            self.complaint = unmounted(self._root)
            return
        for path in missing.absent:
            self._intake.depart(path, is_sure=is_same)
        await self._remember(place._replace(mounts=tuple(sorted({*lost, *place.mounts}))))

    def _find_missing(self, listing: Listing, hiding: Iterable[bytes]) -> _Missing:
        rows, limit = self._intake.rows, int(self._context.clock.now().timestamp()) - _KEPT_SECONDS
        absent, expired = _absent(rows, listing.present, limit)
        folders = tuple(hiding)
        if not folders:
            return _Missing(absent, 0, expired)
        gone = [path for path in absent if not is_below(path, folders)]
        return _Missing(gone, len(absent) - len(gone), expired)

    async def _remember(self, place: Place) -> None:
        if place == self._place:
            return
        try:
            await self._context.items.put({PLACE: place.to_json()})
        except JournalError:
            return
        self._place = place


def _absent(
    rows: Mapping[bytes, Row], present: set[bytes], limit: int
) -> tuple[list[bytes], list[bytes]]:
    absent: list[bytes] = []
    expired: list[bytes] = []
    for path in list(rows):
        row = rows.get(path)
        if row is None or path in present:
            continue
        if row.state not in GONE:
            absent.append(path)
        elif row.at < limit:
            expired.append(path)
    return absent, expired

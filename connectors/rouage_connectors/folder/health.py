"""How a root is: what the owner is told, and whether hints can be relied on."""

from typing import Final

from rouage.sdk import Health, Text, TriggerContext
from rouage_connectors.folder import complaints
from rouage_connectors.folder.absence import Absence
from rouage_connectors.folder.intake import MARKER, STUCK, Intake
from rouage_connectors.folder.scan import Listing
from rouage_connectors.folder.watch import Watches

_BLIND_FROM: Final = 3
_BLIND_AGE: Final = 3.0


class RootHealth:
    """Gathers what is wrong with one root, and reports it when that changes."""

    def __init__(self, context: TriggerContext, intake: Intake, absence: Absence) -> None:
        self._context = context
        self._intake = intake
        self._absence = absence
        self._scanned_at = self._wall()
        self._no_watcher: Text | None = None
        self._blind: Text | None = None
        self._unwatched: Text | None = None
        self._unreadable: Text | None = None
        self._said: tuple[Health, Text | None] | None = None

    @property
    def needs_polling(self) -> bool:
        """Say whether hints do not come for all of the root."""
        return self._blind is not None or self._unwatched is not None

    def note_no_watcher(self, error: OSError) -> None:
        """Note that nothing can be watched."""
        self._no_watcher = complaints.without_watcher(error)

    def note_scan(self, listing: Listing, watches: Watches | None) -> None:
        """Note the folders that a scan could not watch, or not read."""
        refused = None if watches is None else watches.refused
        self._unwatched = (
            complaints.unwatched(refused, len(watches)) if watches is not None and refused else None
        )
        self._unreadable = complaints.unreadable(listing.refused) if listing.refused else None

    def look_for_blindness(self, listing: Listing) -> None:
        """Notice that files came without hints: then the watch is worth nothing (U-3.2)."""
        wall, since = self._wall(), self._scanned_at
        self._scanned_at = wall
        if self._unwatched is not None:
            return
        unseen = [
            path
            for path, version in listing.changed.items()
            if since < version.ctime_ns / 1e9 < wall - _BLIND_AGE
            and version.size
            and path not in self._intake.rows
            and not path.endswith(MARKER)
            and not self._intake.is_pending(path)
        ]
        if len(unseen) >= _BLIND_FROM:
            self._blind = complaints.blind(unseen)

    def report(self, *, is_watched: bool) -> None:
        """Say how the root is; only when that changed."""
        found = (
            self._intake.trouble,
            self._absence.complaint,
            self._no_watcher,
            self._blind,
            self._unwatched,
            self._unreadable,
        )
        complaint = next((one for one in found if one is not None), None)
        state: Health = "listening" if is_watched else "polling"
        if complaint is not None:
            state = "error" if complaint is STUCK else "degraded"
        if (state, complaint) != self._said:
            self._said = (state, complaint)
            self._context.report(state, complaint)

    def _wall(self) -> float:
        return self._context.clock.now().timestamp()

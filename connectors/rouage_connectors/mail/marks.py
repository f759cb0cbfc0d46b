"""How far a folder was read: durable, and written in the same commit as the event (P-07).

Numbers of messages (UID) only grow, within one era of the folder (UIDVALIDITY). When a server
begins a new era, mails are found again by their date and known ones recognised by their key.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from rouage.sdk import JSON
from rouage.sdk.records import dataclass
from rouage_connectors.mail.account import Account
from rouage_connectors.mail.wanted import Refusal

_LEFT: Final = b"left:"
MOST_LEFT: Final = 200
_OVERLAP: Final = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Everything up to `uid` is done in the era `uidvalidity`.

    `seen` is when the folder was last read; `since` the date from which a new era is searched
    until it has been read once; `after` a message whose event is stored and that remains to be
    marked or moved; `left` how many mails were left alone.
    """

    uidvalidity: int
    uid: int
    seen: datetime
    since: date | None = None
    after: int | None = None
    left: int = 0

    def in_new_era(self, uidvalidity: int) -> "Mark":
        """Return where to begin in an era whose numbers mean nothing to us yet."""
        since = self.since or (self.seen - _OVERLAP).date()
        return replace(self, uidvalidity=uidvalidity, uid=0, since=since, after=None)

    def to_json(self) -> JSON:
        """Return the mark as stored."""
        since = None if self.since is None else self.since.isoformat()
        return [self.uidvalidity, self.uid, self.seen.isoformat(), since, self.after, self.left]


def key_of(account: Account, folder: str) -> bytes:
    """Return under which key the mark of a folder is stored; another mailbox has another."""
    named = f"{account.imap.host}\n{account.username}\n{folder}"
    return b"mark:" + hashlib.sha256(named.encode()).hexdigest()[:16].encode()


def read_mark(stored: JSON) -> Mark | None:
    """Return a stored mark, or None when it is not one."""
    if not isinstance(stored, list) or len(stored) != 6:
        return None
    era, uid, seen, since, after, left = stored
    return Mark(
        uidvalidity=int(str(era)),
        uid=int(str(uid)),
        seen=datetime.fromisoformat(str(seen)),
        since=None if since is None else date.fromisoformat(str(since)),
        after=None if after is None else int(str(after)),
        left=int(str(left)),
    )


def note_left(
    mark: Mark, message_id: str | None, refusal: Refusal, now: datetime
) -> tuple[Mark, dict[bytes, JSON]]:
    """Return the mark and the row that tell of a mail that was left alone, for `rouage why`."""
    key = _LEFT + str(mark.left % MOST_LEFT).encode()
    row: JSON = [message_id, refusal.parameter, refusal.value[:200], now.isoformat()]
    return replace(mark, left=mark.left + 1), {key: row}


def find_left(items: Mapping[bytes, JSON], message_id: str) -> tuple[Refusal, str] | None:
    """Return why the mail *message_id* was left alone, and when."""
    for key, row in items.items():
        if key.startswith(_LEFT) and isinstance(row, list) and row[0] == message_id:
            return Refusal(str(row[1]), str(row[2])), str(row[3])
    return None

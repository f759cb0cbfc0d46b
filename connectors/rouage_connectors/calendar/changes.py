"""What became of the entries since the last look: added, changed or cancelled."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from rouage.sdk import JSON
from rouage.sdk.records import dataclass

Change = Literal["added", "changed", "cancelled"]
PREFIX: Final = b"o"
_LONGEST_SUMMARY: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """One entry that is not as it was; *row* is what is remembered of it (None: nothing)."""

    change: Change
    entry: Mapping[str, Any]
    key: str
    row_key: bytes
    row: JSON


class Ledger:
    """The entries that are known, by what names them; each with its version and start.

    `until` is how far the calendar was known at the last look: what lies beyond it and comes
    into sight as time goes on was not added.
    """

    def __init__(self, rows: Mapping[bytes, JSON], until: datetime | None) -> None:
        self._rows: dict[bytes, dict[str, str]] = {
            key: {name: str(value) for name, value in row.items()}
            for key, row in rows.items()
            if key.startswith(PREFIX) and isinstance(row, dict)
        }
        self._until = until

    def compare(
        self, entries: Sequence[Mapping[str, Any]], *, now: datetime, until: datetime
    ) -> tuple[list[News], dict[bytes, JSON]]:
        """Return the news, and the rows that change without any.

        The ledger is then as if all of it were remembered.
        """
        news, quiet = [], dict[bytes, JSON]()
        present = {_row_key(entry): entry for entry in entries}
        for key, entry in present.items():
            row, known = _row(entry), self._rows.get(key)
            if known is not None and known["version"] == row["version"]:
                continue
            change = self._change(known, entry, now)
            if change is None:
                quiet[key] = {**row}
            else:
                news.append(_news(change, entry, key, {**row}))
            self._rows[key] = row
        news += self._vanished(present, now, until, quiet)
        self._until = until
        return news, quiet

    def _change(
        self, known: Mapping[str, str] | None, entry: Mapping[str, Any], now: datetime
    ) -> Change | None:
        is_cancelled = entry["status"] == "cancelled"
        start = datetime.fromisoformat(entry["start"])
        if known is None:
            is_new = self._until is not None and now < start < self._until
            return "added" if is_new and not is_cancelled else None
        if max(start, datetime.fromisoformat(known["start"])) <= now:
            return None
        if is_cancelled:
            return "cancelled" if known["status"] != "cancelled" else None
        return "changed"

    def _vanished(
        self,
        present: Mapping[bytes, Any],
        now: datetime,
        until: datetime,
        quiet: dict[bytes, JSON],
    ) -> list[News]:
        """Return what was to come and is there no more; what is past is forgotten."""
        news = []
        for key in self._rows.keys() - present.keys():
            start = datetime.fromisoformat(self._rows[key]["start"])
            if start >= until:
                continue  # out of sight this time
            row = self._rows.pop(key)
            if start <= now or row["status"] == "cancelled":
                quiet[key] = None
                continue
            entry = {**row, "status": "cancelled"}
            news.append(_news("cancelled", entry, key, None))
        return sorted(news, key=lambda one: str(one.entry["start"]))


def _news(change: Change, entry: Mapping[str, Any], key: bytes, row: JSON) -> News:
    name = f"{change}/{key[1:].hex()}/{entry['version']}/{entry['status']}"
    return News(change=change, entry=entry, key=name, row_key=key, row=row)


def _row(entry: Mapping[str, Any]) -> dict[str, str]:
    names = ("uid", "recurrence", "version", "status", "start", "end")
    row = {name: str(entry[name]) for name in names}
    return {**row, "summary": str(entry["summary"])[:_LONGEST_SUMMARY]}


def _row_key(entry: Mapping[str, Any]) -> bytes:
    named = f"{entry['uid']}\n{entry['recurrence']}".encode("utf-8", "replace")
    return PREFIX + hashlib.sha256(named).digest()[:16]

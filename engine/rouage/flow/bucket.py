"""Events that are held together until one stands for them; one item in the journal for each."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from rouage.durable.values import encode
from rouage.model.recipe import TriggerUse
from rouage.records import dataclass
from rouage.sdk.json import JSON

MOST_IN_BUCKET: Final = 10_000
MOST_CHARACTERS_IN_BUCKET: Final = 8_000_000
_LAST_SIGN: Final = "~"
"""The item that remembers when the newest event came, where that one itself is not kept."""

Keep = Literal["all", "last", "first"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """When a bucket is due, and which of its events are kept."""

    keep: Keep
    quiet_seconds: float | None = None
    latest_seconds: float | None = None
    maximum: int = MOST_IN_BUCKET


def rule_of(use: TriggerUse) -> Rule | None:
    """Return how the trigger gathers, None when it does not."""
    if use.batch is not None:
        return Rule(
            keep="all",
            quiet_seconds=use.batch.quiet_seconds,
            latest_seconds=use.batch.every_seconds,
            maximum=min(use.batch.maximum or MOST_IN_BUCKET, MOST_IN_BUCKET),
        )
    if use.debounce is not None:
        return Rule(
            keep=use.debounce.keep,
            quiet_seconds=use.debounce.wait_seconds,
            latest_seconds=use.debounce.max_wait_seconds,
        )
    return None


@dataclass(slots=True)
class Entry:
    """One event as it is held: when it came, when it happened, its data as JSON text."""

    id: str
    at: datetime
    time: datetime
    trail: tuple[str, ...]
    text: str
    replaces: tuple[str, ...] = ()
    is_sign_only: bool = False


class Bucket:
    """Events with the same value. `id` begins the key of each of its items in the journal.

    An event is `pending` until it is on disk, and an entry from then on. `is_doubtful`: the
    journal may hold more than is known here.
    """

    __slots__ = (
        "_settled",
        "began",
        "by",
        "entries",
        "id",
        "is_batch",
        "is_closed",
        "is_doubtful",
        "last",
        "pause",
        "pending",
        "retry_at",
        "size",
    )

    def __init__(self, bucket_id: str, by: str, began: datetime) -> None:
        self.id = bucket_id
        self.by = by
        self.began = began
        self.last = began
        self.entries: dict[str, Entry] = {}
        self.pending: dict[str, Entry] = {}
        self.size = 0
        self.is_batch = False
        self.is_closed = False
        self.is_doubtful = False
        self.retry_at = 0.0
        self.pause = 0.0
        self._settled = asyncio.Event()

    @property
    def count(self) -> int:
        """Return how many events it holds, those on their way to disk included."""
        return len(self.entries) + len(self.pending)

    def submit(self, entry: Entry, keep: Keep, data: JSON) -> dict[bytes, JSON]:
        """Note an event on its way to disk; return what its commit must write."""
        self.is_batch = keep == "all"
        self.pending[entry.id] = entry
        self.size += len(entry.text)
        value: dict[str, JSON] = {
            "by": self.by,
            "began": self.began.isoformat(),
            "at": entry.at.isoformat(),
            "keep": keep,
        }
        if keep == "first" and self.entries:
            entry.is_sign_only = True
            return {self._key(_LAST_SIGN): value}
        if keep == "last":
            entry.replaces = (*self.entries, *[one for one in self.pending if one != entry.id])
        value |= {
            "time": entry.time.isoformat(),
            "trail": list(entry.trail),
            "data": data,
        }
        return {self._key(entry.id): value, **dict.fromkeys(map(self._key, entry.replaces))}

    def settle(self, entry: Entry, *, counts: bool) -> None:
        """Note that an event is on disk, or (not *counts*) that it is not to be held."""
        self.pending.pop(entry.id, None)
        if counts:
            self.last = max(self.last, entry.at)
        if counts and not entry.is_sign_only:
            self.entries[entry.id] = entry
            for replaced in entry.replaces:
                before = self.entries.pop(replaced, None)
                self.size -= 0 if before is None else len(before.text)
        else:
            self.size -= len(entry.text)
        self._settled.set()

    async def wait_settled(self) -> None:
        """Return when nothing is on its way to disk."""
        while self.pending:
            self._settled.clear()
            await self._settled.wait()

    def is_full(self, rule: Rule) -> bool:
        """Say whether it must not take another event."""
        if rule.keep != "all":
            return False
        return self.count >= rule.maximum or self.size >= MOST_CHARACTERS_IN_BUCKET

    def seconds_left(self, rule: Rule, now: datetime) -> float:
        """Return in how many seconds it is due; a clock that was set back delays it no longer."""
        if self.count >= rule.maximum:
            return 0.0
        self.last, self.began = min(self.last, now), min(self.began, now)
        left = [
            limit - (now - since).total_seconds()
            for limit, since in (
                (rule.quiet_seconds, self.last),
                (rule.latest_seconds, self.began),
            )
            if limit is not None
        ]
        return min(left, default=float("inf"))

    def in_order(self) -> list[Entry]:
        """Return what it holds, oldest first."""
        return [self.entries[name] for name in sorted(self.entries)]

    def items_to_drop(self) -> dict[bytes, JSON]:
        """Return the items in the journal, each to be removed."""
        return dict.fromkeys([*map(self._key, self.entries), self._key(_LAST_SIGN)])

    def read_again(self, items: Mapping[bytes, JSON]) -> None:
        """Take what the journal holds of this bucket for the truth."""
        for bucket in read_buckets(items):
            if bucket.id == self.id:
                self.entries, self.size = bucket.entries, bucket.size

    def add(self, name: str, value: dict[str, Any]) -> None:
        """Take up one item of the journal."""
        self.is_batch = value["keep"] == "all"
        at = datetime.fromisoformat(value["at"])
        self.last = max(self.last, at)
        if name == _LAST_SIGN:
            return
        text = encode(value.get("data"))
        time, trail = datetime.fromisoformat(value["time"]), tuple(value["trail"])
        self.entries[name] = Entry(name, at, time, trail, text)
        self.size += len(text)

    def _key(self, name: str) -> bytes:
        return f"{self.id}/{name}".encode()


def read_buckets(items: Mapping[bytes, JSON]) -> list[Bucket]:
    """Return the buckets whose events *items* hold, oldest first."""
    found: dict[str, Bucket] = {}
    for key in sorted(items):
        bucket_id, _, name = key.decode("utf-8", "replace").partition("/")
        value = items[key]
        if not isinstance(value, dict) or "began" not in value:
            continue
        bucket = found.get(bucket_id)
        if bucket is None:
            began = datetime.fromisoformat(str(value["began"]))
            bucket = found[bucket_id] = Bucket(bucket_id, str(value["by"]), began)
        bucket.add(name, value)
    return list(found.values())

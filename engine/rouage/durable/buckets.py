"""Rate limits of accounts, counted in memory: never more than so many in any while (R16)."""

from collections import deque
from collections.abc import Callable
from itertools import islice


class TokenBuckets:
    """Buckets by name. All are empty at the start, which is the careful side after a crash."""

    def __init__(self, monotonic_seconds: Callable[[], float]) -> None:
        self._now = monotonic_seconds
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str, count: int, *, limit: int, per_seconds: float) -> float:
        """Take *count* tokens, now or in advance; return how many seconds to wait for the last.

        A token that was taken is not given back: the caller waits, and does not ask again.
        Under another limit the bucket starts anew, empty.
        """
        now, limit = self._now(), max(1, limit)
        bucket = self._buckets.get(name)
        if bucket is None or (bucket.limit, bucket.per_seconds) != (limit, per_seconds):
            bucket = self._buckets[name] = _Bucket(limit, per_seconds, now)
        return bucket.take(count, now)


class _Bucket:
    """The instants of the last `limit` tokens.

    The n-th token may be had once the one `limit` before it is `per_seconds` old. A plain
    bucket would let nearly twice the limit through: its fill at once, and what drips meanwhile.
    Before the start, tokens are taken to have gone at an even pace.
    """

    __slots__ = ("_began", "_given", "_last", "limit", "per_seconds")

    def __init__(self, limit: int, per_seconds: float, now: float) -> None:
        self.limit = limit
        self.per_seconds = per_seconds
        self._began = now
        self._last = now
        self._given: deque[float] = deque(maxlen=limit)

    def take(self, count: int, now: float) -> float:
        """Take tokens, each at the earliest instant; return the seconds until the last one."""
        for _ in range(max(0, count)):
            self._last = max(now, self._last, self._earliest())
            self._given.append(self._last)
        return max(0.0, self._last - now) if count > 0 else 0.0

    def _earliest(self) -> float:
        """Return when the next token may be had."""
        if len(self._given) < self.limit:
            return self._began + (len(self._given) + 1) * self.per_seconds / self.limit
        return next(islice(self._given, 1)) + self.per_seconds

"""What a listener grants before it knows who is calling: sizes, times, counts and rates."""

import ipaddress
from collections import OrderedDict
from typing import Final

from rouage.records import dataclass

_REMEMBERED_REMOTES: Final = 1024
_WHOLE_HOOK_FACTOR: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The bounds of security S-05 and triggers W-1; times are in seconds.

    A body may take `body_seconds` for its first mebibyte; beyond it, each further second
    must bring `body_rate` bytes. A body slower than `slowest_rate` is cut after `patience_seconds`.
    `stored_bytes` bounds all large bodies together, which lie on disk while they are read.
    """

    head_bytes: int = 16_384
    header_fields: int = 100
    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    body_seconds: float = 15.0
    body_rate: int = 64_000
    slowest_rate: int = 1_000
    patience_seconds: float = 5.0
    inflate_ratio: int = 100
    connections: int = 256
    connections_per_peer: int = 20
    limit_loopback_peers: bool = False
    stored_bytes: int = 512 << 20


class TokenBucket:
    """A bucket of *burst* tokens that fills at *rate* tokens per second."""

    __slots__ = ("_burst", "_filled", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled = now

    def take(self, now: float) -> float:
        """Take one token; return 0, or the seconds until there is one."""
        tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if tokens >= 1.0:
            self._tokens = tokens - 1.0
            return 0.0
        self._tokens = tokens
        return (1.0 - tokens) / self._rate if self._rate > 0 else 60.0


class HookRate:
    """The brake of one hook: *rate* for each remote, four times that for all together.

    The share of one remote cannot use up the road of the others.
    """

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._all = TokenBucket(
            rate=rate * _WHOLE_HOOK_FACTOR, burst=burst * _WHOLE_HOOK_FACTOR, now=now
        )
        self._remotes: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, remote: str, now: float) -> float:
        """Count one request of *remote*; return 0, or the seconds it should wait."""
        bucket = self._remotes.get(remote)
        if bucket is None:
            bucket = self._remotes[remote] = TokenBucket(
                rate=self._rate, burst=self._burst, now=now
            )
            if len(self._remotes) > _REMEMBERED_REMOTES:
                self._remotes.popitem(last=False)
        return bucket.take(now) or self._all.take(now)


def peer_of(address: str) -> tuple[str, bool]:
    """Return the key under which an address is counted, and whether it is this machine.

    An IPv6 customer owns a whole /64, so it is counted by that.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address, False
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    if isinstance(ip, ipaddress.IPv6Address) and not ip.is_loopback:
        return str(ipaddress.IPv6Network((ip, 64), strict=False)), False
    return str(ip), ip.is_loopback
